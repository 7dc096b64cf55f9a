#!/bin/sh
# Runs a command with the tools that scripts/setup.sh found or made.
#     scripts/with-tools.sh cargo build --release
set -eu
# Cargo may be called from anywhere in the tree; the tools are at its root.
here=$PWD
cd "$(dirname "$0")/.."
. scripts/lib.sh
if found=$(find_cmake); then
    # The cmake crate reads CMAKE; HDF5's build may look in PATH. The rest of the tools' folder stays out of PATH.
    CMAKE=$found
    export CMAKE
    if [ "$CMAKE" = "$venv/bin/cmake" ]; then
        mkdir -p "$tools/bin"
        [ -e "$tools/bin/cmake" ] || ln -sf "$venv/bin/cmake" "$tools/bin/cmake"
        PATH=$tools/bin:$PATH
    fi
fi
# Without a display, Mesa complains about every device that it lists.
export NODEVICE_SELECT="${NODEVICE_SELECT:-1}"
if [ -z "${STRIAE_PYTHON:-}" ] && [ -x "$venv/bin/python" ]; then
    STRIAE_PYTHON=$venv/bin/python
    export STRIAE_PYTHON
fi
# Snappy, within Blosc, is C++: its library is linked in, so that the program needs none of the system's.
[ "$(uname -s)" != Linux ] || export CXXSTDLIB_STATIC="${CXXSTDLIB_STATIC:-1}"
cd "$here"
exec "$@"
