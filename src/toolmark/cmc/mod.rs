//! Congruent matching cells (CMC): how many cells of one impressed surface find the same place on another.
//!
//! ```text
//! cells        surface A is cut into p × q cells; B is turned about its centre by θ = 0, ±s, ±2s, … ± t degrees
//! search       r(dx, dy, θ) = Σ(a − ā)(b − b̄) / √(Σ(a − ā)²·Σ(b − b̄)²)   over the points that both have measured
//! registration a cell's largest r and where it is, for each θ and over all of them, |dx|, |dy| ≤ the search window
//! original     consensus = medians of dx, dy, θ over the cells; congruent is a cell with r ≥ R, |dx − med| ≤ T, |dy − med| ≤ T, |θ − med| ≤ Tθ
//! convergent   n(θ) = the cells that are congruent among the registrations at θ alone; high are the θ with n(θ) ≥ max n − τ;
//!              where the high θ span at most Tθ: the cells that are congruent at any of them; else the original count
//! score        the smaller of the convergent counts of A → B and B → A, if both converge and on one pose; else of the original ones
//! ```
//! It is how impressed marks (breech faces, press plates) are compared: a tool that touched only partly still leaves cells that agree on one pose, where
//! the correlation of the whole is spoilt. Sources: J. Song, *Proposed NIST Ballistics Identification System (NBIS) based on 3D topography measurements on
//! correlation cells*, AFTE J. 45 (2013); J. Song et al., doi:10.1088/0957-0233/25/6/064005 and doi:10.1016/j.forsciint.2017.12.013; the counts for each rotation:
//! M. Tong, J. Song, W. Chu, doi:10.6028/jres.120.008 ("high CMC"); that cells of one source converge on one place only at the right rotation: Z. Chen,
//! J. Song, W. Chu, J. A. Soons, X. Zhao, Forensic Sci. Int. 280 (2017). Correlation under masks by transforms: D. Padfield,
//! doi:10.1109/TIP.2011.2181402.
//!
//! # Conventions
//! - Points: px, columns x and rows y as in [`Surface`]; dx, dy also in µm. A positive θ turns B's x axis towards its y axis. A cell's point
//!   (x, y) lies beside point (x + dx, y + dy) of the turned B, grids laid centre on centre (whole px); [`Direction::on_other`] says where that is on B.
//! - Turned heights are interpolated linearly between the four points around; where one that has a weight was not measured, none is.
//!   θ = 0 takes the heights as they are. Single missing points thus grow to 2 × 2: fill them before, if they are many.
//! - A missing point is no number: sums run over the points of a pair that both have (pairwise-complete). A cell, and a place, counts only where
//!   such points are at least [`Options::least_measured`] of the cell. Where one of the two is flat there, r = 0.
//! - Of equal r the nearest place counts, then the smaller dy, then dx; of equal ones the smaller |θ|, then the positive.
//! - The medians of the original rule are those of every cell that has a place, as its authors define them. Those of n(θ) are of the cells with
//!   r ≥ R only (ours; Tong et al. take all): where less than half of a tool touched, the others' places are chance and would carry the median away.
//! - The two directions differ: cells are cut from one side, and only the other is turned. The smaller count is the one that both bear out. That both
//!   must say one pose is ours: the largest of many n(θ) is high by chance in either direction, but not at one place.
//! - Where relief is coarse for the cells, n(θ) is a plateau, wider than Tθ, even for equal surfaces: nothing converges, and the original rule counts.
//!
//! Spacings must be equal in x and y and on both surfaces, to [`SPACING_TOLERANCE`]; others are refused, since here nothing is resampled. Nothing is
//! levelled or filtered either: form and waviness that both surfaces have would be called agreement. A count is not an opinion on a source.
//!
//! # How it is computed
//! For each rotation B is turned once. Each cell looks only at its own region, the cell widened by the window: both are written to rows of the
//! region's width, so that one real transform along all rows holds every shift that stays within it. A cell without missing points takes counts and sums of
//! its place from sum tables, a region without them needs no transform of its mask. The transforms are f32; every shift carries a
//! bound of its error (`search`), and where r could be the largest it is summed directly in f64. The outcome is thus that of [`define`], whatever
//! the transform and the number of threads. One cell's spectra take 12 bytes a point of its region; cells are taken in lots of at most 64 MiB.

mod cells;
mod congruent;
mod definition;
mod error;
mod options;
mod outcome;
mod register;
mod room;
mod search;
mod shifts;
mod turned;

pub use cells::Cell;
pub use definition::define;
pub use error::{Error, Side};
pub use options::Options;
pub use outcome::{Cmc, Direction, Examined, Pose, Registration, Rotation, Verdict};

use super::surface::Surface;
use cells::Levelled;

/// Spacings may differ by this share: half a point on a thousand.
pub const SPACING_TOLERANCE: f64 = 5e-4;

/// Both directions of a pair of surfaces.
///
/// ```
/// use striae::toolmark::cmc::{Options, compare};
/// use striae::toolmark::impression::{Die, Impression};
///
/// let die = Die::new(96, 1, 0);
/// let (first, second) = (die.impress(&Impression::default(), 1, 0)?, die.impress(&Impression::default(), 1, 1)?);
/// let options = Options { cells: (4, 4), turn_degrees: 6.0, ..Options::default() };
/// let cmc = compare(&first, &second, &options)?;
/// assert!(cmc.score() >= 14 && cmc.poses_agree());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When a setting is not possible, spacings differ, or a surface is too small or flat.
pub fn compare(a: &Surface, b: &Surface, options: &Options) -> Result<Cmc, Error> {
    options.check()?;
    error::same_spacing(a, b)?;
    let (first, second) = (Levelled::new(a, Side::A, options)?, Levelled::new(b, Side::B, options)?);
    let forward = congruent::judge(&register::all(&first, &second, options), &first, &second, options);
    let backward = congruent::judge(&register::all(&second, &first, options), &second, &first, options);
    Ok(Cmc { forward, backward, options: options.clone() })
}
