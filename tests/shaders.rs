//! Every shader is valid WGSL, found out without a GPU.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

use naga::back::spv;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use std::process::Command;
use striae::backend::gpu::shader::{Kernel, Program, assemble, assemble_with, tile};
use striae::backend::gpu::shape::{Means, Number, Shape};
use striae::metric;

fn validate(text: &str) -> Result<naga::Module, String> {
    let module = naga::front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
    validator().validate(&module).map_err(|e| e.emit_to_string(text))?;
    Ok(module)
}

fn validator() -> Validator {
    Validator::new(ValidationFlags::all(), Capabilities::SHADER_FLOAT16 | Capabilities::COOPERATIVE_MATRIX)
}

/// All programs there are.
fn programs() -> Vec<Program> {
    let mut all = Vec::new();
    for kernel in Kernel::ALL {
        for shape in Shape::ALL {
            let numbers = [Number::Single, Number::Half].into_iter().filter(|&number| shape.takes(number));
            all.extend(numbers.map(|number| Program { kernel, shape, number }));
        }
    }
    all
}

#[test]
fn every_metric_makes_valid_shaders_of_every_shape() {
    for &metric in metric::all() {
        for program in programs() {
            let cooperative = matches!(program.shape.means, Means::Cooperative { .. });
            // Matrices multiply: other steps do not go with them, nor with halves.
            if metric.shader().name != "inner_product" && (cooperative || program.number == Number::Half) {
                continue;
            }
            let module = validate(&assemble(metric, program)).unwrap_or_else(|e| panic!("{metric:?} {program:?}: {e}"));
            let entries: Vec<_> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
            assert_eq!(entries, [program.kernel.entry()], "one entry point a program");
        }
    }
}

/// What a Vulkan driver gets is written without a fault, and `spirv-val` finds none in it, where that is installed.
#[test]
fn every_program_of_products_makes_valid_spir_v() {
    let dot = metric::by_name("dot").expect("registered");
    let found = Command::new("spirv-val").arg("--version").output().is_ok();
    if !found {
        eprintln!("spirv-val is not installed (Debian: spirv-tools): SPIR-V is written, but not validated");
    }
    for program in programs() {
        let module = validate(&assemble(dot, program)).unwrap_or_else(|e| panic!("{program:?}: {e}"));
        let info = validator().validate(&module).expect("valid above");
        let options = spv::Options { lang_version: (1, 4), ..spv::Options::default() };
        let words = spv::write_vec(&module, &info, &options, None).unwrap_or_else(|e| panic!("{program:?}: {e}"));
        if !found {
            continue;
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        std::fs::write(file.path(), bytes).expect("written");
        // A matrix of a subgroup is newer than some installed validators: these say so, and are not asked.
        let said = Command::new("spirv-val").args(["--target-env", "vulkan1.3"]).arg(file.path()).output().expect("runs");
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        let too_old = matches!(program.shape.means, Means::Cooperative { .. }) && text.contains("Invalid capability operand");
        assert!(said.status.success() || too_old, "{program:?}: {text}");
    }
}

#[test]
fn every_mark_is_written_out() {
    for program in programs() {
        let text = assemble(metric::by_name("dot").expect("registered"), program);
        for line in text.lines().map(|line| line.split("//").next().unwrap_or("")) {
            let left =
                line.contains('#') || ["@chunked", "@whole", "@staged", "@direct", "@each"].iter().any(|m| line.contains(m));
            assert!(!left, "{program:?}: {line}");
        }
    }
}

#[test]
fn an_invalid_shader_is_found() {
    let program = Program { kernel: Kernel::Dense, shape: Shape::DEFAULT, number: Number::Single };
    assert!(validate(&assemble_with(tile(program.shape), "fn step(sum: vec4<f32>) -> f32 { return sum; }", program)).is_err());
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
