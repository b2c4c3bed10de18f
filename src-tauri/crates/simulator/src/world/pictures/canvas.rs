//! A small canvas with soft edges: all that the scenes need, without a drawing library.

/// Red, green, blue, each from 0 to 1.
pub(super) type Rgb = [f32; 3];

/// Pixels as fractions of the side: shapes do not know the size of the picture.
pub(super) struct Canvas {
    width: u32,
    height: u32,
    data: Vec<Rgb>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, data: vec![[1.0; 3]; (width * height) as usize] }
    }

    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    fn each(&mut self, bounds: (f32, f32, f32, f32), mut paint: impl FnMut(f32, f32, &mut Rgb)) {
        let (w, h) = (self.width as f32, self.height as f32);
        let (left, top, right, bottom) = bounds;
        for (row, line) in self.data.chunks_mut(self.width as usize).enumerate() {
            let y = (row as f32 + 0.5) / h;
            if y < top || y > bottom {
                continue;
            }
            for (column, pixel) in line.iter_mut().enumerate() {
                let x = (column as f32 + 0.5) / w;
                if x >= left && x <= right {
                    paint(x, y, pixel);
                }
            }
        }
    }

    pub(super) fn gradient(&mut self, top: Rgb, bottom: Rgb) {
        self.each((0.0, 0.0, 1.0, 1.0), |_, y, p| *p = mix(top, bottom, y));
    }

    pub(super) fn ellipse(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, color: Rgb) {
        self.each((cx - rx - 0.02, cy - ry - 0.02, cx + rx + 0.02, cy + ry + 0.02), |x, y, p| {
            let d = ((x - cx) / rx).hypot((y - cy) / ry) - 1.0;
            *p = mix(*p, color, edge(d * rx.min(ry)));
        });
    }

    /// A circle in units of the height, so that wheels are round in a wide picture.
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    pub(super) fn ring(&mut self, cx: f32, cy: f32, radius: f32, half: f32, color: Rgb) {
        let aspect = self.width as f32 / self.height as f32;
        self.each((0.0, 0.0, 1.0, 1.0), |x, y, p| {
            let d = (((x - cx) * aspect).hypot(y - cy) - radius).abs() - half;
            *p = mix(*p, color, edge(d));
        });
    }

    pub(super) fn rect(&mut self, x: f32, y: f32, w: f32, h: f32, color: Rgb) {
        self.each((x, y, x + w, y + h), |_, _, p| *p = color);
    }

    pub(super) fn line(&mut self, a: (f32, f32), b: (f32, f32), half: f32, color: Rgb) {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = (dx * dx + dy * dy).max(f32::EPSILON);
        let pad = half + 0.01;
        let bounds = (a.0.min(b.0) - pad, a.1.min(b.1) - pad, a.0.max(b.0) + pad, a.1.max(b.1) + pad);
        self.each(bounds, |x, y, p| {
            let t = (((x - a.0) * dx + (y - a.1) * dy) / length).clamp(0.0, 1.0);
            let d = (x - a.0 - t * dx).hypot(y - a.1 - t * dy) - half;
            *p = mix(*p, color, edge(d));
        });
    }

    pub(super) fn triangle(&mut self, a: (f32, f32), b: (f32, f32), c: (f32, f32), color: Rgb) {
        let side = |p: (f32, f32), q: (f32, f32), x: f32, y: f32| (q.0 - p.0) * (y - p.1) - (q.1 - p.1) * (x - p.0);
        self.each((0.0, 0.0, 1.0, 1.0), |x, y, p| {
            let signs = [side(a, b, x, y), side(b, c, x, y), side(c, a, x, y)];
            if signs.iter().all(|s| *s >= 0.0) || signs.iter().all(|s| *s <= 0.0) {
                *p = color;
            }
        });
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 first")]
    pub(super) fn pixels(&self) -> Vec<u8> {
        self.data.iter().flatten().map(|v| (v * 255.0).clamp(0.0, 255.0).round() as u8).collect()
    }
}

/// 1 inside, 0 outside, a soft step of a pixel or two between.
fn edge(distance: f32) -> f32 {
    (0.5 - distance / 0.006).clamp(0.0, 1.0)
}

fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    let [ar, ag, ab] = a;
    let [br, bg, bb] = b;
    [ar + (br - ar) * t, ag + (bg - ag) * t, ab + (bb - ab) * t]
}

pub(super) fn hsl(hue: f32, saturation: f32, lightness: f32) -> Rgb {
    let channel = |n: f32| {
        let k = (n + hue.rem_euclid(1.0) * 12.0) % 12.0;
        let a = saturation * lightness.min(1.0 - lightness);
        lightness - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    };
    [channel(0.0), channel(8.0), channel(4.0)]
}
