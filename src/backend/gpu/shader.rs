//! Programs for the GPU, put together from the files in `shaders/`.

use crate::metric::Metric;

const TILE: &str = include_str!("../../../shaders/common/tile.wgsl");
const DENSE: &str = include_str!("../../../shaders/kernel/dense.wgsl");
const SELECT: &str = include_str!("../../../shaders/kernel/select.wgsl");

/// What is done with a tile's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// All of them are answered.
    Dense,
    /// Those that pass the test.
    Select,
}

impl Kernel {
    pub const ALL: [Self; 2] = [Self::Dense, Self::Select];

    #[must_use]
    pub const fn entry(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Select => "select_pairs",
        }
    }
}

/// The text of a program.
#[must_use]
pub fn assemble(metric: &dyn Metric, kernel: Kernel) -> String {
    assemble_with(TILE, metric.shader().source, kernel)
}

/// The same from a given tile and step: for tests that plant a fault.
#[must_use]
pub fn assemble_with(tile: &str, step: &str, kernel: Kernel) -> String {
    let kernel = match kernel {
        Kernel::Dense => DENSE,
        Kernel::Select => SELECT,
    };
    [step, tile, kernel].join("\n")
}

/// The tile's text, for tests that plant a fault.
#[must_use]
pub const fn tile() -> &'static str {
    TILE
}
