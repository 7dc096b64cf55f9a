//! `striae devices`: what there is to compute on, and how a GPU computes fastest.

use super::{Voice, backend};
use crate::backend::Backend as _;
use crate::backend::cpu::Cpu;
use crate::backend::gpu::tune::{Class, Tried};
use crate::backend::gpu::{self, Gpu, Want};
use crate::compare::bytes;

/// Lists the processor and the GPUs that can be used
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Find the fastest way for a GPU to share out its work: each is checked against the CPU and timed. Kept for later runs with the same card,
    /// driver and shaders, in $STRIAE_CACHE or the user's cache folder. Takes a minute or two
    #[arg(long)]
    tune: bool,
    /// The GPU to tune: part of its name, as listed; the best one if not given
    #[arg(long, value_name = "NAME", requires = "tune")]
    device: Option<String>,
    /// Try no cooperative matrices (tensor units), for a driver that does not survive them
    #[arg(long, requires = "tune")]
    no_cooperative: bool,
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    if options.tune {
        return tune(options, voice);
    }
    list(voice);
    Ok(())
}

fn tune(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let mut gpu = Gpu::open(&options.device.clone().map_or(Want::Any, Want::Named))?;
    if options.no_cooperative {
        gpu.without_cooperative();
    }
    let said = !voice.json;
    if said {
        println!("{}", gpu.device().name);
        println!("{:>10}  {:>10} of {:>6}  shape", "GFLOP/s", "error", "");
    }
    let mut last = None;
    let tuning = gpu.tune(&mut |class: Class, tried: &Tried| {
        if !said {
            return;
        }
        if last != Some(class) {
            println!("{class}");
            last = Some(class);
        }
        let rate = tried.gflops.map_or_else(|| "-".into(), |g| format!("{g:.1}"));
        let error = tried.error.map_or_else(|| "-".into(), |e| format!("{e:.1}"));
        let refused = tried.refused.as_ref().map_or_else(String::new, |why| format!("   not admitted: {why}"));
        println!("{rate:>10}  {error:>10} of {:>6}  {}{refused}", tried.allowed, tried.shape);
    })?;
    let path = backend::keep(&tuning)?;
    if !said {
        println!("{}", serde_json::json!({ "tuning": tuning, "file": path }));
        return Ok(());
    }
    println!("taken:");
    for choice in &tuning.choices {
        println!("  {}: {}", choice.class, choice.shape);
    }
    println!("Errors are in half ulps of the sum of the terms' sizes, the largest one seen of what the bound allows.");
    println!("Kept in {}", path.display());
    Ok(())
}

fn list(voice: Voice) {
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
        let sizes: Vec<String> = gpu.cooperative.iter().map(|size| format!("{size}×{size}")).collect();
        let cooperative =
            if sizes.is_empty() { String::new() } else { format!(", cooperative matrices of {}", sizes.join(" and ")) };
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
