//! Distances of rows from a model: within it (T², or h) and to it (Q, or v).
//!
//! With limits of their own, the two are bounded by straight lines. In DD-SIMCA a row is accepted where
//! N_h h/h₀ + N_q q/q₀ ≤ χ²_crit, which is a slanted line in (h, q) and a curve on the logarithmic scale
//! (A. L. Pomerantsev, O. Ye. Rodionova, doi:10.1002/cem.2506). The logarithmic scale is ln(1 + x/u), with u the limit, or
//! h₀ and q₀: rows near the model and far outliers are both seen. The flags are given, not computed.

use super::axis::Axis;
use super::error::{Error, length, not_negative};
use super::frame::{Frame, STRONG};
use super::legend::{Entry, Key};
use super::page::{Style, counted, radius};
use super::palette::{GREY, Shape};
use super::placer::Placer;
use super::scene::{Marker, Scene, Stroke};

const FIGURE: &str = "distances";

/// What was decided about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    Regular,
    Extreme,
    Outlier,
}

/// The limits of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Border {
    /// One limit for each distance.
    Limits { t2: f64, q: f64 },
    /// DD-SIMCA: scales, degrees of freedom, and the critical values of χ² for extreme rows and for outliers.
    Acceptance { h0: f64, q0: f64, nh: f64, nq: f64, extreme: f64, outlier: Option<f64> },
}

/// T² and Q of each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distances<'a> {
    pub t2: &'a [f64],
    pub q: &'a [f64],
    /// One a row; empty: all regular.
    pub flags: &'a [Flag],
    /// A name for each row, or empty. Those of flagged rows are written, the farthest first, where there is room.
    pub names: &'a [&'a str],
    pub border: Border,
    pub log: bool,
}

const LOOKS: [(Flag, Shape, &str, &str, &str); 3] = [
    (Flag::Regular, Shape::Circle, "#0072b2", "regular", "point regular"),
    (Flag::Extreme, Shape::Triangle, "#e69f00", "extreme", "point extreme"),
    (Flag::Outlier, Shape::Cross, "#d55e00", "outlier", "point outlier"),
];

/// How limits are drawn: the inner one, the outer one.
const INNER: Stroke = Stroke::dashed(STRONG, 1.3, "7 4");
const OUTER: Stroke = Stroke::dashed(GREY, 1.3, "2 3");

/// A border on the scale of the picture, how it is drawn, and its name.
type Line = (Vec<(f64, f64)>, Stroke, &'static str);

impl Distances<'_> {
    fn check(&self) -> Result<(), Error> {
        not_negative(FIGURE, "T²", self.t2)?;
        not_negative(FIGURE, "Q", self.q)?;
        let rows = self.t2.len();
        length(FIGURE, "Q", self.q.len(), rows, "one for each T²")?;
        for (what, got) in [("flags", self.flags.len()), ("names", self.names.len())] {
            if got != 0 {
                length(FIGURE, what, got, rows, "one for each row, or none at all")?;
            }
        }
        let limits = match self.border {
            Border::Limits { t2, q } => vec![("the limit of T²", t2), ("the limit of Q", q)],
            Border::Acceptance { h0, q0, nh, nq, extreme, outlier } => {
                let all = [("h0", h0), ("q0", q0), ("nh", nh), ("nq", nq), ("the critical value", extreme)];
                all.into_iter().chain(outlier.map(|o| ("the critical value of outliers", o))).collect()
            }
        };
        match limits.iter().find(|(_, v)| !(*v > 1e-300 && *v < 1e300)) {
            Some((what, v)) => Err(Error::Value {
                figure: FIGURE,
                what: (*what).into(),
                got: v.to_string(),
                allowed: "positive finite numbers; a distance that is always 0 has no limit to draw".into(),
            }),
            None => Ok(()),
        }
    }

    fn units(&self) -> (f64, f64) {
        match self.border {
            Border::Limits { t2, q } => (t2, q),
            Border::Acceptance { h0, q0, .. } => (h0, q0),
        }
    }

    fn on_scale(&self, t2: f64, q: f64) -> (f64, f64) {
        let (u, v) = self.units();
        if self.log { (libm::log1p((t2 / u).min(1e300)), libm::log1p((q / v).min(1e300))) } else { (t2, q) }
    }

    /// The line Nh h/h0 + Nq q/q0 = c.
    fn curve(&self, c: f64) -> Vec<(f64, f64)> {
        let Border::Acceptance { h0, q0, nh, nq, .. } = self.border else { return vec![] };
        (0..=200)
            .map(|k| {
                // Close steps at both ends, where the logarithmic curve is steep.
                let s = libm::sin(f64::from(k) / 200.0 * std::f64::consts::FRAC_PI_2);
                let share = s * s;
                self.on_scale(c * share / nh * h0, c * (1.0 - share) / nq * q0)
            })
            .collect()
    }

    fn titles(&self) -> (&'static str, &'static str) {
        match (self.border, self.log) {
            (Border::Limits { .. }, false) => ("T²", "Q"),
            (Border::Limits { .. }, true) => ("ln(1 + T²/limit)", "ln(1 + Q/limit)"),
            (Border::Acceptance { .. }, false) => ("Score distance h", "Orthogonal distance q"),
            (Border::Acceptance { .. }, true) => ("ln(1 + h/h₀)", "ln(1 + q/q₀)"),
        }
    }

    fn flag(&self, row: usize) -> Flag {
        self.flags.get(row).copied().unwrap_or(Flag::Regular)
    }

    fn borders(&self) -> Vec<Line> {
        match self.border {
            Border::Limits { .. } => vec![],
            Border::Acceptance { extreme, outlier, .. } => {
                let inner = (self.curve(extreme), INNER, "acceptance border");
                std::iter::once(inner).chain(outlier.map(|c| (self.curve(c), OUTER, "outlier border"))).collect()
            }
        }
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        self.check()?;
        let rows = self.t2.len();
        let borders = self.borders();
        let mut entries: Vec<_> = LOOKS
            .iter()
            .filter(|look| (0..rows).any(|row| self.flag(row) == look.0))
            .map(|(_, shape, colour, name, _)| {
                Entry::new(Key::Marker(Marker { shape: *shape, colour, radius: 4.0, hollow: false }), *name)
            })
            .collect();
        match self.border {
            Border::Limits { .. } => entries.push(Entry::new(Key::Line(INNER), "limit")),
            Border::Acceptance { .. } => entries.extend(borders.iter().map(|(_, s, name)| Entry::new(Key::Line(*s), *name))),
        }
        let (mut scene, area) = style.open(&entries);
        let values: Vec<_> = self.t2.iter().zip(self.q).map(|(t, q)| self.on_scale(*t, *q)).collect();
        let limit = match self.border {
            Border::Limits { t2, q } => vec![self.on_scale(t2, q)],
            Border::Acceptance { .. } => borders.iter().flat_map(|b| b.0.iter().copied()).collect(),
        };
        let titles = self.titles();
        let axis = |title: &str, pick: &dyn Fn(&(f64, f64)) -> f64| {
            let high = values.iter().chain(&limit).map(pick).fold(0.0, f64::max);
            Axis::from(title, -0.025 * high, 1.06 * high)
        };
        let frame = Frame::draw(&mut scene, area, &axis(titles.0, &|p| p.0), &axis(titles.1, &|p| p.1));
        let mut lines: Vec<_> = borders.iter().flat_map(|b| frame.clipped(&b.0)).collect();
        scene.open("limits");
        for (curve, stroke, name) in &borders {
            frame.curve(&mut scene, "limit", curve, stroke, name);
        }
        if let (Border::Limits { .. }, Some((x, y))) = (self.border, limit.first().map(|l| frame.at(l.0, l.1))) {
            scene.line("limit", (x, frame.plot.y), (x, frame.plot.bottom()), &INNER);
            scene.line("limit", (frame.plot.x, y), (frame.plot.right(), y), &INNER);
            lines.push(vec![(x, frame.plot.y), (x, frame.plot.bottom())]);
            lines.push(vec![(frame.plot.x, y), (frame.plot.right(), y)]);
        }
        scene.end();
        let at: Vec<_> = values.iter().map(|v| frame.at(v.0, v.1)).collect();
        scene.open("points");
        for (flag, shape, colour, _, class) in LOOKS {
            for (row, point) in at.iter().enumerate().filter(|(row, _)| self.flag(*row) == flag) {
                let marker = Marker { shape, colour, radius: radius(rows), hollow: false };
                scene.marker(class, *point, &marker, self.names.get(row).copied().unwrap_or(""));
            }
        }
        scene.end();
        self.write_names(&mut scene, &frame, &at, &lines);
        let count = |flag| (0..rows).filter(|row| self.flag(*row) == flag).count();
        let (extreme, outlier) = (count(Flag::Extreme), count(Flag::Outlier));
        let about = format!(
            "Distances of {} from a model: {} against {}; {extreme} extreme, {}.",
            counted(rows, "row"),
            titles.1,
            titles.0,
            counted(outlier, "outlier")
        );
        Ok((scene, about))
    }

    fn write_names(&self, scene: &mut Scene, frame: &Frame, at: &[(f64, f64)], lines: &[Vec<(f64, f64)>]) {
        let corner = (frame.plot.x, frame.plot.bottom());
        let far = |p: &(f64, f64)| {
            let (u, v) = ((p.0 - corner.0) / frame.plot.w, (p.1 - corner.1) / frame.plot.h);
            u * u + v * v
        };
        let flagged = at.iter().zip(self.names).enumerate().filter(|(row, _)| self.flag(*row) != Flag::Regular);
        let mut order: Vec<_> = flagged.map(|(row, (p, name))| (self.flag(row) == Flag::Extreme, p, name)).collect();
        // Outliers before extremes, the farthest first.
        order.sort_by(|a, b| a.0.cmp(&b.0).then(far(b.1).total_cmp(&far(a.1))));
        let mut placer = Placer::new(frame.plot, at).avoid(lines);
        scene.open("point-labels");
        for (_, point, name) in order {
            placer.write(scene, *point, name);
        }
        scene.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_satisfies_its_equation() {
        let border = Border::Acceptance { h0: 2.0, q0: 0.5, nh: 3.0, nq: 4.0, extreme: 14.07, outlier: None };
        for log in [false, true] {
            let f = Distances { t2: &[1.0], q: &[1.0], flags: &[], names: &[], border, log };
            let curve = f.curve(14.07);
            assert_eq!(curve.len(), 201);
            for (x, y) in curve {
                let (h, q) = if log { (2.0 * libm::expm1(x), 0.5 * libm::expm1(y)) } else { (x, y) };
                let sum = 3.0 * h / 2.0 + 4.0 * q / 0.5;
                assert!((sum / 14.07 - 1.0).abs() < 1e-12, "{sum}");
            }
        }
    }
}
