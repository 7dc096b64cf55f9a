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

pub use adapter::{Adapter, Want, list};

use super::{Backend, Device, Layout, Operand, Picked, Screen, Sink, Stopped, Tile, TileShape};
use flight::{Answer, Flights, Piece};
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

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
    fail_after: Option<usize>,
    /// Tiles that are through since it was opened.
    through: usize,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu").field("adapter", &self.described).finish_non_exhaustive()
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
/// Terms whose sum is formed before it is added to the rest: `CHUNK` of `tile.wgsl`.
const CHUNK: usize = 128;
/// Side of a workgroup's tile: `SIDE` of `tile.wgsl`.
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
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("striae"),
            required_limits: adapter.limits(),
            ..wgpu::DeviceDescriptor::default()
        };
        let opened = std::panic::catch_unwind(AssertUnwindSafe(|| adapter::ready(adapter.request_device(&descriptor))));
        let (device, queue) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(e)) => return Err(refused(e.to_string())),
            Err(_) => return Err(refused("its driver failed while it was opened".into())),
        };
        let complaints = Complaints::default();
        let note = |complaints: &Complaints, text: String| {
            complaints.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(text);
        };
        let heard = complaints.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&heard, e.to_string())));
        let heard = complaints.clone();
        device.set_device_lost_callback(move |reason, text| note(&heard, format!("the device was lost ({reason:?}): {text}")));
        let software = described.kind == "software";
        let own = Limits {
            panel: described.largest_binding.min(described.largest_buffer).min(1 << 30),
            capacity: if software { 1 << 16 } else { 1 << 20 },
        };
        let limits = limits.unwrap_or(own);
        let side = if software { 256 } else { 4096 };
        Ok(Self {
            panels: panel::Panels::new(device.clone(), queue.clone(), limits.panel.min(own.panel)),
            flights: Flights::new(device, queue, limits.capacity.max((SIDE * SIDE) as u32)),
            described,
            complaints,
            rate: if software { 2e8 } else { 1e11 },
            tile: TileShape { rows: side, cols: side },
            fail_after: None,
            through: 0,
        })
    }

    /// Fails when so many tiles are through: for tests of what happens then.
    #[doc(hidden)]
    pub fn fail_after(&mut self, tiles: usize) {
        self.fail_after = Some(tiles);
    }

    /// Replaces a shader by one with a fault: for tests that must notice.
    #[doc(hidden)]
    pub fn plant(&mut self, metric: &'static str, kernel: shader::Kernel, text: String) {
        self.flights.plant(metric, kernel, text);
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
        if a.layout != Layout::Rows || b.layout != Layout::Rows {
            return Err(Error::Failed("operands came in a layout that is not for GPUs".into()));
        }
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
                self.flights.launch(screen, &self.panels, a, b, tile, piece, sink)?;
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
                Answer::Pairs(pairs) => gather.pairs.extend(pairs),
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
                if self.fail_after == Some(self.through) {
                    return Err(Error::Failed("told to fail by a test".into()));
                }
                let gather = std::mem::take(&mut gathered[*done]);
                if tile.seed {
                    sink.all(tile, &gather.all, tile.cols.len());
                } else {
                    sink.picked(tile, &gather.pairs);
                }
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
    pairs: Vec<Picked>,
    all: Vec<f32>,
}

impl Backend for Gpu {
    fn device(&self) -> Device {
        Device {
            kind: "gpu".into(),
            name: self.described.name.clone(),
            driver: format!("{}, {}", self.described.api, self.described.driver),
            software: self.described.kind == "software",
        }
    }

    fn layout(&self) -> Layout {
        Layout::Rows
    }

    fn tile(&self) -> TileShape {
        self.tile
    }

    fn depth(&self, d: usize) -> usize {
        let stride = d.div_ceil(Operand::PAD) * Operand::PAD;
        CHUNK.min(stride) + stride.div_ceil(CHUNK)
    }

    fn scratch_bytes(&self, _: usize) -> usize {
        let dense = self.tile.rows * self.tile.cols * 4;
        let list = self.flights.answer_bytes();
        // Answers in flight with their copies, one being put together, one being read.
        4 * dense.max(list) + 2 * dense + (1 << 20)
    }

    fn row_bytes(&self, d: usize) -> usize {
        // A software device keeps its panels in the host's memory: those of two blocks, and of one that may come again.
        if self.described.kind == "software" { (d.div_ceil(Operand::PAD) * Operand::PAD * 4 + 8) * 3 / 2 } else { 0 }
    }

    fn screen(&mut self, screen: Screen, a: &Operand, b: &Operand, tiles: &[Tile], sink: &dyn Sink) -> Result<(), Stopped> {
        let mut done = 0;
        // wgpu panics when a device is lost or out of memory.
        let flown = std::panic::catch_unwind(AssertUnwindSafe(|| self.fly(screen, a, b, tiles, sink, &mut done)));
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
        Err(Stopped { device: self.described.name.clone(), done, why })
    }
}
