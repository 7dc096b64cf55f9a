//! Empirical cross-entropy over prior log10 odds (Ramos et al. 2018, doi:10.3390/e20030208): the information still
//! missing, in bits,
//! after likelihood ratios were used with that prior.
//!
//! The neutral line is that of LR = 1, the entropy of the prior: H(p) = −p log2 p − (1 − p) log2 (1 − p) with p = 10^o /
//! (1 + 10^o).
//! Evidence above it misleads. The picture ends at 1.5 bits; what is above, infinite values too, is cut there.

use super::axis::Axis;
use super::error::{Error, finite, length, or_infinite};
use super::frame::Frame;
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette::GREY;
use super::rates::stroke;
use super::scene::{Scene, Stroke};
use super::spectra::monotone;

const FIGURE: &str = "empirical cross-entropy";
const NEUTRAL: Stroke = Stroke::dashed(GREY, 1.4, "1.5 3");
const TOP: f64 = 1.5;

/// Cross-entropies by prior odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ece<'a> {
    /// Prior log10 odds of H1 to H2; strictly rising or falling.
    pub prior_log10_odds: &'a [f64],
    /// Name ("LR, Cllr 0.21", "after PAV, Cllr min 0.18") and a value in bits for each prior; +∞ allowed.
    pub curves: &'a [(&'a str, &'a [f64])],
}

/// The entropy of a prior in bits.
fn entropy(log10_odds: f64) -> f64 {
    // Symmetric in the sign; from the side where 10^−|o| is small.
    let r = libm::exp10(-log10_odds.abs());
    (libm::log1p(r) + r / (1.0 + r) * log10_odds.abs() * std::f64::consts::LN_10) / std::f64::consts::LN_2
}

impl Ece<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        finite(FIGURE, "prior log10 odds", self.prior_log10_odds)?;
        monotone(FIGURE, self.prior_log10_odds)?;
        if self.curves.is_empty() {
            return Err(Error::Empty { figure: FIGURE, what: "the list of curves".into() });
        }
        for (name, values) in self.curves {
            or_infinite(FIGURE, name, values)?;
            length(FIGURE, name, values.len(), self.prior_log10_odds.len(), "one for each prior")?;
            if let Some((index, v)) = values.iter().enumerate().find(|(_, v)| **v < 0.0) {
                let what = format!("{name}, entry {index},");
                return Err(Error::Value { figure: FIGURE, what, got: v.to_string(), allowed: "bits, from 0 up".into() });
            }
        }
        let mut entries: Vec<_> =
            self.curves.iter().enumerate().map(|(i, (name, _))| Entry::new(Key::Line(stroke(i)), *name)).collect();
        entries.push(Entry::new(Key::Line(NEUTRAL), "neutral, LR = 1"));
        let (mut scene, area) = style.open(&entries);
        let span = super::axis::span(self.prior_log10_odds.iter().copied());
        let x = Axis::from("Prior log10 odds", span.0, span.1);
        let highest = self.curves.iter().flat_map(|(_, v)| v.iter().copied()).fold(1.0, f64::max);
        let y = Axis::from("Empirical cross-entropy (bits)", 0.0, (highest * 1.05).min(TOP));
        let frame = Frame::draw(&mut scene, area, &x, &y);
        frame.zero(&mut scene, true, false);
        let neutral: Vec<_> =
            (0..=400).map(|k| span.0 + (span.1 - span.0) * f64::from(k) / 400.0).map(|o| (o, entropy(o))).collect();
        frame.curve(&mut scene, "neutral", &neutral, &NEUTRAL, "neutral, LR = 1");
        for (i, (name, values)) in self.curves.iter().enumerate() {
            let points: Vec<_> = self.prior_log10_odds.iter().zip(*values).map(|(o, v)| (*o, v.min(1e3))).collect();
            frame.curve(&mut scene, &format!("line curve-{i}"), &points, &stroke(i), name);
        }
        let list: Vec<_> = self.curves.iter().map(|(name, _)| *name).take(12).collect();
        let cut = if highest * 1.05 > TOP { " Cut at 1.5 bits." } else { "" };
        let n = counted(self.curves.len(), "curve");
        Ok((scene, format!("Empirical cross-entropy over prior odds, {n}: {}.{cut}", list.join("; "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neutral_line_is_the_entropy_of_the_prior() {
        assert!((entropy(0.0) - 1.0).abs() < 1e-15);
        for o in [-6.0, -2.5, -0.3, 0.3, 1.0, 4.0] {
            let odds = libm::exp10(o);
            let (p, q) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
            assert!((entropy(o) - (-p * libm::log2(p) - q * libm::log2(q))).abs() < 1e-12, "{o}");
        }
        assert_eq!(entropy(-3.0), entropy(3.0));
    }
}
