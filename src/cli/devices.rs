//! `striae devices`: what there is to compute on.

use super::Voice;
use crate::backend::Backend as _;
use crate::backend::cpu::Cpu;
use crate::backend::gpu;
use crate::compare::bytes;

/// Lists the processor and the GPUs that can be used
#[derive(Debug, clap::Args)]
pub struct Options {}

pub fn run(voice: Voice) {
    let cpu = Cpu::new().device();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let gpus = gpu::list();
    let auto = gpus.iter().any(|g| g.kind != "software" && g.kind != "other");
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "cpu": cpu, "threads": threads, "gpus": gpus, "auto": if auto { "gpu" } else { "cpu" } })
        );
        return;
    }
    println!("cpu   {} ({}, {threads} threads)", cpu.name, cpu.driver);
    for gpu in &gpus {
        println!("gpu   {} ({}, {}, {})", gpu.name, gpu.kind, gpu.api, gpu.driver);
        let half = if gpu.f16 { ", f16" } else { "" };
        let cooperative = if gpu.cooperative_matrix { ", cooperative matrices" } else { "" };
        println!(
            "      bindings of {}, buffers of {}, workgroup memory {}{half}{cooperative}",
            bytes(gpu.largest_binding),
            bytes(gpu.largest_buffer),
            bytes(u64::from(gpu.workgroup_memory))
        );
    }
    if gpus.is_empty() {
        println!("gpu   none found. For one: a Vulkan loader (Debian: libvulkan1) and the card's driver");
    }
    println!("--backend auto takes the {}", if auto { "first GPU that is not software" } else { "cpu" });
}
