//! The bytes of a picture file → shades of grey, within limits that are checked before memory is spent.
//!
//! ```text
//! shade = 0.299·R + 0.587·G + 0.114·B      of the stored values, each in 0 … 1 (ITU-R BT.601)
//! with alpha: α·shade + (1 − α)·1          on white paper
//! ```
//! The stored values are gamma-encoded and stay so: thresholds, orientations and binary patterns are defined and tuned on encoded shades, in which
//! equal steps look equal. 8 and 16 bits are divided by their largest value, none is lost; floating-point samples are cut to 0 … 1. The orientation
//! that EXIF or TIFF names is applied. Formats: PNG, JPEG, GIF and WebP (first frame), BMP, TIFF, PNM, told by their first bytes.
//!
//! # Limits
//! With w·h pixels that decode to b bytes each, a picture is refused by its header alone where
//! - w·h is above [`Limits::pixels`];
//! - w·h·(b + max(4, s)) is above [`Limits::memory_bytes`]: the decoded samples, and beside them first what the format's decoder holds (s bytes a
//!   pixel: coefficients of a progressive JPEG 8, a second copy of a TIFF 4b/3, planes of WebP 6, the frame of a GIF 4), then the shades (4);
//! - w·h·b is above 64 MiB and above [`Limits::expansion`] times the length of the file. Deflate cannot exceed 1 032.
//!
//! A decoder that panics on a hostile file is caught, and that is an error like others; the process's panic hook still has its say, and nothing
//! is caught where panics abort.
//!
//! Not done: colour, colour profiles (ICC), later frames, TIFF with a palette, JPEG 2000, AVIF, HEIC.

use super::grey::Grey;
use crate::fence::caught;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageFormat, ImageReader};
use std::io::Cursor;
use thiserror::Error;

const FREE_BYTES: u64 = 64 << 20;

/// Why a picture was not decoded.
#[derive(Debug, Error)]
pub enum DecodeError {
    #[error("not a picture this reads: the first bytes are {start:02x?}; give PNG, JPEG, GIF, BMP, TIFF, PNM or WebP")]
    Format { start: Vec<u8> },
    #[error("the picture has {width} × {height} pixels; allowed are {allowed} in all; make it smaller, or raise the limit")]
    Pixels { width: u32, height: u32, allowed: u64 },
    #[error(
        "decoding {width} × {height} pixels takes {needed} bytes of memory; allowed are {allowed}; make the picture smaller, or raise the limit"
    )]
    Memory { width: u32, height: u32, needed: u64, allowed: u64 },
    #[error(
        "{length} bytes of file decode to {decoded}, more than {allowed} times as many: it is made to exhaust memory; save the picture anew"
    )]
    Expansion { length: u64, decoded: u64, allowed: u64 },
    #[error("the {format} file cannot be decoded: {why}; save it anew")]
    Broken { format: &'static str, why: String },
}

/// What a picture may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub pixels: u64,
    /// Over the file itself.
    pub memory_bytes: u64,
    /// Decoded bytes for one of the file.
    pub expansion: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pixels: 64_000_000, memory_bytes: 256 << 20, expansion: 1100 }
    }
}

/// The shades of a picture file.
///
/// # Errors
/// When the file is of another kind, broken, or above the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Grey, DecodeError> {
    let guessed = image::guess_format(bytes).ok().and_then(known);
    let Some(known) = guessed else {
        return Err(DecodeError::Format { start: bytes[..bytes.len().min(8)].to_vec() });
    };
    // No state outlives the call, so nothing can be seen half done after a panic.
    caught(|| fenced(bytes, limits, &known))
        .unwrap_or_else(|_| Err(DecodeError::Broken { format: known.name, why: "its decoder gave up on it".into() }))
}

/// A format that is read.
struct Known {
    format: ImageFormat,
    name: &'static str,
    /// What its decoder holds beside the output, in bytes a pixel, of the output's.
    scratch: fn(u64) -> u64,
}

fn known(format: ImageFormat) -> Option<Known> {
    let (name, scratch): (_, fn(u64) -> u64) = match format {
        ImageFormat::Png => ("PNG", |_| 0),
        ImageFormat::Jpeg => ("JPEG", |_| 8),
        ImageFormat::Gif => ("GIF", |_| 4),
        ImageFormat::Bmp => ("BMP", |_| 0),
        ImageFormat::Tiff => ("TIFF", |b| b + b.div_ceil(3)),
        ImageFormat::Pnm => ("PNM", |_| 4),
        ImageFormat::WebP => ("WebP", |_| 6),
        _ => return None,
    };
    Some(Known { format, name, scratch })
}

fn fenced(bytes: &[u8], limits: &Limits, known: &Known) -> Result<Grey, DecodeError> {
    let name = known.name;
    let broken = |e: image::ImageError| DecodeError::Broken { format: name, why: e.to_string() };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), known.format);
    let mut within = image::Limits::default();
    within.max_alloc = Some(limits.memory_bytes);
    reader.limits(within);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let ((width, height), decoded) = (decoder.dimensions(), decoder.total_bytes());
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(DecodeError::Broken { format: name, why: format!("it has {width} × {height} pixels") });
    }
    if pixels > limits.pixels {
        return Err(DecodeError::Pixels { width, height, allowed: limits.pixels });
    }
    let beside = (known.scratch)(decoded.div_ceil(pixels)).max(4);
    let needed = decoded.saturating_add(pixels.saturating_mul(beside));
    if needed > limits.memory_bytes {
        return Err(DecodeError::Memory { width, height, needed, allowed: limits.memory_bytes });
    }
    let length = bytes.len() as u64;
    if decoded > FREE_BYTES && decoded / limits.expansion.max(1) > length {
        return Err(DecodeError::Expansion { length, decoded, allowed: limits.expansion });
    }
    let kind = decoder.color_type();
    // Metadata that cannot be read is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut samples = vec![0; decoded as usize];
    decoder.read_image(&mut samples).map_err(broken)?;
    let shade = shade_of(kind).ok_or_else(|| DecodeError::Broken { format: name, why: format!("its samples are {kind:?}") })?;
    let each = usize::from(kind.bytes_per_pixel());
    let place = Placement { width: width as usize, height: height as usize, orientation };
    let (across, down) = place.size();
    let mut values = vec![0.0; across * down];
    for (row, line) in samples.chunks_exact(each * place.width).enumerate() {
        for (column, pixel) in line.chunks_exact(each).enumerate() {
            let (x, y) = place.of(column, row);
            values[y * across + x] = shade(pixel);
        }
    }
    let value = values.iter().position(|v: &f32| !v.is_finite());
    Grey::new(across, down, values).ok_or_else(|| DecodeError::Broken {
        format: name,
        why: format!("the shade of pixel {} is not a number", value.unwrap_or(0)),
    })
}

struct Placement {
    width: usize,
    height: usize,
    orientation: Orientation,
}

impl Placement {
    const fn size(&self) -> (usize, usize) {
        match self.orientation {
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
                (self.height, self.width)
            }
            _ => (self.width, self.height),
        }
    }

    /// Where the stored pixel (x, y) belongs.
    const fn of(&self, x: usize, y: usize) -> (usize, usize) {
        let (right, bottom) = (self.width - 1 - x, self.height - 1 - y);
        match self.orientation {
            Orientation::NoTransforms => (x, y),
            Orientation::FlipHorizontal => (right, y),
            Orientation::FlipVertical => (x, bottom),
            Orientation::Rotate180 => (right, bottom),
            Orientation::Rotate90 => (bottom, x),
            Orientation::Rotate270 => (y, right),
            Orientation::Rotate90FlipH => (y, x),
            Orientation::Rotate270FlipH => (bottom, right),
        }
    }
}

fn byte(p: &[u8], i: usize) -> f32 {
    f32::from(p[i]) / 255.0
}

fn word(p: &[u8], i: usize) -> f32 {
    f32::from(u16::from_ne_bytes([p[2 * i], p[2 * i + 1]])) / 65535.0
}

/// NaN stays NaN, and is refused later.
fn float(p: &[u8], i: usize) -> f32 {
    f32::from_ne_bytes([p[4 * i], p[4 * i + 1], p[4 * i + 2], p[4 * i + 3]]).clamp(0.0, 1.0)
}

fn luma(r: f32, g: f32, b: f32) -> f32 {
    // Grey stays exactly grey.
    if r == g && g == b { r } else { 0.299 * r + 0.587 * g + 0.114 * b }
}

fn on_white(shade: f32, alpha: f32) -> f32 {
    alpha * shade + (1.0 - alpha)
}

fn shade_of(kind: ColorType) -> Option<fn(&[u8]) -> f32> {
    let f: fn(&[u8]) -> f32 = match kind {
        ColorType::L8 => |p| byte(p, 0),
        ColorType::La8 => |p| on_white(byte(p, 0), byte(p, 1)),
        ColorType::Rgb8 => |p| luma(byte(p, 0), byte(p, 1), byte(p, 2)),
        ColorType::Rgba8 => |p| on_white(luma(byte(p, 0), byte(p, 1), byte(p, 2)), byte(p, 3)),
        ColorType::L16 => |p| word(p, 0),
        ColorType::La16 => |p| on_white(word(p, 0), word(p, 1)),
        ColorType::Rgb16 => |p| luma(word(p, 0), word(p, 1), word(p, 2)),
        ColorType::Rgba16 => |p| on_white(luma(word(p, 0), word(p, 1), word(p, 2)), word(p, 3)),
        ColorType::Rgb32F => |p| luma(float(p, 0), float(p, 1), float(p, 2)),
        ColorType::Rgba32F => |p| on_white(luma(float(p, 0), float(p, 1), float(p, 2)), float(p, 3)),
        _ => return None,
    };
    Some(f)
}

#[cfg(test)]
mod tests {
    use super::{DecodeError, Limits, Placement, decode};
    use image::metadata::Orientation;
    use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
    use std::io::Cursor;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).expect("encoded");
        out.into_inner()
    }

    #[test]
    fn every_format_gives_the_same_shades() {
        let rgb = ImageBuffer::from_fn(7, 5, |x, y| Rgb([(x * 30) as u8, (y * 50) as u8, 200]));
        let expected: Vec<f32> =
            rgb.pixels().map(|p| (0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2])) / 255.0).collect();
        for format in
            [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::Pnm, ImageFormat::WebP, ImageFormat::Gif]
        {
            let got = decode(&encoded(&rgb.clone().into(), format), &Limits::default()).expect("decoded");
            assert_eq!((got.width(), got.height()), (7, 5), "{format:?}");
            let off = got.values().iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-6, "{format:?} {off}");
        }
        let smooth = ImageBuffer::from_fn(32, 24, |x, y| Luma([(4 * x + 4 * y) as u8]));
        let got = decode(&encoded(&smooth.clone().into(), ImageFormat::Jpeg), &Limits::default()).expect("decoded");
        assert!(got.values().iter().zip(smooth.pixels()).all(|(a, p)| (a - f32::from(p[0]) / 255.0).abs() < 0.03));
    }

    #[test]
    fn sixteen_bits_stay_and_alpha_lies_on_white() {
        let fine = ImageBuffer::from_fn(3, 1, |x, _| Luma([40_000u16 + x as u16]));
        let got = decode(&encoded(&fine.into(), ImageFormat::Png), &Limits::default()).expect("decoded");
        assert_eq!(got.values(), [40_000.0 / 65535.0, 40_001.0 / 65535.0, 40_002.0 / 65535.0]);
        let glass = ImageBuffer::from_fn(2, 1, |x, _| LumaA([0u8, if x == 0 { 0 } else { 51 }]));
        let got = decode(&encoded(&glass.into(), ImageFormat::Png), &Limits::default()).expect("decoded");
        assert_eq!(got.values(), [1.0, 1.0 - 0.2]);
        let colour = ImageBuffer::from_fn(1, 1, |_, _| Rgba([255u8, 0, 0, 255]));
        let got = decode(&encoded(&colour.into(), ImageFormat::Png), &Limits::default()).expect("decoded");
        assert_eq!(got.values(), [0.299]);
    }

    #[test]
    fn orientations_are_those_of_the_image_crate() {
        let picture = ImageBuffer::from_fn(3, 2, |x, y| Luma([(10 * y + x) as u8]));
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).expect("1 to 8");
            let mut turned: DynamicImage = picture.clone().into();
            turned.apply_orientation(orientation);
            let place = Placement { width: 3, height: 2, orientation };
            assert_eq!(place.size(), (turned.width() as usize, turned.height() as usize));
            for (x, y, p) in picture.enumerate_pixels() {
                let (u, v) = place.of(x as usize, y as usize);
                assert_eq!(turned.to_luma8().get_pixel(u as u32, v as u32), p, "{exif}");
            }
        }
    }

    #[test]
    fn limits_hold_before_memory_is_spent() {
        // A header of a grey bitmap map and no data.
        let header = |side: u32| format!("P5 {side} {side} 255\n").into_bytes();
        assert!(matches!(decode(&header(8001), &Limits::default()), Err(DecodeError::Pixels { .. })));
        assert!(matches!(decode(&header(7900), &Limits::default()), Err(DecodeError::Memory { .. })));
        let small = Limits { memory_bytes: u64::MAX, ..Limits::default() };
        assert!(matches!(decode(&header(8200), &Limits { pixels: u64::MAX, ..small }), Err(DecodeError::Expansion { .. })));
        let few = Limits { pixels: 10, ..Limits::default() };
        let picture: DynamicImage = ImageBuffer::from_fn(4, 3, |_, _| Luma([9u8])).into();
        assert!(matches!(decode(&encoded(&picture, ImageFormat::Png), &few), Err(DecodeError::Pixels { .. })));
        assert!(decode(&encoded(&picture, ImageFormat::Png), &Limits { pixels: 12, ..few }).is_ok());
        assert!(matches!(decode(b"%PDF-1.7", &few), Err(DecodeError::Format { .. })));
        assert!(matches!(decode(&[], &few), Err(DecodeError::Format { .. })));
    }
}
