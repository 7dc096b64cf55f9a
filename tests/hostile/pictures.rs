//! Small valid pictures of every format, and what chance makes of them; large ones that pack best.

use crate::counting::{NOW, PEAK};
use crate::mutation::Dice;
use crate::seeds::mend;
use image::{DynamicImage, ImageBuffer, ImageFormat, Rgba};
use std::io::Cursor;
use std::time::Instant;
use striae::draw::Stream;
use striae::picture::decode::{Limits, decode};

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut draw = Stream::new(1, "picture", 0);
    let picture: DynamicImage = ImageBuffer::from_fn(61, 47, |x, y| {
        Rgba([(4 * x) as u8, (5 * y) as u8, (255.0 * draw.uniform()) as u8, if x > 30 { 255 } else { 128 }])
    })
    .into();
    let opaque: DynamicImage = picture.to_rgb8().into();
    let grey: DynamicImage = picture.to_luma16().into();
    vec![
        written(&picture, ImageFormat::Png),
        written(&grey, ImageFormat::Png),
        written(&opaque, ImageFormat::Jpeg),
        written(&picture, ImageFormat::Gif),
        written(&opaque, ImageFormat::Bmp),
        written(&picture, ImageFormat::Tiff),
        written(&grey, ImageFormat::Tiff),
        written(&opaque, ImageFormat::Pnm),
        written(&picture, ImageFormat::WebP),
    ]
}

/// Changes bytes (to chance, to 0, to 255), cuts, or repeats a stretch; mostly near the start, where sizes stand.
pub fn changed(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut out = dice.pick(seeds).clone();
    for _ in 0..=dice.below(6) {
        let near = if dice.once_in(2) { out.len().min(120) } else { out.len() };
        let at = dice.below(near.max(1)).min(out.len().saturating_sub(1));
        match dice.below(8) {
            0..4 => out[at] = dice.below(256) as u8,
            4 => out[at] = 0,
            5 => out[at] = 255,
            6 if at > 8 => out.truncate(at),
            _ => {
                let end = (at + 16).min(out.len());
                let stretch = out[at..end].to_vec();
                out.splice(at..at, stretch);
            }
        }
    }
    if out.starts_with(b"\x89PNG") && !dice.once_in(3) {
        mend(&mut out);
    }
    out
}

/// Even shades pack best: what a small file may unpack to is bounded.
#[test]
fn large_even_pictures_are_read_or_refused() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Tiff, ImageFormat::WebP] {
        let side = if format == ImageFormat::Jpeg { 4000 } else { 3500 };
        let even: DynamicImage = ImageBuffer::from_pixel(side, side, image::Rgb([9u8, 9, 9])).into();
        let bytes = written(&even, format);
        drop(even);
        let before = NOW.get();
        PEAK.set(before);
        let start = Instant::now();
        let read = decode(&bytes, &Limits::default());
        let (time, memory) = (start.elapsed(), PEAK.get() - before);
        let word = if read.is_ok() { "read" } else { "refused" };
        println!("{format:?}: {} bytes, {side}² pixels: {word}, {time:?}, {memory} bytes", bytes.len());
        assert!(memory <= bytes.len() + crate::MEMORY && time <= 2 * crate::TIME, "{format:?}: {memory} bytes, {time:?}");
    }
}
