//! Where the names of single points go: beside their point, clear of each other and of the box, and of other points where
//! there is room for that. A name without a place is left out.

use super::scene::{Anchor, Label, Rect, Scene};
use super::text;

const SIZE: f64 = 10.0;
const AWAY: f64 = 6.0;

/// Points beyond this many are not looked at one by one: the plot is then too full for it to matter.
const LOOKED_AT: usize = 3000;

pub(super) struct Placer<'a> {
    bounds: Rect,
    points: &'a [(f64, f64)],
    taken: Vec<Rect>,
    /// Points along lines that are better not written over.
    lines: Vec<(f64, f64)>,
}

impl<'a> Placer<'a> {
    pub(super) fn new(bounds: Rect, points: &'a [(f64, f64)]) -> Self {
        Self { bounds, points: points.get(..LOOKED_AT).unwrap_or(points), taken: Vec::new(), lines: Vec::new() }
    }

    /// Keeps clear of lines as well, where there is room.
    pub(super) fn avoid(mut self, runs: &[Vec<(f64, f64)>]) -> Self {
        for run in runs {
            for (a, b) in run.iter().zip(run.iter().skip(1)) {
                let steps = libm::ceil(libm::hypot(b.0 - a.0, b.1 - a.1) / 4.0).clamp(1.0, 4000.0) as u32;
                let along = |k: u32, a: f64, b: f64| a + (b - a) * f64::from(k) / f64::from(steps);
                self.lines.extend((0..=steps).map(|k| (along(k, a.0, b.0), along(k, a.1, b.1))));
            }
        }
        self
    }

    /// Writes `name` beside `at`; false where there is no place.
    pub(super) fn write(&mut self, scene: &mut Scene, at: (f64, f64), name: &str) -> bool {
        let name = text::fit(name, SIZE, self.bounds.w * 0.4);
        let (w, h) = (text::width(&name, SIZE), SIZE + 1.0);
        let (x, y) = at;
        let places = [
            (Anchor::Start, x + AWAY, y - h / 2.0),
            (Anchor::End, x - AWAY - w, y - h / 2.0),
            (Anchor::Middle, x - w / 2.0, y - AWAY - h),
            (Anchor::Middle, x - w / 2.0, y + AWAY),
            (Anchor::Start, x + AWAY - 2.0, y - AWAY - h + 3.0),
            (Anchor::Start, x + AWAY - 2.0, y + AWAY - 3.0),
            (Anchor::End, x - AWAY + 2.0 - w, y - AWAY - h + 3.0),
            (Anchor::End, x - AWAY + 2.0 - w, y + AWAY - 3.0),
        ];
        let free: Vec<_> = places
            .into_iter()
            .map(|(anchor, left, top)| (anchor, Rect { x: left, y: top, w, h }))
            .filter(|(_, r)| self.bounds.holds(r) && !self.taken.iter().any(|t| t.meets(r)))
            .collect();
        let near = |r: &Rect| {
            let wide = Rect { x: r.x - 3.0, y: r.y - 3.0, w: r.w + 6.0, h: r.h + 6.0 };
            let inside = |p: &&(f64, f64)| wide.holds(&Rect { x: p.0, y: p.1, w: 0.0, h: 0.0 });
            // A line is a lesser evil than a point, however much of it is covered.
            4 * self.points.iter().filter(inside).count() + usize::from(self.lines.iter().any(|p| inside(&p)))
        };
        let Some((anchor, r)) = free.into_iter().min_by_key(|(_, r)| near(r)) else { return false };
        let x = match anchor {
            Anchor::Start => r.x,
            Anchor::Middle => r.x + w / 2.0,
            Anchor::End => r.right(),
        };
        scene.text(&Label { halo: true, ..Label::new("point-label", x, r.y + h / 2.0, SIZE, anchor) }, &name);
        self.taken.push(r);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_overlap() {
        let bounds = Rect { x: 0.0, y: 0.0, w: 300.0, h: 200.0 };
        let points: Vec<_> = (0..40).map(|i| (100.0 + f64::from(i), 100.0)).collect();
        let mut scene = Scene::new(300.0, 200.0);
        let mut placer = Placer::new(bounds, &points);
        let written = points.iter().filter(|p| placer.write(&mut scene, **p, "row 12")).count();
        assert!((2..40).contains(&written), "{written}");
        for (i, a) in placer.taken.iter().enumerate() {
            assert!(bounds.holds(a));
            assert!(!placer.taken[..i].iter().any(|b| a.meets(b)));
        }
    }

    #[test]
    fn a_name_at_the_edge_turns_inwards() {
        let mut scene = Scene::new(300.0, 200.0);
        let points = [(298.0, 100.0)];
        let mut placer = Placer::new(Rect { x: 0.0, y: 0.0, w: 300.0, h: 200.0 }, &points);
        assert!(placer.write(&mut scene, points[0], "edge"));
        assert!(scene.svg("", "").contains("text-anchor=\"end\""));
    }
}
