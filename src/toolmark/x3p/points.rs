//! Heights and what was measured: data.bin, valid.bin and the unit.
//!
//! ```text
//! integers (I, L)   height = Offset + Increment · value
//! floats (F, D)     height = value
//! ```
//! in metres; little-endian, x fastest. On float axes Increment is not used: instruments write 1, nothing, or the unit that they have already
//! divided by. Neither is Offset: it would only shift all heights, at the cost of their last digits; where it is not 0 a warning says so.
//! valid.bin has bit i of byte i / 8, least significant first, 1 = valid; what is under a 0 is garbage. NaN and ±∞ are not measured.
//!
//! Some programs store µm and call them metres. The heights' spread (10th to 90th percentile of at most 16,384 points) is compared with the longer
//! side of the field: measured surfaces are flat. Only where the spread is above ten sides, a float axis has an Increment, and the spread times
//! Increment is below ten sides, are heights multiplied by it, and a warning says so. Where there is no such evidence, they stay metres, and a
//! warning says that they look wrong. A unit that the caller gives overrides all of this.

use super::archive::Archive;
use super::checksum::{Digest, Verdict};
use super::layout::{Kind, Layout};
use super::{Error, Options};
use crate::toolmark::surface::{Surface, SurfaceError};
use crate::toolmark::unit::LengthUnit;

/// Heights above so many times the field's longer side are no surface.
const STEEP: f64 = 10.0;
/// Bytes that a point takes: a height, whether it was measured, its region.
const POINT: u64 = 10;

pub(super) fn read(
    archive: &mut Archive,
    layout: &Layout,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<Surface, Error> {
    let (mut heights, mut measured) = heights(archive, layout, options, warnings)?;
    valid(archive, layout, options, &mut measured, warnings)?;
    let (unit, factor) = unit(layout, &heights, &measured, options, warnings);
    let (increment, offset) =
        if layout.kind.is_integer() { (layout.increment.unwrap_or(1.0), layout.offset) } else { (1.0, 0.0) };
    if layout.kind.is_integer() {
        for h in &mut heights {
            *h = unit.um(offset + increment * *h);
        }
    } else if factor == 1e-6 && unit == LengthUnit::Metre {
        // The values are µm already; a way over metres and back would round twice.
    } else {
        for h in &mut heights {
            *h = unit.um(*h * factor);
        }
    }
    let points = measured.len();
    let spacing = (LengthUnit::Metre.um(layout.spacing.0), LengthUnit::Metre.um(layout.spacing.1));
    let surface = Surface::new(layout.columns, layout.rows, spacing, heights, measured)?;
    if surface.count_measured() == 0 {
        return Err(SurfaceError::Empty { points }.into());
    }
    Ok(surface)
}

/// The numbers of data.bin as they are, and which of them are finite.
fn heights(
    archive: &mut Archive,
    layout: &Layout,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<(Vec<f64>, Vec<bool>), Error> {
    let link = &layout.data;
    let entry = archive
        .find(&link.path)?
        .ok_or_else(|| Error::Missing { what: format!("{:?}, where main.xml says the heights are", link.path) })?;
    let points = layout.points();
    let wrong = |allowed: u64, hint: String| Error::Size {
        entry: entry.name.clone(),
        columns: layout.columns as u64,
        rows: layout.rows as u64,
        got: entry.size,
        allowed,
        hint,
    };
    let need = |kind: Kind| points as u64 * kind.bytes() as u64;
    if entry.size != need(layout.kind) {
        let other = Kind::ALL.into_iter().find(|k| need(*k) == entry.size);
        let hint = other.map_or(String::new(), |k| format!(" as type {} (type {} would fit)", layout.kind.letter(), k.letter()));
        return Err(wrong(need(layout.kind), hint));
    }
    let memory = points as u64 * POINT;
    let limits = &options.limits;
    if memory > limits.memory && memory > entry.packed.saturating_mul(limits.ratio) {
        let (entry, packed) = (entry.name, entry.packed);
        return Err(Error::Bomb { entry, packed, memory, always: limits.memory, ratio: limits.ratio });
    }
    let mut values: Vec<f64> = Vec::with_capacity(points);
    let mut digest = Digest::default();
    archive.pieces(&entry, |piece| {
        digest.update(piece);
        match layout.kind {
            Kind::I16 => values.extend(piece.as_chunks().0.iter().map(|b| f64::from(i16::from_le_bytes(*b)))),
            Kind::I32 => values.extend(piece.as_chunks().0.iter().map(|b| f64::from(i32::from_le_bytes(*b)))),
            Kind::F32 => values.extend(piece.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b)))),
            Kind::F64 => values.extend(piece.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b))),
        }
        Ok(())
    })?;
    let verdict = Verdict::of(&entry.name, digest, link.md5.as_deref(), link.place);
    verdict.settle(options.checksums, warnings)?;
    let measured = values.iter().map(|v| v.is_finite()).collect();
    Ok((values, measured))
}

/// Takes out of `measured` what valid.bin says is not valid.
fn valid(
    archive: &mut Archive,
    layout: &Layout,
    options: &Options,
    measured: &mut [bool],
    warnings: &mut Vec<String>,
) -> Result<(), Error> {
    let Some(link) = &layout.valid else { return Ok(()) };
    let what = || Error::Missing { what: format!("{:?}, where main.xml says which points are valid", link.path) };
    let entry = archive.find(&link.path)?.ok_or_else(what)?;
    let allowed = (measured.len() as u64).div_ceil(8);
    if entry.size != allowed {
        let (columns, rows) = (layout.columns as u64, layout.rows as u64);
        let hint = ", one bit each".to_owned();
        return Err(Error::Size { entry: entry.name, columns, rows, got: entry.size, allowed, hint });
    }
    let bits = archive.bytes(&entry, allowed, "it has one bit for each point")?;
    let mut digest = Digest::default();
    digest.update(&bits);
    Verdict::of(&entry.name, digest, link.md5.as_deref(), link.place).settle(options.checksums, warnings)?;
    for (eight, byte) in measured.chunks_mut(8).zip(bits) {
        for (i, m) in eight.iter_mut().enumerate() {
            *m &= byte >> i & 1 == 1;
        }
    }
    Ok(())
}

/// The unit of the heights, and what they are to be multiplied by before.
fn unit(layout: &Layout, values: &[f64], measured: &[bool], options: &Options, warnings: &mut Vec<String>) -> (LengthUnit, f64) {
    if !layout.kind.is_integer() && layout.offset != 0.0 {
        warnings.push(format!(
            "CZ has an Offset of {} m on a float axis; it is not added, as it would only shift all heights",
            layout.offset
        ));
    }
    if let Some(unit) = options.height_unit {
        warnings.push(format!("the heights are read as {}, as you said; the format's unit is m", unit.name()));
        return (unit, 1.0);
    }
    let increment = layout.increment.filter(|i| *i != 1.0 && *i > 0.0 && !layout.kind.is_integer());
    let step = if layout.kind.is_integer() { layout.increment.unwrap_or(1.0).abs() } else { 1.0 };
    let spread = spread(values, measured) * step;
    let side = layout.extent();
    let steep = spread > STEEP * side;
    match increment {
        Some(i) if steep && spread * i <= STEEP * side => {
            warnings.push(format!(
                "the heights would span {spread:.3e} m on a field of {side:.3e} m; CZ gives an Increment of {i:e}, and with it they span {:.3e} m: \
                 they are multiplied by it. Say the unit of the heights if this is wrong",
                spread * i
            ));
            return (LengthUnit::Metre, i);
        }
        Some(i) => warnings.push(format!(
            "CZ gives an Increment of {i:e} on a float axis; it is not used: the heights are m as they are and span {spread:.3e} m on a field of \
             {side:.3e} m"
        )),
        None => {}
    }
    if steep {
        warnings.push(format!(
            "the heights span {spread:.3e} m on a field of {side:.3e} m, which no surface does; they are read as m, as the format says: say their \
             unit if it is another"
        ));
    }
    (LengthUnit::Metre, 1.0)
}

/// From the 10th to the 90th percentile of what was measured, by at most 16,384 points at even distances.
fn spread(values: &[f64], measured: &[bool]) -> f64 {
    let step = values.len().div_ceil(1 << 14).max(1);
    let mut some: Vec<f64> = values.iter().zip(measured).step_by(step).filter(|(_, m)| **m).map(|(v, _)| *v).collect();
    if some.is_empty() {
        return 0.0;
    }
    let last = some.len() - 1;
    let mut at = |share: usize| *some.select_nth_unstable_by(last * share / 10, f64::total_cmp).1;
    let (low, high) = (at(1), at(9));
    high - low
}
