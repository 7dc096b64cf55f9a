//! Which GPUs there are, and which one is taken.

use super::Error;
use serde::Serialize;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wgpu::{
    Backends, CooperativeMatrixProperties, CooperativeScalarType, DeviceType, Features, Instance, InstanceDescriptor,
    InstanceFlags,
};

/// A GPU, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adapter {
    pub name: String,
    /// `vulkan`, `metal`, `dx12`
    pub api: String,
    /// `discrete`, `integrated`, `virtual`, `software`, `other`
    pub kind: String,
    pub driver: String,
    /// Largest buffer, in bytes.
    pub largest_buffer: u64,
    /// Largest part of a buffer that a shader sees, in bytes.
    pub largest_binding: u64,
    /// Memory that a workgroup shares, in bytes.
    pub workgroup_memory: u32,
    pub f16: bool,
    /// Matrices that a subgroup of 32 threads multiplies together: f16 × f16 → f32 of 16 × 16, f32 of 8 × 8, as far as there are.
    pub cooperative: Vec<u32>,
    /// Vendor and device, as they number themselves.
    pub ids: (u32, u32),
}

/// Which GPU is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A real one: never a processor that pretends.
    Real,
    /// A real one, or a software one if there is no other.
    Any,
    /// One whose name, kind or API holds this text, whatever it is.
    Named(String),
}

/// wgpu's native futures are ready at once; waiting is spinning that does not happen.
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}

fn instance() -> Instance {
    let mut descriptor = InstanceDescriptor::new_without_display_handle();
    descriptor.backends = Backends::VULKAN | Backends::METAL | Backends::DX12;
    descriptor.flags = InstanceFlags::empty();
    Instance::new(descriptor)
}

fn all() -> Vec<wgpu::Adapter> {
    // A broken driver must not take the program with it.
    let found = crate::fence::caught(|| {
        let instance = instance();
        ready(instance.enumerate_adapters(Backends::VULKAN | Backends::METAL | Backends::DX12))
    });
    let mut found: Vec<wgpu::Adapter> = found.unwrap_or_default();
    let mut seen = Vec::new();
    // The same card appears once for each API; the first, which the platform prefers, stays.
    found.retain(|adapter| {
        let info = adapter.get_info();
        let key = (info.vendor, info.device, info.device_pci_bus_id.clone(), info.name.clone());
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    found
}

fn kind(device_type: DeviceType) -> &'static str {
    match device_type {
        DeviceType::DiscreteGpu => "discrete",
        DeviceType::IntegratedGpu => "integrated",
        DeviceType::VirtualGpu => "virtual",
        DeviceType::Cpu => "software",
        DeviceType::Other => "other",
    }
}

fn describe(adapter: &wgpu::Adapter) -> Adapter {
    let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
    // Vulkan wants whole subgroups in a workgroup that multiplies matrices together, and ours have 32 threads. Metal, whose subgroups have as many,
    // names a range.
    let whole = info.backend == wgpu::Backend::Metal || info.subgroup_max_size <= 32;
    let cooperative = if whole && features.contains(Features::EXPERIMENTAL_COOPERATIVE_MATRIX) {
        let all = adapter.cooperative_matrix_properties();
        let has = |size: u32, factors: CooperativeScalarType| {
            let fits = |p: &CooperativeMatrixProperties| {
                [p.m_size, p.n_size, p.k_size] == [size; 3] && p.ab_type == factors && p.cr_type == CooperativeScalarType::F32
            };
            all.iter().any(fits)
        };
        let kinds = [(16, CooperativeScalarType::F16), (8, CooperativeScalarType::F32)];
        kinds.into_iter().filter(|&(size, factors)| has(size, factors)).map(|(size, _)| size).collect()
    } else {
        Vec::new()
    };
    Adapter {
        name: info.name,
        api: info.backend.to_string(),
        kind: kind(info.device_type).into(),
        driver: [info.driver, info.driver_info].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" "),
        largest_buffer: limits.max_buffer_size,
        largest_binding: limits.max_storage_buffer_binding_size,
        workgroup_memory: limits.max_compute_workgroup_storage_size,
        f16: features.contains(Features::SHADER_F16),
        cooperative,
        ids: (info.vendor, info.device),
    }
}

/// All GPUs, none twice.
#[must_use]
pub fn list() -> Vec<Adapter> {
    all().iter().map(describe).collect()
}

/// The GPU that is wanted.
///
/// # Errors
/// When there is none; the text says what to install.
pub(super) fn choose(want: &Want) -> Result<(wgpu::Adapter, Adapter), Error> {
    let rank = |adapter: &Adapter| match adapter.kind.as_str() {
        "discrete" => 0,
        "virtual" => 1,
        "integrated" => 2,
        "other" => 3,
        _ => 4,
    };
    let mut found: Vec<_> = all().into_iter().map(|a| (describe(&a), a)).collect();
    found.sort_by_key(|(described, _)| rank(described));
    let names: Vec<_> = found.iter().map(|(a, _)| format!("{} ({})", a.name, a.kind)).collect();
    let fits = |adapter: &Adapter| match want {
        Want::Real => adapter.kind != "software" && adapter.kind != "other",
        Want::Any => true,
        Want::Named(text) => {
            format!("{} {} {}", adapter.name, adapter.kind, adapter.api).to_lowercase().contains(&text.to_lowercase())
        }
    };
    match (found.into_iter().find(|(described, _)| fits(described)), want) {
        (Some((described, adapter)), _) => Ok((adapter, described)),
        (None, Want::Named(text)) => Err(Error::NotNamed { name: text.clone(), found: names.join(", ") }),
        (None, _) => Err(Error::None),
    }
}
