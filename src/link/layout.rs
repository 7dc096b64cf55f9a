//! Where to draw the exhibits of a series: a force-directed layout in [0, 1]².
//!
//! Exhibits push each other away with 1/d, and links pull with d (Jacomy et al. 2014, doi:10.1371/journal.pone.0098679), divided by the larger number of
//! links of their two ends, or a dense series would fall into one point; steps shrink linearly to nothing (Fruchterman & Reingold 1991,
//! doi:10.1002/spe.4380211102). Added: a pull of every exhibit to the middle of its community and to the middle of all, so that communities lie
//! together and nothing drifts off. Pushes are summed exactly for up to 256 exhibits, and over a quadtree above (Barnes & Hut 1986,
//! doi:10.1038/324446a0; cells that look smaller than θ = 0.9 count as one). The start: communities, the largest in the middle, and their
//! members in them, on sunflower spirals with a little seeded noise.
//!
//! 400 steps for up to 1,500 exhibits, 600,000 / n above, 30 at least: 5,000 exhibits with 100,000 links take about a second on one core, whatever the graph is.
//! One thread, fixed order, `libm`: the same bytes everywhere. What it shows is neighbourhood; distances on paper are no likelihood ratios.

use super::Error;
use crate::draw::Stream;

const EXACT: usize = 256;
const THETA: f64 = 0.9;

type Point = [f64; 2];

/// One point an exhibit, in [0, 1]²; `links`: pairs of indices below n; `community`: one number an exhibit.
///
/// # Errors
/// Where a link's ends do not exist.
pub fn layout(community: &[u32], links: &[(u32, u32)], seed: u64) -> Result<Vec<Point>, Error> {
    let n = community.len();
    if let Some((index, &(a, b))) = links.iter().enumerate().find(|(_, (a, b))| *a as usize >= n || *b as usize >= n) {
        return Err(Error::Ends { index, a, b, exhibits: n });
    }
    if n >= u32::MAX as usize / 8 {
        return Err(Error::Many { what: "exhibits of a layout", got: n, most: u32::MAX as usize / 8 - 1 });
    }
    let groups = groups(community);
    let mut at = start(&groups, n, seed);
    let mut degree = vec![0u32; n];
    for (a, b) in links {
        degree[*a as usize] += 1;
        degree[*b as usize] += 1;
    }
    let steps = if n > 1500 { (600_000 / n).max(30) } else { 400 };
    let mut force = vec![[0.0; 2]; n];
    for step in 0..steps {
        push(&at, &mut force);
        for &(a, b) in links {
            let (a, b) = (a as usize, b as usize);
            let (dx, dy) = (at[b][0] - at[a][0], at[b][1] - at[a][1]);
            let pull = 1.0 / f64::from(degree[a].max(degree[b]));
            for (i, sign) in [(a, pull), (b, -pull)] {
                force[i][0] += sign * dx;
                force[i][1] += sign * dy;
            }
        }
        for group in &groups {
            let inverse = 1.0 / group.len() as f64;
            let middle = group.iter().fold([0.0; 2], |m, i| [m[0] + at[*i][0] * inverse, m[1] + at[*i][1] * inverse]);
            for &i in group {
                for c in 0..2 {
                    force[i][c] += 0.2 * (middle[c] - at[i][c]) - 0.08 * at[i][c];
                }
            }
        }
        let most = (n as f64).sqrt() * 0.15 * (1.0 - step as f64 / steps as f64);
        for (at, f) in at.iter_mut().zip(&force) {
            let long = f[0].hypot_exact(f[1]);
            if long > 0.0 {
                let scale = long.min(most) / long;
                at[0] += f[0] * scale;
                at[1] += f[1] * scale;
            }
        }
    }
    Ok(fit(&at))
}

/// √(x² + y²) from operations that every machine rounds alike.
trait Hypot {
    fn hypot_exact(self, y: f64) -> f64;
}

impl Hypot for f64 {
    fn hypot_exact(self, y: f64) -> f64 {
        (self * self + y * y).sqrt()
    }
}

/// Members of each community, the largest community first.
fn groups(community: &[u32]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..community.len()).collect();
    order.sort_by_key(|i| (community[*i], *i));
    let mut groups: Vec<Vec<usize>> = order.chunk_by(|i, j| community[*i] == community[*j]).map(<[usize]>::to_vec).collect();
    groups.sort_by_key(|g| (std::cmp::Reverse(g.len()), g[0]));
    groups
}

/// Place i on a spiral that gives each place the same area.
fn sunflower(i: f64) -> Point {
    let (turn, far) = (i * 2.399_963_229_728_653, (i + 0.5).sqrt());
    [far * libm::cos(turn), far * libm::sin(turn)]
}

fn start(groups: &[Vec<usize>], n: usize, seed: u64) -> Vec<Point> {
    let mut at = vec![[0.0; 2]; n];
    let mut draw = Stream::new(seed, "layout", 0);
    let mut before = 0.0;
    for group in groups {
        let size = group.len() as f64;
        // The middle of the area that it takes up on the spiral of all exhibits.
        let middle = if before == 0.0 { [0.0; 2] } else { sunflower((before + size / 2.0) * 1.5) };
        before += size;
        for (place, &i) in group.iter().enumerate() {
            let p = sunflower(place as f64);
            for c in 0..2 {
                at[i][c] = middle[c] + 0.8 * p[c] + 0.1 * (draw.uniform() - 0.5);
            }
        }
    }
    at
}

/// Into the unit square: one scale, centred.
fn fit(at: &[Point]) -> Vec<Point> {
    let range = |c: usize| {
        let fold = |f: fn(f64, f64) -> f64, from| at.iter().map(|p| p[c]).fold(from, f);
        (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY))
    };
    let (x, y) = (range(0), range(1));
    let size = (x.1 - x.0).max(y.1 - y.0);
    let place = |v: f64, (low, high): (f64, f64)| {
        if size > 0.0 { ((v - f64::midpoint(low, high)) / size + 0.5).clamp(0.0, 1.0) } else { 0.5 }
    };
    at.iter().map(|p| [place(p[0], x), place(p[1], y)]).collect()
}

/// Adds to (fx, fy) the push on a point by one of `mass` that lies (dx, dy) from it.
fn pushed(force: &mut Point, dx: f64, dy: f64, mass: f64) {
    let square = (dx * dx + dy * dy).max(1e-4);
    force[0] -= mass * dx / square;
    force[1] -= mass * dy / square;
}

fn push(at: &[Point], force: &mut [Point]) {
    if at.len() <= EXACT {
        for (p, f) in at.iter().zip(force.iter_mut()) {
            *f = [0.0; 2];
            for q in at {
                pushed(f, q[0] - p[0], q[1] - p[1], 1.0);
            }
        }
        return;
    }
    let tree = Tree::new(at);
    for (p, f) in at.iter().zip(force.iter_mut()) {
        *f = tree.push(p);
    }
}

/// A cell: its points' number and sum; four children from `children` on, or none.
#[derive(Clone, Copy, Default)]
struct Cell {
    mass: f64,
    sum: Point,
    children: u32,
}

/// A quadtree over the points' square.
struct Tree {
    cells: Vec<Cell>,
    corner: Point,
    size: f64,
}

/// Points closer together than the square's 2^-20th part share a cell.
const DEPTH: u32 = 20;

impl Tree {
    fn new(at: &[Point]) -> Self {
        let low = |c: usize| at.iter().map(|p| p[c]).fold(f64::INFINITY, f64::min);
        let high = |c: usize| at.iter().map(|p| p[c]).fold(f64::NEG_INFINITY, f64::max);
        let corner = [low(0), low(1)];
        let size = (high(0) - corner[0]).max(high(1) - corner[1]).max(1e-9);
        let mut tree = Self { cells: vec![Cell::default()], corner, size };
        for p in at {
            tree.insert(*p);
        }
        tree
    }

    fn insert(&mut self, p: Point) {
        let (mut cell, mut corner, mut size) = (0, self.corner, self.size);
        for depth in 0.. {
            let here = self.cells[cell];
            self.cells[cell] =
                Cell { mass: here.mass + 1.0, sum: [here.sum[0] + p[0], here.sum[1] + p[1]], children: here.children };
            if here.mass == 0.0 || depth == DEPTH {
                return;
            }
            size /= 2.0;
            if here.children == 0 {
                // It held one point, which goes down first.
                let children = self.cells.len();
                self.cells[cell].children = children as u32;
                self.cells.extend([Cell::default(); 4]);
                let (quarter, _) = child(corner, size, here.sum);
                self.cells[children + quarter] = Cell { mass: 1.0, sum: here.sum, children: 0 };
            }
            let (quarter, inner) = child(corner, size, p);
            cell = self.cells[cell].children as usize + quarter;
            corner = inner;
        }
    }

    fn push(&self, p: &Point) -> Point {
        let mut force = [0.0; 2];
        let mut stack = vec![(0usize, self.size)];
        while let Some((cell, size)) = stack.pop() {
            let Cell { mass, sum, children } = self.cells[cell];
            if mass == 0.0 {
                continue;
            }
            let (dx, dy) = (sum[0] / mass - p[0], sum[1] / mass - p[1]);
            if children == 0 || size * size < THETA * THETA * (dx * dx + dy * dy) {
                pushed(&mut force, dx, dy, mass);
            } else {
                for quarter in 0..4 {
                    stack.push((children as usize + quarter, size / 2.0));
                }
            }
        }
        force
    }
}

/// Which quarter of a cell a point lies in, `size` being the quarter's, and that quarter's corner.
fn child(corner: Point, size: f64, p: Point) -> (usize, Point) {
    let right = p[0] >= corner[0] + size;
    let above = p[1] >= corner[1] + size;
    let inner = [if right { corner[0] + size } else { corner[0] }, if above { corner[1] + size } else { corner[1] }];
    (usize::from(right) + 2 * usize::from(above), inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two communities of `half` with a few links between them.
    fn two(half: u32, degree: u32, seed: u64) -> (Vec<u32>, Vec<(u32, u32)>) {
        let mut draw = Stream::new(seed, "two", 0);
        let mut links = Vec::new();
        for i in 0..2 * half {
            for _ in 0..degree {
                let j = (draw.uniform() * f64::from(half)) as u32 + if i < half { 0 } else { half };
                if i != j {
                    links.push((i, j));
                }
            }
        }
        links.extend([(0, half), (1, half + 1)]);
        ((0..2 * half).map(|i| u32::from(i >= half)).collect(), links)
    }

    fn distance(p: Point, q: Point) -> f64 {
        (p[0] - q[0]).hypot_exact(p[1] - q[1])
    }

    #[test]
    fn communities_lie_apart_and_in_the_square() {
        for (half, degree) in [(6, 2), (40, 3), (400, 6)] {
            let (community, links) = two(half, degree, 1);
            let at = layout(&community, &links, 7).expect("good input");
            assert!(at.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
            let middle = |c: u32| {
                let of: Vec<&Point> = at.iter().zip(&community).filter(|(_, x)| **x == c).map(|(p, _)| p).collect();
                [0, 1].map(|k| of.iter().map(|p| p[k]).sum::<f64>() / of.len() as f64)
            };
            let (a, b) = (middle(0), middle(1));
            let own = at.iter().zip(&community).filter(|(p, c)| {
                let (near, far) = if **c == 0 { (a, b) } else { (b, a) };
                distance(**p, near) < distance(**p, far)
            });
            assert!(own.count() as f64 > 0.97 * at.len() as f64, "{half}");
            // No two in one place.
            let least =
                at.iter().enumerate().flat_map(|(i, p)| at[..i].iter().map(move |q| distance(*p, *q))).fold(1.0, f64::min);
            assert!(least > 0.05 / at.len() as f64, "{half}: {least}");
        }
    }

    #[test]
    fn a_community_holds_together_where_links_do_not_help() {
        // Ten triangles in five communities; each is linked to the next one of another community, none to the other of its own.
        let n = 30u32;
        let mut links: Vec<(u32, u32)> = (0..n).map(|i| (i, i / 3 * 3 + (i + 1) % 3)).collect();
        links.extend((0..10).map(|t| (3 * t, (3 * t + 4) % n)));
        let community: Vec<u32> = (0..n).map(|i| i / 3 % 5).collect();
        let at = layout(&community, &links, 3).expect("good input");
        let mean = |same: bool| {
            let pairs = (0..n as usize).flat_map(|i| (0..i).map(move |j| (i, j)));
            let of: Vec<f64> = pairs
                .filter(|(i, j)| i / 3 != j / 3 && (community[*i] == community[*j]) == same)
                .map(|(i, j)| distance(at[i], at[j]))
                .collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        assert!(mean(true) < 0.6 * mean(false), "{} {}", mean(true), mean(false));
    }

    #[test]
    fn linked_exhibits_lie_closer_than_others() {
        // A ring: neighbours on it are neighbours on paper.
        let n = 24u32;
        let links: Vec<(u32, u32)> = (0..n).map(|i| (i, (i + 1) % n)).collect();
        let at = layout(&vec![0; n as usize], &links, 1).expect("good input");
        let linked = links.iter().map(|(a, b)| distance(at[*a as usize], at[*b as usize])).sum::<f64>() / f64::from(n);
        let all: f64 = at.iter().flat_map(|p| at.iter().map(move |q| distance(*p, *q))).sum::<f64>() / f64::from(n * (n - 1));
        assert!(linked < 0.5 * all, "{linked} {all}");
    }

    #[test]
    fn the_tree_sums_what_the_definition_sums() {
        let mut draw = Stream::new(5, "points", 0);
        let mut at: Vec<Point> = (0..600).map(|_| [draw.normal() * 9.0, draw.normal()]).collect();
        at[17] = at[18];
        let tree = Tree::new(&at);
        assert_eq!(tree.cells[0].mass, 600.0);
        let (mut off, mut size) = (0.0, 0.0);
        for p in &at {
            let mut exact = [0.0; 2];
            for q in &at {
                pushed(&mut exact, q[0] - p[0], q[1] - p[1], 1.0);
            }
            off += distance(tree.push(p), exact);
            size += exact[0].hypot_exact(exact[1]);
        }
        assert!(off < 0.03 * size, "{off} {size}");
    }

    #[test]
    fn the_same_again_and_another_with_another_seed() {
        let (community, links) = two(200, 4, 2);
        let at = layout(&community, &links, 7).expect("good input");
        assert_eq!(at, layout(&community, &links, 7).expect("good input"));
        assert_ne!(at, layout(&community, &links, 8).expect("good input"));
    }

    #[test]
    fn extremes() {
        assert_eq!(layout(&[], &[], 1).expect("nothing"), Vec::<Point>::new());
        assert_eq!(layout(&[0], &[], 1).expect("one"), [[0.5, 0.5]]);
        let pair = layout(&[0, 0], &[(0, 1)], 1).expect("two");
        assert!(distance(pair[0], pair[1]) > 0.9);
        assert!(layout(&[0, 0], &[(0, 2)], 1).is_err());
    }
}
