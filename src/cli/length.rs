//! Lengths and rectangles as people type them.

use super::Refused;

/// 250um, 0.25mm, 1.5 (µm) as µm.
pub fn micrometres(option: &str, text: &str) -> anyhow::Result<f64> {
    let lower = text.trim().to_lowercase().replace(['µ', 'μ'], "u");
    let units = [("nm", 1e-3), ("um", 1.0), ("mm", 1e3)];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((lower.strip_suffix(unit)?, *factor))).unwrap_or((lower.as_str(), 1.0));
    let value: f64 = number.trim().parse().unwrap_or(f64::NAN);
    if value > 0.0 && value.is_finite() {
        Ok(value * factor)
    } else {
        Err(Refused::usage(format!("{option} {text} is not understood; give a length above 0, such as 250um or 0.25mm")))
    }
}

/// 0..500,100..300 as [x0, x1, y0, y1].
pub fn rectangle(option: &str, text: &str) -> anyhow::Result<[f64; 4]> {
    let span = |part: &str| {
        let (from, to) = part.split_once("..")?;
        let (from, to): (f64, f64) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        (from >= 0.0 && to > from && to.is_finite()).then_some((from, to))
    };
    let found = text.split_once(',').and_then(|(x, y)| Some((span(x)?, span(y)?)));
    let Some(((x0, x1), (y0, y1))) = found else {
        return Err(Refused::usage(format!(
            "{option} {text} is not understood; give x0..x1,y0..y1 with x1 above x0 and y1 above y0, such as 0..800,100..300"
        )));
    };
    Ok([x0, x1, y0, y1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        assert_eq!(micrometres("--x", "250um").unwrap(), 250.0);
        assert_eq!(micrometres("--x", "0.25 mm").unwrap(), 250.0);
        assert_eq!(micrometres("--x", "1.5").unwrap(), 1.5);
        assert!(["", "0um", "-1um", "5m", "nanum"].iter().all(|t| micrometres("--x", t).is_err()));
        assert_eq!(rectangle("--crop", "0..8,1..3.5").unwrap(), [0.0, 8.0, 1.0, 3.5]);
        assert!(["0..8", "8..0,1..2", "a..b,1..2"].iter().all(|t| rectangle("--crop", t).is_err()));
    }
}
