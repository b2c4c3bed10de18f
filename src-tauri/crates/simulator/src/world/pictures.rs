//! Pictures drawn from a seed: faces, shop signs and the photos that customers send.
//!
//! Real PNG and JPEG bytes, because the client decodes them; no file in the repository, because nobody's photo belongs here.
//! Drawn when first asked for, so that starting a world costs nothing.

mod canvas;
mod scenes;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, ImageError};
use sha2::{Digest as _, Sha256};

use crate::world::pictures::canvas::Canvas;

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

    /// Width and height.
    pub(crate) const fn size(&self) -> (u32, u32) {
        match self.scene {
            Scene::Face | Scene::Logo => (128, 128),
            Scene::Receipt => (360, 540),
            Scene::Cake | Scene::Wheel => (480, 480),
            Scene::Loaf | Scene::Harbour | Scene::Boat | Scene::Bicycle | Scene::Map => (640, 420),
        }
    }

    /// The encoded bytes; `png` chooses PNG, else JPEG.
    pub(crate) fn draw(&self, png: bool) -> Result<Bytes, ImageError> {
        let (width, height) = self.size();
        let mut canvas = Canvas::new(width, height);
        scenes::paint(self, &mut canvas);
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
