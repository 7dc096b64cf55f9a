#!/bin/sh
# Formatting, clippy, and the dependencies' licences where cargo-deny is there; CI=true installs it.
set -eu
cd "$(dirname "$0")/.."
cargo fmt --check
cargo clippy --release --all-targets --locked -- -D warnings
if [ "${CI:-}" = true ]; then ./scripts/deny.sh install; else ./scripts/deny.sh; fi
