//! How shades change: central differences.
//!
//! ```text
//! g_x(x, y) = (v(x+1, y) − v(x−1, y)) / 2,   at the left and right edge v(x+1) − v(x) of the two pixels there; g_y likewise, downwards
//! ```
//! In shades a pixel. No smoothing: blur first, if at all (HOG does best without).

use super::grey::Grey;

/// g_x and g_y of each pixel, row by row.
#[must_use]
pub fn gradient(picture: &Grey) -> Vec<(f32, f32)> {
    let (width, height) = (picture.width(), picture.height());
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        let (up, down) = (y.saturating_sub(1), (y + 1).min(height - 1));
        for x in 0..width {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
            out.push((
                slope(picture.at(y, left), picture.at(y, right), right - left),
                slope(picture.at(up, x), picture.at(down, x), down - up),
            ));
        }
    }
    out
}

fn slope(from: f32, to: f32, over: usize) -> f32 {
    if over == 0 { 0.0 } else { (to - from) / over as f32 }
}

#[cfg(test)]
mod tests {
    use super::gradient;
    use crate::picture::grey::Grey;

    #[test]
    fn a_plane_has_its_slopes_everywhere() {
        let values = (0..4).flat_map(|y| (0..5).map(move |x| (3 * x - 2 * y) as f32)).collect();
        let plane = Grey::new(5, 4, values).expect("fits");
        assert!(gradient(&plane).iter().all(|g| *g == (3.0, -2.0)));
        let bend = Grey::new(3, 1, vec![0.0, 1.0, 4.0]).expect("fits");
        assert_eq!(gradient(&bend), [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]);
    }
}
