//! Rows on the device: blocks cut into panels that fit a binding, kept until newer blocks need the room.

use super::shape::LARGEST;
use super::{Error, Operand};
use crate::backend::GROUP;
use bytemuck::{Pod, Zeroable};
use std::ops::Range;
use wgpu::util::{BufferInitDescriptor, DeviceExt as _};

/// `Known` of `job.wgsl`.
#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
struct Known {
    reach: f32,
    lift: f32,
    step: f32,
    unused: f32,
}

/// Blocks kept on the device: the two being compared, and one that may come again.
const KEPT: usize = 3;
/// Rows of a panel are a multiple of this, so that the offset of a panel suits every device.
const STEP: usize = 64;

/// Some rows of an operand on the device.
pub(super) struct Panel {
    pub first: usize,
    pub rows: usize,
    pub values: wgpu::Buffer,
    pub known: wgpu::Buffer,
}

/// Rows of zeros that follow the last one of a panel: shapes look at them, and find nothing.
const BEYOND: usize = LARGEST as usize;

/// Bytes of a row on the device.
fn row_bytes(operand: &Operand) -> u64 {
    operand.stride as u64 * if operand.halves.is_some() { 2 } else { 4 }
}

pub(super) struct Panels {
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// Bytes of a panel, at most.
    most: u64,
    blocks: Vec<(u64, Vec<Panel>)>,
}

impl Panels {
    pub(super) const fn new(device: wgpu::Device, queue: wgpu::Queue, most: u64) -> Self {
        Self { device, queue, most, blocks: Vec::new() }
    }

    fn rows(&self, operand: &Operand) -> usize {
        let rows = usize::try_from(self.most / row_bytes(operand)).unwrap_or(usize::MAX).saturating_sub(BEYOND);
        (rows / STEP * STEP).max(STEP)
    }

    /// Uploads an operand, unless it is there.
    pub(super) fn load(&mut self, operand: &Operand) -> Result<(), Error> {
        if let Some(at) = self.blocks.iter().position(|(key, _)| *key == operand.key) {
            let block = self.blocks.remove(at);
            self.blocks.push(block);
            return Ok(());
        }
        if self.blocks.len() >= KEPT {
            self.blocks.remove(0);
        }
        let rows = self.rows(operand);
        let bytes_a_row = row_bytes(operand);
        if (rows + BEYOND) as u64 * bytes_a_row > self.device.limits().max_storage_buffer_binding_size {
            return Err(Error::Failed(format!(
                "rows of {} features are too long for it: {STEP} of them do not fit into one binding",
                operand.stride
            )));
        }
        let all: &[u8] = match &operand.halves {
            Some(halves) => bytemuck::cast_slice(&halves.values),
            None => bytemuck::cast_slice(&operand.values),
        };
        let mut panels = Vec::new();
        for first in (0..operand.rows).step_by(rows) {
            let rows = rows.min(operand.rows - first);
            let values = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("rows"),
                size: (rows.next_multiple_of(GROUP) + BEYOND) as u64 * bytes_a_row,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            let from = first * bytes_a_row as usize;
            let bytes = &all[from..from + rows.next_multiple_of(GROUP) * bytes_a_row as usize];
            // In parts, so that the copies which the queue holds stay small.
            for (n, part) in bytes.chunks(16 << 20).enumerate() {
                self.queue.write_buffer(&values, (n * (16 << 20)) as u64, part);
                let sent = self.queue.submit([]);
                let wait = wgpu::PollType::Wait { submission_index: Some(sent), timeout: Some(super::flight::PATIENCE) };
                self.device.poll(wait).map_err(|e| Error::Failed(format!("rows could not be uploaded: {e}")))?;
            }
            let span = first..first + rows;
            let step = |row: usize| operand.halves.as_ref().map_or(1.0, |halves| halves.step[row]);
            let mut known: Vec<Known> = span
                .map(|row| Known { reach: operand.reach[row], lift: operand.lift[row], step: step(row), unused: 0.0 })
                .collect();
            known.resize(rows + BEYOND, Known::default());
            let known = self.device.create_buffer_init(&BufferInitDescriptor {
                label: Some("known"),
                contents: bytemuck::cast_slice(&known),
                usage: wgpu::BufferUsages::STORAGE,
            });
            panels.push(Panel { first, rows, values, known });
        }
        self.blocks.push((operand.key, panels));
        Ok(())
    }

    /// The panel that holds row `row` of an operand.
    pub(super) fn find(&self, operand: &Operand, row: usize) -> Result<&Panel, Error> {
        let panels = self.blocks.iter().find(|(key, _)| *key == operand.key).map(|(_, panels)| panels);
        panels
            .and_then(|panels| panels.iter().find(|p| (p.first..p.first + p.rows).contains(&row)))
            .ok_or_else(|| Error::Failed(format!("row {row} is not on the device")))
    }

    /// Cuts rows so that no part is longer than `side` or lies in two panels.
    pub(super) fn cut(&self, operand: &Operand, rows: Range<usize>, side: usize) -> Vec<Range<usize>> {
        let panel = self.rows(operand);
        let mut parts = Vec::new();
        let mut start = rows.start;
        while start < rows.end {
            let end = (start + side).min(rows.end).min((start / panel + 1) * panel);
            parts.push(start..end);
            start = end;
        }
        parts
    }
}
