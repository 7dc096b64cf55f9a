//! How wide text is, and how a number is written.
//!
//! Widths are sums of glyph advances, read from the fonts that the PNG is drawn with: Ubuntu Light, and Hack where that lacks a
//! glyph. Both come with the crate `epaint_default_fonts` (Ubuntu Font Licence 1.0; Hack: MIT and Bitstream Vera licence).
//! An SVG is shown in whatever sans-serif face the reader's machine has, and the usual ones run wider: [`ROOM`] is left for
//! them. Kerning is not taken into account; it only makes text narrower.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// Arial, Helvetica and Liberation Sans run up to a tenth wider than Ubuntu Light, over the labels of a plot.
pub(super) const ROOM: f64 = 1.1;

/// The families asked for in an SVG, the most likely first. The generic one always exists.
pub(super) const FAMILIES: &str = "Ubuntu, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";

/// Height of capitals and figures, over the size: what centres a line of text vertically.
pub(super) const CAPITAL: f64 = 0.7;

/// The font files, in the order in which a glyph is looked for.
pub(super) const FONTS: [&[u8]; 2] = [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::HACK_REGULAR];

/// Code points whose advances are kept: Latin, Greek and Cyrillic, which are nearly all there is.
const KEPT: u32 = 0x530;

fn look_up(c: char) -> f64 {
    for bytes in FONTS {
        let Ok(font) = FontRef::new(bytes) else { continue };
        if let Some(glyph) = font.charmap().map(c)
            && let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default())
            && let Some(advance) = metrics.advance_width(glyph)
        {
            return f64::from(advance) / f64::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em.max(1));
        }
    }
    // A face that is not here, such as a Chinese one, has full-width glyphs.
    1.0
}

static FIRST: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::new(epaint_default_fonts::UBUNTU_LIGHT).ok());

/// Has the first font this character?
pub(super) fn is_in_first(c: char) -> bool {
    FIRST.as_ref().is_some_and(|font| font.charmap().map(c).is_some())
}

static ADVANCES: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..KEPT).map(|c| char::from_u32(c).map_or(0.0, |c| if c < ' ' { 0.0 } else { look_up(c) })).collect());

/// Width of `text` at `size`, with room for a wider face.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let ems: f64 = text.chars().map(|c| ADVANCES.get(c as usize).copied().unwrap_or_else(|| look_up(c))).sum();
    ems * size * ROOM
}

/// `text` itself, or as much of it as fits in `most`, with an ellipsis.
pub(super) fn fit(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut cut = text.to_owned();
    while cut.pop().is_some() {
        let candidate = format!("{}…", cut.trim_end());
        if width(&candidate, size) <= most {
            return candidate;
        }
    }
    String::new()
}

/// The digits of `n` as superscripts.
pub(super) fn superscript(n: i32) -> String {
    n.to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁰',
        })
        .collect()
}

/// A number with `decimals` places, with a true minus sign, and no minus before zero.
pub(super) fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// A number by itself, such as an RMSE, with `digits` significant digits.
pub(super) fn number(x: f64, digits: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return fixed(x, 0);
    }
    let power = decade(x);
    if (-4..6).contains(&power) {
        fixed(x, (digits - 1 - power).max(0) as usize)
    } else {
        let mantissa = x / libm::exp10(f64::from(power));
        format!("{}×10{}", fixed(mantissa, (digits - 1).max(0) as usize), superscript(power))
    }
}

/// The power of ten at or below |x|; x is not zero. Read from the shortest decimal form, as a logarithm may round up.
pub(super) fn decade(x: f64) -> i32 {
    format!("{x:e}").rsplit_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// A unit as it is printed: `cm-1` becomes cm⁻¹, `um` µm.
pub(super) fn unit(unit: &str) -> String {
    if is_wavenumber(unit) {
        return "cm⁻¹".into();
    }
    match unit.trim() {
        "um" | "micron" | "micrometer" | "micrometre" => "µm".into(),
        other => other.into(),
    }
}

/// Is it the unit of wavenumbers, whose axes run from large to small?
pub(super) fn is_wavenumber(unit: &str) -> bool {
    let plain: String = unit.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    matches!(plain.as_str(), "cm-1" | "cm^-1" | "1/cm" | "cm⁻¹" | "cm−1" | "cm^{-1}" | "cm**-1" | "/cm" | "wavenumber")
}

/// An axis title with its unit: "Wavenumber (cm⁻¹)".
pub(super) fn titled(title: &str, of: &str) -> String {
    if of.trim().is_empty() { title.to_owned() } else { format!("{title} ({})", unit(of)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // fontTools 4.68.0, hmtx of Ubuntu-Light: advances over 1000 units per em.
        for (text, ems) in GOLDEN {
            let got = width(text, 10.0) / 10.0 / ROOM;
            assert!((got - ems).abs() < 1e-6, "{text}: {got} is not {ems}");
        }
        assert_eq!(width("", 12.0), 0.0);
        assert!((width("ab", 12.0) - width("a", 12.0) - width("b", 12.0)).abs() < 1e-12);
        // Not in either font: taken as full width, never as nothing.
        assert!((width("日", 10.0) - 11.0).abs() < 1e-12);
    }

    const GOLDEN: [(&str, f64); 3] =
        [("PC1 (71.2 %)", 5.6099999999999985), ("Wavenumber (cm⁻¹)", 9.09605078125), ("Größe ä µ −0.5 ×10⁻⁶", 9.34505078125)];

    #[test]
    fn text_is_cut_to_fit() {
        assert_eq!(fit("short", 10.0, 100.0), "short");
        let cut = fit("a very long label that does not fit", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0 && cut.len() > 6, "{cut}");
        assert_eq!(fit("äöü", 10.0, 1.0), "");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(fixed(-1.5, 1), "−1.5");
        assert_eq!(number(0.0, 3), "0");
        assert_eq!(number(0.012345, 3), "0.0123");
        assert_eq!(number(123.45, 4), "123.5");
        assert_eq!(number(-2.5e-9, 2), "−2.5×10⁻⁹");
        assert_eq!(number(6.02e23, 3), "6.02×10²³");
        assert_eq!([decade(1000.0), decade(999.9), decade(0.001), decade(-0.00099)], [3, 2, -3, -4]);
        assert_eq!(superscript(-1_023_456_789), "⁻¹⁰²³⁴⁵⁶⁷⁸⁹");
    }

    #[test]
    fn units_are_printed_properly() {
        for u in ["cm-1", "1/cm", "cm^-1", "cm⁻¹", " CM-1 "] {
            assert!(is_wavenumber(u), "{u}");
            assert_eq!(unit(u), "cm⁻¹");
        }
        assert!(!is_wavenumber("nm") && !is_wavenumber("cm"));
        assert_eq!(titled("Wavelength", "um"), "Wavelength (µm)");
        assert_eq!(titled("Index", " "), "Index");
    }
}
