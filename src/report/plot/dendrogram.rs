//! A hierarchical clustering as a tree, root at the left and leaves at the right.
//!
//! Merge i joins two earlier clusters into cluster n + i; 0 … n − 1 are the leaves (the numbering of SciPy and R's merge order).
//! The cut counts a merge as made where its height, and that of every merge within it, is at most the cut; with linkages
//! that invert (centroid, median) this is what SciPy's `fcluster(criterion="distance")` does. Leaf names get smaller with
//! their number, then only each second, third … tenth is written, and beyond that none.

use super::axis::{Axis, Marks};
use super::error::{Error, finite, length, not_negative};
use super::frame::{Frame, QUIET};
use super::groups::Groups;
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette::{self, INK};
use super::scene::{Anchor, Label, Marker, Rect, Scene, Stroke};
use super::text;

const FIGURE: &str = "dendrogram";
const CUT: Stroke = Stroke::dashed("#d55e00", 1.4, "6 4");

/// Two clusters that became one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    pub left: usize,
    pub right: usize,
    pub height: f64,
    /// Leaves in the new cluster.
    pub size: usize,
}

/// A tree of merges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dendrogram<'a> {
    /// One fewer than leaves.
    pub merges: &'a [Merge],
    /// A name for each leaf; empty: their numbers.
    pub names: &'a [&'a str],
    /// A class for each leaf, or empty.
    pub classes: &'a [&'a str],
    pub cut: Option<f64>,
    /// Of the axis of heights: "Ward distance".
    pub title: &'a str,
}

/// Where each cluster is: its height, and its place among the leaves.
struct Tree {
    order: Vec<usize>,
    /// Height and place of each cluster, leaves first.
    at: Vec<(f64, f64)>,
}

impl Dendrogram<'_> {
    const fn leaves(&self) -> usize {
        self.merges.len() + 1
    }

    fn check(&self) -> Result<(), Error> {
        let n = self.leaves();
        let heights: Vec<_> = self.merges.iter().map(|m| m.height).collect();
        not_negative(FIGURE, "height", &heights)?;
        for (what, got) in [("names", self.names.len()), ("classes", self.classes.len())] {
            if got != 0 {
                length(FIGURE, what, got, n, "one for each leaf, or none at all")?;
            }
        }
        if let Some(cut) = self.cut {
            finite(FIGURE, "the cut", &[cut])?;
            not_negative(FIGURE, "the cut", &[cut])?;
        }
        let mut sizes = vec![1_usize; n];
        let mut used = vec![false; 2 * n];
        for (i, merge) in self.merges.iter().enumerate() {
            let mut size = 0;
            for id in [merge.left, merge.right] {
                let wrong =
                    |allowed: String| Error::Value { figure: FIGURE, what: format!("merge {i}"), got: id.to_string(), allowed };
                let Some(of) = sizes.get(id) else {
                    return Err(wrong(format!("clusters that exist by then, 0 to {}", n + i - 1)));
                };
                size += of;
                match used.get_mut(id) {
                    Some(used) if !*used => *used = true,
                    _ => return Err(wrong("each cluster only once: it was merged before".into())),
                }
            }
            if size != merge.size {
                let what = format!("the size of merge {i}");
                return Err(Error::Value { figure: FIGURE, what, got: merge.size.to_string(), allowed: size.to_string() });
            }
            sizes.push(size);
        }
        Ok(())
    }

    fn tree(&self) -> Tree {
        let n = self.leaves();
        // From the root down with a stack of its own: a chain of thousands of merges is as deep as it is long.
        let mut order = Vec::with_capacity(n);
        let mut stack = vec![2 * n - 2];
        while let Some(id) = stack.pop() {
            match id.checked_sub(n).and_then(|m| self.merges.get(m)) {
                Some(merge) => stack.extend([merge.right, merge.left]),
                None => order.push(id),
            }
        }
        let mut at = vec![(0.0, 0.0); n];
        for (place, leaf) in order.iter().enumerate() {
            if let Some(a) = at.get_mut(*leaf) {
                *a = (0.0, place as f64);
            }
        }
        for merge in self.merges {
            let place = |id: usize| at.get(id).map_or(0.0, |a| a.1);
            at.push((merge.height, f64::midpoint(place(merge.left), place(merge.right))));
        }
        Tree { order, at }
    }

    /// Clusters that are left when merges above the cut are undone.
    fn clusters(&self, cut: f64) -> usize {
        let n = self.leaves();
        let mut highest = vec![0.0_f64; n];
        for merge in self.merges {
            let of = |id: usize| highest.get(id).copied().unwrap_or(0.0);
            highest.push(merge.height.max(of(merge.left)).max(of(merge.right)));
        }
        n - highest.iter().skip(n).filter(|h| **h <= cut).count()
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        self.check()?;
        let n = self.leaves();
        let groups = Groups::new(self.classes, n);
        let mut entries = Vec::new();
        if groups.named() {
            entries.extend(groups.names.iter().enumerate().map(|(g, name)| Entry::new(Key::class(palette::look(g)), *name)));
        }
        let clusters = self.cut.map(|cut| self.clusters(cut));
        if let Some(clusters) = clusters {
            entries.push(Entry::new(Key::Line(CUT), format!("cut: {}", counted(clusters, "cluster"))));
        }
        let (mut scene, area) = style.open(&entries);
        let tree = self.tree();
        let number: Vec<_> = if self.names.is_empty() { (0..n).map(|i| i.to_string()).collect() } else { vec![] };
        let names: Vec<&str> =
            if self.names.is_empty() { number.iter().map(String::as_str).collect() } else { self.names.to_vec() };
        // The marks below take about 45 pixels; names are as high as their share of the rest.
        let pitch = (area.h - 50.0).max(20.0) / n as f64;
        let size = (pitch * 0.85).clamp(7.0, 11.0);
        let every = libm::ceil((size + 0.2) / pitch).max(1.0) as usize;
        let written = every <= 10;
        let most = area.w * 0.3;
        let widest = if written { names.iter().map(|l| text::width(l, size)).fold(0.0, f64::max).min(most) } else { 0.0 };
        let key = if groups.named() { 10.0 } else { 0.0 };
        let area = Rect { w: area.w - widest - key - 6.0, ..area };
        let high = self.merges.iter().map(|m| m.height).chain(self.cut).fold(0.0, f64::max);
        let high = if high > 0.0 { high * 1.03 } else { 1.0 };
        let x = Axis::from(self.title, 0.0, high).reversed(true);
        let y = Axis::from("", -0.6, n as f64 - 0.4).reversed(true).marks(Marks::Nothing);
        let frame = Frame::draw(&mut scene, area, &x, &y);
        let stroke = Stroke::new(INK, (pitch * 0.5).clamp(0.15, 1.2));
        scene.open("merges");
        for (i, merge) in self.merges.iter().enumerate() {
            let place = |id: usize| tree.at.get(id).copied().unwrap_or((0.0, 0.0));
            let ((left, a), (right, b), (top, _)) = (place(merge.left), place(merge.right), place(n + i));
            let run = [(left, a), (top, a), (top, b), (right, b)].map(|(h, p)| frame.at(h, p)).to_vec();
            scene.path("merge", &[run], &stroke, "");
        }
        scene.end();
        if let Some(cut) = self.cut {
            let x = frame.x.at(cut);
            scene.line("cut", (x, frame.plot.y), (x, frame.plot.bottom()), &CUT);
        }
        scene.open("leaves");
        let right = frame.plot.right();
        for (place, leaf) in tree.order.iter().enumerate() {
            let y = frame.y.at(place as f64);
            if groups.named() {
                let group = groups.of.get(*leaf).copied().unwrap_or(0);
                let look = palette::look(group);
                let marker =
                    Marker { shape: look.shape, colour: look.colour, radius: (pitch * 0.4).clamp(1.0, 3.5), hollow: false };
                scene.marker(&format!("leaf class-{group}"), (right + 7.0, y), &marker, names.get(*leaf).copied().unwrap_or(""));
            }
            if let Some(name) = names.get(*leaf).filter(|_| written && place % every == 0) {
                let colour = if every > 1 { QUIET } else { INK };
                let label = Label { colour, ..Label::new("leaf-label", right + 5.0 + key, y, size, Anchor::Start) };
                scene.text(&label, &text::fit(name, size, most));
            }
        }
        scene.end();
        let cut = clusters.map_or(String::new(), |c| format!(", cut into {}", counted(c, "cluster")));
        let thinned = match (written, every) {
            (false, _) => " Leaf names are left out.".to_owned(),
            (true, 1) => String::new(),
            (true, k) => format!(" One leaf name in {k} is written."),
        };
        Ok((scene, format!("Dendrogram of {}{cut}.{thinned}", counted(n, "leaf"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(left: usize, right: usize, height: f64, size: usize) -> Merge {
        Merge { left, right, height, size }
    }

    #[test]
    fn order_places_and_clusters() {
        // ((0, 2), 1) with 3 joined last.
        let merges = [merge(0, 2, 1.0, 2), merge(4, 1, 2.0, 3), merge(5, 3, 5.0, 4)];
        let d = Dendrogram { merges: &merges, names: &[], classes: &[], cut: None, title: "" };
        assert_eq!(d.check(), Ok(()));
        let tree = d.tree();
        assert_eq!(tree.order, [0, 2, 1, 3]);
        assert_eq!(tree.at[4], (1.0, 0.5));
        assert_eq!(tree.at[5], (2.0, 1.25));
        assert_eq!(tree.at[6], (5.0, 2.125));
        assert_eq!([0.0, 1.0, 1.5, 2.0, 4.9, 5.0].map(|c| d.clusters(c)), [4, 3, 3, 2, 2, 1]);
        // An inversion: the second merge is below the first, and only counts with it.
        let merges = [merge(0, 1, 3.0, 2), merge(3, 2, 2.0, 3)];
        let d = Dendrogram { merges: &merges, ..d };
        assert_eq!([1.0, 2.5, 3.0].map(|c| d.clusters(c)), [3, 3, 1]);
    }

    #[test]
    fn impossible_trees_are_refused() {
        let check = |merges: &[Merge]| Dendrogram { merges, names: &[], classes: &[], cut: None, title: "" }.check();
        assert!(check(&[]).is_err());
        assert!(check(&[merge(0, 2, 1.0, 2)]).unwrap_err().to_string().contains("0 to 1"));
        assert!(check(&[merge(0, 0, 1.0, 2)]).unwrap_err().to_string().contains("only once"));
        assert!(check(&[merge(0, 1, -1.0, 2)]).is_err());
        assert!(check(&[merge(0, 1, f64::NAN, 2)]).is_err());
        assert!(check(&[merge(0, 1, 1.0, 3)]).is_err());
        assert!(check(&[merge(0, 1, 1.0, 2), merge(3, 2, 1.0, 3)]).is_ok());
    }
}
