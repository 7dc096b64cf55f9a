//! Limits of T² and Q beyond which a row is extreme, or an outlier.
//!
//! Of a model with a components and n training rows, at the error α (share of good rows that fall beyond):
//!
//! | [`Rule`] | T² | Q |
//! |---|---|---|
//! | `classic` | a(n−1)/(n−a)·F(1−α; a, n−a) (J. E. Jackson, doi:10.1002/0471725331) | Jackson–Mudholkar, doi:10.1080/00401706.1979.10489779 |
//! | `chi2` | χ²(1−α; a) | g·χ²(1−α; h), g = s²/2m, h = 2m²/s² of the training Q (G. E. P. Box, doi:10.1214/aoms/1177728786) |
//! | `moments`, `robust` | data-driven: u = T² or Q has u·N/u₀ ~ χ²(N) (A. L. Pomerantsev, doi:10.1002/cem.1147) | the same |
//!
//! Data-driven u₀ and N are found by moments (u₀ = mean, N = 2(u₀/s)², rounded down, 1 … 250) or from median and quartiles (robust;
//! A. L. Pomerantsev, O. Ye. Rodionova, doi:10.1002/cem.2506): N solves (χ²(¾; N) − χ²(¼; N))/χ²(½; N) = IQR/median, rounded to the nearest of
//! 1 … 250, and u₀ = ½N(median/χ²(½; N) + IQR/(χ²(¾; N) − χ²(¼; N))). They give a joint border too: f = N_h·T²/h₀ + N_q·Q/q₀ ~ χ²(N_h + N_q);
//! a row is *extreme* beyond χ²(1−α) and an *outlier* beyond χ²((1−γ)^(1/n)), γ being the chance that any of n good rows is so called.
//! With the other rules a row is extreme when T² or Q is beyond its limit at α, and an outlier beyond that at 1 − (1−γ)^(1/n).
//!
//! Quartiles are interpolated linearly (R's type 7, NumPy's default).

use super::distribution::{chi2, f, normal};
use super::error::Error;
use super::parts::Parts;
use super::pca::Pca;
use faer::MatRef;

/// How limits are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    Classic,
    Chi2,
    #[default]
    Moments,
    Robust,
}

impl Rule {
    pub const ALL: [Self; 4] = [Self::Classic, Self::Chi2, Self::Moments, Self::Robust];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Chi2 => "chi2",
            Self::Moments => "moments",
            Self::Robust => "robust",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// What a row is by its distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    Regular,
    Extreme,
    Outlier,
}

impl Flag {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Extreme => "extreme",
            Self::Outlier => "outlier",
        }
    }
}

/// Scale and degrees of freedom of a distance: u·N/u₀ ~ χ²(N).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    pub scale: f64,
    pub freedom: f64,
}

/// Limits of one number of components.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    pub rule: Rule,
    pub alpha: f64,
    pub gamma: f64,
    pub t2: Scaled,
    pub q: Scaled,
    pub t2_extreme: f64,
    pub t2_outlier: f64,
    pub q_extreme: f64,
    pub q_outlier: f64,
}

/// Says what rows are.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    limits: &'a Limits,
    /// Where full distances become extreme and outlying, if both distances are judged together.
    full: Option<(f64, f64)>,
}

impl Judge<'_> {
    /// How far a row is beyond the border of the extreme: above 1 beyond it.
    #[must_use]
    pub fn ratio(&self, t2: f64, q: f64) -> f64 {
        let limits = self.limits;
        self.full.map_or_else(|| (t2 / limits.t2_extreme).max(q / limits.q_extreme), |(extreme, _)| limits.full(t2, q) / extreme)
    }

    /// What a row with these distances is.
    #[must_use]
    pub fn flag(&self, t2: f64, q: f64) -> Flag {
        let limits = self.limits;
        let (extreme, outlier) = self.full.map_or_else(
            || (t2 > limits.t2_extreme || q > limits.q_extreme, t2 > limits.t2_outlier || q > limits.q_outlier),
            |(extreme, outlier)| {
                let full = limits.full(t2, q);
                (full > extreme, full > outlier)
            },
        );
        match (extreme, outlier) {
            (_, true) => Flag::Outlier,
            (true, false) => Flag::Extreme,
            (false, false) => Flag::Regular,
        }
    }
}

/// Largest number of degrees of freedom that data are trusted to show.
const MOST_FREEDOM: f64 = 250.0;

impl Scaled {
    /// Of a distance that is zero for all training rows, such as Q with as many components as there are features: it adds nothing to a full
    /// distance, and whatever is above zero is beyond it.
    const NOTHING: Self = Self { scale: 0.0, freedom: 0.0 };

    /// By mean and deviation.
    #[must_use]
    pub fn by_moments(u: &[f64]) -> Self {
        let n = u.len() as f64;
        let mean = u.iter().sum::<f64>() / n;
        if mean <= 0.0 {
            return Self::NOTHING;
        }
        let variance = u.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0).max(1.0);
        let freedom = if variance > 0.0 { (2.0 * mean * mean / variance).floor() } else { MOST_FREEDOM };
        Self { scale: mean, freedom: freedom.clamp(1.0, MOST_FREEDOM) }
    }

    /// By median and quartiles.
    #[must_use]
    pub fn by_quartiles(u: &[f64]) -> Self {
        let mut sorted = u.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (median, range) = (quantile(&sorted, 0.5), quantile(&sorted, 0.75) - quantile(&sorted, 0.25));
        let spread = |n: f64| chi2(0.75, n) - chi2(0.25, n);
        let ratio = |n: f64| spread(n) / chi2(0.5, n);
        // The ratio falls with N.
        let wanted = range / median;
        let (mut low, mut high) = (1.0_f64, MOST_FREEDOM);
        if median <= 0.0 {
            return Self::by_moments(u);
        }
        let freedom = if !wanted.is_finite() || wanted >= ratio(low) {
            low
        } else if wanted <= ratio(high) {
            high
        } else {
            while high - low > 1e-6 {
                let middle = 0.5 * (low + high);
                if ratio(middle) > wanted { low = middle } else { high = middle }
            }
            (0.5 * (low + high)).round()
        };
        Self { scale: 0.5 * freedom * (median / chi2(0.5, freedom) + range / spread(freedom)), freedom }
    }

    /// The u that is not exceeded with probability `p`.
    #[must_use]
    pub fn limit(self, p: f64) -> f64 {
        if self.scale <= 0.0 {
            return 0.0;
        }
        self.scale * chi2(p, self.freedom) / self.freedom
    }

    /// u as a χ² number.
    fn reduced(self, u: f64) -> f64 {
        if self.scale > 0.0 {
            self.freedom * u / self.scale
        } else if u > 0.0 {
            f64::INFINITY
        } else {
            0.0
        }
    }
}

/// Of sorted numbers, interpolated linearly.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = p * last as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    sorted[low] + part * (sorted[(low + 1).min(last)] - sorted[low])
}

/// Jackson and Mudholkar's limit of Q from the eigenvalues of what is off the model.
#[must_use]
pub fn jackson_mudholkar(rest: &[f64], p: f64) -> f64 {
    let theta = |power: i32| rest.iter().map(|v| v.powi(power)).sum::<f64>();
    let (t1, t2, t3) = (theta(1), theta(2), theta(3));
    if t1 <= 0.0 {
        return 0.0;
    }
    let h = (1.0 - 2.0 * t1 * t3 / (3.0 * t2 * t2)).max(0.001);
    let base = normal(p) * (2.0 * t2 * h * h).sqrt() / t1 + 1.0 + t2 * h * (h - 1.0) / (t1 * t1);
    t1 * libm::pow(base.max(0.0), 1.0 / h)
}

/// Hotelling's limit of T² of training rows.
#[must_use]
pub fn hotelling(components: usize, rows: usize, p: f64) -> f64 {
    let (a, n) = (components as f64, rows as f64);
    if n > a { a * (n - 1.0) / (n - a) * f(p, a, n - a) } else { f64::INFINITY }
}

impl Limits {
    /// Whether there can be limits with these shares.
    ///
    /// # Errors
    /// When α or γ is not between 0 and 1.
    pub fn check(alpha: f64, gamma: f64) -> Result<(), Error> {
        match [("alpha", alpha), ("gamma", gamma)].into_iter().find(|&(_, share)| !(share > 0.0 && share < 1.0)) {
            Some((name, share)) => Err(Error::Option(format!("{name} is {share}; it must be above 0 and below 1, such as 0.05"))),
            None => Ok(()),
        }
    }

    /// For the first `components` of `model`, whose training rows have these distances.
    ///
    /// # Errors
    /// When α or γ is not between 0 and 1, or there are fewer than three rows.
    pub fn of(model: &Pca, components: usize, t2: &[f64], q: &[f64], rule: Rule, alpha: f64, gamma: f64) -> Result<Self, Error> {
        Self::check(alpha, gamma)?;
        let n = t2.len();
        if n < 3 || q.len() != n {
            return Err(Error::FewRows { what: "limits", got: n, needed: 3 });
        }
        let outlier = libm::pow(1.0 - gamma, 1.0 / n as f64);
        if 1.0 - alpha >= 1.0 || outlier >= 1.0 {
            return Err(Error::Option(format!(
                "alpha {alpha} or gamma {gamma} is too small to be told from nothing with {n} rows; limits would be infinite"
            )));
        }
        let at = |p: f64, limits: &Self| match rule {
            Rule::Classic => {
                let rest = model.eigenvalues.get(components..).unwrap_or(&[]);
                (hotelling(components, model.rows, p), jackson_mudholkar(rest, p))
            }
            Rule::Chi2 => (chi2(p, components as f64), limits.q.limit(p)),
            Rule::Moments | Rule::Robust => (limits.t2.limit(p), limits.q.limit(p)),
        };
        let (h, v) = match rule {
            Rule::Robust => (Scaled::by_quartiles(t2), Scaled::by_quartiles(q)),
            Rule::Moments => (Scaled::by_moments(t2), Scaled::by_moments(q)),
            Rule::Classic | Rule::Chi2 => {
                // Box's approximation: the scale is the mean and N = 2m²/s², a real number.
                let mean = q.iter().sum::<f64>() / n as f64;
                let variance = q.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1) as f64;
                // More cannot be told from a constant.
                let freedom = if variance > 0.0 { (2.0 * mean * mean / variance).min(1e6) } else { 1e6 };
                let q = if mean > 0.0 { Scaled { scale: mean, freedom } } else { Scaled::NOTHING };
                (Scaled { scale: components as f64, freedom: components as f64 }, q)
            }
        };
        let mut limits =
            Self { rule, alpha, gamma, t2: h, q: v, t2_extreme: 0.0, t2_outlier: 0.0, q_extreme: 0.0, q_outlier: 0.0 };
        (limits.t2_extreme, limits.q_extreme) = at(1.0 - alpha, &limits);
        (limits.t2_outlier, limits.q_outlier) = at(outlier, &limits);
        if rule == Rule::Classic && model.eigenvalues.len() < super::pca::most_components(model.rows, model.columns.width()) {
            return Err(Error::Option(
                "classic limits of Q need all eigenvalues, and only the first were computed; take --limits moments, robust or chi2".into(),
            ));
        }
        Ok(limits)
    }

    /// Whether both distances are judged together.
    #[must_use]
    pub const fn is_joint(&self) -> bool {
        matches!(self.rule, Rule::Moments | Rule::Robust)
    }

    /// f = N_h·T²/h₀ + N_q·Q/q₀ of a row.
    #[must_use]
    pub fn full(&self, t2: f64, q: f64) -> f64 {
        self.t2.reduced(t2) + self.q.reduced(q)
    }

    /// The full distance that is not exceeded with probability `p`.
    #[must_use]
    pub fn full_limit(&self, p: f64) -> f64 {
        chi2(p, self.t2.freedom + self.q.freedom)
    }

    /// Judges rows of a model of `rows` training rows. Its borders are quantiles, which are slow to find: one judge for all rows.
    #[must_use]
    pub fn judge(&self, rows: usize) -> Judge<'_> {
        let outlier = libm::pow(1.0 - self.gamma, 1.0 / rows.max(1) as f64);
        Judge { limits: self, full: self.is_joint().then(|| (self.full_limit(1.0 - self.alpha), self.full_limit(outlier))) }
    }

    const NAMES: [&'static str; 10] = [
        "alpha",
        "gamma",
        "t2_scale",
        "t2_freedom",
        "q_scale",
        "q_freedom",
        "t2_extreme",
        "t2_outlier",
        "q_extreme",
        "q_outlier",
    ];

    /// As a row of numbers, in the order of `limit_names`.
    fn numbers(&self) -> [f64; 10] {
        [
            self.alpha,
            self.gamma,
            self.t2.scale,
            self.t2.freedom,
            self.q.scale,
            self.q.freedom,
            self.t2_extreme,
            self.t2_outlier,
            self.q_extreme,
            self.q_outlier,
        ]
    }

    /// Puts limits of 1, 2, … components into a model's parts.
    pub fn put(all: &[Self], parts: &mut Parts) {
        if let Some(first) = all.first() {
            parts.put_text("limit_rule", first.rule.name());
            parts.put_list("limit_names", &Self::NAMES.map(str::to_owned));
            let rows: Vec<[f64; 10]> = all.iter().map(Self::numbers).collect();
            parts.put_matrix("limits", faer::Mat::from_fn(rows.len(), 10, |i, j| rows[i][j]).as_ref());
        }
    }

    /// Takes them out again; none where there are none.
    ///
    /// # Errors
    /// [`Error::Stored`].
    pub fn take(parts: &Parts) -> Result<Vec<Self>, Error> {
        if !parts.arrays.contains_key("limits") {
            return Ok(Vec::new());
        }
        let rule =
            Rule::by_name(parts.text("limit_rule")?).ok_or_else(|| Error::Stored("its rule of limits is not known".into()))?;
        let all = parts.matrix("limits", None)?;
        if all.ncols() != 10 {
            return Err(Error::Stored("its limits do not have 10 columns".into()));
        }
        let row = |i: usize| {
            let at = |j: usize| all[(i, j)];
            Self {
                rule,
                alpha: at(0),
                gamma: at(1),
                t2: Scaled { scale: at(2), freedom: at(3) },
                q: Scaled { scale: at(4), freedom: at(5) },
                t2_extreme: at(6),
                t2_outlier: at(7),
                q_extreme: at(8),
                q_outlier: at(9),
            }
        };
        Ok((0..all.nrows()).map(row).collect())
    }
}

/// Limits for 1 … a components from the distances of the training rows, n × a each.
///
/// # Errors
/// As [`Limits::of`].
pub fn limits(
    model: &Pca,
    t2: MatRef<'_, f64>,
    q: MatRef<'_, f64>,
    rule: Rule,
    alpha: f64,
    gamma: f64,
) -> Result<Vec<Limits>, Error> {
    let column = |m: MatRef<'_, f64>, k: usize| (0..m.nrows()).map(|i| m[(i, k)]).collect::<Vec<f64>>();
    (0..model.components()).map(|k| Limits::of(model, k + 1, &column(t2, k), &column(q, k), rule, alpha, gamma)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Flag, Limits, Rule, Scaled, hotelling, jackson_mudholkar, quantile};
    use crate::chemometrics::columns::Scaling;
    use crate::chemometrics::distribution::chi2;
    use crate::chemometrics::pca::Pca;
    use crate::chemometrics::solver::Solver;
    use crate::draw::Stream;
    use faer::Mat;

    #[test]
    fn robust_and_classic_scales_agree_on_what_is_chi_square() {
        let mut stream = Stream::new(3, "chi2", 0);
        let u: Vec<f64> = (0..40_000).map(|_| 2.5 / 6.0 * (0..6).map(|_| stream.normal()).map(|x| x * x).sum::<f64>()).collect();
        let (moments, robust) = (Scaled::by_moments(&u), Scaled::by_quartiles(&u));
        // Rounding down may give 5.
        assert!(moments.freedom == 6.0 || moments.freedom == 5.0, "{moments:?}");
        assert_eq!(robust.freedom, 6.0);
        assert!((moments.scale - 2.5).abs() < 0.03 && (robust.scale - 2.5).abs() < 0.05, "{moments:?} {robust:?}");
        let beyond = u.iter().filter(|&&x| x > robust.limit(0.95)).count() as f64 / 4e4;
        assert!((beyond - 0.05).abs() < 0.006, "{beyond}");
    }

    #[test]
    fn outliers_do_not_move_robust_limits_much() {
        let mut u: Vec<f64> = (1..100).map(|i| chi2(f64::from(i) / 100.0, 4.0)).collect();
        let before = Scaled::by_quartiles(&u);
        u.extend([500.0; 5]);
        let after = Scaled::by_quartiles(&u);
        assert!((after.limit(0.95) / before.limit(0.95) - 1.0).abs() < 0.25);
        assert!(Scaled::by_moments(&u).limit(0.95) > 5.0 * before.limit(0.95));
    }

    #[test]
    fn numbers_that_are_known() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.25), 1.75);
        // scipy.stats.f.ppf(0.95, 2, 18) * 2 * 19 / 18
        assert!((hotelling(2, 20, 0.95) - 7.504065085285995).abs() < 1e-10);
        assert_eq!(jackson_mudholkar(&[], 0.95), 0.0);
        // One eigenvalue: Q/λ is χ²(1); the approximation is within some percent of it.
        assert!((jackson_mudholkar(&[1.0], 0.95) / chi2(0.95, 1.0) - 1.0).abs() < 0.05);
    }

    #[test]
    fn about_a_share_alpha_of_good_rows_is_extreme() {
        let (n, d) = (2000, 12);
        let mut stream = Stream::new(8, "rows", 0);
        let x = Mat::from_fn(n, d, |_, j| stream.normal() * if j < 3 { 5.0 } else { 0.5 });
        let model = Pca::fit(x.as_ref(), Scaling::Centre, 3, Solver::Faer).expect("fits");
        let seen = model.project(x.as_ref()).expect("fits");
        let column = |m: &Mat<f64>| (0..n).map(|i| m[(i, 2)]).collect::<Vec<_>>();
        let (t2, q) = (column(&seen.t2), column(&seen.q));
        for rule in Rule::ALL {
            let limits = Limits::of(&model, 3, &t2, &q, rule, 0.05, 0.01).expect("made");
            let judge = limits.judge(n);
            let flags: Vec<Flag> = (0..n).map(|i| judge.flag(t2[i], q[i])).collect();
            let extreme = flags.iter().filter(|&&f| f != Flag::Regular).count() as f64 / n as f64;
            // Two limits apart let through twice as many.
            let expected = if limits.is_joint() { 0.05 } else { 0.0975 };
            assert!((extreme - expected).abs() < 0.02, "{rule:?}: {extreme}");
            assert!(flags.iter().filter(|&&f| f == Flag::Outlier).count() <= 2, "{rule:?}");
            assert_eq!(judge.flag(1e4, 0.0), Flag::Outlier);
            assert_eq!(judge.flag(0.0, 1e4), Flag::Outlier);
            assert_eq!(judge.flag(0.0, 0.0), Flag::Regular);
        }
        assert!(Limits::of(&model, 3, &t2, &q, Rule::Chi2, 0.0, 0.01).is_err());
    }
}
