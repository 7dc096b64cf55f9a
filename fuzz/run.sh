#!/bin/sh
# Builds the fuzz targets on the toolchain of the project, without cargo-fuzz, and runs each for some seconds.
#     fuzz/run.sh                     all of them, 60 s each
#     fuzz/run.sh 600 jcamp spc       these, ten minutes each
# What is found goes to target/fuzz/found/TARGET; a run begins with what earlier ones found worth keeping (target/fuzz/corpus).
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
folder=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$folder"
python3 fuzz/seeds.py "$folder/seeds"
# What cargo-fuzz passes, but for sanitizers, which need nightly: coverage of the code and of comparisons.
coverage=-Cllvm-args=-sanitizer-coverage
flags="--cfg fuzzing -Cpasses=sancov-module $coverage-level=4 $coverage-inline-8bit-counters $coverage-pc-table $coverage-trace-compares"
CARGO_TARGET_DIR=$folder/build RUSTFLAGS=$flags ./scripts/with-tools.sh \
    cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" ${FUZZ_JOBS:+-j "$FUZZ_JOBS"}
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | grep -v striae-fuzz)
failed=
for target in "$@"; do
    corpus=$folder/corpus/$target found=$folder/found/$target log=$folder/$target.log
    mkdir -p "$corpus" "$found"
    "$folder/build/$host/release/$target" "$corpus" "$folder/seeds/$target" -artifact_prefix="$found/" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 -print_final_stats=1 >"$log" 2>&1 ||
        failed="$failed $target"
    said=$(sed -n 's/^stat::number_of_executed_units: *\([0-9]*\)/\1 inputs/p; s/^SUMMARY: /&/p' "$log" | tr '\n' ' ')
    printf '%-14s %s\n' "$target" "$said"
done
[ -z "$failed" ] || { echo "failed:$failed (see $folder/found)"; exit 1; }
