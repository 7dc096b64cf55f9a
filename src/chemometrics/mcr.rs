//! Multivariate curve resolution by alternating least squares: mixtures D (n × d) ≈ C·Sᵀ with contents C (n × k) and pure spectra S
//! (d × k), none of them negative.
//!
//! Start: the k purest rows by SIMPLISMA (W. Windig, J. Guilment, doi:10.1021/ac00014a016, with rows in the place of variables), or spectra that are
//! given. Then C and S are solved for in turn, each by non-negative least squares (`nnls.rs`), spectra scaled to a largest value of 1
//! (R. Tauler, doi:10.1016/0169-7439(95)00047-X), until the lack of fit √(Σe²/ΣD²) falls by less than [`STILL`] of itself, or after [`ROUNDS`].
//! With `closure`, contents of each row sum to 1 after scaling spectra once more by one factor each, found by least squares.
//!
//! The answer is one of many with the same fit (rotational ambiguity): non-negativity alone does not fix it. Compare the spectra with
//! known ones before they are given names.

use super::columns::finite;
use super::error::Error;
use super::nnls::nnls;
use super::parts::Parts;
use faer::linalg::solvers::SolveLstsq as _;
use faer::{Mat, MatRef};
use rayon::prelude::*;

/// Most rounds.
pub const ROUNDS: usize = 500;
/// Relative fall of the lack of fit at which it ends.
pub const STILL: f64 = 1e-7;

/// Resolved mixtures.
#[derive(Clone, Debug, PartialEq)]
pub struct Mcr {
    /// k × d
    pub spectra: Mat<f64>,
    /// n × k, of the rows that it was made of.
    pub contents: Mat<f64>,
    /// √(Σe²/ΣD²)
    pub lack_of_fit: f64,
    pub rounds: usize,
    pub converged: bool,
}

/// The rows that are purest, one after another: each is farthest, relative to its length, from those before.
fn purest(data: MatRef<'_, f64>, count: usize) -> Vec<usize> {
    let (n, d) = (data.nrows(), data.ncols());
    let length: Vec<f64> = (0..n).map(|i| (0..d).map(|j| data[(i, j)].powi(2)).sum::<f64>().sqrt()).collect();
    // Rows of noise are as pure as can be: a share of the mean length is added to each.
    let least = 0.1 * length.iter().sum::<f64>() / n as f64;
    let mut rest = Mat::from_fn(n, d, |i, j| data[(i, j)] / (length[i] + least));
    let mut chosen = Vec::new();
    // The first one differs most from the mean direction, so that it is no mixture of all.
    let mean: Vec<f64> = (0..d).map(|j| (0..n).map(|i| rest[(i, j)]).sum::<f64>() / n as f64).collect();
    let mut direction: Vec<f64> = mean;
    for _ in 0..count {
        let square: f64 = direction.iter().map(|v| v * v).sum();
        if square > 0.0 && chosen.is_empty() {
            let along = |rest: &Mat<f64>, i: usize| (0..d).map(|j| rest[(i, j)] * direction[j]).sum::<f64>() / square;
            let off: Vec<f64> = (0..n)
                .map(|i| {
                    let a = along(&rest, i);
                    (0..d).map(|j| (rest[(i, j)] - a * direction[j]).powi(2)).sum()
                })
                .collect();
            let first = (0..n).max_by(|&a, &b| off[a].total_cmp(&off[b]).then(b.cmp(&a))).unwrap_or(0);
            chosen.push(first);
        } else {
            let size: Vec<f64> = (0..n).map(|i| (0..d).map(|j| rest[(i, j)].powi(2)).sum()).collect();
            let next = (0..n).filter(|i| !chosen.contains(i)).max_by(|&a, &b| size[a].total_cmp(&size[b]).then(b.cmp(&a)));
            chosen.push(next.unwrap_or(0));
        }
        let last = chosen[chosen.len() - 1];
        direction = (0..d).map(|j| rest[(last, j)]).collect();
        let square: f64 = direction.iter().map(|v| v * v).sum();
        if square > 0.0 {
            for i in 0..n {
                let a: f64 = (0..d).map(|j| rest[(i, j)] * direction[j]).sum::<f64>() / square;
                (0..d).for_each(|j| rest[(i, j)] -= a * direction[j]);
            }
        }
    }
    chosen
}

/// Each row of `data` as a non-negative sum of the rows of `spectra`: n × k.
fn resolve(data: MatRef<'_, f64>, spectra: MatRef<'_, f64>) -> Mat<f64> {
    let k = spectra.nrows();
    let square = spectra * spectra.transpose();
    let cross = data * spectra.transpose();
    let rows: Vec<Vec<f64>> = (0..data.nrows())
        .into_par_iter()
        .map(|i| nnls(square.as_ref(), &(0..k).map(|j| cross[(i, j)]).collect::<Vec<_>>()))
        .collect();
    Mat::from_fn(data.nrows(), k, |i, j| rows[i][j])
}

impl Mcr {
    /// Resolves `components` spectra; starts from the rows of `start` where it is given.
    ///
    /// # Errors
    /// When there are too few rows, numbers that are not finite, or no signal.
    pub fn fit(data: MatRef<'_, f64>, components: usize, start: Option<MatRef<'_, f64>>, closure: bool) -> Result<Self, Error> {
        finite(data)?;
        let (n, d, k) = (data.nrows(), data.ncols(), components);
        let most = n.min(d);
        if !(1..=most).contains(&k) {
            return Err(Error::Components { what: "MCR-ALS", got: k, most, rows: n, width: d });
        }
        let whole = data.norm_l2();
        if whole == 0.0 {
            return Err(Error::NoVariance);
        }
        let mut spectra = match start {
            Some(start) if (start.nrows(), start.ncols()) == (k, d) => {
                finite(start)?;
                start.to_owned()
            }
            Some(start) => {
                let (rows, width) = (start.nrows(), start.ncols());
                return Err(Error::Option(format!(
                    "{rows} starting spectra of {width} points were given; {k} of {d} are needed"
                )));
            }
            None => {
                let chosen = purest(data, k);
                Mat::from_fn(k, d, |i, j| data[(chosen[i], j)].max(0.0))
            }
        };
        let (mut before, mut rounds, mut converged) = (f64::INFINITY, 0, false);
        while rounds < ROUNDS && !converged {
            rounds += 1;
            let mut contents = resolve(data, spectra.as_ref());
            spectra = resolve(data.transpose(), contents.transpose()).transpose().to_owned();
            for i in 0..k {
                let most = (0..d).map(|j| spectra[(i, j)]).fold(0.0, f64::max);
                if most > 0.0 {
                    (0..d).for_each(|j| spectra[(i, j)] /= most);
                    (0..n).for_each(|r| contents[(r, i)] *= most);
                }
            }
            let fit = (data - &contents * &spectra).norm_l2() / whole;
            converged = before - fit <= STILL * fit || fit < 1e-13;
            before = fit;
        }
        // Contents that belong to the final spectra.
        let mut contents = resolve(data, spectra.as_ref());
        if closure {
            close(&mut contents, &mut spectra)?;
        }
        let lack_of_fit = (data - &contents * &spectra).norm_l2() / whole;
        Ok(Self { spectra, contents, lack_of_fit, rounds, converged })
    }

    /// Contents of new mixtures, n × k, and how much of each is left unexplained, √(Σe²/Σx²).
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`].
    pub fn resolve(&self, data: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>), Error> {
        if data.ncols() != self.spectra.ncols() {
            return Err(Error::Width { got: data.ncols(), expected: self.spectra.ncols() });
        }
        finite(data)?;
        let contents = resolve(data, self.spectra.as_ref());
        let rest = data - &contents * &self.spectra;
        let lack = (0..data.nrows()).map(|i| rest.row(i).norm_l2() / data.row(i).norm_l2().max(f64::MIN_POSITIVE)).collect();
        Ok((contents, lack))
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("mcr");
        parts.put_matrix("spectra", self.spectra.as_ref());
        parts.put_matrix("contents", self.contents.as_ref());
        parts.put_numbers("lack_of_fit", &[self.lack_of_fit]);
        parts.put_count("rounds", self.rounds);
        parts.put_count("converged", usize::from(self.converged));
        parts
    }

    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let spectra = parts.matrix("spectra", None)?;
        let contents = parts.matrix("contents", None)?;
        if spectra.nrows() == 0 || contents.ncols() != spectra.nrows() {
            return Err(Error::Stored("its contents do not fit its spectra".into()));
        }
        let lack_of_fit = parts.numbers("lack_of_fit", Some(1))?[0];
        Ok(Self { spectra, contents, lack_of_fit, rounds: parts.count("rounds")?, converged: parts.count("converged")? == 1 })
    }
}

/// Scales contents by one factor a component so that rows sum to 1 as well as they can, and spectra the other way.
///
/// # Errors
/// When a component has no contents, or no factor above zero fits it.
fn close(contents: &mut Mat<f64>, spectra: &mut Mat<f64>) -> Result<(), Error> {
    let (n, k) = (contents.nrows(), contents.ncols());
    let factors = contents.qr().solve_lstsq(&Mat::from_fn(n, 1, |_, _| 1.0));
    if let Some(i) = (0..k).find(|&i| !(factors[(i, 0)].is_finite() && factors[(i, 0)] > 0.0)) {
        return Err(Error::Option(format!(
            "closure: contents of component {} cannot be scaled so that all sum to one; take fewer components, or leave closure out",
            i + 1
        )));
    }
    for i in 0..k {
        let f = factors[(i, 0)];
        (0..n).for_each(|r| contents[(r, i)] *= f);
        (0..spectra.ncols()).for_each(|j| spectra[(i, j)] /= f);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Mcr;
    use crate::chemometrics::Error;
    use crate::draw::Stream;
    use faer::Mat;

    fn pure(d: usize) -> Mat<f64> {
        let peak = |at: f64, width: f64, j: usize| libm::exp(-((j as f64 - at) / width).powi(2));
        Mat::from_fn(3, d, |i, j| match i {
            0 => peak(15.0, 5.0, j) + 0.5 * peak(60.0, 4.0, j),
            1 => peak(35.0, 6.0, j),
            _ => peak(75.0, 5.0, j) + 0.3 * peak(45.0, 3.0, j),
        })
    }

    /// Mixtures that sum to one, the pure ones among them.
    fn mixtures(n: usize) -> Mat<f64> {
        let mut stream = Stream::new(7, "mixtures", 0);
        Mat::from_fn(n, 3, |_, _| stream.uniform()).row_iter().enumerate().fold(Mat::zeros(n, 3), |mut m, (i, row)| {
            let sum: f64 = (0..3).map(|k| row[k]).sum();
            (0..3).for_each(|k| m[(i, k)] = if i < 3 { f64::from(u8::from(i == k)) } else { row[k] / sum });
            m
        })
    }

    #[test]
    fn pure_spectra_and_contents_come_back() {
        let (contents, spectra) = (mixtures(30), pure(90));
        let data = &contents * &spectra;
        let model = Mcr::fit(data.as_ref(), 3, None, true).expect("fits");
        assert!(model.lack_of_fit < 1e-3, "{model:?}");
        for i in 0..3 {
            let cosine = |k: usize| {
                let dot: f64 = (0..90).map(|j| spectra[(i, j)] * model.spectra[(k, j)]).sum();
                dot / (spectra.row(i).norm_l2() * model.spectra.row(k).norm_l2())
            };
            let k = (0..3).max_by(|&a, &b| cosine(a).total_cmp(&cosine(b))).expect("three");
            assert!(cosine(k) > 0.999, "spectrum {i}: {}", cosine(k));
            assert!((0..30).all(|r| (contents[(r, i)] - model.contents[(r, k)]).abs() < 0.02));
        }
        let (again, lack) = model.resolve(data.as_ref()).expect("fits");
        assert!((again - &model.contents).norm_max() < 1e-12 && lack.iter().all(|&l| l < 0.01));
        assert_eq!(Mcr::from_parts(&model.to_parts()), Ok(model));
    }

    #[test]
    fn nothing_is_negative_whatever_the_data() {
        let mut stream = Stream::new(17, "noise", 0);
        let data = Mat::from_fn(12, 20, |_, _| stream.normal());
        let model = Mcr::fit(data.as_ref(), 2, None, false).expect("fits");
        assert!((0..2).all(|i| (0..20).all(|j| model.spectra[(i, j)] >= 0.0)));
        assert!((0..2).all(|i| (0..12).all(|r| model.contents[(r, i)] >= 0.0)));
        assert!(matches!(Mcr::fit(data.as_ref(), 13, None, false), Err(Error::Components { .. })));
        assert!(matches!(Mcr::fit(Mat::zeros(3, 3).as_ref(), 1, None, false), Err(Error::NoVariance)));
    }
}
