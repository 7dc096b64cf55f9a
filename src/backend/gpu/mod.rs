//! Screening on a GPU through wgpu, and only here.
//!
//! Rows are uploaded once a block, in panels that fit a binding (`panel`). A tile becomes one or more submissions, each short
//! enough for a display's watchdog; two are in flight, so that the host reads one answer while the device makes the next
//! (`flight`). Selection happens on the device: what comes back is the few pairs that pass.
//!
//! Nothing that a driver does is trusted: see `shaders/README.md`. Whatever goes wrong ends in [`Stopped`], and the run goes on
//! with the CPU.

mod adapter;
mod flight;
mod panel;
pub mod shader;
pub mod shape;
pub mod tune;

pub use adapter::{Adapter, Want, list};

use super::{Backend, Device, Halves, Operand, Picked, Screen, Sink, Stopped, Tile, TileShape};
use crate::fence;
use flight::{Answer, Flights, Piece};
use rayon::prelude::*;
use shape::{Means, Number, Shape};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tune::{Class, Tuning};

/// Why there is no GPU, or what it did wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "no GPU was found. Install a Vulkan loader and the card's driver (Debian: libvulkan1; in containers set NVIDIA_DRIVER_CAPABILITIES=all), or use --backend cpu; a software GPU for tests: mesa-vulkan-drivers"
    )]
    None,
    #[error("no GPU is called {name:?}; found: {found}. See: striae devices")]
    NotNamed { name: String, found: String },
    #[error("{adapter} cannot be used: {why}")]
    Refused { adapter: String, why: String },
    #[error("{0}")]
    Failed(String),
}

/// What the device said when nobody asked.
pub(crate) type Complaints = Arc<Mutex<Option<String>>>;

/// A GPU.
pub struct Gpu {
    described: Adapter,
    flights: Flights,
    panels: panel::Panels,
    complaints: Complaints,
    /// Pairs × features that the device does in a second, as measured.
    rate: f64,
    tile: TileShape,
    tuning: Option<Tuning>,
    /// A shape that is being tried.
    trying: Option<Shape>,
    fail_after: Option<(usize, Fault)>,
    /// Tiles that are through since it was opened.
    through: usize,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu").field("adapter", &self.described).finish_non_exhaustive()
    }
}

/// How a GPU fails in a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It says so.
    Told,
    /// The device is gone.
    Lost,
    /// Answers are zeros from then on, and nothing is said.
    Zeros,
    /// The graphics library panics.
    Panic,
    /// There is no room on the device.
    Memory,
}

impl Fault {
    /// `lost`, `zeros`, `panic`, `memory`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "lost" => Some(Self::Lost),
            "zeros" => Some(Self::Zeros),
            "panic" => Some(Self::Panic),
            "memory" => Some(Self::Memory),
            _ => None,
        }
    }
}

/// Sizes that tests make small.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a panel.
    pub panel: u64,
    /// Pairs that an answer can hold.
    pub capacity: u32,
}

/// How long a submission should take, in seconds.
const SUBMISSION: f64 = 0.08;
/// Side of a real card's tiles: so wide that a submission lasts longer than the host needs to hand over the one before.
const WIDE: usize = 8192;
/// Where memory is short, tiles are no smaller than that.
const LEAST_SIDE: usize = 256;
/// Side of tiles whose numbers are all handed over.
const DENSE: usize = 2048;
/// Pieces are cut at multiples of this many rows.
const SIDE: usize = 64;

impl Gpu {
    /// Opens the GPU that is wanted.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn open(want: &Want) -> Result<Self, Error> {
        Self::with(want, None)
    }

    /// The same with other limits than the device's own.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with(want: &Want, limits: Option<Limits>) -> Result<Self, Error> {
        let (adapter, described) = adapter::choose(want)?;
        let refused = |why: String| Error::Refused { adapter: described.name.clone(), why };
        if adapter.limits().max_compute_invocations_per_workgroup < 256 || adapter.limits().max_compute_workgroup_size_x < 256 {
            return Err(refused("it runs fewer than 256 threads together".into()));
        }
        let (device, queue) = open(&adapter, &described).map_err(refused)?;
        let complaints = Complaints::default();
        let note = |complaints: &Complaints, text: String| {
            complaints.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(text);
        };
        let heard = complaints.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&heard, e.to_string())));
        let heard = complaints.clone();
        // What follows from it may have been complained of first, and says less.
        device.set_device_lost_callback(move |reason, text| {
            let text = format!("the device was lost ({reason:?}): {text}");
            heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(text);
        });
        let software = described.kind == "software";
        let own = Limits {
            panel: described.largest_binding.min(described.largest_buffer).min(1 << 30),
            capacity: if software { 1 << 16 } else { 1 << 21 },
        };
        let limits = limits.unwrap_or(own);
        let side = if software { 256 } else { WIDE };
        Ok(Self {
            panels: panel::Panels::new(device.clone(), queue.clone(), limits.panel.min(own.panel)),
            flights: Flights::new(device, queue, limits.capacity.max((SIDE * SIDE) as u32)),
            described,
            complaints,
            rate: if software { 2e8 } else { 1e11 },
            tile: TileShape { rows: side, cols: side },
            tuning: None,
            trying: None,
            fail_after: None,
            through: 0,
        })
    }

    /// Fails when so many tiles are through: for tests of what happens then.
    #[doc(hidden)]
    pub fn fail_after(&mut self, tiles: usize, fault: Fault) {
        self.fail_after = Some((tiles, fault));
    }

    /// What was planned for a test.
    fn fail(&mut self, fault: Fault) -> Result<(), Error> {
        match fault {
            Fault::Told => return Err(Error::Failed("told to fail by a test".into())),
            Fault::Lost => self.flights.lose(),
            Fault::Zeros => self.flights.forget(),
            Fault::Memory => {
                self.flights.exhaust();
                return Err(Error::Failed("there is no room on the device".into()));
            }
            // As a library does it, but without a hook that prints.
            Fault::Panic => std::panic::resume_unwind(Box::new("told to panic by a test")),
        }
        self.fail_after = None;
        Ok(())
    }

    /// Replaces a shader by one with a fault: for tests that must notice.
    #[doc(hidden)]
    pub fn plant(&mut self, metric: &'static str, kernel: shader::Kernel, text: String) {
        self.flights.plant(metric, kernel, text);
    }

    /// Leaves matrices of subgroups alone, should a driver not survive them.
    pub fn without_cooperative(&mut self) {
        self.described.cooperative.clear();
    }

    /// Takes a shape for everything, if the device can run it: for tests.
    #[doc(hidden)]
    pub fn force(&mut self, shape: Shape, number: Number) -> bool {
        let can = self.can_run(shape, number);
        self.trying = can.then_some(shape);
        can
    }

    /// Whether shaders may use f16.
    fn device_has_halves(&self) -> bool {
        self.flights.has(wgpu::Features::SHADER_F16)
    }

    /// The shape that a class of products is computed in.
    fn shape(&self, class: Class) -> Shape {
        let chosen = self.trying.or_else(|| self.tuning.as_ref()?.shape(class));
        // Matrices multiply, and nothing else.
        chosen.filter(|shape| !(class.fold && matches!(shape.means, Means::Cooperative { .. }))).unwrap_or(Shape::DEFAULT)
    }

    /// Side of the largest square whose numbers are all handed over.
    fn largest_seed(&self) -> usize {
        (self.tile.cols / 2).min(2 * DENSE).max(self.tile.cols.min(DENSE))
    }

    /// Whether the device can run a shape.
    fn can_run(&self, shape: Shape, number: Number) -> bool {
        let has_number = number == Number::Single || self.device_has_halves();
        let has_means = match shape.means {
            Means::Cooperative { size } => {
                self.described.cooperative.contains(&size) && self.flights.has(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX)
            }
            _ => true,
        };
        has_number && has_means && shape.takes(number) && shape.shared_bytes() <= self.described.workgroup_memory
    }

    /// Cuts a tile into pieces that fit panels and take about as long as a submission should.
    fn pieces(&self, a: &Operand, b: &Operand, tile: &Tile, number: usize) -> Vec<Piece> {
        let pairs = (self.rate * SUBMISSION / a.stride as f64).max((SIDE * SIDE) as f64);
        // All numbers of a piece must fit one binding.
        let most = (self.described.largest_binding.min(1 << 28) as f64 / 4.0).sqrt() as usize / SIDE * SIDE;
        let side = ((pairs.sqrt() as usize) / SIDE * SIDE).clamp(SIDE, most.max(SIDE));
        let mut pieces = Vec::new();
        for rows in self.panels.cut(a, tile.rows.clone(), side) {
            for cols in self.panels.cut(b, tile.cols.clone(), side) {
                pieces.push(Piece { tile: number, rows: rows.clone(), cols });
            }
        }
        pieces
    }

    fn fly(
        &mut self,
        screen: Screen,
        a: &Operand,
        b: &Operand,
        tiles: &[Tile],
        sink: &dyn Sink,
        done: &mut usize,
    ) -> Result<(), Error> {
        if a.bytes.is_some() || b.bytes.is_some() || a.halves.is_some() != b.halves.is_some() {
            return Err(Error::Failed("operands came in numbers that are not for GPUs".into()));
        }
        let number = if a.halves.is_some() { Number::Half } else { Number::Single };
        let class = Class::of(!screen.product, number, a.stride);
        let shape =
            Some(self.shape(class)).filter(|shape| a.stride.is_multiple_of(shape.pad() as usize)).unwrap_or(Shape::DEFAULT);
        self.panels.load(a)?;
        self.panels.load(b)?;
        let mut waiting: VecDeque<Piece> = VecDeque::new();
        let mut gathered: Vec<Gathered> = tiles.iter().map(|_| Gathered::default()).collect();
        let mut next = 0;
        loop {
            // Keep two submissions on the device.
            while self.flights.room() && !sink.stopped() {
                if waiting.is_empty() {
                    let Some(tile) = tiles.get(next) else { break };
                    let pieces = self.pieces(a, b, tile, next);
                    gathered[next].left = pieces.len();
                    waiting.extend(pieces);
                    next += 1;
                }
                // A tile without pairs has no pieces.
                let Some(piece) = waiting.pop_front() else { continue };
                let tile = &tiles[piece.tile];
                self.flights.launch(screen, &self.panels, a, b, tile, piece, shape, sink)?;
            }
            let Some((piece, answer, seconds)) = self.flights.land(&self.complaints)? else { break };
            let work = (piece.rows.len() * piece.cols.len() * a.stride) as f64;
            if work > 1e6 {
                // Slowly, so that one slow submission does not rule.
                self.rate = 0.7 * self.rate + 0.3 * work / seconds.max(1e-5);
            }
            let tile = &tiles[piece.tile];
            let gather = &mut gathered[piece.tile];
            match answer {
                Answer::Overflow => {
                    let parts = piece.split();
                    gather.left += parts.len();
                    for part in parts.into_iter().rev() {
                        waiting.push_front(part);
                    }
                }
                Answer::Pairs(pairs) => gather.pairs.push(pairs),
                Answer::All(t) => {
                    let cols = tile.cols.len();
                    gather.all.resize(tile.rows.len() * cols, 0.0);
                    for (r, row) in t.chunks(piece.cols.len()).enumerate() {
                        let at = (piece.rows.start - tile.rows.start + r) * cols + piece.cols.start - tile.cols.start;
                        gather.all[at..at + row.len()].copy_from_slice(row);
                    }
                }
            }
            gather.left -= 1;
            // Whole tiles only, in their order: what is delivered is never done again.
            while let Some(tile) = tiles.get(*done).filter(|_| *done < next && gathered[*done].left == 0) {
                if let Some((_, fault)) = self.fail_after.filter(|(after, _)| *after == self.through) {
                    self.fail(fault)?;
                }
                std::mem::take(&mut gathered[*done]).hand_over(tile, sink);
                *done += 1;
                self.through += 1;
            }
        }
        Ok(())
    }
}

/// What has come back for a tile.
#[derive(Default)]
struct Gathered {
    left: usize,
    /// Of each piece.
    pairs: Vec<Vec<Picked>>,
    all: Vec<f32>,
}

impl Gathered {
    /// Tells the sink of a tile, in strips of rows that the processor's threads take from each other.
    fn hand_over(mut self, tile: &Tile, sink: &dyn Sink) {
        let threads = rayon::current_num_threads();
        let rows = tile.rows.len();
        // Dense scores are written in pieces as long as a strip is high; pairs are few.
        let height = if tile.seed { rows.div_ceil(threads).max(128) } else { rows.div_ceil(4 * threads).max(1) };
        let strip = |n: usize| {
            let start = tile.rows.start + n * height;
            Tile { rows: start..(start + height).min(tile.rows.end), ..tile.clone() }
        };
        let count = rows.div_ceil(height);
        if tile.seed {
            let cols = tile.cols.len();
            (0..count).into_par_iter().for_each(|n| {
                let strip = strip(n);
                sink.all(&strip, &self.all[n * height * cols..][..strip.rows.len() * cols], cols);
            });
            return;
        }
        self.pairs.par_iter_mut().for_each(|pairs| pairs.sort_unstable_by_key(|pair| (pair.row, pair.col)));
        (0..count).into_par_iter().for_each(|n| {
            let strip = strip(n);
            let of = |pairs: &[Picked], row: usize| pairs.partition_point(|pair| (pair.row as usize) < row);
            let own = |pairs: &Vec<Picked>| of(pairs, strip.rows.start)..of(pairs, strip.rows.end);
            let mut pairs = Vec::with_capacity(self.pairs.iter().map(|pairs| own(pairs).len()).sum());
            self.pairs.iter().for_each(|piece| pairs.extend_from_slice(&piece[own(piece)]));
            pairs.sort_unstable_by_key(|pair| (pair.row, pair.col));
            sink.picked(&strip, &pairs);
        });
    }
}

/// Opens a device with what it has of what can be used.
fn open(adapter: &wgpu::Adapter, described: &Adapter) -> Result<(wgpu::Device, wgpu::Queue), String> {
    use wgpu::Features;
    let half = if described.f16 { Features::SHADER_F16 } else { Features::empty() };
    let mut wanted = vec![half, Features::empty()];
    if !described.cooperative.is_empty() {
        wanted.insert(0, half | Features::EXPERIMENTAL_COOPERATIVE_MATRIX);
    }
    let mut why = String::new();
    for required_features in wanted {
        let experimental_features = if required_features.contains(Features::EXPERIMENTAL_COOPERATIVE_MATRIX) {
            // SAFETY: the one experimental feature is used by shaders of this source tree alone, whose answers are checked before they are used
            // (`tune`).
            unsafe { wgpu::ExperimentalFeatures::enabled() }
        } else {
            wgpu::ExperimentalFeatures::disabled()
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("striae"),
            required_features,
            required_limits: adapter.limits(),
            experimental_features,
            ..wgpu::DeviceDescriptor::default()
        };
        match fence::caught(|| adapter::ready(adapter.request_device(&descriptor))) {
            Ok(Ok(opened)) => return Ok(opened),
            Ok(Err(e)) => why = e.to_string(),
            Err(_) => why = "its driver failed while it was opened".into(),
        }
    }
    Err(why)
}

impl Backend for Gpu {
    fn device(&self) -> Device {
        Device {
            kind: "gpu".into(),
            name: self.described.name.clone(),
            driver: format!("{}, {}", self.described.api, self.described.driver),
            shapes: Some(match &self.tuning {
                Some(tuning) => tuning.to_string(),
                None => format!("{} (not tuned)", Shape::DEFAULT),
            }),
            software: self.described.kind == "software",
        }
    }

    fn tile(&self) -> TileShape {
        self.tile
    }

    fn dense_tile(&self) -> TileShape {
        let side = self.tile.cols.min(DENSE);
        TileShape { rows: side, cols: side }
    }

    fn seed_side(&self, k: usize) -> usize {
        // They should hold several times k partners, lest nearly all pairs of the first tiles pass.
        let least = if self.described.kind == "software" { 128 } else { DENSE / 2 };
        (8 * k).next_power_of_two().max(least).min(self.largest_seed())
    }

    fn depth(&self, d: usize) -> usize {
        let stride = d.next_multiple_of(Operand::PAD);
        let of = |fold: bool| self.shape(Class::of(fold, Number::Single, stride)).depth(stride);
        // Where a shape does not take rows of this width the default one does.
        of(false).max(of(true)).max(Shape::DEFAULT.depth(stride))
    }

    fn halves_depth(&self, d: usize) -> Option<usize> {
        let stride = d.next_multiple_of(Halves::PAD);
        let shape = self.shape(Class::of(false, Number::Half, stride));
        self.device_has_halves().then(|| shape.depth(stride).max(Shape::DEFAULT.depth(stride)))
    }

    fn busy_rows(&self) -> usize {
        if self.described.kind == "software" { 0 } else { 2048 }
    }

    fn fit(&mut self, memory: u64) {
        let most = usize::try_from(memory / 3).unwrap_or(usize::MAX);
        while self.scratch_bytes(0) > most && (self.tile.cols > LEAST_SIDE || self.flights.shrink()) {
            let side = (self.tile.cols / 2).max(LEAST_SIDE.min(self.tile.cols));
            self.tile = TileShape { rows: side, cols: side };
        }
    }

    fn scratch_bytes(&self, _: usize) -> usize {
        let dense = 4 * self.largest_seed().pow(2);
        let list = self.flights.answer_bytes();
        // All pairs of a tile may pass; a quarter of its strips are copied at a time.
        let pairs = self.tile.rows * self.tile.cols * size_of::<Picked>() / 4 * 5;
        // Answers in flight with their copies; one being put together, one being read, and what sinks make of it.
        4 * dense.max(list) + 5 * dense + pairs + (1 << 20)
    }

    fn row_bytes(&self, d: usize) -> usize {
        let row = d.next_multiple_of(Halves::PAD) * 4 + 16;
        // A device without memory of its own keeps its panels in the host's: those of two blocks, and of one that may come again.
        let shared = matches!(self.described.kind.as_str(), "software" | "integrated" | "other");
        let panels = if shared { row * 3 / 2 } else { 0 };
        // Halves become f32 if the device fails.
        panels + if self.device_has_halves() { row } else { 0 }
    }

    fn screen(&mut self, screen: Screen, a: &Operand, b: &Operand, tiles: &[Tile], sink: &dyn Sink) -> Result<(), Stopped> {
        let mut done = 0;
        // wgpu panics when a device is lost or out of memory.
        let flown = fence::caught(|| self.fly(screen, a, b, tiles, sink, &mut done));
        let why = match flown {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(e)) => e.to_string(),
            Err(panic) => {
                let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
                format!("the graphics library gave up: {}", said.unwrap_or("it did not say why"))
            }
        };
        self.flights.abandon();
        let heard = self.complaints.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let why = heard.map_or(why.clone(), |text| if why.contains(&text) { why } else { format!("{why} ({text})") });
        // Libraries break their lines; a note is one.
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        Err(Stopped { device: self.described.name.clone(), done, why })
    }
}
