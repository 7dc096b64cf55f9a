//! A picture as PNG: its SVG rendered by `resvg`, with the fonts that the program carries.
//!
//! No font of the machine is looked at, so that the same picture gives the same bytes everywhere.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FontResolver, Options, Tree, fontdb};

use super::error::Error;
use super::text::{FONTS, is_in_first};

fn wrong<E: std::fmt::Display>(reason: &E) -> Error {
    Error::Png { reason: reason.to_string() }
}

/// `svg` with the characters that the first font lacks put into the second by name. Left to itself the renderer would set the
/// whole text in the second font, which is wider than was measured; it is told not to look for another. Only texts hold such characters, never markup.
fn with_fonts(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut lacking = String::new();
    let flush = |out: &mut String, lacking: &mut String| {
        if !lacking.is_empty() {
            for part in ["<tspan font-family=\"Hack\">", lacking, "</tspan>"] {
                out.push_str(part);
            }
            lacking.clear();
        }
    };
    for c in svg.chars() {
        if c.is_ascii() || is_in_first(c) {
            flush(&mut out, &mut lacking);
            out.push(c);
        } else {
            lacking.push(c);
        }
    }
    flush(&mut out, &mut lacking);
    out
}

/// Renders `svg` at `scale` pixels for each of its own.
pub(super) fn png(svg: &str, scale: f64) -> Result<Vec<u8>, Error> {
    let mut fonts = fontdb::Database::new();
    for bytes in FONTS {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(bytes)));
    }
    fonts.set_sans_serif_family("Ubuntu");
    let resolver = FontResolver { select_fallback: Box::new(|_, _, _| None), ..FontResolver::default() };
    let options =
        Options { fontdb: Arc::new(fonts), font_family: "Ubuntu".into(), font_resolver: resolver, ..Options::default() };
    let tree = Tree::from_str(&with_fonts(svg), &options).map_err(|e| wrong(&e))?;
    let size = tree.size();
    let pixels = |length: f32| libm::round(f64::from(length) * scale).max(1.0) as u32;
    let mut map = Pixmap::new(pixels(size.width()), pixels(size.height())).ok_or_else(|| wrong(&"the size is not allowed"))?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut map.as_mut());
    map.encode_png().map_err(|e| wrong(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_first_font_lacks_is_moved() {
        assert_eq!(with_fonts("<text>ä µ −1</text>"), "<text>ä µ −1</text>");
        assert_eq!(with_fonts("<text>cm⁻¹</text>"), "<text>cm<tspan font-family=\"Hack\">⁻</tspan>¹</text>");
    }

    #[test]
    fn text_is_as_wide_as_it_was_measured() {
        for text in ["Wavenumber (cm⁻¹)", "PC1 (71.2 %), ×10⁻⁶", "Größe ä µ −0.5", "ln(1 + q/q₀)", "WWWWWWWW", "iiiiiiiiii"]
        {
            let svg = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"400\" height=\"40\" font-family=\"{}\"><text x=\"10\" y=\"25\" \
                 font-size=\"20\">{text}</text></svg>",
                crate::report::plot::text::FAMILIES
            );
            let map = Pixmap::decode_png(&png(&svg, 2.0).unwrap()).unwrap();
            let columns = map.pixels().iter().enumerate().filter(|(_, p)| p.alpha() > 0).map(|(i, _)| i % map.width() as usize);
            let ink = (columns.max().unwrap() + 1) as f64 * 0.5 - 10.0;
            let measured = crate::report::plot::text::width(text, 20.0) / crate::report::plot::text::ROOM;
            // The last glyph has some room of its own behind it, or leans over it by a pixel; kerning narrows.
            assert!(ink <= measured + 1.5 && ink >= measured * 0.95 - 2.0, "{text}: {ink} of {measured}");
        }
    }

    #[test]
    fn text_leaves_ink_and_broken_input_is_an_error() {
        let page = |inner: &str| {
            let svg = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"20\" font-family=\"sans-serif\">{inner}</svg>"
            );
            Pixmap::decode_png(&png(&svg, 1.0).unwrap()).unwrap()
        };
        let ink = |inner: &str| page(inner).pixels().iter().filter(|p| p.alpha() > 16).count();
        assert_eq!(ink(""), 0);
        for text in ["abc", "äöü", "⁻", "−"] {
            assert!(ink(&format!("<text x=\"5\" y=\"15\" font-size=\"14\">{text}</text>")) > 1, "{text}");
        }
        assert!(matches!(png("<svg", 1.0), Err(Error::Png { .. })));
    }
}
