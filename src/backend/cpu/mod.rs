//! Screening on the processor: a register-blocked multiply inside rayon tiles, then a scan against the floors.
//!
//! Operands come in groups of 16 rows ([`super::GROUP`]), packed once when they are prepared, so that a tile multiplies
//! without moving anything first. `kernel` is written once for any register (`simd`) and any metric's step; which one
//! runs is decided when the backend is made. Inner products have a kernel that tests its sums before it stores any (`product`).

mod dot;
mod kernel;
mod product;
mod scan;
mod simd;

pub use dot::{dot, dot_depth, dots};

use super::{Backend, Device, Operand, Picked, Screen, Sink, Stopped, Tile, TileShape};
use crate::metric::{self, Step, StepUser};
use rayon::prelude::*;
use std::cell::RefCell;

/// Instruction sets that there is a kernel for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    Avx512,
    Avx2,
    Portable,
}

impl Isa {
    /// The best one this processor has.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// All that this processor can run, best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        match Self::detect() {
            Self::Avx512 => vec![Self::Avx512, Self::Avx2, Self::Portable],
            Self::Avx2 => vec![Self::Avx2, Self::Portable],
            Self::Portable => vec![Self::Portable],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2 and FMA",
            Self::Portable => "portable",
        }
    }
}

/// Computes the t of `rows × cols` of two operands in groups into `out`, `stride` numbers a row.
type TileKernel = fn(&Operand, std::ops::Range<usize>, &Operand, std::ops::Range<usize>, &mut Vec<f32>, f32) -> usize;

/// The processor.
#[derive(Debug)]
pub struct Cpu {
    isa: Isa,
    tile: TileShape,
    /// Eight-bit products four at a time (VPDPBUSD).
    vnni: bool,
}

/// Numbers of a row that count as few.
const SHORT: usize = 128;
/// Side of a tile of short rows, at least.
const SMALL: usize = 96;
/// Squares on the diagonal that are as many as they need be.
const SQUARES: usize = 1024;

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

struct Scratch {
    t: Vec<f32>,
    sums: Vec<i32>,
    columns: product::Columns,
    row_floors: Vec<f32>,
    col_floors: Vec<f32>,
    picked: Vec<Picked>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        t: Vec::new(),
        sums: Vec::new(),
        columns: product::Columns::default(),
        row_floors: Vec::new(),
        col_floors: Vec::new(),
        picked: Vec::new(),
    });
}

impl Cpu {
    #[must_use]
    pub fn new() -> Self {
        Self::with(Isa::detect(), TileShape { rows: 192, cols: 384 })
    }

    /// A given instruction set, which the processor must have ([`Isa::available`]; else the best it has is taken), and a
    /// given tile.
    #[must_use]
    pub fn with(isa: Isa, tile: TileShape) -> Self {
        let isa = if Isa::available().contains(&isa) { isa } else { Isa::detect() };
        #[cfg(target_arch = "x86_64")]
        let vnni = isa == Isa::Avx512 && is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni");
        #[cfg(not(target_arch = "x86_64"))]
        let vnni = false;
        Self { isa, tile, vnni }
    }

    fn pick(&self) -> product::Pick {
        match self.isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => product::avx512,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => product::avx2,
            _ => product::portable,
        }
    }

    fn of_bytes(&self) -> (product::Multiplier, product::PickBytes) {
        #[cfg(target_arch = "x86_64")]
        if self.vnni {
            return (product::multiply_vnni, product::pick_bytes_vnni);
        }
        (product::multiply_portable, product::pick_bytes_portable)
    }

    fn kernel(&self, metric: &str) -> (TileKernel, scan::Scan) {
        struct Choose(Isa);
        impl StepUser for Choose {
            type Answer = (TileKernel, scan::Scan);
            fn with<S: Step>(self) -> Self::Answer {
                let kernel: TileKernel = match self.0 {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 => kernel::avx512::<S>,
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => kernel::avx2::<S>,
                    _ => kernel::portable::<S>,
                };
                (kernel, scan::scan::<S>)
            }
        }
        // Every metric comes from the registry that `with_step` reads.
        metric::with_step(metric, Choose(self.isa))
            .unwrap_or((kernel::portable::<metric::inner_product::Multiply>, scan::scan::<metric::inner_product::Multiply>))
    }
}

impl Backend for Cpu {
    fn device(&self) -> Device {
        Device { kind: "cpu".into(), name: processor_name(), driver: self.isa.name().into(), shapes: None, software: false }
    }

    fn tile(&self) -> TileShape {
        self.tile
    }

    fn tile_for(&self, width: usize, rows: usize, k: usize) -> TileShape {
        // Where products are short there is no need of large tiles to keep the multiply busy. The squares that set the floors should
        // hold k partners and no more than they must; all numbers of a small tile's rows stay in the second-level cache for pairs
        // that pass. Of many rows squares are a small part, and every tile costs something.
        let side = (2 * k + 32).max(rows / SQUARES).next_multiple_of(SMALL);
        if width <= SHORT && side < self.tile.cols { TileShape { rows: side.min(self.tile.rows), cols: side } } else { self.tile }
    }

    fn depth(&self, d: usize) -> usize {
        let stride = d.div_ceil(Operand::PAD) * Operand::PAD;
        kernel::CHUNK.min(stride) + stride.div_ceil(kernel::CHUNK)
    }

    fn multiplies_bytes(&self) -> bool {
        self.vnni
    }

    fn scratch_bytes(&self, _: usize) -> usize {
        let side = self.tile.rows.max(self.tile.cols);
        rayon::current_num_threads() * (side * side * 4 + side * 64 + (1 << 20))
    }

    fn screen(&mut self, screen: Screen, a: &Operand, b: &Operand, tiles: &[Tile], sink: &dyn Sink) -> Result<(), Stopped> {
        if a.halves.is_some() || b.halves.is_some() {
            let why = "operands of halves came, which are to be widened for processors".to_owned();
            return Err(Stopped { device: "the processor".into(), done: 0, why });
        }
        let (kernel, scan) = self.kernel(screen.metric.info().name);
        let (multiply, pick_bytes) = self.of_bytes();
        let product = screen.product;
        let (pick, of_bytes) = (self.pick(), a.bytes.is_some());
        tiles.par_iter().for_each(|tile| {
            if sink.stopped() {
                return;
            }
            SCRATCH.with_borrow_mut(|scratch| {
                if tile.seed {
                    let stride = if of_bytes {
                        product::all_bytes(a, b, tile, &mut scratch.sums, &mut scratch.t, multiply)
                    } else {
                        kernel(a, tile.rows.clone(), b, tile.cols.clone(), &mut scratch.t, screen.metric.parameter())
                    };
                    sink.all(tile, &scratch.t, stride);
                    return;
                }
                sink.row_floors(tile.rows.clone(), &mut scratch.row_floors);
                let both = sink.both_sides();
                if both {
                    sink.col_floors(tile.cols.clone(), &mut scratch.col_floors);
                }
                scratch.picked.clear();
                let cols = both.then_some(&scratch.col_floors[..]);
                if product {
                    scratch.columns.load(b, tile, cols);
                    let held = product::Held { a, b, tile, row_floors: &scratch.row_floors, columns: &scratch.columns };
                    if of_bytes {
                        pick_bytes(held, &mut scratch.sums, &mut scratch.picked);
                    } else {
                        pick(held, &mut scratch.t, &mut scratch.picked);
                    }
                } else {
                    let stride = kernel(a, tile.rows.clone(), b, tile.cols.clone(), &mut scratch.t, screen.metric.parameter());
                    scan(screen.gain, a, b, tile, &scratch.t, stride, &scratch.row_floors, cols, &mut scratch.picked);
                }
                sink.picked(tile, &scratch.picked);
            });
        });
        Ok(())
    }
}

fn processor_name() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::__cpuid;
        if __cpuid(0x8000_0000).eax >= 0x8000_0004 {
            let bytes: Vec<u8> = (0x8000_0002..=0x8000_0004)
                .map(__cpuid)
                .flat_map(|r| [r.eax, r.ebx, r.ecx, r.edx])
                .flat_map(u32::to_le_bytes)
                .take_while(|&b| b != 0)
                .collect();
            return String::from_utf8_lossy(&bytes).trim().to_owned();
        }
    }
    std::env::consts::ARCH.to_owned()
}
