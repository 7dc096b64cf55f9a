//! Programs for the GPU, put together from the files in `shaders/`.
//!
//! Loops over a thread's rows and columns are written out here, line by line, so that sums stay in registers whatever the driver's compiler
//! makes of loops. The marks are explained in `shaders/README.md`.

use super::shape::{Means, Number, Shape};
use crate::metric::Metric;
use std::fmt::Write as _;

const JOB: &str = include_str!("../../../shaders/common/job.wgsl");
const TILE: &str = include_str!("../../../shaders/common/tile.wgsl");
const COOPERATIVE: &str = include_str!("../../../shaders/common/cooperative.wgsl");
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

/// A program, but for its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    pub kernel: Kernel,
    pub shape: Shape,
    pub number: Number,
}

/// The text of a program.
#[must_use]
pub fn assemble(metric: &dyn Metric, program: Program) -> String {
    assemble_with(tile(program.shape), metric.shader().source, program)
}

/// The same from a given tile and step: for tests that plant a fault.
#[must_use]
pub fn assemble_with(tile: &str, step: &str, program: Program) -> String {
    let Program { kernel, shape, number } = program;
    let kernel = match kernel {
        Kernel::Dense => DENSE,
        Kernel::Select => SELECT,
    };
    [&head(shape, number), JOB, step, &written_out(tile, shape), kernel].join("\n")
}

/// The tile's text, for tests that plant a fault.
#[must_use]
pub const fn tile(shape: Shape) -> &'static str {
    match shape.means {
        Means::Cooperative { .. } => COOPERATIVE,
        _ => TILE,
    }
}

/// Extensions, and the shape's numbers as constants.
fn head(shape: Shape, number: Number) -> String {
    let Shape { rows, cols, down, across, chunk, means } = shape;
    let mut text = String::new();
    if number == Number::Half {
        text += "enable f16;\n";
    }
    let scalar = match number {
        Number::Single => "f32",
        Number::Half => "f16",
    };
    let across = match means {
        Means::Cooperative { .. } => across,
        _ => across / 4,
    };
    if let Means::Cooperative { .. } = means {
        text += "enable wgpu_cooperative_matrix;\n";
    }
    let constants =
        [("ROWS", rows), ("COLS", cols), ("DOWN", down), ("ACROSS", across), ("CHUNK", chunk), ("THREADS", shape.threads())];
    for (name, value) in constants {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    let _ = match means {
        Means::Staged { step } => writeln!(text, "const STEP: u32 = {step}u;\nalias Four = vec4<{scalar}>;"),
        Means::Direct => writeln!(text, "const STEP: u32 = 1u;\nalias Four = vec4<{scalar}>;"),
        Means::Cooperative { size } => writeln!(
            text,
            "const FRAGMENT: u32 = {size}u;\nalias Number = {scalar};\nalias Left = coop_mat{size}x{size}<{scalar}, A>;\n\
             alias Right = coop_mat{size}x{size}<{scalar}, B>;\nalias Sum = coop_mat{size}x{size}<f32, C>;"
        ),
    };
    text
}

/// The tile's text with its marks written out.
fn written_out(text: &str, shape: Shape) -> String {
    let (down, across) = (shape.down, if let Means::Cooperative { .. } = shape.means { shape.across } else { shape.across / 4 });
    let kept = |line: &str| -> Option<String> {
        let Some(at) = line.find('@').filter(|&at| line[..at].trim().is_empty()) else { return Some(line.to_owned()) };
        let (mark, rest) = line[at + 1..].split_once(' ')?;
        let holds = match mark {
            "chunked" => shape.chunk > 0,
            "whole" => shape.chunk == 0,
            "staged" => matches!(shape.means, Means::Staged { .. }),
            "direct" => shape.means == Means::Direct,
            _ => return Some(line.to_owned()),
        };
        holds.then(|| format!("{}{rest}", &line[..at]))
    };
    let mut lines: Vec<String> = Vec::new();
    let mut block: Option<Vec<String>> = None;
    for line in text.lines().filter_map(kept) {
        match (line.trim(), &mut block) {
            ("@each r {", _) => block = Some(Vec::new()),
            ("@each }", _) => {
                let block = block.take().unwrap_or_default();
                lines.extend((0..down).flat_map(|r| block.iter().map(move |line| row(line, r)).collect::<Vec<_>>()));
            }
            (_, Some(block)) => block.push(line),
            (_, None) => lines.push(line),
        }
    }
    let mut out = String::new();
    for line in lines {
        let code = line.split("//").next().unwrap_or("");
        let has = |marks: &[&str]| marks.iter().any(|mark| code.contains(mark));
        let rows = if has(&["#r", "#Q", "#L", "#M"]) { down } else { 1 };
        let quads = if has(&["#q"]) { down / 4 } else { 1 };
        let cols = if has(&["#c"]) { across } else { 1 };
        for r in 0..rows {
            for q in 0..quads {
                for c in 0..cols {
                    out += &row(&line, r).replace("#q", &q.to_string()).replace("#c", &c.to_string());
                    out.push('\n');
                }
            }
        }
    }
    out
}

/// A line for row `r` of a thread.
fn row(line: &str, r: u32) -> String {
    let letter = ["x", "y", "z", "w"][r as usize % 4];
    line.replace("#r", &r.to_string())
        .replace("#Q", &(r / 4).to_string())
        .replace("#M", &(r % 4).to_string())
        .replace("#L", letter)
}
