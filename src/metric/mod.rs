//! The metrics: one file each, listed in one place.
//!
//! A **score** is defined in f64 from two stored descriptors with a fixed order of summation ([`sum`]). That definition
//! is [`Metric::define`], as naive as it can be written. [`Metric::score`] is the same value to the last bit, fast.
//! For screening, every metric is brought into one [`form`]: a number `u` that grows as two rows get closer and that a
//! backend computes in f32 with a known error.
//!
//! # Adding a metric
//! 1. `src/metric/x.rs`: formula, source, domain, range, f64 definition, f32 step, golden values with their tool.
//! 2. `shaders/metric/x.wgsl`: the same step for GPUs. Metrics that reduce to an inner product share
//!    `inner_product.wgsl`, as they share [`inner_product::Multiply`].
//! 3. One line in the registry at the end of this file.
//!
//! Command-line values, the table of `striae metrics`, both backends, shader validation, conformance tests and a bench row
//! follow from the registry.

pub mod bhattacharyya;
pub mod bits;
pub mod bray_curtis;
pub mod canberra;
pub mod ccf;
pub mod chebyshev;
pub mod chi2;
pub mod cmps;
pub mod cosine;
pub mod dot;
pub mod euclidean;
pub mod form;
pub mod hellinger;
pub mod hqi;
pub mod inner_product;
pub mod jensen_shannon;
pub mod lagged;
pub mod logpolar;
pub mod mahalanobis;
pub mod manhattan;
pub mod minkowski;
pub mod peaks;
pub mod pearson;
pub mod settings;
pub mod spectral_angle;
pub mod spectral_entropy;
pub mod spectral_information_divergence;
pub mod sqeuclidean;
pub mod sum;
pub mod tanimoto;
pub mod vector;
pub mod weighted_euclidean;

use crate::matrix::Row;
pub use form::{Bounds, Frame};
pub use settings::{Settings, Table};
pub use vector::{Step, StepUser, Vector};

/// Which scores are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// A similarity.
    Larger,
    /// A distance.
    Smaller,
}

impl Closer {
    /// Whether `a` is at least as good as `b`.
    #[must_use]
    pub fn admits(self, a: f64, b: f64) -> bool {
        match self {
            Self::Larger => a >= b,
            Self::Smaller => a <= b,
        }
    }

    /// Best first; equal scores are equal, −0 and +0 too.
    #[must_use]
    pub fn order(self, a: f64, b: f64) -> std::cmp::Ordering {
        let up = a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal);
        match self {
            Self::Larger => up.reverse(),
            Self::Smaller => up,
        }
    }
}

/// Which numbers a metric's rows may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Any finite ones.
    Real,
    /// None below zero.
    NonNegative,
    /// All above zero.
    Positive,
    /// Any but zero.
    NonZero,
    /// Whole ones from 0 to 255: eight packed bits.
    Bytes,
}

/// What people are told of a metric.
#[derive(Debug)]
pub struct Info {
    /// As typed after `--metric`.
    pub name: &'static str,
    pub formula: &'static str,
    pub closer: Closer,
    /// Smallest and largest possible score.
    pub range: (f64, f64),
    /// Which rows it is defined for.
    pub domain: &'static str,
    pub numbers: Numbers,
    /// Where it is defined or discussed.
    pub source: &'static str,
}

impl Info {
    /// The best score there can be.
    #[must_use]
    pub const fn closest(&self) -> f64 {
        match self.closer {
            Closer::Larger => self.range.1,
            Closer::Smaller => self.range.0,
        }
    }
}

/// What a definition needs of one row beside its numbers. Zeros where it needs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measure {
    /// Subtracted from every number.
    pub centre: f64,
    /// √Σ(x − centre)², or what the metric divides the row by.
    pub norm: f64,
}

/// Why a metric is not defined for a row.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Undefined {
    #[error("value {value} at feature {feature}; allowed are finite numbers")]
    NotFinite { feature: usize, value: f64 },
    #[error("all {0} values are zero; {1} needs a row that is not zero")]
    ZeroNorm(usize, &'static str),
    #[error("all {0} values are equal to {1} within rounding; {2} needs a row that varies")]
    Constant(usize, f64, &'static str),
    #[error("value {value} at feature {feature} is negative; {metric} needs numbers of zero or more")]
    Negative { feature: usize, value: f64, metric: &'static str },
    #[error("value {value} at feature {feature}; {metric} needs numbers above zero, none below 1e-30 of the row's sum")]
    NotPositive { feature: usize, value: f64, metric: &'static str },
    #[error("value 0 at feature {feature}; {metric} is not defined where both rows are zero: use canberra-scipy or canberra-r")]
    Zero { feature: usize, metric: &'static str },
    #[error(
        "value {value} at feature {feature}; {metric} compares packed bits, which are whole numbers from 0 to 255 (u8). Where no row \
         is of such, pack the bits (NumPy packbits) or take another metric"
    )]
    NotByte { feature: usize, value: f64, metric: &'static str },
    #[error("it has {got} measured samples; {metric} needs at least {least}, the least overlap")]
    TooShort { got: usize, least: usize, metric: &'static str },
    #[error("it has {got} features, which are no rings of {angles} angles: give --angles that divides {got}")]
    Rings { got: usize, angles: usize },
    #[error("it has {got} features and what {metric} was configured with has {expected}: give one number a feature")]
    Width { got: usize, expected: usize, metric: &'static str },
    #[error("its norm is {norm:e}; with p = {p} sums stay exact from 1e-{most:.0} to 1e{most:.0}: rescale the data")]
    PowerMagnitude { norm: f64, most: f64, p: f64 },
    #[error("its norm is {0:e}; the sums stay exact from 1e-140 to 1e140: rescale the data")]
    Magnitude(f64),
}

/// How `t` turns into `u`: see [`form`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geometry {
    /// u = ⟨v(x), v(y)⟩
    Product,
    /// u = −½‖v(x) − v(y)‖²
    Distance,
    /// u = ±F(T) + o_x + o_y, T = Σ step(v(x), v(y)): see [`Fold`]
    Fold,
}

/// How a fold's T turns into u, and what is known of its error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fold {
    /// u = sign·F(T) + offsets
    pub sign: f64,
    /// T(s·x, s·y) = s^degree·T(x, y), and F likewise.
    pub degree: f64,
    /// T depends on differences alone, so that rows may be moved by their mean.
    pub shift: bool,
    /// The scale, where it is not free.
    pub scale: Option<f64>,
    /// All terms have one sign, so that rounding is relative to F; beyond the additions it is this much. `None` where rounding
    /// is in the rows' slack altogether.
    pub relative: Option<f64>,
}

impl Fold {
    /// A sum of distances.
    #[must_use]
    pub const fn distance(degree: f64) -> Self {
        Self { sign: -1.0, degree, shift: false, scale: None, relative: Some(16.0 * form::EPSILON) }
    }
}

/// A row in the form of a fold, for its bounds.
#[derive(Clone, Copy, Debug)]
pub struct FoldRow<'a> {
    /// x′, before it is rounded to f32.
    pub x: &'a [f64],
    pub rounded: &'a [f32],
    /// Σ|x′|
    pub size: f64,
    /// Σ|x̂ − x′|
    pub residual: f64,
    /// The relative error of a sum of d numbers of one sign.
    pub screen: f64,
}

/// A step's shader, by the name of its file in `shaders/metric/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shader {
    pub name: &'static str,
    pub source: &'static str,
}

/// A metric. All of them are symmetric: score(a, b) and score(b, a) have the same bits.
pub trait Metric: Sync + Send {
    fn info(&self) -> &'static Info;
    fn shader(&self) -> Shader;
    fn geometry(&self) -> Geometry;

    /// Measures a row, or says why the metric is not defined for it.
    ///
    /// # Errors
    /// For rows outside [`Info::domain`].
    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined>;

    /// The score, by definition: naive, f64, in stripes. Rows have passed [`Self::measure`].
    fn define(&self, a: &[f64], b: &[f64]) -> f64;

    /// The same bits as [`Self::define`], fast.
    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64;

    /// v(x), the row as the form sees it: as it is, unless told.
    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        x.copy_to(out);
    }

    /// How many numbers v(x) has for rows of `d`.
    fn embedded_width(&self, d: usize) -> usize {
        d
    }

    /// ‖v(x)‖ (Σ|v| or max |v| for [`Geometry::Fold`]) from the measure where that is enough.
    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64;

    /// The u of a score, in units of the unscaled form; off by rounding alone. Unless told, that of a distance that is a fold's sum.
    fn u_of(&self, score: f64) -> f64 {
        -score
    }

    /// By how much [`Self::u_of`] may be off beside a few roundings relative to u.
    fn u_error(&self) -> f64 {
        0.0
    }

    /// The score of a u.
    fn score_of(&self, u: f64) -> f64 {
        (-u).max(0.0)
    }

    /// Relative error of v(x) as [`Self::embed`] computes it, beside a few roundings.
    fn embed_error(&self) -> f64 {
        0.0
    }

    /// A number for the step.
    fn parameter(&self) -> f32 {
        0.0
    }

    /// For [`Geometry::Fold`] of rows with `d` numbers in v(x).
    fn fold(&self, _d: usize) -> Fold {
        Fold::distance(1.0)
    }

    /// For [`Geometry::Fold`]: offset, weight (in the place of the reach) and slack, all in units of F of the scaled rows.
    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: row.residual }
    }

    /// For [`Geometry::Fold`]: the F of a T that makes a pair closest, given the rows' weights. The step's `bound` is the same.
    fn finish(&self, t: f64, _x: f64, _y: f64) -> f64 {
        t
    }

    /// The F that makes it farthest, where weights leave that open.
    fn finish_worst(&self, t: f64, x: f64, y: f64) -> f64 {
        self.finish(t, x, y)
    }

    /// Whether what a backend sums are products of numbers, which few coordinates can bound.
    fn multiplies(&self) -> bool {
        self.geometry() != Geometry::Fold || self.lagged().is_some()
    }

    /// The second stage, of metrics that take the best of many alignments: its t is the score itself within its slack; the first only bounds it from above.
    fn lagged(&self) -> Option<lagged::Lagged<'_>> {
        None
    }

    /// Whether dense scores are computed by definition, because what screening says is known too loosely.
    fn dense_exact(&self) -> bool {
        self.geometry() == Geometry::Fold
    }
}

impl std::fmt::Debug for dyn Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.info().name)
    }
}

/// A metric's step, for [`with_step`].
pub trait Stepped {
    type Step: Step;
}

/// Finds the first number that is not finite.
///
/// # Errors
/// When there is one.
pub fn finite(x: Row<'_>) -> Result<(), Undefined> {
    let bad = match x {
        Row::F32(v) => v.iter().position(|x| !x.is_finite()).map(|i| (i, f64::from(v[i]))),
        Row::F64(v) => v.iter().position(|x| !x.is_finite()).map(|i| (i, v[i])),
    };
    bad.map_or(Ok(()), |(feature, value)| Err(Undefined::NotFinite { feature, value }))
}

/// ‖x − centre‖ in stripes, refused where squares leave the range of f64.
pub(crate) fn norm(x: Row<'_>, centre: f64) -> Result<f64, Undefined> {
    let norm = sum::pairs(sum::CentredProduct(centre, centre), x, x).sqrt();
    if norm != 0.0 && !(1e-140..=1e140).contains(&norm) {
        return Err(Undefined::Magnitude(norm));
    }
    Ok(norm)
}

/// The sum of a row without negative numbers; refused where it is zero.
pub(crate) fn mass(x: Row<'_>, metric: &'static str) -> Result<Measure, Undefined> {
    non_negative(x, metric)?;
    norm(x, 0.0)?;
    let sum = sum::of(x);
    if sum == 0.0 {
        return Err(Undefined::ZeroNorm(x.len(), metric));
    }
    Ok(Measure { centre: 0.0, norm: sum })
}

/// Finds the first negative number.
pub(crate) fn non_negative(x: Row<'_>, metric: &'static str) -> Result<(), Undefined> {
    finite(x)?;
    match (0..x.len()).map(|i| (i, x.at(i))).find(|(_, v)| *v < 0.0) {
        Some((feature, value)) => Err(Undefined::Negative { feature, value, metric }),
        None => Ok(()),
    }
}

macro_rules! registry {
    ($($module:ident :: $metric:ident),+ $(,)?) => {
        /// All metrics, in the order in which people see them; those that can be configured, with what is usual.
        #[must_use]
        pub fn all() -> &'static [&'static dyn Metric] {
            static ALL: &[&dyn Metric] = &[$(&$module::$metric::USUAL),+];
            ALL
        }

        /// Calls `user` with the step of the metric `name`.
        pub fn with_step<U: StepUser>(name: &str, user: U) -> Option<U::Answer> {
            $(if name == $module::$metric::USUAL.info().name {
                return Some(user.with::<<$module::$metric as Stepped>::Step>());
            })+
            None
        }
    };
}

/// The metric that people call `name`.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn Metric> {
    all().iter().copied().find(|m| m.info().name == name)
}

registry! {
    cosine::Cosine,
    pearson::Pearson,
    dot::Dot,
    euclidean::Euclidean,
    sqeuclidean::SqEuclidean,
    spectral_angle::SpectralAngle,
    manhattan::Manhattan,
    chebyshev::Chebyshev,
    minkowski::Minkowski,
    weighted_euclidean::WeightedEuclidean,
    mahalanobis::Mahalanobis,
    canberra::Canberra,
    canberra::CanberraSciPy,
    canberra::CanberraR,
    bray_curtis::BrayCurtis,
    jensen_shannon::JensenShannon,
    spectral_information_divergence::SpectralInformationDivergence,
    spectral_entropy::SpectralEntropy,
    spectral_entropy::WeightedSpectralEntropy,
    chi2::Chi2,
    hellinger::Hellinger,
    bhattacharyya::Bhattacharyya,
    bits::Hamming,
    bits::Jaccard,
    bits::TanimotoBits,
    tanimoto::Tanimoto,
    hqi::HqiEuclidean,
    hqi::HqiAbsolute,
    hqi::HqiLeastSquares,
    hqi::HqiCorrelation,
    hqi::HqiFirstDerivative,
    ccf::Ccf,
    logpolar::LogPolar,
}
