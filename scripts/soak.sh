#!/bin/sh
# What can go wrong overnight, many times over: 200 kills, 400 torn journals, 20 full disks, limits, failing devices, 5,000 changed
# files; then a million inputs for the readers of files. What failed is kept in target/soak.
#     scripts/soak.sh                    all of it
#     scripts/soak.sh --seed 2           the same at other moments and places
#     SOAK_FUZZ=600 scripts/soak.sh      and the fuzz targets, ten minutes each (fuzz/run.sh)
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
STRIAE=${STRIAE:-$target/release/striae}
export STRIAE
mkdir -p "$target/soak"
code=0
"$STRIAE_PYTHON" tests/faults/faults.py all --long --keep "$target/soak" "$@" || code=1
STRIAE_FUZZ=${STRIAE_FUZZ:-1000000} cargo test --release --locked --test hostile -- --nocapture mutated || code=1
[ -z "${SOAK_FUZZ:-}" ] || ./fuzz/run.sh "$SOAK_FUZZ" || code=1
exit $code
