//! A picture seen upright without a second copy of it: the encoder asks for pixels, and gets them from where they lie.

use image::metadata::Orientation;
use image::{GenericImageView, ImageBuffer, Pixel};

pub(super) struct Turned<'a, P: Pixel<Subpixel = u8>> {
    image: &'a ImageBuffer<P, Vec<u8>>,
    orientation: Orientation,
}

impl<'a, P: Pixel<Subpixel = u8>> Turned<'a, P> {
    pub(super) fn new(image: &'a ImageBuffer<P, Vec<u8>>, orientation: Orientation) -> Self {
        Self { image, orientation }
    }
}

/// The size of a picture once it is turned.
pub(crate) fn upright((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            (height, width)
        }
    }
}

impl<P: Pixel<Subpixel = u8>> GenericImageView for Turned<'_, P> {
    type Pixel = P;

    fn dimensions(&self) -> (u32, u32) {
        upright(self.image.dimensions(), self.orientation)
    }

    #[inline]
    fn get_pixel(&self, x: u32, y: u32) -> P {
        let (right, bottom) = (self.image.width() - 1, self.image.height() - 1);
        let (x, y) = match self.orientation {
            Orientation::NoTransforms => (x, y),
            Orientation::FlipHorizontal => (right - x, y),
            Orientation::Rotate180 => (right - x, bottom - y),
            Orientation::FlipVertical => (x, bottom - y),
            Orientation::Rotate90 => (y, bottom - x),
            Orientation::Rotate270 => (right - y, x),
            Orientation::Rotate90FlipH => (y, x),
            Orientation::Rotate270FlipH => (right - y, bottom - x),
        };
        *self.image.get_pixel(x, y)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use image::{DynamicImage, Rgb, RgbImage};

    use super::*;

    #[test]
    fn every_orientation_is_seen_as_the_library_turns_it() {
        let image = RgbImage::from_fn(5, 3, |x, y| Rgb([x as u8, y as u8, 7]));
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut turned = DynamicImage::ImageRgb8(image.clone());
            turned.apply_orientation(orientation);
            let seen = Turned::new(&image, orientation);
            assert_eq!(seen.dimensions(), turned.dimensions(), "{exif}");
            let turned = turned.into_rgb8();
            for (x, y, pixel) in turned.enumerate_pixels() {
                assert_eq!(seen.get_pixel(x, y), *pixel, "{exif}: {x}, {y}");
            }
        }
    }
}
