//! Which pixels belong: closing, holes, connected parts.
//!
//! - **Closing** with a square of 2r + 1 pixels: dilation, then erosion; gaps narrower than 2r close. Beyond the picture is ground.
//! - **Parts** are 8-connected; **holes** are 4-connected ground that does not reach the edge of the picture.

use std::collections::VecDeque;

/// Foreground and ground, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    width: usize,
    height: usize,
    on: Vec<bool>,
}

/// Connected pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Places in row-major order of finding, the first is the topmost, then leftmost.
    pub pixels: Vec<usize>,
    pub touches_edge: bool,
}

impl Mask {
    /// `None` where there are not width × height pixels, or none.
    #[must_use]
    pub fn new(width: usize, height: usize, on: Vec<bool>) -> Option<Self> {
        (width.checked_mul(height) == Some(on.len()) && !on.is_empty()).then_some(Self { width, height, on })
    }

    #[must_use]
    pub fn on(&self) -> &[bool] {
        &self.on
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.on.iter().filter(|on| **on).count()
    }

    /// Closed by a square of 2r + 1 pixels.
    #[must_use]
    pub fn closed(&self, r: usize) -> Self {
        if r == 0 {
            return self.clone();
        }
        // Room around, so that what was dilated over the edge comes back.
        let (width, height) = (self.width + 2 * r, self.height + 2 * r);
        let mut wide = Self { width, height, on: vec![false; width * height] };
        for (row, line) in self.on.chunks_exact(self.width).enumerate() {
            wide.on[(row + r) * width + r..][..self.width].copy_from_slice(line);
        }
        let wide = wide.spread(r, true).spread(r, false);
        let on = (0..self.height).flat_map(|row| wide.on[(row + r) * width + r..][..self.width].to_vec()).collect();
        Self { width: self.width, height: self.height, on }
    }

    /// Grown by a square of 2r + 1 pixels.
    #[must_use]
    pub fn grown(&self, r: usize) -> Self {
        self.spread(r, true)
    }

    /// Pixels that are not `value` become it where one within r along rows, then columns, is.
    fn spread(&self, r: usize, value: bool) -> Self {
        let lines = |on: &[bool], count: usize, length: usize, at: &dyn Fn(usize, usize) -> usize| {
            let mut out = on.to_vec();
            for line in 0..count {
                let mut last: Option<usize> = None;
                for i in 0..length {
                    if on[at(line, i)] == value {
                        let from = last.map_or(i.saturating_sub(r), |l| (l + 1).max(i.saturating_sub(r)));
                        (from..=i).for_each(|k| out[at(line, k)] = value);
                        last = Some(i);
                    } else if last.is_some_and(|l| i - l <= r) {
                        out[at(line, i)] = value;
                    }
                }
            }
            out
        };
        let (w, h) = (self.width, self.height);
        let across = lines(&self.on, h, w, &|line, i| line * w + i);
        let on = lines(&across, w, h, &|line, i| i * w + line);
        Self { width: w, height: h, on }
    }

    /// The parts of the foreground, the largest first; of equal ones the topmost, then leftmost.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = self.regions(true, true);
        parts.sort_by_key(|part| std::cmp::Reverse(part.pixels.len()));
        parts
    }

    /// Holes of at most this many pixels become foreground.
    #[must_use]
    pub fn filled(&self, most: usize) -> Self {
        let mut out = self.clone();
        for hole in self.regions(false, false).into_iter().filter(|h| !h.touches_edge && h.pixels.len() <= most) {
            hole.pixels.into_iter().for_each(|i| out.on[i] = true);
        }
        out
    }

    fn regions(&self, value: bool, diagonal: bool) -> Vec<Part> {
        let (w, h) = (self.width, self.height);
        let mut seen: Vec<bool> = self.on.iter().map(|on| *on != value).collect();
        let mut all = Vec::new();
        let mut open = VecDeque::new();
        for start in 0..seen.len() {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            open.push_back(start);
            let mut part = Part { pixels: Vec::new(), touches_edge: false };
            while let Some(i) = open.pop_front() {
                let (x, y) = (i % w, i / w);
                part.touches_edge |= x == 0 || y == 0 || x + 1 == w || y + 1 == h;
                part.pixels.push(i);
                for v in y.saturating_sub(1)..=(y + 1).min(h - 1) {
                    for u in x.saturating_sub(1)..=(x + 1).min(w - 1) {
                        let k = v * w + u;
                        if (diagonal || u == x || v == y) && !seen[k] {
                            seen[k] = true;
                            open.push_back(k);
                        }
                    }
                }
            }
            all.push(part);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use crate::draw::Stream;

    fn mask(rows: &[&str]) -> Mask {
        let on = rows.iter().flat_map(|row| row.bytes().map(|b| b == b'#')).collect();
        Mask::new(rows[0].len(), rows.len(), on).expect("fits")
    }

    #[test]
    fn parts_and_holes() {
        let all = mask(&["##...", "#.#..", ".#..#", "....#", "....."]);
        let parts = all.parts();
        assert_eq!(parts.iter().map(|p| p.pixels.len()).collect::<Vec<_>>(), [5, 2]);
        assert_eq!(parts[0].pixels[0], 0);
        // The ring of diagonal neighbours holds one pixel of ground.
        assert_eq!(all.filled(1).count(), all.count() + 1);
        assert_eq!(all.filled(0), all);
        assert!(all.parts().iter().all(|p| p.touches_edge));
        assert!(Mask::new(2, 2, vec![true; 3]).is_none());
    }

    #[test]
    fn closing_is_the_definition() {
        let mut draw = Stream::new(6, "mask", 0);
        let (w, h) = (13isize, 9isize);
        for r in [1isize, 2, 5] {
            let on: Vec<bool> = (0..w * h).map(|_| draw.uniform() < 0.2).collect();
            let at = |x: isize, y: isize| (0..w).contains(&x) && (0..h).contains(&y) && on[(y * w + x) as usize];
            let near = |x: isize, y: isize| (-r..=r).flat_map(move |v| (-r..=r).map(move |u| (x + u, y + v)));
            let dilated = |x: isize, y: isize| near(x, y).any(|(u, v)| at(u, v));
            let got = Mask::new(13, 9, on.clone()).expect("fits").closed(r as usize);
            for y in 0..h {
                for x in 0..w {
                    assert_eq!(got.on()[(y * w + x) as usize], near(x, y).all(|(u, v)| dilated(u, v)), "{r} {x} {y}");
                }
            }
        }
    }
}
