//! Scores of chosen pairs of one collection's rows, by the metric's definition: where another modality found a pair, this one is asked for its score too.
//!
//! Rows are read in blocks; pairs are scored block by block, so that memory holds two blocks whatever the collection's size. Each score has the bits of
//! [`Metric::score`](crate::metric::Metric::score). A pair with a row that the metric is not defined for has NaN.

use super::error::Error;
use super::job::Job;
use super::source::RowSource;
use crate::matrix::Matrix;
use crate::metric::Measure;
use rayon::prelude::*;

/// A block of rows, and what the metric needs of each.
struct Held {
    matrix: Matrix,
    measures: Vec<Option<Measure>>,
}

fn hold(job: &Job, source: &mut dyn RowSource, block: usize, size: usize) -> Result<Held, Error> {
    let rows = block * size..((block + 1) * size).min(source.rows());
    let width = source.width();
    let values = source.read(rows.clone())?;
    let matrix = Matrix::new(values, width)
        .map_err(|_| Error::Sink(format!("{}: rows {rows:?} could not be read whole", source.name())))?;
    let measures = (0..matrix.rows()).into_par_iter().map(|i| job.metric.measure(matrix.row(i)).ok()).collect();
    Ok(Held { matrix, measures })
}

/// The scores of `pairs` (rows of `source`), in their order. `memory`: bytes that rows may take. `progress` hears how many are scored, and may end it.
///
/// # Errors
/// When rows cannot be read, or a pair names a row that is not there.
pub fn scores(
    job: &Job,
    source: &mut dyn RowSource,
    pairs: &[(u32, u32)],
    memory: u64,
    progress: &dyn Fn(u64) -> Result<(), Error>,
) -> Result<Vec<f64>, Error> {
    let rows = source.rows();
    if let Some((a, b)) = pairs.iter().find(|(a, b)| (*a).max(*b) as usize >= rows) {
        return Err(Error::Sink(format!("{}: rows {a} and {b} of a pair are not there; it has {rows}", source.name())));
    }
    let row_bytes = source.width() * source.element().bytes() + size_of::<Option<Measure>>();
    let size = ((memory / 2) as usize / row_bytes.max(1)).clamp(1, rows.max(1));
    let block = |row: u32| row as usize / size;
    let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
    order.par_sort_unstable_by_key(|&p| {
        let (a, b) = pairs[p as usize];
        (block(a), block(b), p)
    });
    let mut found = vec![f64::NAN; pairs.len()];
    let mut done = 0;
    let mut first: Option<(usize, Held)> = None;
    let of = |p: u32| (block(pairs[p as usize].0), block(pairs[p as usize].1));
    for run in order.chunk_by(|x, y| of(*x) == of(*y)) {
        let (a, b) = of(run[0]);
        if first.as_ref().is_none_or(|(held, _)| *held != a) {
            // The old block goes before the new one comes.
            drop(first.take());
            first = Some((a, hold(job, source, a, size)?));
        }
        let Some((_, one)) = &first else { continue };
        let other = if a == b { None } else { Some(hold(job, source, b, size)?) };
        let other = other.as_ref().unwrap_or(one);
        for part in run.chunks(1 << 14) {
            let scored: Vec<f64> = part
                .par_iter()
                .map(|&p| {
                    let (i, j) = pairs[p as usize];
                    let (i, j) = (i as usize - a * size, j as usize - b * size);
                    match (one.measures[i], other.measures[j]) {
                        (Some(x), Some(y)) => job.metric.score(one.matrix.row(i), x, other.matrix.row(j), y),
                        _ => f64::NAN,
                    }
                })
                .collect();
            for (&p, score) in part.iter().zip(scored) {
                found[p as usize] = score;
            }
            done += part.len() as u64;
            progress(done)?;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{InMemory, Mode, Options};
    use crate::draw::Stream;
    use crate::matrix::Values;

    #[test]
    fn every_pair_has_the_bits_of_its_definition_whatever_the_memory() {
        let mut draw = Stream::new(1, "chosen", 0);
        let (n, d) = (40, 7);
        let mut values: Vec<f32> = (0..n * d).map(|_| draw.normal() as f32).collect();
        // A row that no correlation is defined for.
        values[5 * d..6 * d].fill(1.0);
        let matrix = Matrix::new(Values::F32(values), d).expect("whole");
        let job = Job::new(Options::new("pearson", Mode::TopK(1))).expect("allowed");
        let pairs: Vec<(u32, u32)> = (0..500).map(|_| ((draw.uniform() * 40.0) as u32, (draw.uniform() * 40.0) as u32)).collect();
        let row = |i: u32| matrix.row(i as usize).to_f64();
        let expected: Vec<f64> =
            pairs.iter().map(|&(a, b)| if a == 5 || b == 5 { f64::NAN } else { job.metric.define(&row(a), &row(b)) }).collect();
        for memory in [1, 1000, 1 << 20] {
            let mut source = InMemory::new("rows", Matrix::new(matrix.values().clone(), d).expect("whole"));
            let found = scores(&job, &mut source, &pairs, memory, &|_| Ok(())).expect("scored");
            assert!(found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())));
            assert!(scores(&job, &mut source, &[(0, 40)], memory, &|_| Ok(())).is_err());
        }
    }
}
