//! Parse, run, exit code.

fn main() -> std::process::ExitCode {
    striae::cli::main()
}
