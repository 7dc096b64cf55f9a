//! A simulated population of exhibits with known origin.
//!
//! Exhibits come in **seizures** of 1 to 16, 5 on average (geometric). A seizure was pressed by one press and filled from one
//! production batch; a tenth of its exhibits come from its second press or batch. A press stamps one of up to three logos
//! of its own. How often a press or batch occurs is heavy-tailed: source number ⌊S·u³⌋ for uniform u, so that the busiest 1 %
//! of S sources have 22 % of the seizures, and many have one or none. There are N/25 presses and N/10 batches for N exhibits, at least two.
//!
//! Days and towns of seizures are drawn along a route of the press ([`super::seized`]) and carry no evidence. Not modelled: imitated logos, presses that
//! change hands, errors of recording. Rates of error found on these data say how the program behaves, not how laboratories do.
//!
//! Exhibit i is a function of (seed, i): blocks of 64 exhibits are cut into seizures by a draw of their own, and every draw is
//! a ChaCha8 stream named by what it is for.

use super::Error;
use crate::draw::Stream;

/// Exhibits that are cut into seizures together.
const BLOCK: u64 = 64;
/// Exhibits of a seizure: geometric with this mean.
const MEAN: f64 = 5.0;
const LARGEST: u64 = 16;

/// Where an exhibit came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    pub index: u64,
    pub seizure: u64,
    pub press: u64,
    pub logo: u64,
    pub batch: u64,
}

/// A checked population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Population {
    pub exhibits: u64,
    pub seed: u64,
}

impl Population {
    /// A population of `exhibits`.
    ///
    /// # Errors
    /// For none, or more than 10⁹.
    pub const fn new(exhibits: u64, seed: u64) -> Result<Self, Error> {
        if exhibits == 0 || exhibits > 1_000_000_000 {
            return Err(Error::Exhibits(exhibits));
        }
        Ok(Self { exhibits, seed })
    }

    #[must_use]
    pub fn presses(&self) -> u64 {
        (self.exhibits / 25).max(2)
    }

    #[must_use]
    pub fn batches(&self) -> u64 {
        (self.exhibits / 10).max(2)
    }

    /// Digits that every exhibit's number has.
    #[must_use]
    pub fn digits(&self) -> usize {
        self.exhibits.to_string().len().max(4)
    }

    /// Exhibit `i`.
    #[must_use]
    pub fn exhibit(&self, i: u64) -> Exhibit {
        let (block, place) = (i / BLOCK, i % BLOCK);
        let mut cuts = Stream::new(self.seed, "seizures", block);
        let (mut start, mut number) = (0, 0);
        loop {
            let size = 1 + (libm::log(cuts.uniform()) / libm::log(1.0 - 1.0 / MEAN)) as u64;
            let end = (start + size.min(LARGEST)).min(BLOCK);
            if place < end {
                break;
            }
            (start, number) = (end, number + 1);
        }
        let seizure = block * BLOCK + number;
        let mut origin = Stream::new(self.seed, "origins", seizure);
        let mut draw = |sources: u64| {
            let u = origin.uniform();
            ((sources as f64 * u * u * u) as u64).min(sources - 1)
        };
        let (presses, batches) = ([draw(self.presses()), draw(self.presses())], [draw(self.batches()), draw(self.batches())]);
        let mut own = Stream::new(self.seed, "exhibits", i);
        let second = |u: f64| usize::from(u < 0.1);
        let press = presses[second(own.uniform())];
        let batch = batches[second(own.uniform())];
        // Most exhibits of a press carry its first logo.
        let u = own.uniform();
        let logo = 3 * press + u64::from(u < 0.2) + u64::from(u < 0.05);
        Exhibit { index: i, seizure, press, logo, batch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn seizures_and_sources_are_as_described() {
        let population = Population::new(20_000, 7).expect("allowed");
        let all: Vec<_> = (0..20_000).map(|i| population.exhibit(i)).collect();
        let mut seizures: HashMap<u64, u64> = HashMap::new();
        let mut presses: HashMap<u64, u64> = HashMap::new();
        for e in &all {
            *seizures.entry(e.seizure).or_default() += 1;
            *presses.entry(e.press).or_default() += 1;
        }
        let mean = 20_000.0 / seizures.len() as f64;
        assert!((3.5..5.5).contains(&mean), "{mean}");
        assert!(seizures.values().all(|&n| n <= LARGEST));
        let mut busy: Vec<u64> = presses.values().copied().collect();
        busy.sort_unstable_by(|a, b| b.cmp(a));
        let top: u64 = busy.iter().take(8).sum();
        assert!((0.15..0.3).contains(&(top as f64 / 20_000.0)), "busiest 1 % have {top}");
        assert!(all.windows(2).all(|w| w[0].seizure <= w[1].seizure));
    }

    #[test]
    fn none_and_too_many_are_refused() {
        assert_eq!(Population::new(0, 1), Err(Error::Exhibits(0)));
        assert!(Population::new(2_000_000_000, 1).is_err());
        assert_eq!(Population::new(1, 1).expect("allowed").exhibit(0).seizure, 0);
    }
}
