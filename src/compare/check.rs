//! Recomputing part of a result the slow way: every score by [`Metric::define`](crate::metric::Metric::define), every partner
//! looked at, no bound, no screening. What `striae verify` holds a result to.

use super::error::Error;
use super::job::{Exclude, Job, Mode};
use super::select::Best;
use super::source::{ExhibitNames, RowSource};
use crate::matrix::Matrix;
use rayon::prelude::*;

/// One query and what the result must say of it: for a ranking the best k, best first; for links all partners that pass (behind
/// the query, when a collection is compared with itself), in order; for a dense result every partner, the query itself too.
#[derive(Clone, Debug, PartialEq)]
pub struct Recomputed {
    pub query: usize,
    pub partners: Vec<Best>,
}

struct Query {
    row: usize,
    values: Vec<f64>,
    valid: bool,
    exhibit: Option<u32>,
    found: Vec<Best>,
}

/// Recomputes the given queries. `progress` hears how many references were read, and may end it.
///
/// # Errors
/// When rows cannot be read, or exhibits are to be excluded and not known.
pub fn recompute<'a>(
    job: &Job,
    query: &'a mut dyn RowSource,
    mut reference: Option<&'a mut dyn RowSource>,
    rows: &[usize],
    progress: &dyn Fn(u64) -> Result<(), Error>,
) -> Result<Vec<Recomputed>, Error> {
    let mut names = ExhibitNames::default();
    let by_exhibit = job.options.exclude != Exclude::None;
    let mut exhibits = |source: &mut dyn RowSource| -> Result<Option<Vec<u32>>, Error> {
        if !by_exhibit {
            return Ok(None);
        }
        source.exhibits(&mut names)?.map(Some).ok_or_else(|| Error::NoExhibits(source.name()))
    };
    let own = exhibits(query)?;
    let others = match reference.as_deref_mut() {
        Some(reference) => exhibits(reference)?,
        None => own.clone(),
    };
    let width = query.width();
    let mut queries = Vec::with_capacity(rows.len());
    for &row in rows {
        let matrix = whole(query, row..row + 1, width)?;
        let valid = job.metric.measure(matrix.row(0)).is_ok();
        let exhibit = own.as_ref().map(|e| e[row]);
        queries.push(Query { row, values: matrix.row(0).to_f64(), valid, exhibit, found: Vec::new() });
    }
    let symmetric = reference.is_none();
    let source: &mut dyn RowSource = match reference {
        Some(reference) => reference,
        None => query,
    };
    let step = ((4 << 20) / (width * source.element().bytes())).max(1);
    let mut start = 0;
    while start < source.rows() {
        let end = (start + step).min(source.rows());
        let piece = whole(source, start..end, width)?;
        let values: Vec<Option<Vec<f64>>> = (0..piece.rows())
            .into_par_iter()
            .map(|j| job.metric.measure(piece.row(j)).is_ok().then(|| piece.row(j).to_f64()))
            .collect();
        queries.par_iter_mut().filter(|q| q.valid).for_each(|q| {
            // One query of a large archive is work for all threads too.
            let of = |(j, other): (usize, &Option<Vec<f64>>)| {
                let other = other.as_ref()?;
                let partner = start + j;
                let own_exhibit = others.as_ref().is_some_and(|e| q.exhibit == Some(e[partner]));
                let dense_diagonal = job.options.mode == Mode::Dense && symmetric && partner == q.row;
                let left_out = match job.options.mode {
                    Mode::Threshold(_) => symmetric && partner <= q.row,
                    _ => symmetric && partner == q.row,
                };
                if !dense_diagonal && (left_out || own_exhibit) {
                    return None;
                }
                let score = job.metric.define(&q.values, other);
                if let Mode::Threshold(threshold) = job.options.mode
                    && !job.metric.info().closer.admits(score, threshold)
                {
                    return None;
                }
                Some(Best { score, partner: partner as u64 })
            };
            let found: Vec<Best> = values.par_iter().enumerate().filter_map(of).collect();
            q.found.extend(found);
            if let Mode::TopK(k) = job.options.mode {
                q.found.sort_by(|a, b| Best::order(job.metric.info().closer, a, b));
                q.found.truncate(k);
            }
        });
        start = end;
        progress(end as u64)?;
    }
    Ok(queries.into_iter().map(|q| Recomputed { query: q.row, partners: q.found }).collect())
}

fn whole(source: &mut dyn RowSource, rows: std::ops::Range<usize>, width: usize) -> Result<Matrix, Error> {
    let values = source.read(rows.clone())?;
    Matrix::new(values, width).map_err(|_| Error::Sink(format!("{}: rows {rows:?} could not be read whole", source.name())))
}
