//! Colours of a profile become those of sRGB, which every platform and phone takes for granted once the profile is gone.
//!
//! Nothing is touched when the profile means sRGB in other words, as most do. What cannot be read is left as it is.

use image::{DynamicImage, GrayImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// A difference that nobody sees, of 255.
const ALIKE: u8 = 2;
/// Each of 6 × 6 × 6 colours tells whether a profile is sRGB.
const STEPS: [u8; 6] = [0, 51, 102, 153, 204, 255];

/// Converts `image` from `profile`; `false`: there was nothing to do.
pub(super) fn to_srgb(image: &mut DynamicImage, profile: &[u8]) -> bool {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return false };
    match (image, profile.color_space) {
        (DynamicImage::ImageLuma8(image), DataColorSpace::Gray) => grey(image, &profile),
        (DynamicImage::ImageRgb8(image), DataColorSpace::Rgb) => {
            let stride = image.width() as usize * 3;
            coloured(image, stride, &profile, Layout::Rgb)
        }
        (DynamicImage::ImageRgba8(image), DataColorSpace::Rgb) => {
            let stride = image.width() as usize * 4;
            coloured(image, stride, &profile, Layout::Rgba)
        }
        _ => false,
    }
}

/// The 256 greys are converted, then looked up.
fn grey(image: &mut GrayImage, profile: &ColorProfile) -> bool {
    let options = TransformOptions::default();
    let Ok(transform) = profile.create_transform_8bit(Layout::Gray, &ColorProfile::new_srgb(), Layout::Rgb, options)
    else {
        return false;
    };
    let greys: Vec<u8> = (0..=u8::MAX).collect();
    let mut meant = vec![0; 3 * greys.len()];
    if transform.transform(&greys, &mut meant).is_err() {
        return false;
    }
    let table: Vec<u8> = meant.chunks_exact(3).filter_map(|pixel| pixel.get(1).copied()).collect();
    if alike(&greys, &table) {
        return false;
    }
    for value in image.iter_mut() {
        *value = table.get(usize::from(*value)).copied().unwrap_or(*value);
    }
    true
}

fn coloured(pixels: &mut [u8], stride: usize, profile: &ColorProfile, layout: Layout) -> bool {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let (Ok(probe), Ok(transform)) = (
        profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options),
        profile.create_transform_8bit(layout, &srgb, layout, options),
    ) else {
        return false;
    };
    let colours: Vec<u8> = STEPS
        .iter()
        .flat_map(|r| STEPS.iter().flat_map(move |g| STEPS.iter().flat_map(move |b| [*r, *g, *b])))
        .collect();
    let mut meant = vec![0; colours.len()];
    if probe.transform(&colours, &mut meant).is_err() || alike(&colours, &meant) {
        return false;
    }
    // Row by row: a second bitmap would cost as much memory as the first.
    let mut row = vec![0; stride];
    let mut done = true;
    for line in pixels.chunks_exact_mut(stride.max(1)) {
        done &= transform.transform(line, &mut row).is_ok();
        line.copy_from_slice(&row);
    }
    done
}

fn alike(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= ALIKE)
}
