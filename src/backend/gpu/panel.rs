//! Rows on the device: blocks cut into panels that fit a binding, kept until newer blocks need the room.

use super::{Error, Operand};
use std::ops::Range;
use wgpu::util::{BufferInitDescriptor, DeviceExt as _};

/// Blocks kept on the device: the two being compared, and one that may come again.
const KEPT: usize = 3;
/// Rows of a panel are a multiple of this, so that the offset of a panel suits every device.
const STEP: usize = 64;

/// Some rows of an operand on the device.
pub(super) struct Panel {
    pub first: usize,
    pub rows: usize,
    pub values: wgpu::Buffer,
    /// (reach, lift) of each row.
    pub bounds: wgpu::Buffer,
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
        let rows = self.most / (operand.stride as u64 * 4);
        (usize::try_from(rows).unwrap_or(usize::MAX) / STEP * STEP).max(STEP)
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
        if (rows * operand.stride * 4) as u64 > self.device.limits().max_storage_buffer_binding_size {
            return Err(Error::Failed(format!(
                "rows of {} features are too long for it: {STEP} of them do not fit into one binding",
                operand.stride
            )));
        }
        let mut panels = Vec::new();
        for first in (0..operand.rows).step_by(rows) {
            let rows = rows.min(operand.rows - first);
            let size = (rows * operand.stride * 4) as u64;
            let values = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("rows"),
                size,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            let bytes: &[u8] = bytemuck::cast_slice(&operand.values[first * operand.stride..(first + rows) * operand.stride]);
            // In parts, so that the copies which the queue holds stay small.
            for (n, part) in bytes.chunks(16 << 20).enumerate() {
                self.queue.write_buffer(&values, (n * (16 << 20)) as u64, part);
                let sent = self.queue.submit([]);
                let wait = wgpu::PollType::Wait { submission_index: Some(sent), timeout: Some(super::flight::PATIENCE) };
                self.device.poll(wait).map_err(|e| Error::Failed(format!("rows could not be uploaded: {e}")))?;
            }
            let span = first..first + rows;
            let bounds: Vec<[f32; 2]> =
                operand.reach[span.clone()].iter().zip(&operand.lift[span]).map(|(&reach, &lift)| [reach, lift]).collect();
            let bounds = self.device.create_buffer_init(&BufferInitDescriptor {
                label: Some("bounds"),
                contents: bytemuck::cast_slice(&bounds),
                usage: wgpu::BufferUsages::STORAGE,
            });
            panels.push(Panel { first, rows, values, bounds });
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
