//! The first pass over a collection: every row is read, checked and measured before anything is compared.
//!
//! It finds rows that the metric is not defined for (hours before they would spoil a result), the digest of the content, the
//! mean that the [screening form](crate::metric::form) is centred on, the size of the largest row, and **twins**: rows with the
//! same bytes, whose scores with anything are the same and need computing once.
//!
//! The digest is BLAKE3 over `"striae values 1\0"`, n, d (u64, little-endian), `f32` or `f64`, and the values row by row,
//! little-endian: the same numbers have the same digest however a file stores or compresses them.

use super::error::Error;
use super::job::{Invalid, Job};
use super::source::RowSource;
use crate::matrix::{Element, Matrix, Row, Values};
use crate::metric::{Measure, Metric, Undefined};
use rayon::prelude::*;
use std::collections::HashMap;

/// Bytes read at a time.
const PIECE: usize = 4 << 20;

/// Not one of several rows with the same bytes.
pub const NO_TWIN: u32 = u32::MAX;

/// What is known of a collection after the first pass.
#[derive(Debug)]
pub struct Survey {
    pub name: String,
    pub rows: usize,
    pub width: usize,
    pub element: Element,
    pub measures: Vec<Measure>,
    /// Equal numbers for rows with equal bytes; [`NO_TWIN`] for the others.
    pub twins: Vec<u32>,
    /// Σ v(x) over the valid rows.
    pub sum: Vec<f64>,
    /// The greatest size of v(x).
    pub largest: f64,
    /// BLAKE3 of the content.
    pub digest: String,
    /// Rows left out, with the reason.
    pub skipped: Vec<(usize, String)>,
    /// For each row, whether it takes part. Empty when all do.
    pub out: Vec<bool>,
    /// Numbers for exhibits, where the job asks for them.
    pub exhibits: Option<Vec<u32>>,
    /// The values, when they were to be kept.
    pub kept: Option<Matrix>,
}

impl Survey {
    /// The mean of v(x).
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        let n = (self.rows - self.skipped.len()).max(1) as f64;
        self.sum.iter().map(|s| s / n).collect()
    }

    /// Whether row `i` takes part.
    #[must_use]
    pub fn takes_part(&self, i: usize) -> bool {
        self.out.is_empty() || !self.out[i]
    }

    /// Bytes of memory that a survey holds for each row, the values not counted.
    #[must_use]
    pub const fn bytes_per_row() -> usize {
        // Measure, twin, exhibit, the digests while twins are sought (16 + map), flag; before that, hashes of ids.
        size_of::<Measure>() + 4 + 4 + 48 + 1
    }
}

/// Reads all of `source` as `element`. `keep`: hold on to the values. `progress` hears of rows read, and may end it.
///
/// # Errors
/// For the first row that the metric is not defined for (unless rows may be left out), and when reading fails.
pub fn survey(
    job: &Job,
    source: &mut dyn RowSource,
    keep: bool,
    element: Element,
    progress: &dyn Fn(u64) -> Result<(), Error>,
) -> Result<Survey, Error> {
    let (rows, width) = (source.rows(), source.width());
    let mut survey = Survey {
        name: source.name(),
        rows,
        width,
        element,
        measures: Vec::with_capacity(rows),
        twins: Vec::new(),
        sum: vec![0.0; job.metric.embedded_width(width)],
        largest: 0.0,
        digest: String::new(),
        skipped: Vec::new(),
        out: Vec::new(),
        exhibits: None,
        kept: None,
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae values 1\0");
    hasher.update(&(rows as u64).to_le_bytes());
    hasher.update(&(width as u64).to_le_bytes());
    hasher.update(match element {
        Element::F32 => b"f32",
        Element::F64 => b"f64",
    });
    let mut seen: Vec<u128> = Vec::with_capacity(rows);
    let mut values = Values::empty(element);
    if keep {
        values.reserve_exact(rows * width);
    }
    let step = (PIECE / (width * element.bytes())).max(1);
    let mut start = 0;
    while start < rows {
        let end = (start + step).min(rows);
        let read = source.read(start..end)?.widen(element);
        hash(&mut hasher, &read);
        let Ok(piece) = Matrix::new(read, width) else {
            return Err(Error::Sink(format!("{}: the reader gave a broken block of rows from {start}", survey.name)));
        };
        let part = piece_of(job.metric, &piece);
        for (i, found) in part.rows.into_iter().enumerate() {
            match found {
                Ok((measure, digest)) => {
                    survey.measures.push(measure);
                    seen.push(digest);
                }
                Err(why) if job.options.invalid == Invalid::Skip => {
                    survey.skipped.push((start + i, why.to_string()));
                    survey.measures.push(Measure::default());
                    seen.push(u128::MAX - (start + i) as u128);
                }
                Err(why) => {
                    let (row, label) = (start + i, source.label(start + i));
                    return Err(Error::Row { source_name: survey.name, row, label, why });
                }
            }
        }
        survey.sum.iter_mut().zip(&part.sum).for_each(|(s, p)| *s += p);
        survey.largest = survey.largest.max(part.largest);
        if keep && values.append(piece.into_values()).is_err() {
            return Err(Error::Sink(format!("{}: the reader changed its element at row {start}", survey.name)));
        }
        start = end;
        progress(end as u64)?;
    }
    if survey.skipped.len() == rows {
        return Err(Error::NothingLeft(survey.name));
    }
    if !survey.skipped.is_empty() {
        survey.out = vec![false; rows];
        for &(row, _) in &survey.skipped {
            survey.out[row] = true;
        }
    }
    survey.digest = hasher.finalize().to_hex().to_string();
    survey.twins = twins(&seen);
    if keep {
        survey.kept = Matrix::new(values, width).ok();
    }
    Ok(survey)
}

fn hash(hasher: &mut blake3::Hasher, values: &Values) {
    // Little-endian is how every platform that Rust's HDF5 builds on keeps numbers; others swap.
    match values {
        Values::F32(v) if cfg!(target_endian = "little") => hasher.update_rayon(bytemuck::cast_slice(v)),
        Values::F64(v) if cfg!(target_endian = "little") => hasher.update_rayon(bytemuck::cast_slice(v)),
        Values::F32(v) => v.iter().fold(hasher, |h, x| h.update(&x.to_le_bytes())),
        Values::F64(v) => v.iter().fold(hasher, |h, x| h.update(&x.to_le_bytes())),
    };
}

struct Part {
    rows: Vec<Result<(Measure, u128), Undefined>>,
    sum: Vec<f64>,
    largest: f64,
}

/// Measures the rows of a piece on all cores.
fn piece_of(metric: &'static dyn Metric, piece: &Matrix) -> Part {
    let d = metric.embedded_width(piece.width());
    let chunk = piece.rows().div_ceil(4 * rayon::current_num_threads()).max(1);
    let starts: Vec<usize> = (0..piece.rows()).step_by(chunk).collect();
    let parts: Vec<Part> = starts
        .into_par_iter()
        .map(|start| {
            let mut part = Part { rows: Vec::with_capacity(chunk), sum: vec![0.0; d], largest: 0.0 };
            let mut work = vec![0.0; d];
            for i in start..(start + chunk).min(piece.rows()) {
                let x = piece.row(i);
                part.rows.push(metric.measure(x).map(|m| {
                    metric.embed(x, m, &mut work);
                    part.sum.iter_mut().zip(&work).for_each(|(s, v)| *s += v);
                    part.largest = part.largest.max(metric.embedded_size(x, m));
                    (m, row_digest(x))
                }));
            }
            part
        })
        .collect();
    let mut whole = Part { rows: Vec::with_capacity(piece.rows()), sum: vec![0.0; d], largest: 0.0 };
    for part in parts {
        whole.rows.extend(part.rows);
        whole.sum.iter_mut().zip(&part.sum).for_each(|(s, p)| *s += p);
        whole.largest = whole.largest.max(part.largest);
    }
    whole
}

/// Half of the row's BLAKE3: equal for equal bytes, and nobody can make it equal for others.
fn row_digest(x: Row<'_>) -> u128 {
    let bytes: &[u8] = match x {
        Row::F32(v) => bytemuck::cast_slice(v),
        Row::F64(v) => bytemuck::cast_slice(v),
    };
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    u128::from_le_bytes(half)
}

fn twins(seen: &[u128]) -> Vec<u32> {
    let mut twins = vec![NO_TWIN; seen.len()];
    let mut first: HashMap<u128, u32> = HashMap::with_capacity(seen.len());
    for (i, &digest) in seen.iter().enumerate() {
        let i32 = u32::try_from(i).unwrap_or(NO_TWIN);
        let of = *first.entry(digest).or_insert(i32);
        if of != i32 {
            twins[of as usize] = of;
            twins[i] = of;
        }
    }
    twins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_are_rows_with_equal_digests() {
        assert_eq!(twins(&[7, 8, 7, 9, 8, 7]), [0, 1, 0, NO_TWIN, 1, 0]);
    }
}
