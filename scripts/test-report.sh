#!/bin/sh
# Makes report pages of known data and walks through them in headless Chromium: interactive within 2 s at 200,000 links, no request, nothing run
# that an id says, usable by keyboard, printed whole.
set -eu
cd "$(dirname "$0")/.."
out=${CARGO_TARGET_DIR:-target}/report
mkdir -p "$out"
cargo build --release --locked --example report_page
page=${CARGO_TARGET_DIR:-target}/release/examples/report_page
"$page" "$out/full.html" full
"$page" "$out/hostile.html" hostile
"$STRIAE_PYTHON" tests/report/browser.py "$out/full.html" --out "$out/full"
"$STRIAE_PYTHON" tests/report/browser.py "$out/hostile.html" --out "$out/hostile" --hostile
