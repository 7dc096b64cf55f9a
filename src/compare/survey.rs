//! The first pass over a collection: every row is read, checked and measured before anything is compared.
//!
//! It finds rows that the metric is not defined for (hours before they would spoil a result), the digest of the content, the
//! mean that the [screening form](crate::metric::form) is centred on, the size of the largest row, and **twins**: rows with the
//! same bytes, whose scores with anything are the same and need computing once.
//!
//! The digest is BLAKE3 over `"striae values 1\0"`, n, d (u64, little-endian), `f32` or `f64`, and the values row by row,
//! little-endian: the same numbers have the same digest however a file stores or compresses them.

use super::block::Known;
use super::digest::ValuesDigest;
use super::digest::labels;
use super::error::Error;
use super::job::{Invalid, Job};
use super::observer::Observer;
use super::outcome::Input;
use super::pieces::pieces;
use super::source::RowSource;
use crate::matrix::{Element, Matrix, Row, Values};
use crate::metric::{Measure, Metric, Undefined};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

/// Rows that the mean is taken of, about. Any mean would be right.
const MEAN_ROWS: usize = 4096;
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
    /// Σ v(x) over valid rows: all of them, or some thousands evenly spread.
    pub sum: Vec<f64>,
    /// How many.
    pub summed: usize,
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
    /// Some rows that take part, evenly spread, and which they are.
    pub sample: Option<(Matrix, Vec<usize>)>,
}

impl Survey {
    /// The mean of v(x); of a collection that is large, about.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        let n = self.summed.max(1) as f64;
        self.sum.iter().map(|s| s / n).collect()
    }

    /// Whether row `i` takes part.
    #[must_use]
    pub fn takes_part(&self, i: usize) -> bool {
        self.out.is_empty() || !self.out[i]
    }

    /// What is known of the rows of a block.
    #[must_use]
    pub fn known(&self, rows: Range<usize>) -> Known<'_> {
        Known { measures: &self.measures[rows.clone()], out: if self.out.is_empty() { &[] } else { &self.out[rows] } }
    }

    /// For the record.
    #[must_use]
    pub fn input(&self) -> Input {
        Input {
            name: self.name.clone(),
            rows: self.rows,
            width: self.width,
            peaks: None,
            values_blake3: self.digest.clone(),
            labels_blake3: self.exhibits.as_deref().map(labels),
            left_out: self.skipped.clone(),
        }
    }

    /// Bytes of memory that a survey holds for each row, the values not counted.
    #[must_use]
    pub const fn bytes_per_row() -> usize {
        // Measure, twin, exhibit, the digests while twins are sought (16 + map), flag; before that, hashes of ids.
        size_of::<Measure>() + 4 + 4 + 48 + 1
    }
}

/// Reads all of `source` as `element`. `keep`: hold on to the values. `sample`: rows of the sample, at most. `observer` hears of rows
/// read, `before` of them earlier, and may end it.
///
/// One piece is read while the one before it is looked at.
///
/// # Errors
/// For the first row that the metric is not defined for (unless rows may be left out), and when reading fails.
pub fn survey(
    job: &Job,
    source: &mut dyn RowSource,
    keep: bool,
    sample: usize,
    element: Element,
    observer: &dyn Observer,
    before: u64,
) -> Result<Survey, Error> {
    let width = source.width();
    let mut looking = Looking::new(job, source, keep, sample, element);
    let step = (PIECE / (width * element.bytes())).max(1);
    let found = pieces(source, step, observer, |start, read| {
        let from = Instant::now();
        let (end, used) = looking.piece(start, read.widen(element))?;
        observer.span("survey", from);
        observer.progress(before + end as u64);
        Ok(used)
    });
    match found {
        Ok(()) => looking.done(),
        Err(Fault::Other(error)) => Err(error),
        Err(Fault::Row(row, why)) => {
            let label = source.label(row);
            Err(Error::Row { source_name: looking.survey.name, row, label, why })
        }
    }
}

/// Why a survey ends early.
enum Fault {
    Row(usize, Undefined),
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// A survey under way.
struct Looking<'a> {
    job: &'a Job,
    keep: bool,
    /// One row of so many is part of the sample; 0: there is none.
    every: usize,
    /// One row of so many counts for the mean.
    mean_every: usize,
    hasher: ValuesDigest,
    seen: Vec<u128>,
    values: Values,
    sampled: Values,
    sample_rows: Vec<usize>,
    survey: Survey,
}

impl<'a> Looking<'a> {
    fn new(job: &'a Job, source: &dyn RowSource, keep: bool, sample: usize, element: Element) -> Self {
        let (rows, width) = (source.rows(), source.width());
        let hasher = ValuesDigest::new(rows, width, element);
        let mut values = Values::empty(element);
        if keep {
            values.reserve_exact(rows * width);
        }
        Self {
            job,
            keep,
            every: if sample > 0 { rows.div_ceil(sample) } else { 0 },
            mean_every: rows.div_ceil(MEAN_ROWS).max(1),
            hasher,
            seen: Vec::with_capacity(rows),
            values,
            sampled: Values::empty(element),
            sample_rows: Vec::new(),
            survey: Survey {
                name: source.name(),
                rows,
                width,
                element,
                measures: Vec::with_capacity(rows),
                twins: Vec::new(),
                sum: vec![0.0; job.metric.embedded_width(width)],
                summed: 0,
                largest: 0.0,
                digest: String::new(),
                skipped: Vec::new(),
                out: Vec::new(),
                exhibits: None,
                kept: None,
                sample: None,
            },
        }
    }

    /// Looks at the rows from `start` on; answers where the next ones begin, and gives the values back.
    fn piece(&mut self, start: usize, read: Values) -> Result<(usize, Values), Fault> {
        let survey = &mut self.survey;
        self.hasher.add(&read);
        let Ok(piece) = Matrix::new(read, survey.width) else {
            let text = format!("{}: the reader gave a broken block of rows from {start}", survey.name);
            return Err(Fault::Other(Error::Sink(text)));
        };
        let part = piece_of(self.job.metric, &piece, start, self.mean_every);
        for (i, found) in part.rows.into_iter().enumerate() {
            let row = start + i;
            match found {
                Ok((measure, digest)) => {
                    survey.measures.push(measure);
                    self.seen.push(digest);
                    if self.every > 0 && is_drawn(row, self.every) && self.sampled.append(piece.row(i).to_values()).is_ok() {
                        self.sample_rows.push(row);
                    }
                }
                Err(why) if self.job.options.invalid == Invalid::Skip => {
                    survey.skipped.push((row, why.to_string()));
                    survey.measures.push(Measure::default());
                    self.seen.push(u128::MAX - row as u128);
                }
                Err(why) => return Err(Fault::Row(row, why)),
            }
        }
        survey.sum.iter_mut().zip(&part.sum).for_each(|(s, p)| *s += p);
        survey.summed += part.summed;
        survey.largest = survey.largest.max(part.largest);
        let end = start + piece.rows();
        if self.keep && !self.values.extend(piece.values()) {
            let text = format!("{}: the reader changed its element at row {start}", survey.name);
            return Err(Fault::Other(Error::Sink(text)));
        }
        Ok((end, piece.into_values()))
    }

    fn done(self) -> Result<Survey, Error> {
        let Self { keep, hasher, seen, values, sampled, sample_rows, mut survey, .. } = self;
        if survey.skipped.len() == survey.rows {
            return Err(Error::NothingLeft(survey.name));
        }
        if !survey.skipped.is_empty() {
            survey.out = vec![false; survey.rows];
            for &(row, _) in &survey.skipped {
                survey.out[row] = true;
            }
        }
        survey.digest = hasher.finish();
        survey.twins = twins(&seen);
        if !sample_rows.is_empty() {
            survey.sample = Matrix::new(sampled, survey.width).ok().map(|sample| (sample, sample_rows));
        }
        if keep {
            survey.kept = Matrix::new(values, survey.width).ok();
        }
        Ok(survey)
    }
}

/// One row of every `every` ones, now this and now that: a collection that repeats itself has no say in it.
const fn is_drawn(row: usize, every: usize) -> bool {
    let (part, place) = (row / every, row % every);
    // splitmix64 (G. L. Steele, D. Lea, C. H. Flood, doi:10.1145/2660193.2660195)
    let mut z = (part as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) % every as u64) as usize == place
}

struct Part {
    rows: Vec<Result<(Measure, u128), Undefined>>,
    sum: Vec<f64>,
    summed: usize,
    largest: f64,
}

/// Measures the rows of a piece on all cores.
fn piece_of(metric: &'static dyn Metric, piece: &Matrix, first: usize, mean_every: usize) -> Part {
    let d = metric.embedded_width(piece.width());
    let chunk = piece.rows().div_ceil(4 * rayon::current_num_threads()).max(1);
    let starts: Vec<usize> = (0..piece.rows()).step_by(chunk).collect();
    let parts: Vec<Part> = starts
        .into_par_iter()
        .map(|start| {
            let mut part = Part { rows: Vec::with_capacity(chunk), sum: vec![0.0; d], summed: 0, largest: 0.0 };
            let mut work = vec![0.0; d];
            for i in start..(start + chunk).min(piece.rows()) {
                let x = piece.row(i);
                part.rows.push(metric.measure(x).map(|m| {
                    if is_drawn(first + i, mean_every) {
                        metric.embed(x, m, &mut work);
                        part.sum.iter_mut().zip(&work).for_each(|(s, v)| *s += v);
                        part.summed += 1;
                    }
                    part.largest = part.largest.max(metric.embedded_size(x, m));
                    (m, row_digest(x))
                }));
            }
            part
        })
        .collect();
    let mut whole = Part { rows: Vec::with_capacity(piece.rows()), sum: vec![0.0; d], summed: 0, largest: 0.0 };
    for part in parts {
        whole.rows.extend(part.rows);
        whole.sum.iter_mut().zip(&part.sum).for_each(|(s, p)| *s += p);
        whole.summed += part.summed;
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
    fn a_sample_has_one_row_of_each_part_and_no_rhythm() {
        let drawn: Vec<usize> = (0..25_000).filter(|&i| is_drawn(i, 25)).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.iter().enumerate().all(|(part, row)| row / 25 == part));
        // Rows that come back every 60 are all met about as often.
        let mut met = [0; 60];
        for row in &drawn {
            met[row % 60] += 1;
        }
        assert!(met.iter().all(|&n| (4..40).contains(&n)), "{met:?}");
        assert!((0..10).all(|i| is_drawn(i, 1)));
    }

    #[test]
    fn twins_are_rows_with_equal_digests() {
        assert_eq!(twins(&[7, 8, 7, 9, 8, 7]), [0, 1, 0, NO_TWIN, 1, 0]);
    }
}
