//! What the pictures show. Positions are fractions of the side, colours hue, saturation and lightness.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::ids;
use crate::world::pictures::canvas::{Canvas, hsl};
use crate::world::pictures::{Picture, Scene};

/// What varies from picture to picture of one scene.
struct Whim {
    hue: f32,
    tilt: f32,
    rng: ChaCha8Rng,
}

pub(super) fn paint(picture: &Picture, c: &mut Canvas) {
    let mut rng = ids::rng(picture.seed, "picture");
    let whim = Whim { hue: rng.random_range(0.0..1.0), tilt: rng.random_range(-0.06..0.06), rng };
    match picture.scene {
        Scene::Face => face(c, whim),
        Scene::Logo => logo(c, &whim),
        Scene::Loaf => loaf(c, &whim),
        Scene::Cake => cake(c, &whim),
        Scene::Harbour => boat(c, whim, 0.07, 0.6),
        Scene::Boat => boat(c, whim, 0.54, 1.2),
        Scene::Bicycle => bicycle(c, &whim),
        Scene::Wheel => wheel(c),
        Scene::Receipt => receipt(c, whim),
        Scene::Map => map(c, whim),
    }
}

fn face(c: &mut Canvas, Whim { hue, tilt, mut rng }: Whim) {
    let lightness: f32 = rng.random_range(0.36..0.80);
    let skin = hsl(0.07, 0.40, lightness);
    let grey = rng.random_bool(0.15);
    let hair =
        if grey { hsl(0.1, 0.05, 0.72) } else { hsl(0.06 + tilt, 0.35, lightness * rng.random_range(0.22..0.55)) };
    c.gradient(hsl(hue, 0.32, 0.80), hsl(hue + 0.05, 0.32, 0.66));
    let style = rng.random_range(0..4);
    match style {
        0 => c.ellipse(0.5, 0.50, 0.27, 0.36, hair),
        1 => c.ellipse(0.5, 0.42, 0.235, 0.27, hair),
        2 => {
            c.ellipse(0.5, 0.13, 0.10, 0.09, hair);
            c.ellipse(0.5, 0.41, 0.225, 0.26, hair);
        }
        _ => c.ellipse(0.5, 0.43, 0.205, 0.235, hair),
    }
    c.rect(0.43, 0.58, 0.14, 0.20, skin);
    c.ellipse(0.5, 1.04, 0.42, 0.32, hsl(hue + 0.45, 0.30, 0.42));
    c.ellipse(0.5, 0.77, 0.085, 0.05, skin);
    c.ellipse(0.5, 0.48, 0.19, 0.23, skin);
    if style < 3 {
        c.ellipse(0.5 + tilt, 0.28, 0.20, 0.095, hair);
    }
}

fn logo(c: &mut Canvas, &Whim { hue, tilt, .. }: &Whim) {
    c.gradient(hsl(hue, 0.5, 0.34), hsl(hue, 0.5, 0.26));
    c.ellipse(0.5, 0.5, 0.34, 0.34, hsl(hue + 0.1, 0.6, 0.86));
    c.ellipse(0.5 + tilt, 0.5, 0.20, 0.20, hsl(hue, 0.5, 0.30));
    c.rect(0.2, 0.48, 0.6, 0.05, hsl(hue + 0.1, 0.6, 0.86));
}

fn loaf(c: &mut Canvas, &Whim { tilt, .. }: &Whim) {
    c.gradient(hsl(0.09, 0.25, 0.86), hsl(0.08, 0.3, 0.62));
    c.rect(0.0, 0.68, 1.0, 0.32, hsl(0.07, 0.38, 0.40));
    c.ellipse(0.5, 0.64, 0.34, 0.22, hsl(0.075, 0.55, 0.42));
    c.ellipse(0.5, 0.60, 0.33, 0.20, hsl(0.08, 0.62, 0.54));
    for i in 0..4_u8 {
        let x = 0.32 + 0.12 * f32::from(i);
        c.line((x, 0.50), (x + 0.07 + tilt, 0.68), 0.012, hsl(0.1, 0.6, 0.78));
    }
}

fn cake(c: &mut Canvas, &Whim { hue, .. }: &Whim) {
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

/// A sailing boat: small in the evening (warm `horizon`), large by day.
fn boat(c: &mut Canvas, Whim { hue, tilt, mut rng }: Whim, horizon: f32, scale: f32) {
    let sea = hsl(0.57, 0.45, 0.36);
    c.gradient(hsl(0.60, 0.5, 0.58), hsl(horizon, 0.65, 0.82));
    c.ellipse(0.72, 0.40, 0.06, 0.09, hsl(0.12, 0.9, 0.75));
    c.rect(0.0, 0.52, 1.0, 0.48, sea);
    for _ in 0..26 {
        let (x, y) = (rng.random_range(0.0..1.0), rng.random_range(0.55..0.98));
        c.rect(x, y, rng.random_range(0.03..0.12), 0.006, hsl(0.56, 0.5, 0.58));
    }
    c.ellipse(0.38, 0.70, 0.22 * scale, 0.07 * scale, hsl(hue, 0.55, 0.35));
    // The sea again, over the upper half of the ellipse: what is left is a hull.
    c.rect(0.10, 0.70 - 0.09 * scale, 0.60, 0.09 * scale, sea);
    c.line((0.38, 0.70), (0.38 + tilt, 0.70 - 0.42 * scale), 0.006, hsl(0.08, 0.4, 0.25));
    c.triangle((0.39, 0.66), (0.385, 0.70 - 0.40 * scale), (0.39 + 0.18 * scale, 0.66), [0.97, 0.96, 0.92]);
}

fn bicycle(c: &mut Canvas, &Whim { hue, .. }: &Whim) {
    let (rubber, frame) = ([0.14, 0.14, 0.16], hsl(hue + 0.5, 0.65, 0.40));
    c.gradient(hsl(hue, 0.2, 0.84), hsl(hue, 0.2, 0.66));
    c.rect(0.0, 0.82, 1.0, 0.18, hsl(hue, 0.08, 0.46));
    for x in [0.28, 0.72] {
        c.ring(x, 0.66, 0.13, 0.012, rubber);
    }
    let (rear, seat, head, pedals) = ((0.28, 0.66), (0.44, 0.42), (0.64, 0.42), (0.48, 0.66));
    for (a, b) in
        [(rear, seat), (seat, head), (head, pedals), (pedals, rear), (seat, pedals), ((0.64, 0.36), (0.72, 0.66))]
    {
        c.line(a, b, 0.011, frame);
    }
    c.line((0.42, 0.38), (0.50, 0.38), 0.014, rubber);
    c.line((0.60, 0.34), (0.69, 0.35), 0.010, rubber);
}

fn wheel(c: &mut Canvas) {
    c.gradient(hsl(0.1, 0.06, 0.55), hsl(0.1, 0.06, 0.38));
    c.ring(0.5, 0.5, 0.40, 0.045, [0.10, 0.10, 0.11]);
    c.ring(0.5, 0.5, 0.35, 0.014, [0.78, 0.79, 0.80]);
    for i in 0..16_u8 {
        let angle = f32::from(i) * std::f32::consts::TAU / 16.0;
        // One spoke is broken: that is why the photo was sent.
        let reach = if i == 3 { 0.17 } else { 0.35 };
        c.line((0.5, 0.5), (0.5 + reach * angle.cos(), 0.5 + reach * angle.sin()), 0.003, [0.86, 0.86, 0.87]);
    }
    c.ellipse(0.5, 0.5, 0.05, 0.05, [0.30, 0.30, 0.32]);
}

fn receipt(c: &mut Canvas, Whim { mut rng, .. }: Whim) {
    c.gradient(hsl(0.08, 0.3, 0.42), hsl(0.08, 0.3, 0.34));
    c.rect(0.16, 0.05, 0.68, 0.90, [0.97, 0.96, 0.93]);
    for row in 0..13_u8 {
        let y = 0.12 + 0.055 * f32::from(row);
        c.rect(0.22, y, rng.random_range(0.18..0.36), 0.012, [0.35, 0.35, 0.36]);
        c.rect(0.66, y, 0.11, 0.012, [0.35, 0.35, 0.36]);
    }
    c.rect(0.22, 0.86, 0.55, 0.022, [0.10, 0.10, 0.11]);
}

fn map(c: &mut Canvas, Whim { tilt, mut rng, .. }: Whim) {
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
