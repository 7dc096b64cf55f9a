//! Which backend a run gets, and what was found of its GPU earlier (`striae devices --tune`).

use super::compare::Resources;
use super::{BackendChoice, Refused};
use crate::backend::Backend;
use crate::backend::cpu::Cpu;
use crate::backend::gpu::tune::Tuning;
use crate::backend::gpu::{Fault, Gpu, Want};
use crate::compare::Observer;
use anyhow::Context as _;
use std::path::PathBuf;

/// The backend that the options ask for. `auto` never takes a software GPU, which is far slower than the CPU itself.
pub fn choose(resources: &Resources, observer: &dyn Observer) -> anyhow::Result<Box<dyn Backend>> {
    let named = resources.device.clone().map(Want::Named);
    match resources.backend {
        BackendChoice::Cpu if named.is_some() => {
            Err(Refused::usage("--device names a GPU, and --backend cpu uses none; leave one out"))
        }
        BackendChoice::Cpu => Ok(Box::new(Cpu::new())),
        BackendChoice::Auto if named.is_none() => match Gpu::open(&Want::Real) {
            Ok(gpu) => Ok(Box::new(tuned(gpu, observer))),
            Err(crate::backend::gpu::Error::None) => Ok(Box::new(Cpu::new())),
            Err(why) => {
                observer.warn(&format!("{why}; the CPU is used"));
                Ok(Box::new(Cpu::new()))
            }
        },
        BackendChoice::Auto | BackendChoice::Gpu => {
            let gpu = Gpu::open(&named.unwrap_or(Want::Any))?;
            if gpu.device().software {
                observer.warn(&format!("{} is a GPU in software, for tests: the CPU is much faster", gpu.device().name));
            }
            Ok(Box::new(tuned(gpu, observer)))
        }
    }
}

/// The GPU of a run once more, after it failed; none where it cannot be had again.
pub fn again(resources: &Resources, observer: &dyn Observer) -> Option<Box<dyn Backend>> {
    let want = match (resources.device.clone(), resources.backend) {
        (Some(name), _) => Want::Named(name),
        (None, BackendChoice::Auto) => Want::Real,
        (None, _) => Want::Any,
    };
    Gpu::open(&want).ok().map(|gpu| Box::new(tuned(gpu, observer)) as Box<dyn Backend>)
}

/// The GPU with what was found of it earlier. A file that cannot be read, or is of another card or driver, costs speed and nothing else.
fn tuned(mut gpu: Gpu, observer: &dyn Observer) -> Gpu {
    fault(&mut gpu, observer);
    let fingerprint = gpu.fingerprint();
    let Some(path) = tuning_file(&fingerprint) else { return gpu };
    let Ok(text) = std::fs::read_to_string(&path) else { return gpu };
    let valid = serde_json::from_str::<Tuning>(&text).is_ok_and(|tuning| gpu.use_tuning(tuning));
    if !valid {
        observer.warn(&format!(
            "{} is not a tuning of this GPU and is not used; striae devices --tune writes it anew",
            path.display()
        ));
    }
    gpu
}

/// Makes the GPU fail, for tests: `STRIAE_TEST_GPU=lost:N` after N tiles, and so `zeros`, `panic` and `memory`.
fn fault(gpu: &mut Gpu, observer: &dyn Observer) {
    let Ok(text) = std::env::var("STRIAE_TEST_GPU") else { return };
    let parsed = text.split_once(':').and_then(|(what, tiles)| Some((Fault::named(what)?, tiles.parse().ok()?)));
    match parsed {
        Some((fault, tiles)) => gpu.fail_after(tiles, fault),
        None => observer.warn(&format!("STRIAE_TEST_GPU={text} is not understood; lost:N, zeros:N, panic:N or memory:N are")),
    }
}

/// Where the tuning of a GPU is kept: `$STRIAE_CACHE`, else where the system keeps such files.
fn tuning_file(fingerprint: &str) -> Option<PathBuf> {
    let from = |variable: &str| std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let system = || {
        if cfg!(windows) {
            from("LOCALAPPDATA").map(|path| path.join("striae"))
        } else if cfg!(target_os = "macos") {
            from("HOME").map(|path| path.join("Library/Caches/striae"))
        } else {
            from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|path| path.join(".cache"))).map(|path| path.join("striae"))
        }
    };
    let folder = from("STRIAE_CACHE").or_else(system)?;
    Some(folder.join(format!("tuning-{}.json", fingerprint.get(..16).unwrap_or(fingerprint))))
}

/// Keeps a tuning for later runs.
pub fn keep(tuning: &Tuning) -> anyhow::Result<PathBuf> {
    let path = tuning_file(&tuning.fingerprint).context("there is no folder to keep it in: set STRIAE_CACHE to one")?;
    let what = || format!("{} could not be written; STRIAE_CACHE names another folder", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(what)?;
    }
    // Whole or not at all: another run may be reading it.
    let part = path.with_extension(format!("part-{}", std::process::id()));
    std::fs::write(&part, serde_json::to_string_pretty(tuning)?).with_context(what)?;
    std::fs::rename(&part, &path).with_context(what)?;
    Ok(path)
}
