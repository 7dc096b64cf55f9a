//! Shades of grey as a PNG inside of an SVG.
//!
//! What is wider or higher than [`MOST`] pixels is averaged down by whole factors first; where more than half of what becomes one pixel was not measured, it is pale blue.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// More pixels than this along a side show nothing on a page.
const MOST: usize = 1600;
const MISSING: [u8; 3] = [0xbf, 0xdc, 0xf2];

/// The pixels as red, green and blue, and how many there are across and down.
fn pixels(width: usize, height: usize, shades: &[f32]) -> (usize, usize, Vec<u8>) {
    let by = width.max(height).div_ceil(MOST).max(1);
    let (across, down) = (width.div_ceil(by), height.div_ceil(by));
    let mut all = Vec::with_capacity(3 * across * down);
    for r in 0..down {
        for c in 0..across {
            let (mut sum, mut n, mut of) = (0.0f64, 0u32, 0u32);
            for y in r * by..((r + 1) * by).min(height) {
                for shade in &shades[y * width + c * by..y * width + ((c + 1) * by).min(width)] {
                    of += 1;
                    if !shade.is_nan() {
                        sum += f64::from(*shade);
                        n += 1;
                    }
                }
            }
            if 2 * n >= of && n > 0 {
                let shade = libm::round(255.0 * (sum / f64::from(n)).clamp(0.0, 1.0)) as u8;
                all.extend([shade; 3]);
            } else {
                all.extend(MISSING);
            }
        }
    }
    (across, down, all)
}

/// A `data:` address of the picture.
pub(super) fn uri(width: usize, height: usize, shades: &[f32]) -> String {
    let (across, down, pixels) = pixels(width, height, shades);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, across as u32, down as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Into memory, of a size that fits: it cannot fail, and an empty picture would be seen.
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    if written.is_err() {
        bytes.clear();
    }
    format!("data:image/png;base64,{}", STANDARD.encode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_points_have_a_colour_of_their_own() {
        let (w, h, p) = pixels(2, 2, &[0.0, 1.0, f32::NAN, 0.5]);
        assert_eq!((w, h), (2, 2));
        assert_eq!(p, [0, 0, 0, 255, 255, 255, 0xbf, 0xdc, 0xf2, 128, 128, 128]);
    }

    #[test]
    fn large_pictures_are_averaged() {
        let shades: Vec<f32> = (0..3200 * 2).map(|i| (i % 2) as f32).collect();
        let (w, h, p) = pixels(3200, 2, &shades);
        assert_eq!((w, h), (1600, 1));
        assert!(p.iter().all(|x| *x == 128));
        assert!(uri(2, 1, &[0.0, 1.0]).starts_with("data:image/png;base64,iVBOR"));
    }
}
