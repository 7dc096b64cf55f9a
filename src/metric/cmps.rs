//! Congruent matching profile segments (CMPS): how many segments of one profile find the same place on another.
//!
//! The first profile is cut into consecutive segments (50 samples); what is left over at its end is not used. Each segment, and the same grown
//! around its middle to twice and four times its length (cut off at the profile's ends), slides along the second profile; r(k) is the
//! Pearson correlation of the overlap, which must be at least min(0.9·length, a tenth of the second profile). Of each
//! curve the highest local maxima are kept (5, 3 and 1; an end of the curve counts when it is higher than its neighbour). A segment
//! votes for the position of the longest one's peak where every shorter one has a peak within ± T (25 samples) of it. The score is
//! the largest number of votes within ± T of any vote.
//!
//! It is **not symmetric**: the first profile is cut up, the second is not. [`both`] gives the two directions; the larger score counts
//! ([`Directions::score`]). Sources: Z. Chen, W. Chu, J. A. Soons, R. M. Thompson, J. Song, X. Zhao, doi:10.1016/j.forsciint.2019.109964; the
//! multi-scale peaks and the conventions at the ends are those of the R package cmpsR (W. Ju, H. Hofmann).
//!
//! Definition and implementation are one: f64, sums in stripes. A score is a count, a position is in samples.

use super::ccf::{correlation, measured};

/// How segments are made and what counts as one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Samples of a segment.
    pub segment: usize,
    /// Peaks kept of the segment's curve, of twice its length, of four times, …; the last is 1.
    pub peaks: Vec<usize>,
    /// T, samples.
    pub tolerance: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment: 50, peaks: vec![5, 3, 1], tolerance: 25 }
    }
}

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("segments of {segment} samples, peaks {peaks:?}: a segment has 4 samples or more, the last number of peaks is 1")]
    Settings { segment: usize, peaks: Vec<usize> },
    #[error("the profile has {got} measured samples; at least {least} are needed, one segment")]
    Short { got: usize, least: usize },
}

/// A segment that found its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vote {
    /// Which segment, from 0.
    pub segment: usize,
    /// Sample i of the first profile lies beside sample i + position of the second.
    pub position: i64,
    /// The longest segment's correlation there.
    pub height: f64,
    /// Whether it is one of those that the score counts.
    pub congruent: bool,
}

/// What one direction says.
#[derive(Clone, Debug, PartialEq)]
pub struct Congruence {
    pub score: u32,
    /// Segments that there are.
    pub segments: u32,
    /// The vote that the most others agree with; of several the smallest. 0 without votes.
    pub position: i64,
    pub votes: Vec<Vote>,
}

/// Both directions of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    pub forward: Congruence,
    pub backward: Congruence,
}

impl Directions {
    /// The larger of the two scores: the same whichever profile comes first.
    #[must_use]
    pub fn score(&self) -> u32 {
        self.forward.score.max(self.backward.score)
    }
}

/// The score of `a`, cut into segments, on `b`. NaN at the ends is not measured.
///
/// # Errors
/// When settings are not possible or a profile is shorter than a segment.
pub fn cmps(a: &[f64], b: &[f64], settings: &Settings) -> Result<Congruence, Error> {
    let Settings { segment, ref peaks, tolerance } = *settings;
    if segment < 4 || peaks.last() != Some(&1) {
        return Err(Error::Settings { segment, peaks: peaks.clone() });
    }
    let (a, b) = (measured(a), measured(b));
    for x in [a, b] {
        if x.len() < segment {
            return Err(Error::Short { got: x.len(), least: segment });
        }
    }
    let tolerance = tolerance as i64;
    let segments = a.len() / segment;
    let mut votes: Vec<Vote> = (0..segments).filter_map(|s| vote(a, b, s, settings)).collect();
    let supported = |position: i64| votes.iter().filter(|v| (v.position - position).abs() <= tolerance).count();
    let best = votes.iter().map(|v| (supported(v.position), std::cmp::Reverse(v.position))).max();
    let (score, position) = best.map_or((0, 0), |(score, position)| (score, position.0));
    for vote in &mut votes {
        vote.congruent = (vote.position - position).abs() <= tolerance;
    }
    Ok(Congruence { score: score as u32, segments: segments as u32, position, votes })
}

/// Both directions.
///
/// # Errors
/// As [`cmps`].
pub fn both(a: &[f64], b: &[f64], settings: &Settings) -> Result<Directions, Error> {
    Ok(Directions { forward: cmps(a, b, settings)?, backward: cmps(b, a, settings)? })
}

/// Where segment `s` and all its longer forms agree to lie.
fn vote(a: &[f64], b: &[f64], s: usize, settings: &Settings) -> Option<Vote> {
    let start = s * settings.segment;
    let mut found: Vec<Vec<(i64, f64)>> = Vec::new();
    for (level, &most) in settings.peaks.iter().enumerate() {
        let more = settings.segment * ((1 << level) - 1);
        let first = start.saturating_sub(more / 2);
        let last = (start + settings.segment + more.div_ceil(2)).min(a.len());
        let curve = curve(&a[first..last], b);
        found.push(highest(&curve, most).into_iter().map(|(lag, r)| (lag - first as i64, r)).collect());
    }
    let &(position, height) = found.last()?.first()?;
    let near = |peaks: &Vec<(i64, f64)>| peaks.iter().any(|(p, _)| (p - position).abs() <= settings.tolerance as i64);
    found.iter().all(near).then_some(Vote { segment: s, position, height, congruent: false })
}

/// (position of the segment's first sample on b, r), for all positions that overlap enough.
fn curve(segment: &[f64], b: &[f64]) -> Vec<(i64, f64)> {
    let n = segment.len();
    let tenth = (0.1 * b.len() as f64).round_ties_even();
    let least = ((0.9 * n as f64).min(tenth).ceil() as usize).clamp(1, n.min(b.len()));
    let positions = -((n - least) as i64)..=(b.len() - least) as i64;
    positions
        .map(|at| {
            let (before, from) = ((-at).max(0) as usize, at.max(0) as usize);
            let overlap = (n - before).min(b.len() - from);
            (at, correlation(&segment[before..before + overlap], &b[from..from + overlap]))
        })
        .collect()
}

/// The highest local maxima, highest first; of equal ones the first.
fn highest(curve: &[(i64, f64)], most: usize) -> Vec<(i64, f64)> {
    let height = |i: usize| curve[i].1;
    let mut peaks: Vec<(i64, f64)> = (0..curve.len())
        .filter(|&i| (i == 0 || height(i) > height(i - 1)) && (i + 1 == curve.len() || height(i) > height(i + 1)))
        .map(|i| curve[i])
        .collect();
    peaks.sort_by(|x, y| y.1.total_cmp(&x.1));
    peaks.truncate(most);
    peaks
}

/// 1 − Σ(a−b)²/Σ(a+b)² of two overlaps of one length, each less its mean: 1 for equal ones, 0 for unrelated, negative for opposite.
///
/// It tells heights apart, which a correlation does not: profiles of one shape and different amplitude are below 1. 0 where both are constant.
#[must_use]
pub fn relative_distance(a: &[f64], b: &[f64]) -> f64 {
    use super::sum::in_stripes;
    let n = a.len().min(b.len());
    let mean = |x: &[f64]| in_stripes(n, |i| x[i]) / n as f64;
    let (ma, mb) = (mean(a), mean(b));
    let off = in_stripes(n, |i| ((a[i] - ma) - (b[i] - mb)) * ((a[i] - ma) - (b[i] - mb)));
    let both = in_stripes(n, |i| ((a[i] - ma) + (b[i] - mb)) * ((a[i] - ma) + (b[i] - mb)));
    if both == 0.0 { if off == 0.0 { 0.0 } else { f64::NEG_INFINITY } } else { 1.0 - off / both }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(n: u32, seed: u32) -> Vec<f64> {
        (0..n)
            .map(|i| libm::sin(f64::from(i) * 0.13 + f64::from(seed)) + f64::from((i * i * 7919 + seed * 31) % 101) / 50.0)
            .collect()
    }

    #[test]
    fn a_shifted_profile_is_found_where_it_is() {
        let a = profile(600, 1);
        let found = cmps(&a[100..500], &a, &Settings::default()).expect("a score");
        assert_eq!((found.score, found.segments, found.position), (8, 8, 100));
        assert!(found.votes.iter().all(|v| v.congruent && v.position == 100));
        let directions = both(&a[100..500], &a, &Settings::default()).expect("a score");
        // Of the whole profile's twelve segments, four lie outside.
        assert!(directions.backward.segments == 12 && directions.score() >= 8);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let a = profile(49, 1);
        assert_eq!(cmps(&a, &profile(80, 2), &Settings::default()), Err(Error::Short { got: 49, least: 50 }));
        let settings = Settings { peaks: vec![5, 3], ..Settings::default() };
        assert!(matches!(cmps(&profile(80, 1), &profile(80, 2), &settings), Err(Error::Settings { .. })));
    }

    #[test]
    fn relative_distances() {
        let a = profile(100, 1);
        let opposite: Vec<f64> = a.iter().map(|x| 3.0 - x).collect();
        assert_eq!(relative_distance(&a, &a), 1.0);
        assert!(relative_distance(&a, &opposite) < -1e10);
        assert!(relative_distance(&a, &profile(100, 77)) < 0.9);
    }
}
