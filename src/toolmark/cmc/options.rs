//! What is searched and what counts as one place.

use super::Error;

/// Settings of a comparison; they are kept with its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Cells across and down: 8 × 8. Each is 8 points a side or more; more than about 50 points make a correlation that says something.
    pub cells: (usize, usize),
    /// B is turned by up to this much either way: 30°.
    pub turn_degrees: f64,
    /// In steps of: 3°.
    pub step_degrees: f64,
    /// T, how far a cell's dx and dy may each lie from the consensus: 20 px. It is meant for cells of about 60 px; give a third of a cell.
    pub position_px: f64,
    /// Tθ: 6°.
    pub angle_degrees: f64,
    /// R, the least correlation: 0.5.
    pub least_correlation: f64,
    /// Share of a cell's points that must be measured, on A and in common with the place on B: 0.25.
    pub least_measured: f64,
    /// Largest |dx| and |dy| that are tried: one side of a cell unless told.
    pub search_px: Option<usize>,
    /// τ, how far below the largest count of a rotation another still counts as high: 1.
    pub high_margin: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cells: (8, 8),
            turn_degrees: 30.0,
            step_degrees: 3.0,
            position_px: 20.0,
            angle_degrees: 6.0,
            least_correlation: 0.5,
            least_measured: 0.25,
            search_px: None,
            high_margin: 1,
        }
    }
}

/// Most rotations and most cells along a side.
const MOST_ROTATIONS: f64 = 721.0;
const MOST_CELLS: usize = 64;

impl Options {
    /// # Errors
    /// When a setting is not possible.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |name, got: String, allowed| Err(Error::Option { name, got, allowed });
        let possible = 1..=MOST_CELLS;
        if !(possible.contains(&self.cells.0) && possible.contains(&self.cells.1)) {
            return refuse("the number of cells (across, down)", format!("{:?}", self.cells), "1 to 64 each");
        }
        if !(0.0..=180.0).contains(&self.turn_degrees) {
            return refuse("the largest rotation", format!("{}°", self.turn_degrees), "0° to 180°");
        }
        if !(self.step_degrees > 0.0
            && self.step_degrees <= 180.0
            && 2.0 * self.turn_degrees / self.step_degrees < MOST_ROTATIONS)
        {
            return refuse(
                "the step of rotations",
                format!("{}°", self.step_degrees),
                "above 0° to 180°, with 721 rotations at most",
            );
        }
        if !(self.position_px >= 0.0 && self.position_px.is_finite()) {
            return refuse("the position tolerance", format!("{} px", self.position_px), "finite numbers from 0");
        }
        if !(0.0..=360.0).contains(&self.angle_degrees) {
            return refuse("the angle tolerance", format!("{}°", self.angle_degrees), "0° to 360°");
        }
        if !(-1.0..=1.0).contains(&self.least_correlation) {
            return refuse("the least correlation", self.least_correlation.to_string(), "−1 to 1");
        }
        if !(self.least_measured > 0.0 && self.least_measured <= 1.0) {
            return refuse("the share that must be measured", self.least_measured.to_string(), "above 0 to 1");
        }
        Ok(())
    }

    /// All rotations, in ascending order; 0 is one of them.
    #[must_use]
    pub fn rotations(&self) -> Vec<f64> {
        let each_way = libm::floor(self.turn_degrees / self.step_degrees + 1e-9) as i64;
        (-each_way..=each_way).map(|k| k as f64 * self.step_degrees).collect()
    }
}
