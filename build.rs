//! Says whether the real data that some tests read lies beside the project: without it they are ignored, never passed.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../shared/data/README.md");
    println!("cargo::rustc-check-cfg=cfg(shared_data)");
    if std::path::Path::new("../shared/data/README.md").exists() {
        println!("cargo::rustc-cfg=shared_data");
    }
}
