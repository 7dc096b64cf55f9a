//! Every shader is valid WGSL, found out without a GPU.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

use naga::valid::{Capabilities, ValidationFlags, Validator};
use striae::backend::gpu::shader::{Kernel, assemble, assemble_with, tile};
use striae::metric;

fn validate(text: &str) -> Result<naga::Module, String> {
    let module = naga::front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
    Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module).map_err(|e| e.emit_to_string(text))?;
    Ok(module)
}

#[test]
fn every_metric_makes_valid_shaders() {
    for &metric in metric::all() {
        for kernel in Kernel::ALL {
            let module = validate(&assemble(metric, kernel)).unwrap_or_else(|e| panic!("{metric:?} {kernel:?}: {e}"));
            let entries: Vec<_> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
            assert_eq!(entries, [kernel.entry()], "one entry point a program");
        }
    }
}

#[test]
fn an_invalid_shader_is_found() {
    assert!(validate(&assemble_with(tile(), "fn step(sum: vec4<f32>) -> f32 { return sum; }", Kernel::Dense)).is_err());
}

#[test]
fn every_file_in_the_folder_is_used() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/metric");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder of steps")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().trim_end_matches(".wgsl").to_owned())
        .collect();
    let mut used: Vec<String> = metric::all().iter().map(|m| m.shader().name.to_owned()).collect();
    files.sort();
    used.sort();
    used.dedup();
    assert_eq!(files, used);
}
