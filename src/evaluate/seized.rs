//! When and where simulated exhibits were seized: by seizure, along the route of the press.
//!
//! A press works from a day within 2016-01-01 … 2024-12-31 on for 30 to 900 days (uniform), and its packages travel one route: four different towns of
//! [`TOWNS`], drawn once. A seizure falls on a uniform day of the working time, and into the town of the route that the elapsed share of that time points
//! to, or (one time in four) into any of them. Coordinates are those of the town, scattered by up to 0.05 degrees.
//!
//! Days, towns and routes carry no evidence here: no score is computed of them. They are what timelines and maps are tried on.

use super::population::{Exhibit, Population};
use crate::draw::Stream;

/// A town, with degrees north and east to two decimals.
pub type Town = (&'static str, f64, f64);

/// Ports and towns of Europe.
pub const TOWNS: [Town; 40] = [
    ("Antwerp", 51.22, 4.40),
    ("Rotterdam", 51.92, 4.48),
    ("Hamburg", 53.55, 9.99),
    ("Bremerhaven", 53.54, 8.58),
    ("Le Havre", 49.49, 0.11),
    ("Algeciras", 36.13, -5.45),
    ("Valencia", 39.47, -0.38),
    ("Barcelona", 41.39, 2.17),
    ("Marseille", 43.30, 5.37),
    ("Genoa", 44.41, 8.93),
    ("Gioia Tauro", 38.43, 15.90),
    ("Piraeus", 37.94, 23.65),
    ("Thessaloniki", 40.64, 22.94),
    ("Constanta", 44.18, 28.65),
    ("Varna", 43.21, 27.91),
    ("Lisbon", 38.72, -9.14),
    ("Porto", 41.15, -8.61),
    ("Vigo", 42.24, -8.72),
    ("Bilbao", 43.26, -2.93),
    ("Lyon", 45.76, 4.84),
    ("Lausanne", 46.52, 6.63),
    ("Zurich", 47.37, 8.54),
    ("Milan", 45.46, 9.19),
    ("Naples", 40.85, 14.27),
    ("Munich", 48.14, 11.58),
    ("Vienna", 48.21, 16.37),
    ("Prague", 50.08, 14.44),
    ("Berlin", 52.52, 13.40),
    ("Warsaw", 52.23, 21.01),
    ("Gdansk", 54.35, 18.65),
    ("Copenhagen", 55.68, 12.57),
    ("Malmo", 55.60, 13.00),
    ("Gothenburg", 57.71, 11.97),
    ("Oslo", 59.91, 10.75),
    ("Helsinki", 60.17, 24.94),
    ("Riga", 56.95, 24.11),
    ("London", 51.51, -0.13),
    ("Felixstowe", 51.96, 1.35),
    ("Dublin", 53.35, -6.26),
    ("Brussels", 50.85, 4.35),
];

/// Towns of a route.
const ROUTE: usize = 4;
/// Days from 1970-01-01 to 2016-01-01, and from there to 2024-12-31.
const FIRST_DAY: u64 = 16_801;
const STARTS: u64 = 3_288;

/// When and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Seized {
    /// Days since 1970-01-01.
    pub day: u64,
    pub town: &'static str,
    /// Degrees, north and east positive.
    pub latitude: f64,
    pub longitude: f64,
}

impl Population {
    /// When and where an exhibit of this population was seized: the same for all exhibits of one seizure and press.
    #[must_use]
    pub fn seized(&self, exhibit: &Exhibit) -> Seized {
        let mut press = Stream::new(self.seed, "routes", exhibit.press);
        let start = FIRST_DAY + (press.uniform() * STARTS as f64) as u64;
        let length = 30.0 + 870.0 * press.uniform();
        let mut towns: Vec<&Town> = TOWNS.iter().collect();
        let route: Vec<&Town> = (0..ROUTE).map(|_| towns.swap_remove((press.uniform() * towns.len() as f64) as usize)).collect();
        let mut seizure = Stream::new(self.seed, "seized", exhibit.seizure);
        let elapsed = seizure.uniform();
        let along = if seizure.uniform() < 0.25 { seizure.uniform() } else { elapsed };
        let (town, latitude, longitude) = *route[(along * ROUTE as f64) as usize];
        let mut scatter = |degrees: f64| {
            // Ten metres are more than anybody knows of a seizure.
            libm::round(1e4 * (degrees + 0.1 * (seizure.uniform() - 0.5))) / 1e4
        };
        let (latitude, longitude) = (scatter(latitude), scatter(longitude));
        Seized { day: start + (elapsed * length) as u64, town, latitude, longitude }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_keeps_to_its_route_and_its_time() {
        let population = Population::new(3000, 7).expect("allowed");
        let all: Vec<_> = (0..3000).map(|i| population.exhibit(i)).collect();
        let busiest = all.iter().map(|e| e.press).max_by_key(|p| all.iter().filter(|e| e.press == *p).count()).expect("some");
        let of: Vec<Seized> = all.iter().filter(|e| e.press == busiest).map(|e| population.seized(e)).collect();
        let mut towns: Vec<_> = of.iter().map(|s| s.town).collect();
        towns.sort_unstable();
        towns.dedup();
        assert!(of.len() > 100 && towns.len() == ROUTE, "{} {towns:?}", of.len());
        let days = || of.iter().map(|s| s.day);
        let (first, last) = (days().min().expect("some"), days().max().expect("some"));
        assert!(first >= FIRST_DAY && (10..=900).contains(&(last - first)), "{first} {last}");
        let of_seizure: Vec<_> =
            all.iter().filter(|e| e.seizure == all[0].seizure && e.press == all[0].press).map(|e| population.seized(e)).collect();
        assert!(of_seizure.windows(2).all(|w| w[0] == w[1]));
        let towns: std::collections::BTreeSet<_> = all.iter().map(|e| population.seized(e).town).collect();
        assert_eq!(towns.len(), TOWNS.len());
    }
}
