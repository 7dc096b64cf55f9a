//! Finding the fastest [shape](super::shape) for a card: each is first held against f64, then timed, within a limit of time.
//!
//! What is fastest depends on how wide rows are, on their numbers and on whether a feature takes one fused multiply or several operations, so
//! each [`Class`] is tuned by itself. A shape that gives a wrong sum, or a right one with more error than its bound says, is not admitted.

use super::shader::{Kernel, Program, assemble};
use super::shape::{Means, Number, Shape};
use super::{Error, Gpu};
use crate::backend::{Backend as _, GROUP, Halves, Operand, Picked, Screen, Sink, Tile};
use crate::metric::{self, Metric};
use half::f16;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How wide rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Width {
    /// Up to 64 numbers: heads.
    Short,
    /// Up to 256.
    Middle,
    Long,
}

/// What one shape serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Class {
    /// A metric's own step, and not a product.
    pub fold: bool,
    pub number: Number,
    pub width: Width,
}

impl Class {
    #[must_use]
    pub const fn of(fold: bool, number: Number, stride: usize) -> Self {
        let width = match stride {
            0..=64 => Width::Short,
            65..=256 => Width::Middle,
            _ => Width::Long,
        };
        Self { fold, number, width }
    }

    /// All of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let widths = [Width::Short, Width::Middle, Width::Long];
        let kinds = [(false, Number::Single), (false, Number::Half), (true, Number::Single)];
        kinds.iter().flat_map(|&(fold, number)| widths.map(|width| Self { fold, number, width })).collect()
    }

    /// Numbers of the rows that it is tuned with.
    const fn features(self) -> usize {
        match self.width {
            Width::Short => 32,
            Width::Middle => 192,
            Width::Long => 1024,
        }
    }

    fn metric(self) -> Option<&'static dyn Metric> {
        metric::by_name(if self.fold { "manhattan" } else { "dot" })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.fold, self.number) {
            (true, _) => "folds",
            (false, Number::Single) => "products of f32",
            (false, Number::Half) => "products of f16",
        };
        let width = match self.width {
            Width::Short => "up to 64 numbers",
            Width::Middle => "up to 256",
            Width::Long => "longer",
        };
        write!(f, "{what}, {width}")
    }
}

/// What became of a shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    pub shape: Shape,
    /// Pairs × features × 2 a second.
    pub gflops: Option<f64>,
    /// The largest error seen, in half ulps of Σ|x·y|.
    pub error: Option<f64>,
    /// What its bound allows.
    pub allowed: f64,
    /// Why it was not admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The shape of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub class: Class,
    pub shape: Shape,
    pub tried: Vec<Tried>,
}

/// What was found on a card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// Of the card, its driver, and the shaders: [`Gpu::fingerprint`].
    pub fingerprint: String,
    pub device: String,
    pub choices: Vec<Choice>,
}

impl Tuning {
    /// The shape of a class, if it was tuned.
    #[must_use]
    pub fn shape(&self, class: Class) -> Option<Shape> {
        self.choices.iter().find(|choice| choice.class == class).map(|choice| choice.shape)
    }
}

impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tuned {}", self.fingerprint.get(..12).unwrap_or(&self.fingerprint))?;
        for choice in &self.choices {
            write!(f, "; {}: {}", choice.class, choice.shape)?;
        }
        Ok(())
    }
}

/// How much is timed.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Rows on both sides of a first look, and of what is timed, at most.
    few: usize,
    rows: usize,
    /// Seconds that it should last, about.
    long: f64,
}

impl Effort {
    const REAL: Self = Self { few: 512, rows: 8192, long: 0.2 };
    const SOFTWARE: Self = Self { few: 64, rows: 128, long: 0.1 };
}

/// Seconds after which a first look at a shape ends it: drivers were seen to run one a thousand times slower than others.
const PATIENCE: f64 = 10.0;
/// Rows that sums are checked on: more than one workgroup's, and not a multiple of anything.
const CHECKED: usize = 200;
/// Cooperative shapes may use that part of their bound.
const SHARE: f64 = 0.5;

impl Gpu {
    /// What a tuning is valid for: this card with this driver and these shaders.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = blake3::Hasher::new();
        let described = &self.described;
        for text in [&described.name, &described.api, &described.driver] {
            hash.update(text.as_bytes());
            hash.update(b"\0");
        }
        hash.update(&described.ids.0.to_le_bytes());
        hash.update(&described.ids.1.to_le_bytes());
        // What makes a driver's program of a shader's text.
        hash.update(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")));
        if described.driver.is_empty() {
            // Drivers that come with the system do not name themselves.
            let system = rustix::system::uname();
            for text in [system.sysname(), system.release(), system.version()] {
                hash.update(text.to_bytes_with_nul());
            }
        }
        let numbers = [Number::Single, Number::Half];
        for class in Class::all() {
            let Some(metric) = class.metric() else { continue };
            for shape in Shape::ALL {
                for number in numbers.into_iter().filter(|&number| shape.takes(number)) {
                    for kernel in Kernel::ALL {
                        hash.update(assemble(metric, Program { kernel, shape, number }).as_bytes());
                    }
                }
            }
        }
        hash.finalize().to_hex().to_string()
    }

    /// Takes what was found before. Answers whether it is of this card, and the device can do it.
    pub fn use_tuning(&mut self, tuning: Tuning) -> bool {
        let known = |choice: &Choice| {
            Shape::ALL.contains(&choice.shape)
                && self.can_run(choice.shape, choice.class.number)
                && !(choice.class.fold && matches!(choice.shape.means, Means::Cooperative { .. }))
        };
        let valid = tuning.fingerprint == self.fingerprint() && tuning.choices.iter().all(known);
        if valid {
            self.tuning = Some(tuning);
        }
        valid
    }

    /// Finds the fastest shape for each class and takes it. `told` hears of each as it is tried.
    ///
    /// # Errors
    /// When not even the default shape gives right sums, or the device fails.
    pub fn tune(&mut self, told: &mut dyn FnMut(Class, &Tried)) -> Result<Tuning, Error> {
        let effort = if self.described.kind == "software" { Effort::SOFTWARE } else { Effort::REAL };
        let mut choices = Vec::new();
        for class in Class::all() {
            let Some(metric) = class.metric() else { continue };
            let mut tried: Vec<Tried> = Vec::new();
            for shape in Shape::ALL {
                let cooperative = matches!(shape.means, Means::Cooperative { .. });
                if !self.can_run(shape, class.number) || (class.fold && cooperative) {
                    continue;
                }
                self.trying = Some(shape);
                let found = self.try_shape(class, metric, shape, effort);
                self.trying = None;
                told(class, &found);
                tried.push(found);
            }
            let admitted = tried.iter().filter(|t| t.refused.is_none());
            let best = admitted.max_by(|a, b| a.gflops.unwrap_or(0.0).total_cmp(&b.gflops.unwrap_or(0.0)));
            match best {
                Some(best) => choices.push(Choice { class, shape: best.shape, tried }),
                // A class that the device has no numbers for.
                None if tried.is_empty() => {}
                None => {
                    let why = tried.iter().find_map(|t| t.refused.clone()).unwrap_or_default();
                    return Err(Error::Failed(format!("no shape gives right sums for {class}: {why}")));
                }
            }
        }
        let tuning = Tuning { fingerprint: self.fingerprint(), device: self.described.name.clone(), choices };
        self.tuning = Some(tuning.clone());
        Ok(tuning)
    }

    fn try_shape(&mut self, class: Class, metric: &'static dyn Metric, shape: Shape, effort: Effort) -> Tried {
        let stride = Rows::stride(class.features(), class.number);
        let share = if let Means::Cooperative { .. } = shape.means { SHARE } else { 1.0 };
        // A step of a fold rounds once before it is summed; so does a product that is not fused.
        let allowed = share * (shape.depth(stride) + 2) as f64;
        let mut tried = Tried { shape, gflops: None, error: None, allowed, refused: None };
        match self.check(class, metric) {
            Ok(error) => tried.error = Some(error),
            Err(why) => {
                tried.refused = Some(why);
                return tried;
            }
        }
        if tried.error.is_some_and(|error| error > allowed) {
            tried.refused = Some("its sums are off by more than its bound says".into());
            return tried;
        }
        match self.time(class, metric, effort) {
            Ok(gflops) => tried.gflops = Some(gflops),
            Err(why) => tried.refused = Some(why),
        }
        tried
    }

    /// Holds a shape's sums against f64, and its selection against the test that it is to make. Answers the largest error of a sum.
    fn check(&mut self, class: Class, metric: &'static dyn Metric) -> Result<f64, String> {
        let screen = Screen { metric, gain: if class.fold { -1.0 } else { 1.0 }, product: !class.fold };
        let mut worst = 0.0f64;
        for kind in 0..4 {
            let rows = Rows::new(kind, CHECKED, class);
            let operand = rows.operand();
            // Past the first workgroup on both sides, so that a place which is not added shows; and the whole of it.
            for (first_row, first_col) in [(0, 0), (16, 48)] {
                let tile = Tile { rows: first_row..CHECKED, cols: first_col..CHECKED, seed: true, upper: false };
                let sink = Heard::nothing();
                self.screen(screen, &operand, &operand, std::slice::from_ref(&tile), &sink).map_err(|e| e.why)?;
                let t = sink.take().0;
                if t.len() as u64 != tile.pairs() {
                    return Err("it gave no sums".into());
                }
                for (n, &t) in t.iter().enumerate() {
                    let (i, j) = (first_row + n / tile.cols.len(), first_col + n % tile.cols.len());
                    worst = worst.max(rows.error(i, j, class.fold, t));
                }
                for upper in [false, true].into_iter().filter(|upper| !upper || first_row == first_col) {
                    let tile = Tile { seed: false, upper, ..tile.clone() };
                    worst = worst.max(self.check_selection(screen, &rows, &operand, &tile)?);
                }
            }
        }
        Ok(worst)
    }

    /// Every row has a floor, a lift, a reach and a step of its own: one that is taken for another shows.
    fn check_selection(&mut self, screen: Screen, rows: &Rows, operand: &Operand, tile: &Tile) -> Result<f64, String> {
        let fold = !screen.product;
        let sign = if fold { -1.0 } else { 1.0 };
        let bound = |i: usize, j: usize| {
            let reach = if fold { 0.0 } else { f64::from(operand.reach[i]) * f64::from(operand.reach[j]) };
            sign * rows.exact(i, j, fold).0 + reach
        };
        // About half of the pairs pass, by either side.
        let mut sample: Vec<f64> = (0..CHECKED).map(|i| bound(i, (i * 77 + 5) % CHECKED)).collect();
        sample.sort_unstable_by(f64::total_cmp);
        let (middle, spread) = (sample[CHECKED / 2], (sample[CHECKED * 9 / 10] - sample[CHECKED / 10]).abs().max(1e-6));
        let floor = |i: usize, of: usize| (middle + spread * ((i * of % 101) as f64 / 50.0 - 0.8)) as f32;
        let sink = Heard::new((0..CHECKED).map(|i| floor(i, 37)).collect(), (0..CHECKED).map(|j| floor(j, 59)).collect());
        self.screen(screen, operand, operand, std::slice::from_ref(tile), &sink).map_err(|e| e.why)?;
        let mut passed = vec![None; CHECKED * CHECKED];
        let mut worst = 0.0f64;
        let (row_floors, col_floors) = (sink.row_floors.clone(), sink.col_floors.clone());
        for pair in sink.take().1 {
            let (i, j) = (pair.row as usize, pair.col as usize);
            if passed[i * CHECKED + j].replace(pair.t).is_some() {
                return Err(format!("it selects pair ({i}, {j}) twice"));
            }
            worst = worst.max(rows.error(i, j, fold, pair.t));
        }
        for i in 0..CHECKED {
            for j in 0..CHECKED {
                let wanted = tile.rows.contains(&i) && tile.cols.contains(&j) && (!tile.upper || i < j);
                let (size, s) = (rows.exact(i, j, fold).1, bound(i, j));
                let over = (s + f64::from(operand.lift[j]) - f64::from(row_floors[i]))
                    .max(s + f64::from(operand.lift[i]) - f64::from(col_floors[j]));
                // What a sum is allowed to be off by, and the roundings of the test.
                let near = size * 1e-3 + (s.abs() + middle.abs() + spread) * 1e-5;
                let passes = passed[i * CHECKED + j].is_some();
                if (passes && !wanted) || (wanted && passes != (over >= 0.0) && over.abs() > near) {
                    return Err(format!("it selects wrongly: pair ({i}, {j})"));
                }
            }
        }
        Ok(worst)
    }

    /// Operations a second, in 10⁹.
    fn time(&mut self, class: Class, metric: &'static dyn Metric, effort: Effort) -> Result<f64, String> {
        let screen = Screen { metric, gain: if class.fold { -1.0 } else { 1.0 }, product: !class.fold };
        let operand = Rows::new(0, effort.rows, class).operand();
        let mut run = |rows: usize, times: usize| {
            let tile = Tile { rows: 0..rows, cols: 0..rows, seed: false, upper: false };
            let sink = Heard::nothing();
            let started = Instant::now();
            self.screen(screen, &operand, &operand, &vec![tile; times], &sink).map_err(|e| e.why)?;
            Ok::<Duration, String>(started.elapsed())
        };
        // The first run compiles and uploads.
        let first = run(effort.few, 1)?.as_secs_f64();
        if first > PATIENCE {
            return Err(format!("{first:.0} s for {0} × {0} rows", effort.few));
        }
        let once = run(effort.few, 1)?.as_secs_f64();
        // So many rows that it takes about as long as it should, and again if the device was not busy all the time.
        let rows = (effort.few as f64 * (effort.long / once).sqrt()) as usize / effort.few * effort.few;
        let rows = rows.clamp(effort.few, effort.rows);
        let seconds = run(rows, 1)?.as_secs_f64();
        let times = (effort.long / seconds).clamp(1.0, 64.0) as usize;
        let seconds = if times > 1 { run(rows, times)?.as_secs_f64() / times as f64 } else { seconds };
        Ok(2e-9 * (rows * rows * class.features()) as f64 / seconds)
    }
}

/// Rows of known numbers.
struct Rows {
    number: Number,
    stride: usize,
    count: usize,
    /// As the device sees them, but for the step.
    values: Vec<f32>,
    /// A power of two for halves, else 1.
    steps: Vec<f32>,
}

/// Operands of tuning have keys of their own, from the middle downwards: none may be taken for one before it.
static KEYS: AtomicU64 = AtomicU64::new(0);

impl Rows {
    fn stride(features: usize, number: Number) -> usize {
        features.next_multiple_of(if number == Number::Half { Halves::PAD } else { Operand::PAD })
    }

    /// `kind` 0: anything. 1: of one sign. 2: a large number and many small ones, which are lost one by one but not together. 3: large
    /// ones that cancel.
    fn new(kind: u64, rows: usize, class: Class) -> Self {
        let (features, number) = (class.features(), class.number);
        let stride = Self::stride(features, number);
        let mut state = 0x9e37_79b9_7f4a_7c15u64 ^ kind;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let mut values = vec![0.0f32; rows * stride];
        for row in values.chunks_mut(stride) {
            for (k, x) in row[..features].iter_mut().enumerate() {
                let unit = draw();
                *x = match kind {
                    0 => 2.0 * unit - 1.0,
                    1 => 0.5 + 0.5 * unit,
                    2 if k == 0 => 1.0,
                    2 => (1.0 + unit) / 8192.0,
                    _ => (1.0 + unit / 64.0) * if k % 2 == 0 { 1.0 } else { -1.0 },
                };
                if number == Number::Half {
                    *x = f16::from_f32(*x).to_f32();
                }
            }
        }
        let step = |i: usize| if number == Number::Half { [1.0, 0.5, 2.0][i % 3] } else { 1.0 };
        Self { number, stride, count: rows, values, steps: (0..rows).map(step).collect() }
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.stride..][..self.stride]
    }

    /// How far a sum is off, in half ulps of Σ of the terms' sizes.
    fn error(&self, i: usize, j: usize, fold: bool, t: f32) -> f64 {
        let (exact, size) = self.exact(i, j, fold);
        let off = (f64::from(t) - exact).abs();
        // What is below the smallest normal f32 may be taken as zero. No number is an infinite error.
        if off.is_nan() { f64::INFINITY } else { (off - 1e-36).max(0.0) / (size * 2f64.powi(-24)).max(1e-300) }
    }

    /// The sum of a pair, and Σ of the terms' sizes.
    fn exact(&self, i: usize, j: usize, fold: bool) -> (f64, f64) {
        let step = f64::from(self.steps[i]) * f64::from(self.steps[j]);
        let terms = self.row(i).iter().zip(self.row(j)).map(|(&x, &y)| {
            let (x, y) = (f64::from(x), f64::from(y));
            if fold { (x - y).abs() } else { x * y }
        });
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
        (sum * step, size * step)
    }

    fn operand(&self) -> Operand {
        let key = u64::MAX / 2 - KEYS.fetch_add(1, Relaxed);
        let Self { number, stride, count: rows, .. } = *self;
        let mut values = vec![0.0f32; Operand::size(rows, stride)];
        for i in 0..rows {
            for (k, &x) in self.row(i).iter().enumerate() {
                values[(i / GROUP * stride + k) * GROUP + i % GROUP] = x;
            }
        }
        let halves = (number == Number::Half)
            .then(|| Halves { values: values.iter().map(|&x| f16::from_f32(x)).collect(), step: self.steps.clone() });
        if halves.is_some() {
            values = Vec::new();
        }
        let size = self.exact(0, 0, false).1 as f32;
        let lift = (0..rows).map(|i| size * ((i * 29 % 83) as f32 / 83.0 - 0.5)).collect();
        let reach = (0..rows).map(|i| size.sqrt() * (i * 43 % 89) as f32 / 200.0).collect();
        Operand { key, rows, stride, values, bytes: None, halves, lift, reach }
    }
}

/// Keeps what it is told.
struct Heard {
    /// Of all rows; none where no pair is to pass.
    row_floors: Vec<f32>,
    col_floors: Vec<f32>,
    all: Mutex<Vec<(usize, Vec<f32>)>>,
    picked: Mutex<Vec<Picked>>,
}

impl Heard {
    const fn new(row_floors: Vec<f32>, col_floors: Vec<f32>) -> Self {
        Self { row_floors, col_floors, all: Mutex::new(Vec::new()), picked: Mutex::new(Vec::new()) }
    }

    /// No pair passes.
    const fn nothing() -> Self {
        Self::new(Vec::new(), Vec::new())
    }

    fn take(self) -> (Vec<f32>, Vec<Picked>) {
        let mut strips = self.all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        strips.sort_by_key(|(start, _)| *start);
        let picked = self.picked.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        (strips.into_iter().flat_map(|(_, t)| t).collect(), picked)
    }
}

impl Sink for Heard {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.extend(rows.map(|i| self.row_floors.get(i).copied().unwrap_or(f32::MAX)));
    }
    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.extend(cols.map(|j| self.col_floors.get(j).copied().unwrap_or(f32::MAX)));
    }
    fn both_sides(&self) -> bool {
        !self.col_floors.is_empty()
    }
    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        let strip = t[..tile.rows.len() * stride].to_vec();
        self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((tile.rows.start, strip));
    }
    fn picked(&self, _: &Tile, pairs: &[Picked]) {
        self.picked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(pairs);
    }
}
