# Shared by the scripts beside it, which source it from the repository's root. POSIX sh.

# Tools live here whatever CARGO_TARGET_DIR says.
tools=$PWD/target/tools
venv=$tools/venv

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least 3.26 3.25.1  →  false
at_least() {
    awk -v want="$1" -v got="$2" 'BEGIN {
        split(want, w, "."); split(got, g, ".")
        for (i = 1; i <= 3; i++) if (g[i] + 0 != w[i] + 0) exit !(g[i] + 0 > w[i] + 0)
        exit 0
    }'
}

# The first word of a --version output that looks like a version.
version_of() { "$@" --version 2>/dev/null | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+/) { print $i; exit } }'; }

# The least cmake that builds HDF5 2.
cmake_wanted=3.26
cmake_good() { have "$1" && at_least "$cmake_wanted" "$(version_of "$1")"; }
# Prints the cmake to use: $CMAKE, the system's, or the one of the tools. False where none is new enough.
find_cmake() {
    for candidate in "${CMAKE:-}" cmake "$venv/bin/cmake"; do
        if [ -n "$candidate" ] && cmake_good "$candidate"; then command -v "$candidate"; return; fi
    done
    return 1
}
