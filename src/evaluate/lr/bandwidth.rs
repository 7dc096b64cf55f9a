//! Widths of kernels, by rule.
//!
//! For m points in p columns of standard deviation s (n − 1):
//!
//! | name | width | source |
//! |---|---|---|
//! | `silverman` | 0.9·min(s, IQR/1.34)·m^(−1/5); p = 1 only | B. W. Silverman 1986, doi:10.1201/9781315140919, eq. 3.31 |
//! | `multivariate` | (4/((p+2)·m))^(1/(p+4))·s | same, eq. 4.14 |
//! | `bolck` | (4/((2p+1)·m))^(1/(p+4))·s | C. Aitken, D. Lucy 2004, doi:10.1046/j.0035-9254.2003.05271.x |
//! | a number | that number, in the unit of the (transformed) score; in two-level models a multiple of s | |
//!
//! At p = 1 `multivariate` and `bolck` are one rule. Quartiles are interpolated linearly (R's type 7); where IQR = 0, s is taken alone.

use super::Error;
use super::labelled::Truth;
use serde::{Deserialize, Serialize};

/// How a kernel's width is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bandwidth {
    #[default]
    Silverman,
    Multivariate,
    Bolck,
    Fixed(f64),
}

impl Bandwidth {
    /// By its name in the table, or a positive number.
    ///
    /// # Errors
    /// For anything else.
    pub fn by_name(name: &str) -> Result<Self, Error> {
        match name {
            "silverman" => Ok(Self::Silverman),
            "multivariate" => Ok(Self::Multivariate),
            "bolck" => Ok(Self::Bolck),
            number => number.parse().map(Self::Fixed).map_err(|_| refused(number)).and_then(Self::checked),
        }
    }

    fn checked(self) -> Result<Self, Error> {
        match self {
            Self::Fixed(h) if !(h > 0.0 && h.is_finite()) => Err(refused(&h.to_string())),
            other => Ok(other),
        }
    }

    /// The factor of the standard deviation for m points in p columns.
    ///
    /// # Errors
    /// For `silverman` with more than one column, and for a fixed width that is not positive.
    pub fn factor(self, p: usize, m: usize) -> Result<f64, Error> {
        let (p, m) = (p as f64, m as f64);
        let rule = |columns: f64| libm::pow(4.0 / (columns * m), 1.0 / (p + 4.0));
        match self.checked()? {
            Self::Silverman => Err(Error::Option {
                what: "the bandwidth of a two-level model",
                got: "silverman".into(),
                allowed: "multivariate, bolck and positive numbers",
            }),
            Self::Multivariate => Ok(rule(p + 2.0)),
            Self::Bolck => Ok(rule(2.0 * p + 1.0)),
            Self::Fixed(h) => Ok(h),
        }
    }

    /// The width for scores, which stand ascending.
    pub(super) fn of_scores(self, ascending: &[f64], truth: Truth) -> Result<f64, Error> {
        if let Self::Fixed(h) = self.checked()? {
            return Ok(h);
        }
        let m = ascending.len();
        let mean = ascending.iter().sum::<f64>() / m as f64;
        let squares: f64 = ascending.iter().map(|s| (s - mean) * (s - mean)).sum();
        let spread = (squares / (m as f64 - 1.0)).sqrt();
        let width = match self {
            Self::Silverman => {
                let iqr = quantile(ascending, 0.75) - quantile(ascending, 0.25);
                let robust = if iqr > 0.0 { spread.min(iqr / 1.34) } else { spread };
                0.9 * robust * libm::pow(m as f64, -0.2)
            }
            rule => rule.factor(1, m)? * spread,
        };
        if width > 0.0 && width.is_finite() {
            Ok(width)
        } else {
            Err(Error::NoSpread { truth: truth.name(), got: ascending.first().copied().unwrap_or(f64::NAN) })
        }
    }
}

fn refused(got: &str) -> Error {
    Error::Option { what: "a bandwidth", got: got.into(), allowed: "silverman, multivariate, bolck and positive numbers" }
}

fn quantile(ascending: &[f64], share: f64) -> f64 {
    let at = share * (ascending.len() - 1) as f64;
    let (below, part) = (at as usize, at.fract());
    let above = (below + 1).min(ascending.len() - 1);
    ascending[below] + part * (ascending[above] - ascending[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_hand() {
        let scores: Vec<f64> = (1..=5).map(f64::from).collect();
        let spread = 2.5f64.sqrt();
        let of = |name: &str| Bandwidth::by_name(name).expect("a rule").of_scores(&scores, Truth::SameSource).expect("spread");
        assert!((of("silverman") - 0.9 * (2.0 / 1.34) * 5f64.powf(-0.2)).abs() < 1e-15);
        assert!((of("multivariate") - (4.0f64 / 15.0).powf(0.2) * spread).abs() < 1e-15);
        assert_eq!(of("multivariate"), of("bolck"));
        assert_eq!(of("0.25"), 0.25);
        // h² of the two-level reference: 659 sources, 10 columns.
        let h = Bandwidth::Multivariate.factor(10, 659).expect("a rule");
        assert!((h * h - 0.338175315897992).abs() < 1e-15);
        assert!((Bandwidth::Bolck.factor(2, 50).expect("a rule") - (4.0f64 / 250.0).powf(1.0 / 6.0)).abs() < 1e-15);
    }

    #[test]
    fn refusals() {
        for name in ["scott", "-1", "0", "NaN", "inf"] {
            assert!(Bandwidth::by_name(name).is_err(), "{name}");
        }
        assert!(Bandwidth::Silverman.factor(1, 5).is_err());
        for flat in [&[3.0][..], &[3.0, 3.0]] {
            let refused = Bandwidth::Silverman.of_scores(flat, Truth::SameSource).expect_err("flat");
            assert!(refused.to_string().contains("same-source scores are all 3"), "{refused}");
        }
    }
}
