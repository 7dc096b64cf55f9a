//! Do the features of two collections mean the same? Scores of rows on different axes, in different units or of different compounds are numbers
//! without a meaning.

use super::Refused;
use crate::archive::Collection;
use crate::compare::RowSource as _;
use crate::spectrum::read::{axis_unit, value_unit};
use crate::spectrum::resample::same_axis;

/// Names and units are compared as far as both say them.
fn units(name: &str, what: &str, usual: fn(&str) -> String, found: Option<&str>, expected: Option<&str>) -> anyhow::Result<()> {
    match (found, expected) {
        (Some(found), Some(expected)) if usual(found) != usual(expected) => Err(Refused::input(format!(
            "{name}: its {what} is {found:?}, that of the other {expected:?}; bring both to one unit"
        ))),
        _ => Ok(()),
    }
}

/// Refuses rows of other features than names say.
pub fn same_features(source: &mut Collection, expected: Option<&[String]>) -> anyhow::Result<()> {
    let (Some(expected), Some(found)) = (expected, source.features()?) else { return Ok(()) };
    if let Some(at) = (0..expected.len().max(found.len())).find(|&i| expected.get(i) != found.get(i)) {
        let name = |all: &[String]| all.get(at).map_or_else(|| "none".to_owned(), |n| format!("{n:?}"));
        return Err(Refused::input(format!(
            "{}: its feature {at} is {}, and was {} before; give the same compounds in the same order",
            source.name(),
            name(&found),
            name(expected)
        )));
    }
    Ok(())
}

/// Refuses rows on another axis, in another unit. `lagged`: they are shifted against each other, and only their spacing counts.
pub fn same_axes(
    source: &mut Collection,
    expected: Option<&[f64]>,
    unit: Option<&str>,
    whose: &str,
    lagged: bool,
) -> anyhow::Result<()> {
    let (Some(expected), Some((found, found_unit))) = (expected, source.axis()?) else { return Ok(()) };
    let finite = |axis: &[f64]| axis.iter().all(|x| x.is_finite());
    let (Some(first), Some(last)) = (expected.first(), expected.last()) else { return Ok(()) };
    if !finite(&found) || !finite(expected) {
        return Ok(());
    }
    units(&source.name(), "axis' unit", |unit| axis_unit(unit).1, found_unit.as_deref(), unit)?;
    let step = |axis: &[f64]| (axis[axis.len() - 1] - axis[0]) / (axis.len() - 1).max(1) as f64;
    let same = if lagged {
        // Within a quarter of a sample at the end of the longer one.
        let samples = found.len().max(expected.len()) as f64;
        (step(&found) - step(expected)).abs() * samples <= 0.25 * step(expected).abs()
    } else {
        found.len() != expected.len() || same_axis(expected, &found)
    };
    if same {
        return Ok(());
    }
    if lagged {
        return Err(Refused::input(format!(
            "{}: its samples lie {} {} apart, those of {whose} {}: import both with one --spacing (striae import toolmarks --spacing)",
            source.name(),
            step(&found),
            found_unit.as_deref().unwrap_or_default(),
            step(expected)
        )));
    }
    Err(Refused::input(format!(
        "{}: its axis goes from {} to {} in {} points, that of {whose} from {first} to {last} in {}; import the spectra to the same axis (striae import spectra --axis)",
        source.name(),
        found[0],
        found[found.len() - 1],
        found.len(),
        expected.len(),
    )))
}

/// Refuses rows of values in another unit.
pub fn same_values(source: &Collection, expected: Option<&str>) -> anyhow::Result<()> {
    units(&source.name(), "values' unit", value_unit, source.attribute("value_unit"), expected)
}

/// Refuses a reference whose features are not those of the queries.
pub fn check(query: &mut Collection, reference: &mut Collection, lagged: bool) -> anyhow::Result<()> {
    let (name, said) = (reference.name(), reference.attribute("value_unit").map(str::to_owned));
    same_values(query, said.as_deref())?;
    if let Some((axis, unit)) = reference.axis()? {
        same_axes(query, Some(&axis), unit.as_deref(), &name, lagged)?;
    }
    let names = reference.features()?;
    same_features(query, names.as_deref())
}
