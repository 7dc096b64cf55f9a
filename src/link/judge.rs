//! Links and series held against the truth.
//!
//! Truth gives each exhibit a source; exhibits of one source make a true series. A found label of `None` is a series of one's own, and so is a
//! source of `None` (known to be alone). With N exhibits, C_i the found and T_i the true series of exhibit i:
//!
//! - **False-link share**: links between different sources, of all links.
//! - **Pair recall**: of the pairs of one source, the share that is linked (directly) and the share in one found series.
//! - **Recovery**: a true series of two or more is found where one found series holds at least `share` of it and consists of it by at least
//!   `share` (0.9 unless set; above 0.5, so that no series is found twice).
//! - **B-cubed** (Bagga & Baldwin 1998, doi:10.3115/980451.980859; all weights 1/N): precision = mean of |C_i ∩ T_i| / |C_i|, recall = mean of
//!   |C_i ∩ T_i| / |T_i|, F = their harmonic mean.
//! - **Adjusted Rand index** (Hubert & Arabie 1985, doi:10.1007/BF01908075): (R − E) / (M − E) with R = pairs together in both, E = found · true /
//!   all pairs, M = (found + true) / 2. Where M = E both partitions are trivial and the same: 1.
//!
//! What cannot be measured (no links, no true pairs, no exhibits) is NaN. Counts are exact below 2^53.

use super::Error;
use super::error::length;
use std::collections::BTreeMap;

/// How series and links compare with the truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub links: usize,
    pub false_links: usize,
    /// Pairs of one source; of these, linked; of these, in one found series.
    pub true_pairs: u64,
    pub linked_pairs: u64,
    pub together_pairs: u64,
    /// True series of two or more, and how many of them were found.
    pub true_series: usize,
    pub found_series: usize,
    pub precision: f64,
    pub recall: f64,
    pub adjusted_rand: f64,
}

impl Judgement {
    #[must_use]
    pub fn false_link_share(&self) -> f64 {
        self.false_links as f64 / self.links as f64
    }

    #[must_use]
    pub fn pair_recall(&self) -> f64 {
        self.linked_pairs as f64 / self.true_pairs as f64
    }

    #[must_use]
    pub fn recovery(&self) -> f64 {
        self.found_series as f64 / self.true_series as f64
    }

    #[must_use]
    pub fn f(&self) -> f64 {
        2.0 * self.precision * self.recall / (self.precision + self.recall)
    }
}

/// Judges found series (one label an exhibit) and links (each pair once) against sources (one an exhibit).
///
/// # Errors
/// Where lengths differ, a link's ends do not exist, or `share` is not above 0.5 and at most 1.
pub fn judge(found: &[Option<u32>], source: &[Option<u32>], links: &[(u32, u32)], share: f64) -> Result<Judgement, Error> {
    length("the list of sources", source.len(), found.len(), "one for every exhibit")?;
    if !(share > 0.5 && share <= 1.0) {
        let allowed = "above 0.5 and at most 1";
        return Err(Error::Option { what: "the share of a series that must be found", got: share.to_string(), allowed });
    }
    let n = found.len();
    let mut judgement = Judgement {
        links: links.len(),
        false_links: 0,
        true_pairs: 0,
        linked_pairs: 0,
        together_pairs: 0,
        true_series: 0,
        found_series: 0,
        precision: f64::NAN,
        recall: f64::NAN,
        adjusted_rand: f64::NAN,
    };
    for (index, &(a, b)) in links.iter().enumerate() {
        let (Some(x), Some(y)) = (source.get(a as usize), source.get(b as usize)) else {
            return Err(Error::Ends { index, a, b, exhibits: n });
        };
        let right = x.is_some() && x == y && a != b;
        judgement.linked_pairs += u64::from(right);
        judgement.false_links += usize::from(!right);
    }
    // (found, true) → exhibits; one without a label is alone.
    let own = |label: Option<u32>, i: usize| label.map_or((true, i as u64), |l| (false, u64::from(l)));
    let (mut both, mut of_found, mut of_true) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (i, (c, t)) in found.iter().zip(source).enumerate() {
        let (c, t) = (own(*c, i), own(*t, i));
        *both.entry((t, c)).or_insert(0u64) += 1;
        *of_found.entry(c).or_insert(0u64) += 1;
        *of_true.entry(t).or_insert(0u64) += 1;
    }
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((t, c), &n) in &both {
        let (in_found, in_true) = (of_found[c], of_true[t]);
        precision += n as f64 * n as f64 / in_found as f64;
        recall += n as f64 * n as f64 / in_true as f64;
        let found = in_true > 1 && n as f64 >= share * in_true as f64 && n as f64 >= share * in_found as f64;
        judgement.found_series += usize::from(found);
        judgement.together_pairs += pairs(n);
    }
    judgement.true_series = of_true.values().filter(|n| **n > 1).count();
    judgement.true_pairs = of_true.values().copied().map(pairs).sum();
    let found_pairs: u64 = of_found.values().copied().map(pairs).sum();
    if n > 0 {
        (judgement.precision, judgement.recall) = (precision / n as f64, recall / n as f64);
        let (f, t) = (found_pairs as f64, judgement.true_pairs as f64);
        let all = pairs(n as u64) as f64;
        let (expected, most) = (if all > 0.0 { f * t / all } else { 0.0 }, f64::midpoint(f, t));
        let over = judgement.together_pairs as f64 - expected;
        judgement.adjusted_rand = if most == expected { 1.0 } else { over / (most - expected) };
    }
    Ok(judgement)
}

const fn pairs(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan())
    }

    #[test]
    fn the_same_as_the_definitions() {
        for seed in 0..60 {
            let mut draw = Stream::new(seed, "judge", 0);
            let n = 25;
            let mut label =
                |most: f64| (0..n).map(|_| Some((draw.uniform() * most) as u32).filter(|l| *l > 0)).collect::<Vec<_>>();
            let (found, source) = (label(6.0), label(5.0));
            let same = |of: &[Option<u32>], i: usize, j: usize| i == j || (of[i].is_some() && of[i] == of[j]);
            let mut links = Vec::new();
            for i in 0..n {
                for j in i + 1..n {
                    if draw.uniform() < 0.1 {
                        links.push((i as u32, j as u32));
                    }
                }
            }
            let is = judge(&found, &source, &links, 0.6).expect("good input");
            // B-cubed, one exhibit at a time.
            let count = |f: &dyn Fn(usize) -> bool| (0..n).filter(|j| f(*j)).count() as f64;
            let (mut precision, mut recall) = (0.0, 0.0);
            for i in 0..n {
                let both = count(&|j| same(&found, i, j) && same(&source, i, j));
                precision += both / count(&|j| same(&found, i, j)) / n as f64;
                recall += both / count(&|j| same(&source, i, j)) / n as f64;
            }
            assert!(near(is.precision, precision) && near(is.recall, recall));
            assert!(near(is.f(), 2.0 / (1.0 / precision + 1.0 / recall)));
            // Rand, one pair at a time.
            let (mut r, mut f, mut t, mut all) = (0.0, 0.0, 0.0, 0.0);
            for i in 0..n {
                for j in i + 1..n {
                    all += 1.0;
                    f += f64::from(same(&found, i, j));
                    t += f64::from(same(&source, i, j));
                    r += f64::from(same(&found, i, j) && same(&source, i, j));
                }
            }
            assert!(near(is.adjusted_rand, (r - f * t / all) / (f64::midpoint(f, t) - f * t / all)));
            assert_eq!((is.true_pairs as f64, is.together_pairs as f64), (t, r));
            let right = links.iter().filter(|(a, b)| same(&source, *a as usize, *b as usize)).count();
            assert!(near(is.false_link_share(), 1.0 - right as f64 / links.len() as f64));
            assert!(near(is.pair_recall(), right as f64 / t));
            // Recovery, one true series at a time.
            let mut recovered = 0;
            let mut whole = 0;
            for s in 1..5 {
                let of: Vec<usize> = (0..n).filter(|i| source[*i] == Some(s)).collect();
                whole += usize::from(of.len() > 1);
                let best = (0..n).any(|c| {
                    let inside = of.iter().filter(|i| same(&found, c, **i)).count() as f64;
                    inside >= 0.6 * of.len() as f64 && inside >= 0.6 * count(&|j| same(&found, c, j))
                });
                recovered += usize::from(of.len() > 1 && best);
            }
            assert_eq!((is.found_series, is.true_series), (recovered, whole));
        }
    }

    #[test]
    fn extremes() {
        let own = [Some(1), Some(1), Some(2), None];
        let perfect = judge(&own, &own, &[(0, 1)], 0.9).expect("good input");
        assert_eq!((perfect.precision, perfect.recall, perfect.adjusted_rand, perfect.recovery()), (1.0, 1.0, 1.0, 1.0));
        let merged = judge(&[Some(1); 4], &own, &[(0, 1), (1, 2)], 0.9).expect("good input");
        assert_eq!((merged.recovery(), merged.false_link_share(), merged.recall, merged.adjusted_rand), (0.0, 0.5, 1.0, 0.0));
        let nothing = judge(&[], &[], &[], 0.9).expect("nothing");
        assert!(nothing.precision.is_nan() && nothing.adjusted_rand.is_nan() && nothing.recovery().is_nan());
        assert_eq!(judge(&[None], &[None], &[], 0.9).expect("good input").adjusted_rand, 1.0);
        assert!(judge(&own, &own, &[(0, 4)], 0.9).is_err());
        assert!(judge(&own, &own[1..], &[], 0.9).is_err());
        assert!(judge(&own, &own, &[], 0.5).is_err());
    }
}
