//! Submissions on their way: two at a time, each with buffers of its own, answered in the order in which they were sent.

use super::panel::Panels;
use super::shader::{Kernel, Program, assemble_with, tile};
use super::shape::{Number, Shape};
use super::{Complaints, Error, Operand, Picked, SIDE, Screen, Sink, Tile};
use bytemuck::{Pod, Zeroable};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Submissions on the device at a time.
const IN_FLIGHT: usize = 2;
/// How long one may take before the device counts as lost. Software devices compile shaders in this time.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);
/// `POISON` of `job.wgsl`.
const POISON: u32 = 0x7fc0_beef;
/// Words before the pairs of an answer.
const HEAD: usize = 4;
/// Pairs that are copied back with their count; more are fetched when there are more.
const EAGER: usize = 1 << 13;

/// Part of a tile, small enough for one submission.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub tile: usize,
    pub rows: Range<usize>,
    pub cols: Range<usize>,
}

impl Piece {
    /// Halves of both sides, down to a workgroup's tile, whose pairs always fit.
    pub(super) fn split(&self) -> Vec<Self> {
        let halve = |r: &Range<usize>| {
            if r.len() <= SIDE {
                return vec![r.clone()];
            }
            let middle = r.start + (r.len() / 2).div_ceil(SIDE) * SIDE;
            vec![r.start..middle.min(r.end), middle.min(r.end)..r.end]
        };
        let mut parts = Vec::new();
        for rows in halve(&self.rows) {
            for cols in halve(&self.cols).into_iter().filter(|c| !c.is_empty() && !rows.is_empty()) {
                parts.push(Self { tile: self.tile, rows: rows.clone(), cols });
            }
        }
        parts
    }
}

/// What came back.
pub(super) enum Answer {
    Pairs(Vec<Picked>),
    All(Vec<f32>),
    /// More pairs passed than there was room for.
    Overflow,
}

/// The uniform of a submission: `Job` of `job.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Job {
    row: u32,
    rows: u32,
    col: u32,
    cols: u32,
    stride: u32,
    row_base: u32,
    col_base: u32,
    capacity: u32,
    flags: u32,
    gain: f32,
    parameter: f32,
    unused: u32,
}

/// Buffers of one submission, used again when they are large enough.
struct Slot {
    job: wgpu::Buffer,
    floors: wgpu::Buffer,
    answer: wgpu::Buffer,
    back: wgpu::Buffer,
}

struct Flight {
    piece: Piece,
    kernel: Kernel,
    slot: Slot,
    workgroups: u32,
    sent: wgpu::SubmissionIndex,
    at: Instant,
}

pub(super) struct Flights {
    device: wgpu::Device,
    queue: wgpu::Queue,
    capacity: u32,
    pipelines: HashMap<(&'static str, Program), wgpu::ComputePipeline>,
    planted: HashMap<(&'static str, Kernel), String>,
    free: Vec<Slot>,
    under_way: VecDeque<Flight>,
    /// Answers are zeros: for a test.
    zeros: bool,
    landed: Option<Instant>,
}

impl Flights {
    pub(super) fn new(device: wgpu::Device, queue: wgpu::Queue, capacity: u32) -> Self {
        Self {
            device,
            queue,
            capacity,
            pipelines: HashMap::new(),
            planted: HashMap::new(),
            free: Vec::new(),
            under_way: VecDeque::new(),
            zeros: false,
            landed: None,
        }
    }

    /// Bytes of the largest list of pairs.
    pub(super) const fn answer_bytes(&self) -> usize {
        4 * (HEAD + 3 * self.capacity as usize)
    }

    /// Halves the list of pairs; not below what a piece needs.
    pub(super) fn shrink(&mut self) -> bool {
        let least = (SIDE * SIDE) as u32;
        let before = self.capacity;
        self.capacity = (self.capacity / 2).max(least);
        self.capacity < before
    }

    pub(super) fn plant(&mut self, metric: &'static str, kernel: Kernel, text: String) {
        self.planted.insert((metric, kernel), text);
    }

    pub(super) fn has(&self, feature: wgpu::Features) -> bool {
        self.device.features().contains(feature)
    }

    pub(super) fn room(&self) -> bool {
        self.under_way.len() < IN_FLIGHT
    }

    /// Forgets what is under way.
    pub(super) fn abandon(&mut self) {
        self.under_way.clear();
        self.free.clear();
        // A device that was lost says so when it is asked.
        let _ = self.device.poll(wgpu::PollType::Poll);
    }

    fn pipeline(&mut self, screen: Screen, program: Program) -> wgpu::ComputePipeline {
        let (name, kernel) = (screen.shader().name, program.kernel);
        if let Some(made) = self.pipelines.get(&(name, program)) {
            return made.clone();
        }
        let text = self
            .planted
            .get(&(name, kernel))
            .cloned()
            .unwrap_or_else(|| assemble_with(tile(program.shape), screen.shader().source, program));
        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some(kernel.entry()), source: wgpu::ShaderSource::Wgsl(text.into()) };
        // SAFETY: these are the shaders of this source tree, validated in tests; their loops end, since each counts up to a
        // uniform number, and no index leaves what is bound: panels and floors go on for as many rows as a workgroup may look beyond.
        let module = unsafe { self.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) };
        let made = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.entry()),
            layout: None,
            module: &module,
            entry_point: Some(kernel.entry()),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..wgpu::PipelineCompilationOptions::default()
            },
            cache: None,
        });
        self.pipelines.insert((name, program), made.clone());
        made
    }

    fn buffer(&self, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    }

    /// A slot whose buffers hold at least so many bytes.
    fn slot(&mut self, floors: u64, answer: u64) -> Slot {
        use wgpu::BufferUsages as Use;
        let fits = |slot: &Slot| slot.floors.size() >= floors && slot.answer.size() >= answer;
        if let Some(at) = self.free.iter().position(fits) {
            return self.free.swap_remove(at);
        }
        // A small one makes way: there are never more slots than submissions.
        self.free.pop();
        Slot {
            job: self.buffer(size_of::<Job>() as u64, Use::UNIFORM | Use::COPY_DST),
            floors: self.buffer(floors.next_power_of_two(), Use::STORAGE | Use::COPY_DST),
            answer: self.buffer(answer, Use::STORAGE | Use::COPY_SRC | Use::COPY_DST),
            back: self.buffer(answer, Use::MAP_READ | Use::COPY_DST),
        }
    }

    /// Sends a piece to the device.
    #[allow(clippy::too_many_arguments, reason = "what a submission is made of")]
    pub(super) fn launch(
        &mut self,
        screen: Screen,
        panels: &Panels,
        a: &Operand,
        b: &Operand,
        tile: &Tile,
        piece: Piece,
        shape: Shape,
        sink: &dyn Sink,
    ) -> Result<(), Error> {
        let kernel = if tile.seed { Kernel::Dense } else { Kernel::Select };
        let number = if a.halves.is_some() { Number::Half } else { Number::Single };
        let pipeline = self.pipeline(screen, Program { kernel, shape, number });
        let (left, right) = (panels.find(a, piece.rows.start)?, panels.find(b, piece.cols.start)?);
        let (rows, cols) = (piece.rows.len(), piece.cols.len());
        let capacity = (self.capacity as usize).min(rows * cols);
        let answer = 4 * match kernel {
            Kernel::Dense => rows * cols,
            Kernel::Select => HEAD + 3 * capacity,
        } as u64;
        let slot = self.slot(4 * (rows + cols + 4) as u64, answer);
        let job = Job {
            row: (piece.rows.start - left.first) as u32,
            rows: rows as u32,
            col: (piece.cols.start - right.first) as u32,
            cols: cols as u32,
            stride: a.stride as u32,
            row_base: left.first as u32,
            col_base: right.first as u32,
            capacity: capacity as u32,
            flags: u32::from(sink.both_sides()) | (u32::from(tile.upper) << 1),
            gain: screen.gain,
            parameter: screen.metric.parameter(),
            unused: 0,
        };
        self.queue.write_buffer(&slot.job, 0, bytemuck::bytes_of(&job));
        let mut entries = vec![
            entry(0, slot.job.as_entire_binding()),
            entry(1, left.values.as_entire_binding()),
            entry(2, right.values.as_entire_binding()),
            entry(3, left.known.as_entire_binding()),
            entry(4, right.known.as_entire_binding()),
        ];
        if kernel == Kernel::Dense {
            entries.push(entry(5, slot.answer.as_entire_binding()));
        } else {
            let (mut floors, mut more) = (Vec::new(), Vec::new());
            sink.row_floors(piece.rows.clone(), &mut floors);
            if sink.both_sides() {
                sink.col_floors(piece.cols.clone(), &mut more);
            }
            more.resize(cols, f32::INFINITY);
            floors.extend_from_slice(&more);
            // WGSL promises nothing about infinities.
            for floor in &mut floors {
                *floor = floor.clamp(-f32::MAX, f32::MAX);
            }
            self.queue.write_buffer(&slot.floors, 0, bytemuck::cast_slice(&floors));
            entries.push(entry(5, slot.floors.as_entire_binding()));
            entries.push(entry(6, slot.answer.as_entire_binding()));
        }
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let (across, down) = ((cols as u32).div_ceil(shape.cols), (rows as u32).div_ceil(shape.rows));
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        // Zeros read as poison; the counters start at zero.
        encoder.clear_buffer(&slot.answer, 0, None);
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(across, down, 1);
        }
        let eager = match kernel {
            Kernel::Dense => answer,
            Kernel::Select => 4 * (HEAD + 3 * EAGER.min(capacity)) as u64,
        };
        encoder.copy_buffer_to_buffer(&slot.answer, 0, &slot.back, 0, eager);
        let at = Instant::now();
        let sent = self.queue.submit([encoder.finish()]);
        self.under_way.push_back(Flight { piece, kernel, slot, workgroups: across * down, sent, at });
        Ok(())
    }

    /// Waits for the oldest submission. `None` when none is under way. The time is what the device took, about.
    pub(super) fn land(&mut self, complaints: &Complaints) -> Result<Option<(Piece, Answer, f64)>, Error> {
        let Some(flight) = self.under_way.pop_front() else { return Ok(None) };
        let (rows, cols) = (flight.piece.rows.len(), flight.piece.cols.len());
        let capacity = (self.capacity as usize).min(rows * cols);
        let words = match flight.kernel {
            Kernel::Dense => rows * cols,
            Kernel::Select => HEAD + 3 * EAGER.min(capacity),
        };
        let mut read = self.read(&flight.slot, words, Some(flight.sent.clone()), complaints)?;
        // While it was waiting behind another one, the device did not work on it.
        let started = self.landed.map_or(flight.at, |landed| landed.max(flight.at));
        let now = Instant::now();
        self.landed = Some(now);
        let seconds = now.duration_since(started).as_secs_f64();
        let answer = match flight.kernel {
            Kernel::Dense => Answer::All(read.into_iter().map(unveil).collect::<Result<_, _>>()?),
            Kernel::Select => {
                let found = read[0] as usize;
                if read[1] != flight.workgroups {
                    return Err(Error::Failed(format!(
                        "{} of {} workgroups answered: the driver did not run the shader to its end",
                        read[1], flight.workgroups
                    )));
                }
                if found > capacity {
                    Answer::Overflow
                } else {
                    if found > EAGER {
                        read = self.fetch(&flight.slot, HEAD + 3 * found, complaints)?;
                    }
                    Answer::Pairs(pairs(&read[HEAD..HEAD + 3 * found], &flight.piece)?)
                }
            }
        };
        self.free.push(flight.slot);
        Ok(Some((flight.piece, answer, seconds)))
    }

    /// Copies more of an answer back.
    fn fetch(&self, slot: &Slot, words: usize, complaints: &Complaints) -> Result<Vec<u32>, Error> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(&slot.answer, 0, &slot.back, 0, 4 * words as u64);
        let sent = self.queue.submit([encoder.finish()]);
        self.read(slot, words, Some(sent), complaints)
    }

    /// The device is gone: for a test.
    pub(super) fn lose(&self) {
        self.device.destroy();
    }

    /// Answers are zeros from now on: for a test.
    pub(super) const fn forget(&mut self) {
        self.zeros = true;
    }

    /// Asks for more room than there is: for a test.
    pub(super) fn exhaust(&self) {
        let _ = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("too much"),
            size: 1 << 50,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        });
    }

    fn read(
        &self,
        slot: &Slot,
        words: usize,
        sent: Option<wgpu::SubmissionIndex>,
        complaints: &Complaints,
    ) -> Result<Vec<u32>, Error> {
        let (tell, told) = mpsc::channel();
        slot.back.map_async(wgpu::MapMode::Read, ..4 * words as u64, move |mapped| {
            // Nobody listens any more when the wait below failed.
            let _ = tell.send(mapped);
        });
        let waited = self.device.poll(wgpu::PollType::Wait { submission_index: sent, timeout: Some(PATIENCE) });
        let heard = complaints.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(text) = heard {
            return Err(Error::Failed(text));
        }
        waited.map_err(|e| match e {
            wgpu::PollError::Timeout => Error::Failed(format!("no answer within {} s", PATIENCE.as_secs())),
            other @ wgpu::PollError::WrongSubmissionIndex(..) => Error::Failed(format!("no answer can be waited for: {other}")),
        })?;
        match told.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(e)) => return Err(Error::Failed(format!("an answer could not be read: {e}"))),
            Err(_) => return Err(Error::Failed("an answer was not there when the device said it was".into())),
        }
        let view = slot.back.get_mapped_range(..4 * words as u64).map_err(|e| Error::Failed(e.to_string()))?;
        let mut read = bytemuck::cast_slice::<u8, u32>(&view).to_vec();
        if self.zeros {
            read.fill(0);
        }
        drop(view);
        slot.back.unmap();
        Ok(read)
    }
}

fn entry(binding: u32, resource: wgpu::BindingResource<'_>) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry { binding, resource }
}

/// The t behind a word of an answer.
fn unveil(word: u32) -> Result<f32, Error> {
    let t = f32::from_bits(word ^ POISON);
    if t.is_finite() {
        Ok(t)
    } else {
        Err(Error::Failed("part of an answer was never written, or is not a number: the driver is not to be trusted".into()))
    }
}

fn pairs(words: &[u32], piece: &Piece) -> Result<Vec<Picked>, Error> {
    words
        .chunks_exact(3)
        .map(|pair| {
            let (row, col, t) = (pair[0], pair[1], unveil(pair[2])?);
            if piece.rows.contains(&(row as usize)) && piece.cols.contains(&(col as usize)) {
                Ok(Picked { row, col, t })
            } else {
                Err(Error::Failed(format!("it answered with pair ({row}, {col}), which is not in the tile")))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_piece_are_the_piece() {
        for (rows, cols) in [(1, 1), (64, 64), (65, 64), (100, 300), (129, 1000)] {
            let piece = Piece { tile: 0, rows: 7..7 + rows, cols: 3..3 + cols };
            let parts = piece.split();
            let area: usize = parts.iter().map(|p| p.rows.len() * p.cols.len()).sum();
            assert_eq!(area, rows * cols, "{rows} × {cols}: {parts:?}");
            assert!(rows.max(cols) <= SIDE || parts.iter().all(|p| p.rows.len() * p.cols.len() < rows * cols));
        }
    }

    #[test]
    fn the_shaders_mean_the_same_by_their_words() {
        use std::mem::offset_of;
        let metric = crate::metric::all()[0];
        let program = Program { kernel: Kernel::Select, shape: Shape::DEFAULT, number: Number::Single };
        let module = naga::front::wgsl::parse_str(&super::super::shader::assemble(metric, program)).expect("valid");
        let job = module.types.iter().find(|(_, t)| t.name.as_deref() == Some("Job")).expect("the uniform").1;
        let naga::TypeInner::Struct { members, span } = &job.inner else { panic!("Job is a struct") };
        assert_eq!(*span as usize, size_of::<Job>());
        let here = [
            ("row", offset_of!(Job, row)),
            ("rows", offset_of!(Job, rows)),
            ("col", offset_of!(Job, col)),
            ("cols", offset_of!(Job, cols)),
            ("stride", offset_of!(Job, stride)),
            ("row_base", offset_of!(Job, row_base)),
            ("col_base", offset_of!(Job, col_base)),
            ("capacity", offset_of!(Job, capacity)),
            ("flags", offset_of!(Job, flags)),
            ("gain", offset_of!(Job, gain)),
            ("parameter", offset_of!(Job, parameter)),
        ];
        for (member, (name, offset)) in members.iter().zip(here) {
            assert_eq!((member.name.as_deref(), member.offset as usize), (Some(name), offset));
        }
        let constant = |name: &str| {
            let found = module.constants.iter().find(|(_, c)| c.name.as_deref() == Some(name)).expect(name).1;
            match module.global_expressions[found.init] {
                naga::Expression::Literal(naga::Literal::U32(value)) => value,
                ref other => panic!("{name} is {other:?}"),
            }
        };
        assert_eq!(constant("CHUNK"), Shape::DEFAULT.chunk);
        assert_eq!(constant("POISON"), POISON);
    }

    #[test]
    fn what_was_never_written_is_noticed() {
        assert!(unveil(0).is_err());
        assert_eq!(unveil(1.5f32.to_bits() ^ POISON).ok(), Some(1.5));
    }
}
