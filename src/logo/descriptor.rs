//! The descriptors of a shape, each one flat row of numbers.
//!
//! | name | numbers | layout | turned | mirrored | compare by |
//! |---|---|---|---|---|---|
//! | `zernike` | 47 | \|A_nm\|/A_00, n = 2 … 12, then m | same | same | Euclidean |
//! | `hu` | 7 | log form | same | same | Euclidean |
//! | `logpolar` | 32·128 | `[ring][angle]`, weighted and centred | shifts along angles | backwards | `logpolar`: best cosine over shifts ([`crate::metric::logpolar`]) |
//! | `fourier` | 32·17 | `[ring][frequency 0 … 16]`, magnitudes of `logpolar` at norm 1 | same | same | Euclidean |
//! | `contour` | 6·4·12 | `[level][d, h⁺, h⁻, a][frequency]` | same | same | Euclidean |
//! | `hog` | 7·7·4·9 | `[block row][block column][cell][bin]` of the upright patch | nearly | nearly | Euclidean, cosine |
//! | `phash` | 8 | bytes of 64 bits of the upright patch | nearly | nearly | Hamming |
//! | `lbp` | 3·10 | `[radius 1, 2, 4][riu2 bin]` | same | same | χ², Bhattacharyya |
//! | `shape` | 47 + 544 + 288 | zernike, fourier, contour | same | same | Euclidean |
//!
//! `shape` is what one row can hold: each part over its mean distance between the shapes of MPEG-7 (so that at equal weights each counts alike), times the root of its weight;
//! then the squared Euclidean distance is the weighted sum of the parts' squared distances:
//! ```text
//! d² = Σ_p w_p (d_p / D_p)²      zernike 1.906, w 1;  fourier 0.7075, w ½;  contour 0.6177, w 0.1
//! ```
//! The outline counts little: it tells silhouettes apart best, and is of little use for prints of several parts. What each reaches is measured in `tests/mpeg7.rs` and `tests/stamps.rs`.

use super::LogoError;
use super::contour::Contour;
use super::fourier::Rings;
use super::hu::log_hu;
use super::logpolar::LogPolar;
use super::segment::Shape;
use super::upright::upright;
use super::zernike::Zernike;
use crate::picture::grey::Grey;
use crate::picture::hog::Hog;
use crate::picture::lbp::{Patterns, lbp};
use crate::picture::phash::{as_bytes, phash};

const ORDER: usize = 12;
const FREQUENCIES: usize = 16;
const RADII: [f64; 3] = [1.0, 2.0, 4.0];
const HASH: usize = 8;
/// Part, D, w.
const PARTS: [(Descriptor, f64, f64); 3] =
    [(Descriptor::Zernike, 1.906, 1.0), (Descriptor::Fourier, 0.7075, 0.5), (Descriptor::Contour, 0.6177, 0.1)];

/// What is computed of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Descriptor {
    Zernike,
    Hu,
    LogPolar,
    Fourier,
    Contour,
    Hog,
    Phash,
    Lbp,
    Shape,
}

impl Descriptor {
    pub const ALL: [Self; 9] =
        [Self::Zernike, Self::Hu, Self::LogPolar, Self::Fourier, Self::Contour, Self::Hog, Self::Phash, Self::Lbp, Self::Shape];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zernike => "zernike",
            Self::Hu => "hu",
            Self::LogPolar => "logpolar",
            Self::Fourier => "fourier",
            Self::Contour => "contour",
            Self::Hog => "hog",
            Self::Phash => "phash",
            Self::Lbp => "lbp",
            Self::Shape => "shape",
        }
    }

    /// The metric that its rows are for.
    #[must_use]
    pub const fn metric(self) -> &'static str {
        match self {
            Self::Zernike | Self::Hu | Self::Fourier | Self::Contour | Self::Shape => "euclidean",
            Self::LogPolar => "logpolar",
            Self::Hog => "cosine",
            Self::Phash => "hamming",
            Self::Lbp => "chi2",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// Tables for shapes of one side.
#[derive(Clone)]
pub struct Extractor {
    side: usize,
    zernike: Zernike,
    rings: LogPolar,
    fourier: Rings,
    contour: Contour,
    hog: Hog,
}

impl Extractor {
    /// # Errors
    /// When the side is not even and 16 to 1024.
    pub fn new(side: usize) -> Result<Self, LogoError> {
        let rings = LogPolar::default();
        Ok(Self {
            side,
            zernike: Zernike::new(side, ORDER)?,
            rings,
            fourier: Rings::new(rings.angles)?,
            contour: Contour::default(),
            hog: Hog { cell: side / 8, ..Hog::default() },
        })
    }

    /// The rings of `logpolar`.
    #[must_use]
    pub const fn rings(&self) -> &LogPolar {
        &self.rings
    }

    /// A name for each number of a row.
    #[must_use]
    pub fn labels(&self, descriptor: Descriptor) -> Vec<String> {
        let two = |a: &str, rows: usize, b: &str, columns: usize| -> Vec<String> {
            (0..rows).flat_map(|i| (0..columns).map(move |k| (i, k))).map(|(i, k)| format!("{a}{i}{b}{k}")).collect()
        };
        match descriptor {
            Descriptor::Zernike => Zernike::magnitude_pairs(ORDER).into_iter().map(|(n, m)| format!("A{n},{m}")).collect(),
            Descriptor::Hu => (1..=7).map(|k| format!("h{k}")).collect(),
            Descriptor::LogPolar => two("ring", self.rings.rings, "angle", self.rings.angles),
            Descriptor::Fourier => two("ring", self.rings.rings, "f", FREQUENCIES + 1),
            Descriptor::Contour => ["d", "h+", "h-", "a"]
                .into_iter()
                .cycle()
                .take(self.contour.length() / self.contour.frequencies)
                .enumerate()
                .flat_map(|(i, g)| (0..self.contour.frequencies).map(move |k| format!("level{}{g}f{k}", i / 4 + 1)))
                .collect(),
            Descriptor::Hog => two("cell", self.hog.length(self.side, self.side) / self.hog.bins, "bin", self.hog.bins),
            Descriptor::Phash => (0..HASH * HASH / 8).map(|k| format!("byte{k}")).collect(),
            Descriptor::Lbp => {
                RADII.iter().flat_map(|r| (0..Patterns::Riu2.bins()).map(move |k| format!("radius{r}bin{k}"))).collect()
            }
            Descriptor::Shape => PARTS.iter().flat_map(|(part, ..)| self.labels(*part)).collect(),
        }
    }

    /// The row of a shape.
    ///
    /// # Errors
    /// When the shape has another side.
    pub fn of(&self, shape: &Shape, descriptor: Descriptor) -> Result<Vec<f32>, LogoError> {
        self.of_patch(shape.patch(), descriptor)
    }

    /// The row of a patch that is in its place already.
    ///
    /// # Errors
    /// When the patch has another side.
    pub fn of_patch(&self, patch: &Grey, descriptor: Descriptor) -> Result<Vec<f32>, LogoError> {
        if patch.width() != self.side || patch.height() != self.side {
            return Err(LogoError::Side { got: patch.width(), expected: self.side });
        }
        let narrow = |row: Vec<f64>| row.into_iter().map(|v| v as f32).collect();
        Ok(match descriptor {
            Descriptor::Zernike => narrow(self.zernike.magnitudes(patch)?),
            Descriptor::Hu => narrow(log_hu(patch).to_vec()),
            Descriptor::LogPolar => self.rings.of(patch)?,
            Descriptor::Fourier => {
                let row = self.fourier.magnitudes(&self.rings.of(patch)?, FREQUENCIES);
                let norm = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
                row.into_iter().map(|v| if norm > 0.0 { (f64::from(v) / norm) as f32 } else { 0.0 }).collect()
            }
            Descriptor::Contour => narrow(self.contour.of(patch)),
            Descriptor::Hog => self.hog.of(&upright(patch)),
            Descriptor::Phash => as_bytes(&phash(&upright(patch), HASH)),
            Descriptor::Lbp => lbp(patch, Patterns::Riu2, &RADII),
            Descriptor::Shape => {
                let mut row = Vec::new();
                for (part, mean, weight) in PARTS {
                    let factor = weight.sqrt() / mean;
                    row.extend(self.of_patch(patch, part)?.into_iter().map(|v| (f64::from(v) * factor) as f32));
                }
                row
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Descriptor, Extractor};
    use crate::picture::grey::Grey;

    #[test]
    fn rows_are_as_long_as_their_labels_and_finite() {
        let extractor = Extractor::new(64).expect("possible");
        let comma = (0..64 * 64).map(|i| f32::from(u8::from((i % 64 + i / 90) % 40 > 14))).collect();
        for patch in [comma, vec![0.0; 64 * 64], vec![1.0; 64 * 64]] {
            let patch = Grey::new(64, 64, patch).expect("fits");
            for descriptor in Descriptor::ALL {
                let row = extractor.of_patch(&patch, descriptor).expect("the side");
                let labels = extractor.labels(descriptor);
                assert_eq!(row.len(), labels.len(), "{descriptor:?}");
                assert!(row.iter().all(|v| v.is_finite()), "{descriptor:?}");
                assert_eq!(Descriptor::named(descriptor.name()), Some(descriptor));
                let mut unique = labels.clone();
                unique.sort();
                unique.dedup();
                assert_eq!(unique.len(), labels.len(), "{descriptor:?}");
            }
        }
        assert!(extractor.of_patch(&Grey::new(2, 2, vec![0.0; 4]).expect("fits"), Descriptor::Hu).is_err());
        assert!(Extractor::new(15).is_err());
    }
}
