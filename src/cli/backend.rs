//! Which backend a run gets.

use super::compare::Resources;
use super::{BackendChoice, Refused};
use crate::backend::Backend;
use crate::backend::cpu::Cpu;
use crate::backend::gpu::{Gpu, Want};
use crate::compare::Observer;

/// The backend that the options ask for. `auto` never takes a software GPU, which is far slower than the CPU itself.
pub fn choose(resources: &Resources, observer: &dyn Observer) -> anyhow::Result<Box<dyn Backend>> {
    let named = resources.device.clone().map(Want::Named);
    match resources.backend {
        BackendChoice::Cpu if named.is_some() => {
            Err(Refused::usage("--device names a GPU, and --backend cpu uses none; leave one out"))
        }
        BackendChoice::Cpu => Ok(Box::new(Cpu::new())),
        BackendChoice::Auto if named.is_none() => match Gpu::open(&Want::Real) {
            Ok(gpu) => Ok(Box::new(gpu)),
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
            Ok(Box::new(gpu))
        }
    }
}
