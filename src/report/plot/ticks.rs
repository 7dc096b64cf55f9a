//! Where an axis is marked: at multiples of 1, 2 or 5 times a power of ten.
//!
//! The step is the smallest of 1, 2, 5 × 10ⁿ that needs no more marks than asked for. Large and small magnitudes are
//! written as a number on each mark and one power of ten for all, a multiple of three, which goes into the axis title.

use super::text;

/// The marks of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    /// Where they are, ascending.
    pub at: Vec<f64>,
    /// What is written there.
    pub labels: Vec<String>,
    /// What the labels are to be multiplied by: ten to this.
    pub power: i32,
}

impl Ticks {
    /// At most `most` marks (at least two are allowed for) within `low` … `high`.
    pub fn new(low: f64, high: f64, most: usize) -> Self {
        Self::spaced(low, high, step(low, high, most))
    }

    /// Marks at whole numbers only: components, counts.
    pub fn whole(low: f64, high: f64, most: usize) -> Self {
        let step = step(low, high, most);
        Self::spaced(low, high, if step.factor == 0 || step.power < 0 { Step { factor: 1, power: 0 } } else { step })
    }

    fn spaced(low: f64, high: f64, step: Step) -> Self {
        if step.factor == 0 {
            return Self { at: vec![], labels: vec![], power: 0 };
        }
        let size = step.size();
        // A little slack, so that an end that should be a mark is one in spite of rounding.
        let first = libm::ceil(low / size - 1e-9);
        let last = libm::floor(high / size + 1e-9);
        // Only a few dozen marks are ever asked for; a range at the limit of f64's resolution must not ask for more.
        let count = (last - first + 1.0).clamp(0.0, 200.0) as usize;
        let at: Vec<f64> = (0..count).map(|i| step.multiple(first + i as f64)).filter(|v| v.is_finite()).collect();
        let largest = at.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let decade = if largest == 0.0 { 0 } else { text::decade(largest) };
        let power = if (-3..5).contains(&decade) { 0 } else { decade.div_euclid(3) * 3 };
        let decimals = (power - step.power).max(0) as usize;
        let labels = at.iter().map(|&v| text::fixed(scaled(v, power), decimals.min(17))).collect();
        Self { at, labels, power }
    }

    /// The axis title with the power of ten.
    pub fn title(&self, title: &str) -> String {
        match (self.power, title) {
            (0, _) => title.to_owned(),
            (power, "") => format!("×10{}", text::superscript(power)),
            (power, _) => format!("{title}, ×10{}", text::superscript(power)),
        }
    }
}

/// A number over ten to `power`; in two steps where the power itself would be beyond f64.
fn scaled(v: f64, power: i32) -> f64 {
    if power < -290 { v * 1e200 / libm::exp10(f64::from(power + 200)) } else { v / libm::exp10(f64::from(power)) }
}

/// `factor` × 10^`power`; a factor of 0 where there is no range.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    factor: u8,
    power: i32,
}

impl Step {
    fn size(self) -> f64 {
        self.multiple(1.0)
    }

    /// `k` steps: a division by a power of ten is correctly rounded where a product with its inverse is not (3 × 0.1).
    fn multiple(self, k: f64) -> f64 {
        let k = k * f64::from(self.factor);
        match self.power {
            0.. => k * libm::exp10(f64::from(self.power)),
            -300..0 => k / libm::exp10(f64::from(-self.power)),
            _ => k / 1e300 / libm::exp10(f64::from(-self.power - 300)),
        }
    }
}

fn step(low: f64, high: f64, most: usize) -> Step {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return Step { factor: 0, power: 0 };
    }
    let most = most.max(2);
    let start = text::decade(span) - libm::ceil(libm::log10(most as f64)) as i32 - 1;
    for power in start..start + 12 {
        for factor in [1, 2, 5] {
            let step = Step { factor, power };
            let size = step.size();
            let marks = libm::floor(high / size + 1e-9) - libm::ceil(low / size - 1e-9) + 1.0;
            if size > 0.0 && marks <= most as f64 {
                return step;
            }
        }
    }
    Step { factor: 0, power: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_one_two_or_five() {
        assert_eq!(Ticks::new(0.0, 10.0, 6).labels, ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(Ticks::new(0.0, 10.0, 5).labels, ["0", "5", "10"]);
        assert_eq!(Ticks::new(0.0, 10.0, 11).labels.len(), 11);
        assert_eq!(Ticks::new(-1.0, 1.0, 5).labels, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(Ticks::new(0.0, 0.3, 4).at, [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(Ticks::new(800.0, 4000.0, 8).labels, ["1000", "1500", "2000", "2500", "3000", "3500", "4000"]);
    }

    #[test]
    fn magnitudes_go_into_one_power() {
        let huge = Ticks::new(0.0, 3e12, 4);
        assert_eq!((huge.power, &huge.labels[..]), (12, &["0", "1", "2", "3"].map(String::from)[..]));
        assert_eq!(huge.title("Area"), "Area, ×10¹²");
        let small = Ticks::new(-2e-9, 2e-9, 5);
        assert_eq!((small.power, &small.labels[..]), (-9, &["−2", "−1", "0", "1", "2"].map(String::from)[..]));
        assert_eq!(Ticks::new(0.0, 99_999.0, 3).power, 0);
        assert_eq!(Ticks::new(0.0, 100_000.0, 3).power, 3);
        assert_eq!(Ticks::new(0.0, 0.001, 3).power, 0);
        assert_eq!(Ticks::new(0.0, 0.0009, 3).power, -6);
    }

    #[test]
    fn every_range_gets_few_marks_within_it() {
        for &scale in &[1e-320, 1e-300, 1e-7, 0.03, 1.0, 7.3, 1e5, 1e299] {
            for &(low, high) in &[(0.0, 1.0), (-0.7, 0.4), (3.1, 3.9), (1.0, 1.000001), (-9.0, -1.0)] {
                for most in [2, 3, 7, 20] {
                    let (low, high) = (low * scale, high * scale);
                    let ticks = Ticks::new(low, high, most);
                    let slack = (high - low) * 1e-6;
                    assert!(ticks.at.len() <= most, "{low}..{high}: {ticks:?}");
                    assert!(ticks.at.iter().all(|&t| t >= low - slack && t <= high + slack), "{low}..{high}: {ticks:?}");
                    let mut labels = ticks.labels.clone();
                    labels.dedup();
                    assert_eq!(labels.len(), ticks.at.len(), "two marks with one label: {ticks:?}");
                }
            }
        }
        assert!(Ticks::new(1.0, 1.0, 5).at.is_empty());
        assert!(Ticks::new(f64::NAN, 1.0, 5).at.is_empty());
    }

    #[test]
    fn whole_numbers_stay_whole() {
        assert_eq!(Ticks::whole(0.5, 3.5, 20).labels, ["1", "2", "3"]);
        assert_eq!(Ticks::whole(0.5, 60.5, 8).labels, ["10", "20", "30", "40", "50", "60"]);
    }
}
