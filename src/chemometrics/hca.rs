//! Hierarchical clustering: which rows stand together, before anything is known of them.
//!
//! Agglomeration by `kodama` (D. Müllner, arXiv:1109.2378) of all pairwise distances ([`super::knn::Distance`]), n(n−1)/2 numbers in memory.
//! Steps are those of SciPy's `linkage`: clusters 0 … n−1 are rows, step s makes cluster n + s. Centroid, median and Ward linkage have a
//! meaning for Euclidean distances only and are refused for others. The cophenetic correlation (R. R. Sokal, F. J. Rohlf,
//! doi:10.2307/1217208) says how well the tree keeps the distances.

use super::columns::{Columns, Scaling};
use super::error::Error;
use super::knn::{Distance, directions};
use super::parts::Parts;
use faer::{Mat, MatRef};
use rayon::prelude::*;

/// How far clusters are from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Linkage {
    Single,
    Complete,
    #[default]
    Average,
    Weighted,
    Ward,
    Centroid,
    Median,
}

impl Linkage {
    pub const ALL: [Self; 7] =
        [Self::Single, Self::Complete, Self::Average, Self::Weighted, Self::Ward, Self::Centroid, Self::Median];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Complete => "complete",
            Self::Average => "average",
            Self::Weighted => "weighted",
            Self::Ward => "ward",
            Self::Centroid => "centroid",
            Self::Median => "median",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.name() == name)
    }

    const fn method(self) -> kodama::Method {
        match self {
            Self::Single => kodama::Method::Single,
            Self::Complete => kodama::Method::Complete,
            Self::Average => kodama::Method::Average,
            Self::Weighted => kodama::Method::Weighted,
            Self::Ward => kodama::Method::Ward,
            Self::Centroid => kodama::Method::Centroid,
            Self::Median => kodama::Method::Median,
        }
    }
}

/// Two clusters become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub left: usize,
    pub right: usize,
    pub height: f64,
    /// Rows in the new cluster.
    pub size: usize,
}

/// The tree, and what it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub rows: usize,
    pub linkage: Linkage,
    pub distance: Distance,
    pub steps: Vec<Step>,
    pub cophenetic: f64,
}

/// Bytes that clustering `rows` rows takes.
#[must_use]
pub const fn bytes(rows: usize) -> u64 {
    // The distances, a copy that is worked on, and those along the tree.
    (rows as u64) * (rows as u64) / 2 * 8 * 3
}

impl Tree {
    /// Of all rows.
    ///
    /// # Errors
    /// When there are fewer than two, one has no direction and needs one, or linkage and distance do not go together.
    pub fn of(x: MatRef<'_, f64>, scaling: Scaling, distance: Distance, linkage: Linkage) -> Result<Self, Error> {
        let n = x.nrows();
        if matches!(linkage, Linkage::Ward | Linkage::Centroid | Linkage::Median) && distance != Distance::Euclidean {
            let (linkage, distance) = (linkage.name(), distance.name());
            return Err(Error::Option(format!(
                "{linkage} linkage is of Euclidean distances, not of {distance} ones; take --distance euclidean, or average, single, complete or weighted linkage"
            )));
        }
        let columns = Columns::of(x, scaling)?;
        let rows = directions(&columns.apply(x)?, distance)?;
        let condensed: Vec<f64> = (0..n)
            .into_par_iter()
            .flat_map_iter(|i| rows[i + 1..].iter().map(|r| distance.between(&rows[i], r)).collect::<Vec<_>>())
            .collect();
        let mut work = condensed.clone();
        let dendrogram = kodama::linkage(&mut work, n, linkage.method());
        drop(work);
        let steps: Vec<Step> = dendrogram
            .steps()
            .iter()
            .map(|s| Step { left: s.cluster1, right: s.cluster2, height: s.dissimilarity, size: s.size })
            .collect();
        let mut tree = Self { rows: n, linkage, distance, steps, cophenetic: f64::NAN };
        tree.cophenetic = tree.cophenetic_correlation(&condensed);
        Ok(tree)
    }

    /// Rows of each cluster 0 … n + steps.
    fn members(&self) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = (0..self.rows).map(|i| vec![i]).collect();
        for step in &self.steps {
            let mut all = members[step.left].clone();
            all.extend_from_slice(&members[step.right]);
            members.push(all);
        }
        members
    }

    fn cophenetic_correlation(&self, condensed: &[f64]) -> f64 {
        let n = self.rows;
        let mut along = vec![0.0; condensed.len()];
        // Members of a cluster are needed once: when it becomes part of another.
        let mut members: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
        for step in &self.steps {
            let left = std::mem::take(&mut members[step.left]);
            let right = std::mem::take(&mut members[step.right]);
            for &a in &left {
                for &b in &right {
                    let (i, j) = (a.min(b), a.max(b));
                    along[i * n - i * (i + 1) / 2 + j - i - 1] = step.height;
                }
            }
            members.push([left, right].concat());
        }
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (a, b) = (mean(condensed), mean(&along));
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (x, y) in condensed.iter().zip(&along) {
            ab += (x - a) * (y - b);
            aa += (x - a) * (x - a);
            bb += (y - b) * (y - b);
        }
        ab / (aa * bb).sqrt()
    }

    /// Rows from the top of the drawn tree to its foot: those of the left cluster before those of the right.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        self.members().pop().unwrap_or_default()
    }

    /// The cluster of each row when the tree is cut above `height`, numbered in the order of their first rows.
    #[must_use]
    pub fn cut_at(&self, height: f64) -> Vec<usize> {
        // A joined pair above an unjoined one (centroid, median) is part of the same cluster only if all above it is joined.
        let joined = self.steps.iter().take_while(|s| s.height <= height).count();
        self.after(joined)
    }

    /// The cluster of each row when there are `count` clusters.
    #[must_use]
    pub fn cut_into(&self, count: usize) -> Vec<usize> {
        self.after(self.rows.saturating_sub(count.max(1)))
    }

    fn after(&self, joined: usize) -> Vec<usize> {
        let mut top: Vec<usize> = (0..self.rows + joined).collect();
        for (s, step) in self.steps.iter().take(joined).enumerate().rev() {
            let cluster = top[self.rows + s];
            top[step.left] = cluster;
            top[step.right] = cluster;
        }
        let mut numbers = std::collections::HashMap::new();
        (0..self.rows)
            .map(|i| {
                let next = numbers.len();
                *numbers.entry(top[i]).or_insert(next)
            })
            .collect()
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("hca");
        parts.put_text("linkage", self.linkage.name());
        parts.put_text("distance", self.distance.name());
        parts.put_count("rows", self.rows);
        parts.put_numbers("cophenetic_correlation", &[self.cophenetic]);
        let at = |s: &Step, j: usize| [s.left as f64, s.right as f64, s.height, s.size as f64][j];
        parts.put_matrix("tree", Mat::from_fn(self.steps.len(), 4, |i, j| at(&self.steps[i], j)).as_ref());
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::{Linkage, Tree};
    use crate::chemometrics::Scaling;
    use crate::chemometrics::knn::Distance;
    use faer::mat;

    #[test]
    fn steps_are_those_of_scipy() {
        let x = mat![[0.0, 0.0], [0.0, 1.5], [4.0, 0.3], [4.2, 1.0], [9.0, 8.0], [8.0, 7.1], [1.0, 6.0]];
        // scipy.cluster.hierarchy.linkage and cophenet, SciPy 1.17.1
        let golden = [
            (
                Linkage::Single,
                [0.7280109889280518, 1.3453624047073711, 1.5, 4.011234224026316, 4.6097722286464435, 7.08590149522275],
                0.9251602352770698,
            ),
            (
                Linkage::Complete,
                [0.7280109889280518, 1.3453624047073711, 1.5, 4.317406628984581, 6.441273166075167, 12.041594578792296],
                0.9254023152864941,
            ),
            (
                Linkage::Average,
                [0.7280109889280518, 1.3453624047073711, 1.5, 4.18360516327161, 5.767534189220541, 9.168163774044832],
                0.9304085861483634,
            ),
            (
                Linkage::Weighted,
                [0.7280109889280518, 1.3453624047073711, 1.5, 4.18360516327161, 5.767534189220541, 8.60487349873891],
                0.9293604274448101,
            ),
            (
                Linkage::Ward,
                [0.7280109889280518, 1.3453624047073711, 1.5, 5.8, 6.83432513127668, 14.916884010121835],
                0.9185441329576638,
            ),
            (
                Linkage::Centroid,
                [0.7280109889280518, 1.3453624047073711, 1.5, 4.1012193308819755, 5.403008421240893, 8.824947591912377],
                0.9300966361827265,
            ),
            (
                Linkage::Median,
                [0.7280109889280518, 1.3453624047073711, 1.5, 4.1012193308819755, 5.403008421240893, 8.141905489503058],
                0.9293363377150604,
            ),
        ];
        for (linkage, heights, cophenetic) in golden {
            let tree = Tree::of(x.as_ref(), Scaling::None, Distance::Euclidean, linkage).expect("seven rows");
            let found: Vec<f64> = tree.steps.iter().map(|s| s.height).collect();
            assert!(found.iter().zip(heights).all(|(f, h)| (f - h).abs() < 1e-12), "{linkage:?} {found:?}");
            assert!((tree.cophenetic - cophenetic).abs() < 1e-12, "{linkage:?} {}", tree.cophenetic);
            let mut order = tree.order();
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3, 4, 5, 6]);
        }
    }

    #[test]
    fn cuts() {
        let x = mat![[0.0], [0.1], [5.0], [5.1], [20.0]];
        let tree = Tree::of(x.as_ref(), Scaling::None, Distance::Euclidean, Linkage::Single).expect("five rows");
        assert_eq!(tree.cut_into(3), [0, 0, 1, 1, 2]);
        assert_eq!(tree.cut_into(1), [0; 5]);
        assert_eq!(tree.cut_into(5), [0, 1, 2, 3, 4]);
        assert_eq!(tree.cut_at(6.0), [0, 0, 0, 0, 1]);
        assert_eq!(tree.cut_at(0.0), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn ward_of_what_is_no_euclidean_distance_is_refused() {
        let x = mat![[0.0, 1.0], [1.0, 0.5], [0.2, 0.2]];
        assert!(Tree::of(x.as_ref(), Scaling::None, Distance::Correlation, Linkage::Ward).is_err());
        assert!(Tree::of(x.as_ref(), Scaling::None, Distance::Cosine, Linkage::Average).is_ok());
    }
}
