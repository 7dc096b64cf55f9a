//! Units of length that files of surfaces and profiles use, as µm.

/// A unit of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthUnit {
    Metre,
    Millimetre,
    Micrometre,
    Nanometre,
}

impl LengthUnit {
    /// The unit that a word stands for; upper and lower case are the same, as no file here means megametres.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let plain = word.trim().to_lowercase().replace(['µ', 'μ'], "u");
        match plain.as_str() {
            "m" | "metre" | "metres" | "meter" | "meters" => Some(Self::Metre),
            "mm" | "millimetre" | "millimetres" | "millimeter" | "millimeters" => Some(Self::Millimetre),
            "um" | "micron" | "microns" | "micrometre" | "micrometres" | "micrometer" | "micrometers" => Some(Self::Micrometre),
            "nm" | "nanometre" | "nanometres" | "nanometer" | "nanometers" => Some(Self::Nanometre),
            _ => None,
        }
    }

    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metre => "m",
            Self::Millimetre => "mm",
            Self::Micrometre => "µm",
            Self::Nanometre => "nm",
        }
    }

    /// A length of this unit in µm, rounded once.
    #[must_use]
    pub fn um(self, length: f64) -> f64 {
        match self {
            Self::Metre => length * 1e6,
            Self::Millimetre => length * 1e3,
            Self::Micrometre => length,
            // 1e-3 is no f64; 1e3 is.
            Self::Nanometre => length / 1e3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_many_spellings_and_one_size() {
        for (word, unit) in [
            ("µm", LengthUnit::Micrometre),
            ("μm", LengthUnit::Micrometre),
            (" UM ", LengthUnit::Micrometre),
            ("metres", LengthUnit::Metre),
            ("mm", LengthUnit::Millimetre),
            ("nm", LengthUnit::Nanometre),
        ] {
            assert_eq!(LengthUnit::named(word), Some(unit), "{word}");
            assert_eq!(LengthUnit::named(unit.name()), Some(unit));
        }
        assert_eq!(LengthUnit::named("inch"), None);
        assert_eq!(
            (LengthUnit::Metre.um(2e-6), LengthUnit::Millimetre.um(0.5), LengthUnit::Nanometre.um(7.0)),
            (2.0, 500.0, 0.007)
        );
    }
}
