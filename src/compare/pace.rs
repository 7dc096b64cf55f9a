//! How much to do at a time, so that it takes about as long as it should: a run looks in between whether it is to stop or to commit.

use std::time::Duration;

/// How many things to hand out together so that they take about as long as they should.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub count: usize,
    least: usize,
    /// What the last ones took.
    pub took: Duration,
}

impl Pace {
    /// Begins with `count`, never less than `least`.
    #[must_use]
    pub const fn new(count: usize, least: usize) -> Self {
        Self { count, least, took: Duration::ZERO }
    }

    /// So many took so long, and should take `goal`.
    pub fn learn(&mut self, count: usize, took: Duration, goal: Duration) {
        if count == 0 {
            return;
        }
        let wanted = count as f64 * goal.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let (low, high) = ((self.count / 4).max(self.least), self.count.saturating_mul(4).max(self.least));
        self.count = (wanted as usize).clamp(low, high);
        self.took = took.mul_f64((self.count as f64 / count as f64).min(4.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_to_the_time_they_should_take() {
        let mut pace = Pace::new(16, 2);
        let each = Duration::from_micros(100);
        for _ in 0..12 {
            pace.learn(pace.count, each * pace.count as u32, Duration::from_millis(500));
        }
        assert!((4500..5500).contains(&pace.count), "{pace:?}");
        pace.learn(pace.count, Duration::from_secs(500), Duration::from_millis(500));
        assert!(pace.count < 1500);
        for _ in 0..12 {
            pace.learn(pace.count, Duration::from_secs(5), Duration::from_millis(5));
        }
        assert_eq!(pace.count, 2);
    }
}
