//! Random numbers that are the same on every machine: named ChaCha8 streams, and nothing but `libm` after them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// Random numbers for one purpose.
#[derive(Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Stream {
    /// The stream of item `index` for a purpose; purposes and indices do not share numbers.
    #[must_use]
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let key = blake3::derive_key("striae simulate 1", format!("{seed}/{purpose}").as_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        Self { rng, spare: None }
    }

    /// Uniform in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.rng.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Normal with mean 0 and variance 1: Marsaglia's polar method, with `libm`'s logarithm, so that platforms agree.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = x * x + y * y;
            if s > 0.0 && s < 1.0 {
                let f = (-2.0 * libm::log(s) / s).sqrt();
                self.spare = Some(y * f);
                return x * f;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_are_normal() {
        let mut stream = Stream::new(1, "test", 0);
        let all: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        let mean = all.iter().sum::<f64>() / 1e5;
        let variance = all.iter().map(|x| x * x).sum::<f64>() / 1e5;
        let tail = all.iter().filter(|x| x.abs() > 1.96).count() as f64 / 1e5;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02 && (tail - 0.05).abs() < 0.005, "{mean} {variance} {tail}");
    }
}
