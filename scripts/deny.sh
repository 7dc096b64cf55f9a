#!/bin/sh
# Checks licences, sources and bans of the dependencies (deny.toml).
#     scripts/deny.sh             if cargo-deny is there
#     scripts/deny.sh install     after installing it into target/tools if it is not (one core: about three minutes)
# Advisories are left out: their database is fetched from elsewhere at each run, and the answer changes by the day.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh
PATH=$tools/bin:$PATH
if ! have cargo-deny; then
    if [ "${1:-}" != install ]; then
        say "cargo-deny is not there: licences are not checked (make deny installs it)"
        exit 0
    fi
    say "installing cargo-deny into target/tools"
    mkdir -p "$tools"
    CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --root "$tools" --version "^0.20" cargo-deny >"$tools/deny.log" 2>&1 || {
        tail -n 5 "$tools/deny.log" >&2
        die "cargo-deny could not be installed: see target/tools/deny.log"
    }
    rm -rf "$tools/build"
fi
cargo deny --locked check bans licenses sources
