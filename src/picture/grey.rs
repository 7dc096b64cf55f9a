//! A picture in shades of grey: 0 is black, 1 is white, row by row from the top, x runs fastest.

/// Shades of grey.
#[derive(Clone, Debug, PartialEq)]
pub struct Grey {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Grey {
    /// A picture of these shades; `None` where there are not width × height of them, one is not finite, or there are none.
    #[must_use]
    pub fn new(width: usize, height: usize, values: Vec<f32>) -> Option<Self> {
        let fits = width.checked_mul(height) == Some(values.len()) && !values.is_empty();
        (fits && values.iter().all(|v| v.is_finite())).then_some(Self { width, height, values })
    }

    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.width + column]
    }
}
