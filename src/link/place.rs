//! Places, and how far apart they are.
//!
//! Haversine on a sphere of radius 6371.0088 km, the mean radius (2a + b) / 3 of GRS 80 (Moritz 2000, doi:10.1007/s001900050278):
//! d = 2 R asin √(sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)). The Earth is not a sphere: up to 0.6 % off. Rounding: below 1 µm, but
//! up to 0.5 m between opposite ends of the Earth.

use super::Error;

/// Mean radius of the Earth.
pub const EARTH_KM: f64 = 6371.0088;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
