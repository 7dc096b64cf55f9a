//! Parse, run, exit code.

mod exhausted;

/// Where the system has no more memory, the program says so and ends.
#[global_allocator]
static MEMORY: exhausted::Told = exhausted::Told;

fn main() -> std::process::ExitCode {
    striae::cli::main()
}
