//! Pictures drawn from a seed: faces, shop signs and the photos that customers send.
//!
//! Real PNG and JPEG bytes, because the client decodes them; no file in the repository, because nobody's photo belongs here.
//! Drawn when first asked for, so that starting a world costs nothing.

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, ImageError};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

use crate::ids;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    Face,
    Logo,
    Loaf,
    Cake,
    Harbour,
    Boat,
    Bicycle,
    Wheel,
    Receipt,
    Map,
}

impl Scene {
    /// The scene of this name in a dialogue file.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "loaf" => Self::Loaf,
            "cake" => Self::Cake,
            "harbour" => Self::Harbour,
            "boat" => Self::Boat,
            "bicycle" => Self::Bicycle,
            "wheel" => Self::Wheel,
            "receipt" => Self::Receipt,
            "map" => Self::Map,
            _ => return None,
        })
    }
}

/// A picture that can be drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub scene: Scene,
    seed: u64,
}

type Rgb = [f32; 3];

impl Picture {
    pub(crate) fn new(scene: Scene, seed: u64, label: &str) -> Self {
        let digest = Sha256::digest(label.as_bytes());
        let mut head = [0_u8; 8];
        head.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        Self { scene, seed: seed ^ u64::from_be_bytes(head) }
    }

    pub(crate) fn logo(seed: u64, label: &str) -> Self {
        Self::new(Scene::Logo, seed, label)
    }

    /// The encoded bytes; `png` chooses PNG, else JPEG.
    pub(crate) fn draw(&self, png: bool) -> Result<Bytes, ImageError> {
        let (width, height) = match self.scene {
            Scene::Face | Scene::Logo => (128, 128),
            Scene::Receipt => (360, 540),
            Scene::Cake | Scene::Wheel => (480, 480),
            Scene::Loaf | Scene::Harbour | Scene::Boat | Scene::Bicycle | Scene::Map => (640, 420),
        };
        let mut canvas = Canvas::new(width, height);
        self.paint(&mut canvas);
        let pixels = canvas.pixels();
        let mut out = Vec::new();
        if png {
            image::codecs::png::PngEncoder::new(&mut out).write_image(
                &pixels,
                width,
                height,
                ExtendedColorType::Rgb8,
            )?;
        } else {
            JpegEncoder::new_with_quality(&mut out, 82).write_image(&pixels, width, height, ExtendedColorType::Rgb8)?;
        }
        Ok(out.into())
    }

    fn paint(&self, c: &mut Canvas) {
        let mut rng = ids::rng(self.seed, "picture");
        let hue: f32 = rng.random_range(0.0..1.0);
        let tilt: f32 = rng.random_range(-0.06..0.06);
        match self.scene {
            Scene::Face => {
                c.gradient(hsl(hue, 0.45, 0.72), hsl(hue + 0.06, 0.5, 0.58));
                let skin = hsl(0.07, 0.42, rng.random_range(0.38..0.80));
                let hair = hsl(0.06 + tilt, 0.35, rng.random_range(0.12..0.5));
                c.ellipse(0.5, 1.04, 0.42, 0.34, hsl(hue + 0.45, 0.4, 0.42));
                c.ellipse(0.5, 0.42, 0.25, 0.29, hair);
                c.rect(0.43, 0.58, 0.14, 0.18, skin);
                c.ellipse(0.5, 0.48, 0.19, 0.23, skin);
                c.ellipse(0.5, 0.29, 0.21, 0.10, hair);
            }
            Scene::Logo => {
                c.gradient(hsl(hue, 0.5, 0.34), hsl(hue, 0.5, 0.26));
                c.ellipse(0.5, 0.5, 0.34, 0.34, hsl(hue + 0.1, 0.6, 0.86));
                c.ellipse(0.5 + tilt, 0.5, 0.20, 0.20, hsl(hue, 0.5, 0.30));
                c.rect(0.2, 0.48, 0.6, 0.05, hsl(hue + 0.1, 0.6, 0.86));
            }
            Scene::Loaf => {
                c.gradient(hsl(0.09, 0.25, 0.86), hsl(0.08, 0.3, 0.62));
                c.rect(0.0, 0.68, 1.0, 0.32, hsl(0.07, 0.38, 0.40));
                c.ellipse(0.5, 0.64, 0.34, 0.22, hsl(0.075, 0.55, 0.42));
                c.ellipse(0.5, 0.60, 0.33, 0.20, hsl(0.08, 0.62, 0.54));
                for i in 0..4_u8 {
                    let x = 0.32 + 0.12 * f32::from(i);
                    c.line((x, 0.50), (x + 0.07 + tilt, 0.68), 0.012, hsl(0.1, 0.6, 0.78));
                }
            }
            Scene::Cake => {
                c.gradient(hsl(hue, 0.3, 0.90), hsl(hue, 0.3, 0.76));
                c.ellipse(0.5, 0.80, 0.40, 0.08, [0.93, 0.92, 0.90]);
                c.rect(0.20, 0.50, 0.60, 0.28, hsl(0.08, 0.5, 0.46));
                c.rect(0.20, 0.60, 0.60, 0.04, hsl(hue + 0.5, 0.6, 0.88));
                c.ellipse(0.5, 0.50, 0.30, 0.07, hsl(hue + 0.5, 0.6, 0.90));
                for i in 0..7_u8 {
                    c.ellipse(0.26 + 0.08 * f32::from(i), 0.47, 0.025, 0.028, hsl(0.98, 0.75, 0.45));
                }
                c.rect(0.485, 0.28, 0.03, 0.18, hsl(hue + 0.3, 0.6, 0.6));
                c.ellipse(0.5, 0.25, 0.018, 0.035, hsl(0.12, 0.95, 0.62));
            }
            Scene::Harbour | Scene::Boat => {
                let evening = self.scene == Scene::Harbour;
                let (top, low) = if evening { (0.62, 0.07) } else { (0.56, 0.54) };
                c.gradient(hsl(top, 0.5, 0.58), hsl(low, 0.65, 0.82));
                c.ellipse(0.72, 0.40, 0.06, 0.09, hsl(0.12, 0.9, 0.75));
                c.rect(0.0, 0.52, 1.0, 0.48, hsl(0.57, 0.45, 0.36));
                for _ in 0..26 {
                    let (x, y) = (rng.random_range(0.0..1.0), rng.random_range(0.55..0.98));
                    c.rect(x, y, rng.random_range(0.03..0.12), 0.006, hsl(0.56, 0.5, 0.58));
                }
                let scale = if evening { 0.6 } else { 1.2 };
                c.ellipse(0.38, 0.70, 0.22 * scale, 0.07 * scale, hsl(hue, 0.55, 0.35));
                c.rect(
                    0.10,
                    0.70 - 0.09 * scale,
                    0.60,
                    0.09 * scale,
                    if evening { hsl(0.57, 0.45, 0.36) } else { hsl(0.57, 0.45, 0.37) },
                );
                c.line((0.38, 0.70), (0.38 + tilt, 0.70 - 0.42 * scale), 0.006, hsl(0.08, 0.4, 0.25));
                c.triangle((0.39, 0.66), (0.385, 0.70 - 0.40 * scale), (0.39 + 0.18 * scale, 0.66), [0.97, 0.96, 0.92]);
            }
            Scene::Bicycle => {
                c.gradient(hsl(hue, 0.2, 0.84), hsl(hue, 0.2, 0.66));
                c.rect(0.0, 0.82, 1.0, 0.18, hsl(hue, 0.08, 0.46));
                for x in [0.28, 0.72] {
                    c.ring(x, 0.66, 0.13, 0.012, [0.14, 0.14, 0.16]);
                }
                let frame = hsl(hue + 0.5, 0.65, 0.40);
                for (a, b) in [
                    ((0.28, 0.66), (0.44, 0.42)),
                    ((0.44, 0.42), (0.64, 0.42)),
                    ((0.64, 0.42), (0.48, 0.66)),
                    ((0.48, 0.66), (0.28, 0.66)),
                    ((0.44, 0.42), (0.48, 0.66)),
                    ((0.64, 0.36), (0.72, 0.66)),
                ] {
                    c.line(a, b, 0.011, frame);
                }
                c.line((0.42, 0.38), (0.50, 0.38), 0.014, [0.16, 0.14, 0.13]);
                c.line((0.60, 0.34), (0.69, 0.35), 0.010, [0.16, 0.14, 0.13]);
            }
            Scene::Wheel => {
                c.gradient(hsl(0.1, 0.06, 0.55), hsl(0.1, 0.06, 0.38));
                c.ring(0.5, 0.5, 0.40, 0.045, [0.10, 0.10, 0.11]);
                c.ring(0.5, 0.5, 0.35, 0.014, [0.78, 0.79, 0.80]);
                for i in 0..16_u8 {
                    let angle = f32::from(i) * std::f32::consts::TAU / 16.0;
                    // One spoke is broken: that is why the photo was sent.
                    let reach = if i == 3 { 0.17 } else { 0.35 };
                    c.line(
                        (0.5, 0.5),
                        (0.5 + reach * angle.cos(), 0.5 + reach * angle.sin()),
                        0.003,
                        [0.86, 0.86, 0.87],
                    );
                }
                c.ellipse(0.5, 0.5, 0.05, 0.05, [0.30, 0.30, 0.32]);
            }
            Scene::Receipt => {
                c.gradient(hsl(0.08, 0.3, 0.42), hsl(0.08, 0.3, 0.34));
                c.rect(0.16, 0.05, 0.68, 0.90, [0.97, 0.96, 0.93]);
                for row in 0..13_u8 {
                    let y = 0.12 + 0.055 * f32::from(row);
                    c.rect(0.22, y, rng.random_range(0.18..0.36), 0.012, [0.35, 0.35, 0.36]);
                    c.rect(0.66, y, 0.11, 0.012, [0.35, 0.35, 0.36]);
                }
                c.rect(0.22, 0.86, 0.55, 0.022, [0.10, 0.10, 0.11]);
            }
            Scene::Map => {
                c.gradient(hsl(0.28, 0.22, 0.86), hsl(0.28, 0.22, 0.82));
                c.rect(0.0, 0.0, 0.22, 1.0, hsl(0.56, 0.5, 0.78));
                for _ in 0..6 {
                    let y = rng.random_range(0.05..0.95);
                    c.line((0.2, y), (1.0, y + tilt * 4.0), 0.012, [1.0, 1.0, 0.98]);
                    let x = rng.random_range(0.25..0.98);
                    c.line((x, 0.0), (x + tilt, 1.0), 0.009, [1.0, 1.0, 0.98]);
                }
                c.ellipse(0.58, 0.48, 0.035, 0.053, hsl(0.0, 0.75, 0.52));
                c.ellipse(0.58, 0.48, 0.012, 0.018, [1.0, 1.0, 1.0]);
            }
        }
    }
}

/// Pixels as fractions of the side: shapes do not know the size of the picture.
struct Canvas {
    width: u32,
    height: u32,
    data: Vec<Rgb>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
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

    fn gradient(&mut self, top: Rgb, bottom: Rgb) {
        self.each((0.0, 0.0, 1.0, 1.0), |_, y, p| *p = mix(top, bottom, y));
    }

    fn ellipse(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, color: Rgb) {
        self.each((cx - rx - 0.02, cy - ry - 0.02, cx + rx + 0.02, cy + ry + 0.02), |x, y, p| {
            let d = ((x - cx) / rx).hypot((y - cy) / ry) - 1.0;
            *p = mix(*p, color, edge(d * rx.min(ry)));
        });
    }

    /// A circle in units of the height, so that wheels are round in a wide picture.
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    fn ring(&mut self, cx: f32, cy: f32, radius: f32, half: f32, color: Rgb) {
        let aspect = self.width as f32 / self.height as f32;
        self.each((0.0, 0.0, 1.0, 1.0), |x, y, p| {
            let d = (((x - cx) * aspect).hypot(y - cy) - radius).abs() - half;
            *p = mix(*p, color, edge(d));
        });
    }

    fn rect(&mut self, x: f32, y: f32, w: f32, h: f32, color: Rgb) {
        self.each((x, y, x + w, y + h), |_, _, p| *p = color);
    }

    fn line(&mut self, a: (f32, f32), b: (f32, f32), half: f32, color: Rgb) {
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

    fn triangle(&mut self, a: (f32, f32), b: (f32, f32), c: (f32, f32), color: Rgb) {
        let side = |p: (f32, f32), q: (f32, f32), x: f32, y: f32| (q.0 - p.0) * (y - p.1) - (q.1 - p.1) * (x - p.0);
        self.each((0.0, 0.0, 1.0, 1.0), |x, y, p| {
            let signs = [side(a, b, x, y), side(b, c, x, y), side(c, a, x, y)];
            if signs.iter().all(|s| *s >= 0.0) || signs.iter().all(|s| *s <= 0.0) {
                *p = color;
            }
        });
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 first")]
    fn pixels(&self) -> Vec<u8> {
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

fn hsl(hue: f32, saturation: f32, lightness: f32) -> Rgb {
    let channel = |n: f32| {
        let k = (n + hue.rem_euclid(1.0) * 12.0) % 12.0;
        let a = saturation * lightness.min(1.0 - lightness);
        lightness - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    };
    [channel(0.0), channel(8.0), channel(4.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_encodes_to_a_decodable_picture_and_twice_the_same() -> Result<(), ImageError> {
        use Scene::*;
        for scene in [Face, Logo, Loaf, Cake, Harbour, Boat, Bicycle, Wheel, Receipt, Map] {
            let picture = Picture::new(scene, 7, "x");
            for png in [true, false] {
                let bytes = picture.draw(png)?;
                assert_eq!(bytes, picture.draw(png)?);
                assert!(image::load_from_memory(&bytes)?.width() >= 128);
            }
        }
        Ok(())
    }
}
