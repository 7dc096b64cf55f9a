//! When and where the exhibits of a series were seized: its span of time, its order, and the way from place to place.
//!
//! - **Dates**: ISO 8601 `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, years 1 to 9999, Gregorian throughout. A date stands for the days from its first to its
//!   last; days are numbered from 1970-01-01 = 0.
//! - **Distances**: haversine on a sphere of radius 6371.0088 km, the mean radius (2a + b) / 3 of GRS 80 (Moritz 2000, doi:10.1007/s001900050278):
//!   d = 2 R asin √(sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)). The Earth is not a sphere: up to 0.6 % off. Rounding: below 1 µm, but
//!   up to 0.5 m between opposite ends of the Earth.
//! - **Stops**: exhibits of the same date, at the mean of their places (the mean of unit vectors); `spread_km` is how far the farthest lies from it.
//!   Places that cancel out (opposite ends of the Earth) have no mean: the first stands for them.
//! - **Legs**: from stop to stop in order of date. Where the days of two dates overlap (2024 and 2024-05-01) the order is not known, and the leg says so.
//!
//! A date of seizure is not one of transport. Whether a journey is plausible is not judged here.

use super::Error;
use super::error::length;
use std::str::FromStr;

/// Mean radius of the Earth.
pub const EARTH_KM: f64 = 6371.0088;

/// A day, a month, or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    first_day: i32,
    last_day: i32,
}

impl Date {
    /// Days from 1970-01-01 to its first day.
    #[must_use]
    pub const fn first_day(self) -> i32 {
        self.first_day
    }

    /// Days from 1970-01-01 to its last day.
    #[must_use]
    pub const fn last_day(self) -> i32 {
        self.last_day
    }
}

impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Date { text: text.chars().take(40).collect(), why };
        let mut parts = text.split('-');
        let mut number = |digits: usize| match parts.next() {
            None => Ok(None),
            Some(p) if p.len() == digits && p.bytes().all(|b| b.is_ascii_digit()) => Ok(p.parse::<i32>().ok()),
            Some(_) => Err(wrong("its parts are four, two and two digits")),
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return Err(wrong("it has more than three parts"));
        }
        let year = year.filter(|y| *y > 0).ok_or_else(|| wrong("years go from 0001 to 9999"))?;
        if month.is_some_and(|m| !(1..=12).contains(&m)) {
            return Err(wrong("months go from 01 to 12"));
        }
        if let (Some(m), Some(d)) = (month, day)
            && !(1..=length_of_month(year, m)).contains(&d)
        {
            return Err(wrong("the month has no such day"));
        }
        let last_month = month.unwrap_or(12);
        let last = day.unwrap_or_else(|| length_of_month(year, last_month));
        Ok(Self {
            first_day: day_number(year, month.unwrap_or(1), day.unwrap_or(1)),
            last_day: day_number(year, last_month, last),
        })
    }
}

const fn leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn length_of_month(year: i32, month: i32) -> i32 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01. Years begin in March here, so that the leap day is the last.
const fn day_number(year: i32, month: i32, day: i32) -> i32 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 1 - 719_468
}

/// Degrees north and east.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    latitude: f64,
    longitude: f64,
}

impl Place {
    /// # Errors
    /// Where the latitude is not from −90 to 90 or the longitude not from −180 to 180 degrees.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, Error> {
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Self { latitude, longitude })
        } else {
            Err(Error::Place { latitude, longitude })
        }
    }

    #[must_use]
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    #[must_use]
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// Great-circle distance.
    #[must_use]
    pub fn distance_km(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (north, east) = (libm::sin((b - a) / 2.0), libm::sin((other.longitude - self.longitude).to_radians() / 2.0));
        let h = north * north + libm::cos(a) * libm::cos(b) * east * east;
        2.0 * EARTH_KM * libm::asin(h.sqrt().min(1.0))
    }
}

/// Exhibits of one date.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    pub date: Date,
    /// Indices of exhibits, rising.
    pub exhibits: Vec<usize>,
    pub place: Place,
    pub spread_km: f64,
}

/// From a stop to the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    pub distance_km: f64,
    /// From the first day of the one to the first day of the other.
    pub days: i32,
    /// Whether the one surely came before the other.
    pub ordered: bool,
}

/// A series in time and space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journey {
    /// First and last day on which an exhibit may have been seized.
    pub days: Option<(i32, i32)>,
    /// Indices of exhibits with a date: by first day, last day, index.
    pub order: Vec<usize>,
    pub undated: Vec<usize>,
    /// Dated, but without a place.
    pub unplaced: Vec<usize>,
    pub stops: Vec<Stop>,
    /// One fewer than stops.
    pub legs: Vec<Leg>,
    pub distance_km: f64,
}

/// The journey of exhibits with their dates and places, as far as they are known.
///
/// # Errors
/// Where the lists differ in length.
pub fn journey(dates: &[Option<Date>], places: &[Option<Place>]) -> Result<Journey, Error> {
    length("the list of places", places.len(), dates.len(), "one for every exhibit")?;
    let mut dated: Vec<(Date, usize)> = dates.iter().enumerate().filter_map(|(i, d)| Some(((*d)?, i))).collect();
    dated.sort_unstable();
    let mut journey = Journey {
        days: dated.first().zip(dated.iter().map(|(d, _)| d.last_day).max()).map(|((first, _), last)| (first.first_day, last)),
        order: dated.iter().map(|(_, i)| *i).collect(),
        undated: (0..dates.len()).filter(|i| dates[*i].is_none()).collect(),
        ..Journey::default()
    };
    for group in dated.chunk_by(|x, y| x.0 == y.0) {
        let placed: Vec<(usize, Place)> = group.iter().filter_map(|(_, i)| Some((*i, places[*i]?))).collect();
        journey.unplaced.extend(group.iter().map(|(_, i)| *i).filter(|i| places[*i].is_none()));
        let Some(place) = mean(&placed) else { continue };
        let spread_km = placed.iter().map(|(_, p)| p.distance_km(place)).fold(0.0, f64::max);
        let exhibits = placed.iter().map(|(i, _)| *i).collect();
        journey.stops.push(Stop { date: group[0].0, exhibits, place, spread_km });
    }
    for (from, to) in journey.stops.iter().zip(journey.stops.iter().skip(1)) {
        journey.legs.push(Leg {
            distance_km: from.place.distance_km(to.place),
            days: to.date.first_day - from.date.first_day,
            ordered: from.date.last_day < to.date.first_day,
        });
    }
    journey.distance_km = journey.legs.iter().map(|l| l.distance_km).sum();
    Ok(journey)
}

fn mean(of: &[(usize, Place)]) -> Option<Place> {
    let (_, first) = *of.first()?;
    if of.iter().all(|(_, p)| *p == first) {
        return Some(first);
    }
    let mut sum = [0.0; 3];
    for (_, p) in of {
        let (north, east) = (p.latitude.to_radians(), p.longitude.to_radians());
        sum[0] += libm::cos(north) * libm::cos(east);
        sum[1] += libm::cos(north) * libm::sin(east);
        sum[2] += libm::sin(north);
    }
    let flat = libm::hypot(sum[0], sum[1]);
    if libm::hypot(flat, sum[2]) < 1e-9 * of.len() as f64 {
        return Some(first);
    }
    let latitude = libm::atan2(sum[2], flat).to_degrees().clamp(-90.0, 90.0);
    let longitude = libm::atan2(sum[1], sum[0]).to_degrees().clamp(-180.0, 180.0);
    Some(Place { latitude, longitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn every_day_of_nine_thousand_years_has_the_next_number() {
        let mut expected = date("0001-01-01").first_day();
        assert_eq!(date("1970-01-01").first_day(), 0);
        assert_eq!(date("2000-02-29").first_day(), 11_016);
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=length_of_month(year, month) {
                    assert_eq!(day_number(year, month, day), expected);
                    expected += 1;
                }
            }
        }
    }

    #[test]
    fn dates_of_less_precision_are_spans() {
        assert_eq!(date("2024-02").last_day() - date("2024-02").first_day(), 28);
        assert_eq!(date("2023").last_day(), date("2023-12-31").first_day());
        assert!(date("2023") < date("2024-01"));
        for bad in [
            "",
            "24-01-01",
            "2024-1-01",
            "2024-13",
            "2023-02-29",
            "1900-02-29",
            "2024-01-01-01",
            "0000",
            "+024",
            "2024-00",
            "2024-01-00",
            "2024-01-01T12",
            "٢٠٢٤",
            "2024-",
            "-2024",
        ] {
            let said = bad.parse::<Date>().expect_err(bad).to_string();
            assert!(said.contains("YYYY-MM-DD"), "{said}");
        }
    }

    #[test]
    fn distances() {
        let place = |a, b| Place::new(a, b).expect("a place");
        // A quarter and a half of the circumference, in any direction.
        let quarter = std::f64::consts::FRAC_PI_2 * EARTH_KM;
        assert!((place(0.0, 0.0).distance_km(place(0.0, 90.0)) - quarter).abs() < 1e-9);
        assert!((place(90.0, 17.0).distance_km(place(0.0, -120.0)) - quarter).abs() < 1e-9);
        assert!((place(10.0, 20.0).distance_km(place(-10.0, -160.0)) - 2.0 * quarter).abs() < 1e-3);
        assert_eq!(place(45.0, 180.0).distance_km(place(45.0, 180.0)), 0.0);
        assert!(place(45.0, 180.0).distance_km(place(45.0, -180.0)) < 1e-9);
        // Close together the angle of unit vectors' cross product is exact too.
        let (a, b) = (place(46.2044, 6.1432), place(46.5197, 6.6323));
        let unit = |p: Place| {
            let (n, e) = (p.latitude.to_radians(), p.longitude.to_radians());
            [n.cos() * e.cos(), n.cos() * e.sin(), n.sin()]
        };
        let (u, v) = (unit(a), unit(b));
        let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        let dot: f64 = u.iter().zip(v).map(|(x, y)| x * y).sum();
        let by_vectors = EARTH_KM * cross.iter().map(|x| x * x).sum::<f64>().sqrt().atan2(dot);
        assert!((a.distance_km(b) - by_vectors).abs() < 1e-9, "{} {by_vectors}", a.distance_km(b));
        assert!(Place::new(90.1, 0.0).is_err() && Place::new(0.0, f64::NAN).is_err());
    }

    #[test]
    fn a_journey_by_hand() {
        let place = |a, b| Some(Place::new(a, b).expect("a place"));
        let dates =
            ["2024-05-01", "2024-03-01", "2024-05-01", "", "2024", "2024-06-01"].map(|d| (!d.is_empty()).then(|| date(d)));
        let places = [place(0.0, 1.0), place(0.0, 0.0), place(0.0, 3.0), place(9.0, 9.0), None, place(0.0, 2.0)];
        let journey = journey(&dates, &places).expect("good input");
        assert_eq!(journey.order, [4, 1, 0, 2, 5]);
        assert_eq!((journey.undated.as_slice(), journey.unplaced.as_slice()), (&[3][..], &[4][..]));
        assert_eq!(journey.days, Some((date("2024").first_day(), date("2024").last_day())));
        assert_eq!(journey.stops.iter().map(|s| s.exhibits.clone()).collect::<Vec<_>>(), [vec![1], vec![0, 2], vec![5]]);
        let degree = EARTH_KM.mul_add(1f64.to_radians(), 0.0);
        assert!((journey.stops[1].place.longitude() - 2.0).abs() < 1e-12 && (journey.stops[1].spread_km - degree).abs() < 1e-9);
        assert!((journey.distance_km - 2.0 * degree).abs() < 1e-9);
        assert!(journey.legs[0].ordered && journey.legs[0].days == 61 && journey.legs[1].distance_km < 1e-9);
    }

    #[test]
    fn overlapping_dates_have_no_order_and_opposite_places_no_mean() {
        let here = Some(Place::new(0.0, 0.0).expect("a place"));
        let there = Some(Place::new(0.0, 180.0).expect("a place"));
        let a = journey(&[Some(date("2024")), Some(date("2024-05-01"))], &[here, there]).expect("good input");
        assert!(!a.legs[0].ordered);
        let b = journey(&[Some(date("2024")); 2], &[here, there]).expect("good input");
        assert_eq!(Some(b.stops[0].place), here);
        assert!(journey(&[None], &[]).is_err());
        assert_eq!(journey(&[], &[]).expect("nothing"), Journey::default());
    }
}
