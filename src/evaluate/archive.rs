//! A simulated archive: three collections of one population, any rows of which can be made at any time.

use super::Error;
use super::population::{Exhibit, Population};
use crate::draw::Stream;
use crate::{logo, spectrum, toolmark};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

/// A collection of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Toolmarks,
    Logos,
    Spectra,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Toolmarks, Self::Logos, Self::Spectra];

    /// The collection's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Toolmarks => "toolmarks",
            Self::Logos => "logos",
            Self::Spectra => "spectra",
        }
    }

    /// What of an exhibit made the row: its source.
    #[must_use]
    pub const fn source(self, exhibit: &Exhibit) -> u64 {
        match self {
            Self::Toolmarks => exhibit.press,
            Self::Logos => exhibit.logo,
            Self::Spectra => exhibit.batch,
        }
    }
}

/// One collection, ready to make rows.
#[derive(Debug)]
pub struct Archive {
    pub population: Population,
    pub kind: Kind,
    /// Features of a row.
    pub width: usize,
    /// What each feature was measured at, and its unit.
    pub axis: Option<(Vec<f64>, &'static str)>,
    components: Vec<Vec<f64>>,
}

/// What rows of one source share.
enum Model {
    Curve(Vec<f64>),
    Shares([f64; spectrum::simulate::COMPONENTS]),
}

impl Archive {
    /// A collection of a population with rows of `width` features.
    ///
    /// # Errors
    /// For widths that cannot be: 16 to 65,536.
    pub fn new(population: Population, kind: Kind, width: usize) -> Result<Self, Error> {
        if !(16..=65_536).contains(&width) {
            return Err(Error::Width { what: "a width", got: width, least: 16, most: 65_536 });
        }
        let (mut axis, mut components) = (None, Vec::new());
        match kind {
            Kind::Spectra => {
                let wavenumbers = spectrum::simulate::axis(width);
                components = (0..spectrum::simulate::COMPONENTS as u64)
                    .map(|c| spectrum::simulate::component(&wavenumbers, &mut Stream::new(population.seed, "components", c)))
                    .collect();
                axis = Some((wavenumbers, "cm-1"));
            }
            Kind::Toolmarks => {
                axis = Some(((0..width).map(|i| i as f64 * toolmark::simulate::SPACING_UM).collect(), "um"));
            }
            Kind::Logos => {}
        }
        Ok(Self { population, kind, width, axis, components })
    }

    fn model(&self, source: u64) -> Model {
        let seed = self.population.seed;
        match self.kind {
            Kind::Toolmarks => {
                Model::Curve(toolmark::simulate::signature(self.width, &mut Stream::new(seed, "signatures", source)))
            }
            Kind::Logos => Model::Curve(logo::simulate::shape(self.width, &mut Stream::new(seed, "shapes", source))),
            Kind::Spectra => Model::Shares(spectrum::simulate::mixture(&mut Stream::new(seed, "mixtures", source))),
        }
    }

    /// Rows of the collection, and the exhibits that they are of. The same whatever range they are asked for in.
    #[must_use]
    pub fn rows(&self, rows: Range<u64>) -> (Vec<Exhibit>, Vec<f32>) {
        let exhibits: Vec<Exhibit> = rows.into_par_iter().map(|i| self.population.exhibit(i)).collect();
        let mut sources: Vec<u64> = exhibits.iter().map(|e| self.kind.source(e)).collect();
        sources.sort_unstable();
        sources.dedup();
        let models: HashMap<u64, Model> = sources.into_par_iter().map(|source| (source, self.model(source))).collect();
        let mut values = vec![0.0; exhibits.len() * self.width];
        values.par_chunks_mut(self.width).zip(&exhibits).for_each(|(out, exhibit)| {
            let mut draw = Stream::new(self.population.seed, self.kind.name(), exhibit.index);
            match &models[&self.kind.source(exhibit)] {
                Model::Curve(curve) if self.kind == Kind::Toolmarks => toolmark::simulate::mark(curve, &mut draw, out),
                Model::Curve(curve) => logo::simulate::stamp(curve, &mut draw, out),
                Model::Shares(shares) => spectrum::simulate::spectrum(&self.components, shares, &mut draw, out),
            }
        });
        (exhibits, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Row;
    use crate::metric::by_name;

    fn archive(kind: Kind) -> Archive {
        let width = if kind == Kind::Logos { 64 } else { 256 };
        Archive::new(Population::new(600, 7).expect("allowed"), kind, width).expect("allowed")
    }

    #[test]
    fn rows_are_the_same_however_they_are_asked_for() {
        for kind in Kind::ALL {
            let archive = archive(kind);
            let (_, whole) = archive.rows(0..300);
            for (start, end) in [(0, 1), (17, 80), (299, 300)] {
                let (_, part) = archive.rows(start..end);
                assert_eq!(part, whole[start as usize * archive.width..end as usize * archive.width]);
            }
            let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
            assert_eq!(single.install(|| archive.rows(0..300)).1, whole);
        }
    }

    #[test]
    fn rows_do_not_change_from_version_to_version() {
        let digests: Vec<String> = Kind::ALL
            .iter()
            .map(|&kind| {
                let (_, values) = archive(kind).rows(0..100);
                blake3::hash(bytemuck::cast_slice(&values)).to_hex()[..16].to_owned()
            })
            .collect();
        assert_eq!(digests, GOLDEN, "simulated archives changed: that is a change of results, for the changelog");
    }

    const GOLDEN: [&str; 3] = ["a99e09d596c6a3f9", "ab0b61c24f630e99", "1e33c8f5d5a22ffd"];

    /// The probability that a same-source pair scores better than a different-source pair.
    fn auc(kind: Kind, score: impl Fn(&[f32], &[f32]) -> f64) -> f64 {
        let archive = archive(kind);
        let (exhibits, values) = archive.rows(0..150);
        let (mut same, mut different) = (Vec::new(), Vec::new());
        for i in 0..150 {
            for j in i + 1..150 {
                let row = |i: usize| &values[i * archive.width..(i + 1) * archive.width];
                let truth = kind.source(&exhibits[i]) == kind.source(&exhibits[j]);
                (if truth { &mut same } else { &mut different }).push(score(row(i), row(j)));
            }
        }
        let better: usize = same.iter().map(|s| different.iter().filter(|d| s > *d).count()).sum();
        better as f64 / (same.len() * different.len()) as f64
    }

    fn pearson(a: &[f32], b: &[f32]) -> f64 {
        let metric = by_name("pearson").expect("registered");
        metric.define(&Row::F32(a).to_f64(), &Row::F32(b).to_f64())
    }

    #[test]
    fn same_source_is_more_similar() {
        let spectra = auc(Kind::Spectra, pearson);
        let logos = auc(Kind::Logos, pearson);
        assert!(spectra > 0.95 && logos > 0.95, "{spectra} {logos}");
    }

    #[test]
    fn marks_need_a_lag() {
        let plain = auc(Kind::Toolmarks, pearson);
        let lagged = auc(Kind::Toolmarks, |a, b| {
            let most = 2 * toolmark::simulate::most_lag(a.len());
            (0..=most)
                .flat_map(|lag| [pearson(&a[lag..], &b[..b.len() - lag]), pearson(&a[..a.len() - lag], &b[lag..])])
                .fold(f64::MIN, f64::max)
        });
        assert!(lagged > 0.99 && plain < lagged - 0.03, "{lagged} {plain}");
    }
}
