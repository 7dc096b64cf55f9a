//! Pictures of models and spectra: each as SVG and as PNG in the folder of `--plot`.

use crate::report::plot::{Along, Figure, Format, Style, draw};
use anyhow::Context as _;
use std::path::Path;

/// Makes the folder before anything is computed.
pub fn folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("--plot: cannot make the folder {}", folder.display()))
}

/// Draws a figure as `NAME.svg` and `NAME.png`.
pub fn save(folder: &Path, name: &str, title: &str, figure: &Figure<'_>) -> anyhow::Result<()> {
    let style = Style { title, ..Style::default() };
    for (format, ending) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        let bytes = draw(figure, &style, format).with_context(|| format!("--plot: the picture {name}"))?;
        let path = folder.join(format!("{name}.{ending}"));
        std::fs::write(&path, bytes).with_context(|| format!("--plot: cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Classes that are told apart by marks at most.
pub const MOST_CLASSES: usize = 12;

/// Features that are drawn by name at most.
const MOST_NAMES: usize = 60;

/// What loadings are drawn along: names where there are some and not too many, else the axis.
pub fn along<'a>(at: &'a [f64], unit: &'a str, features: &'a [&'a str]) -> Along<'a> {
    if features.len() == at.len() && features.len() <= MOST_NAMES {
        Along::Names { names: features, title: "Compound" }
    } else {
        Along::Axis { at, title: axis_title(unit), unit, descending: falls(unit) }
    }
}

/// How an axis is titled, by its unit.
pub fn axis_title(unit: &str) -> &'static str {
    match unit {
        "cm-1" => "Wavenumber",
        "nm" | "um" => "Wavelength",
        "m/z" => "m/z",
        "" => "Point",
        _ => "Axis",
    }
}

/// Whether wavenumbers are drawn falling, as spectroscopists do.
pub fn falls(unit: &str) -> bool {
    unit == "cm-1"
}
