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
//! Command-line values, `striae metrics`-style tables, both backends, shader validation, conformance tests and a bench row
//! follow from the registry.

pub mod form;
pub mod inner_product;
pub mod sum;
pub mod vector;

use crate::matrix::Row;
pub use form::{Bounds, Frame};
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
    /// √Σ(x − centre)².
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
    /// u = −Σ|v(x) − v(y)|
    City,
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

    /// v(x), the row as the form sees it.
    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]);

    /// ‖v(x)‖ (Σ|v| for [`Geometry::City`]) from the measure where that is enough.
    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64;

    /// The u of a score, in units of the unscaled form; off by rounding alone.
    fn u_of(&self, score: f64) -> f64;

    /// By how much [`Self::u_of`] may be off beside a few roundings relative to u.
    fn u_error(&self) -> f64 {
        0.0
    }

    /// The score of a u.
    fn score_of(&self, u: f64) -> f64;
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

macro_rules! registry {
    ($($module:ident :: $metric:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// All metrics, in the order in which people see them.
        #[must_use]
        pub fn all() -> &'static [&'static dyn Metric] {
            static ALL: &[&dyn Metric] = &[$(&$module::$metric),+];
            ALL
        }

        /// Calls `user` with the step of the metric `name`.
        pub fn with_step<U: StepUser>(name: &str, user: U) -> Option<U::Answer> {
            $(if name == $module::$metric.info().name {
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
}
