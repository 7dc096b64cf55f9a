//! The two rules: which registered cells agree.

use super::cells::Levelled;
use super::outcome::{Direction, Examined, Frame, Pose, Registration, Rotation};
use super::register::Registered;
use super::{Options, Verdict};

/// Both rules, for the cells of `surface` on `other`.
pub(super) fn judge(registered: &[Registered], surface: &Levelled, other: &Levelled, options: &Options) -> Direction {
    let spacing = surface.spacing_um;
    let bests: Vec<Option<Registration>> = registered.iter().map(|r| r.as_ref().ok().and_then(|all| best(all))).collect();
    let consensus = pose(&bests.iter().flatten().copied().collect::<Vec<_>>(), spacing);
    let mut cells: Vec<Examined> = Vec::with_capacity(registered.len());
    for ((cell, registered), best) in surface.cells.iter().zip(registered).zip(bests) {
        let verdict = match (registered, best, &consensus) {
            (Err(why), _, _) => *why,
            (Ok(_), Some(best), Some(consensus)) => verdict(&best, consensus, options),
            (Ok(_), _, _) => Verdict::NoPlace,
        };
        cells.push(Examined { cell: cell.clone(), best, verdict, convergent: None });
    }
    let original = cells.iter().filter(|c| c.verdict == Verdict::Congruent).count() as u32;

    // n(θ), and who is congruent there.
    let usable: Vec<(usize, &Vec<Option<Registration>>)> =
        registered.iter().enumerate().filter_map(|(i, r)| r.as_ref().ok().map(|all| (i, all))).collect();
    let mut rotations = Vec::new();
    let mut members: Vec<Vec<(usize, Registration)>> = Vec::new();
    for (k, angle_degrees) in options.rotations().into_iter().enumerate() {
        let here = usable.iter().filter_map(|(i, all)| Some((*i, all.get(k).copied().flatten()?)));
        let here: Vec<(usize, Registration)> = here.filter(|(_, r)| r.correlation >= options.least_correlation).collect();
        let pose = pose(&here.iter().map(|(_, r)| *r).collect::<Vec<_>>(), spacing);
        let agrees = |r: &Registration| pose.is_some_and(|p| verdict(r, &p, options) == Verdict::Congruent);
        let here: Vec<(usize, Registration)> = here.into_iter().filter(|(_, r)| agrees(r)).collect();
        rotations.push(Rotation { angle_degrees, congruent: here.len() as u32, pose });
        members.push(here);
    }
    let high = high(&rotations, options);
    let converged = !high.is_empty();
    for &k in &high {
        for (i, r) in &members[k] {
            let kept = &mut cells[*i].convergent;
            if kept.is_none_or(|kept| nearer(r, &kept)) {
                *kept = Some(*r);
            }
        }
    }
    if !converged {
        for cell in cells.iter_mut().filter(|c| c.verdict == Verdict::Congruent) {
            cell.convergent = cell.best;
        }
    }
    let convergent = cells.iter().filter(|c| c.convergent.is_some()).count() as u32;
    let largest = rotations.iter().map(|r| r.congruent).max().unwrap_or(0);
    let top: Vec<usize> = high.into_iter().filter(|&k| rotations[k].congruent == largest).collect();
    let pose = if converged { top.get(top.len() / 2).and_then(|&k| rotations[k].pose) } else { consensus };
    let frame = Frame::new((surface.columns, surface.rows), (other.columns, other.rows));
    let usable = usable.len() as u32;
    Direction { cells, usable, original, consensus, convergent, converged, pose, rotations, frame }
}

/// Whether r goes before s: larger, of equal ones the smaller |θ|, then the positive.
fn nearer(r: &Registration, s: &Registration) -> bool {
    let turned = |x: &Registration| (x.angle_degrees.abs(), -x.angle_degrees);
    r.correlation > s.correlation || (r.correlation == s.correlation && turned(r) < turned(s))
}

fn best(all: &[Option<Registration>]) -> Option<Registration> {
    all.iter().flatten().copied().reduce(|kept, r| if nearer(&r, &kept) { r } else { kept })
}

/// Medians; of an even number the mean of the middle two.
fn pose(of: &[Registration], spacing_um: f64) -> Option<Pose> {
    let median = |value: fn(&Registration) -> f64| {
        let mut all: Vec<f64> = of.iter().map(value).collect();
        all.sort_by(f64::total_cmp);
        let n = all.len();
        (n > 0).then(|| f64::midpoint(all[(n - 1) / 2], all[n / 2]))
    };
    let (dx, dy, angle_degrees) = (median(|r| r.dx as f64)?, median(|r| r.dy as f64)?, median(|r| r.angle_degrees)?);
    Some(Pose { dx, dy, dx_um: dx * spacing_um, dy_um: dy * spacing_um, angle_degrees })
}

fn verdict(r: &Registration, consensus: &Pose, options: &Options) -> Verdict {
    let far = |at: i64, of: f64| (at as f64 - of).abs() > options.position_px;
    if r.correlation < options.least_correlation {
        Verdict::LowCorrelation
    } else if far(r.dx, consensus.dx) || far(r.dy, consensus.dy) {
        Verdict::Displaced
    } else if (r.angle_degrees - consensus.angle_degrees).abs() > options.angle_degrees + 1e-9 {
        Verdict::Turned
    } else {
        Verdict::Congruent
    }
}

/// The rotations with high counts, if they lie together.
fn high(rotations: &[Rotation], options: &Options) -> Vec<usize> {
    let largest = rotations.iter().map(|r| r.congruent).max().unwrap_or(0);
    let bar = largest.saturating_sub(options.high_margin).max(1);
    let high: Vec<usize> = (0..rotations.len()).filter(|&k| rotations[k].congruent >= bar).collect();
    let (Some(&first), Some(&last)) = (high.first(), high.last()) else { return Vec::new() };
    let span = rotations[last].angle_degrees - rotations[first].angle_degrees;
    if span <= options.angle_degrees + 1e-9 { high } else { Vec::new() }
}
