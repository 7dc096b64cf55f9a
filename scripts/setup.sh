#!/bin/sh
# Gets what is missing, says one line for each thing it does, and is quick when nothing is missing.
#     scripts/setup.sh build     what the program needs to be built: Rust, a C compiler, cmake
#     scripts/setup.sh test      and what its tests need: Python with h5py and SciPy, a Vulkan device
#     scripts/setup.sh faiss     and what the comparison with FAISS needs
#     scripts/setup.sh lapack    what the program needs to be built with LAPACK: OpenBLAS
#     scripts/setup.sh transforms and what the check of prepared spectra needs
#     scripts/setup.sh matchms   and what the check against matchms needs
#     scripts/setup.sh sklearn   and what those with scikit-learn and SciPy need
#     scripts/setup.sh peers     and what all comparisons with peers need
#     scripts/setup.sh growth    and what draws the growth
#     scripts/setup.sh report    what opens the report page: Chromium
#     scripts/setup.sh kubernetes what checks the jobs of deploy/kubernetes
#     scripts/setup.sh notebooks what executes the notebooks
# Tools go to target/tools, in this tree. On Debian and Ubuntu, system packages are installed when this runs as root or
# sudo asks no password; otherwise it says what to install. With STRIAE_REQUIRE_GPU=1 a missing Vulkan device is an error.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh
goal=${1:-test}
rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
mkdir -p "$tools"

# apt_install PACKAGE…: true when they are installed afterwards.
apt_install() {
    have apt-get || return 1
    if [ "$(id -u)" = 0 ]; then as_root=
    elif have sudo && sudo -n true 2>/dev/null; then as_root="sudo -n"
    else return 1
    fi
    say "installing $* with apt-get"
    log=$tools/apt.log
    install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends"
    $install "$@" >"$log" 2>&1 </dev/null && return
    # An empty or old list of packages is the usual reason.
    { $as_root apt-get update && $install "$@"; } >"$log" 2>&1 </dev/null && return
    say "apt-get failed; its last words (all of them: target/tools/apt.log):" >&2
    tail -n 3 "$log" >&2
    return 1
}

need_rust() {
    have cargo && have rustc || die "Rust is missing: install rustup from https://rustup.rs, then open a new shell"
    rust_is=$(version_of rustc)
    at_least "$rust_wanted" "$rust_is" || die "Rust $rust_is is too old, $rust_wanted is needed: rustup update stable"
}

need_compiler() {
    for tool in "${CC:-cc}" "${CXX:-c++}"; do
        # CC may hold options after the name.
        # shellcheck disable=SC2086
        set -- $tool
        have "$1" || apt_install build-essential || die "$1 is missing: install a C and C++ compiler (Debian: build-essential; macOS: xcode-select --install)"
    done
}

make_venv() {
    # A folder without a working pip is what a venv leaves behind when python3-venv is missing, or Python was upgraded.
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    have python3 || apt_install python3 python3-venv || die "python3 is missing: install it, with its venv module (Debian: python3 python3-venv)"
    say "making a Python environment in target/tools/venv"
    rm -rf "$venv" "$tools"/*.stamp
    if ! python3 -m venv "$venv" >"$tools/venv.log" 2>&1; then
        apt_install python3-venv || die "Python's venv module is missing: install it (Debian: apt-get install python3-venv)"
        rm -rf "$venv"
        python3 -m venv "$venv" >"$tools/venv.log" 2>&1 || die "no Python environment: see target/tools/venv.log"
    fi
}

# pip_install NAME REQUIREMENT…: once; a change of the requirements or of Python does it again.
pip_install() {
    stamp=$tools/$1.stamp
    shift
    made="$* $("$venv/bin/python" -V 2>&1 || true)"
    [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$made" ] && return
    make_venv
    say "installing $* with pip into target/tools/venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@" >"$tools/pip.log" 2>&1 || {
        tail -n 3 "$tools/pip.log" >&2
        die "pip failed: see target/tools/pip.log"
    }
    printf '%s %s' "$*" "$("$venv/bin/python" -V 2>&1)" >"$stamp"
}

need_cmake() {
    cmake_now=$(find_cmake) && return
    pip_install cmake "cmake>=$cmake_wanted"
    cmake_now=$(find_cmake) || die "cmake $cmake_wanted or newer is missing; point CMAKE to one"
}

need_python() {
    if [ -n "${STRIAE_PYTHON:-}" ]; then
        "$STRIAE_PYTHON" -c 'import h5py, numpy, scipy, mpmath' || die "STRIAE_PYTHON ($STRIAE_PYTHON) lacks h5py, numpy, scipy or mpmath: install them there, or unset it"
        return
    fi
    pip_install h5py "h5py>=3.10" "numpy>=1.26" "scipy>=1.11" "mpmath>=1.3"
}

# A Vulkan loader and a driver behind it: lavapipe, which is a GPU in software, or that of a real one.
vulkan_found() {
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' || return 1
    for icd in $(printf %s "${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}" | tr ':' ' '); do [ -e "$icd" ] && return; done
    for folder in /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d /etc/vulkan/icd.d; do
        for icd in "$folder"/lvp_icd*.json; do [ -e "$icd" ] && return; done
        [ -e /dev/nvidiactl ] && [ -e "$folder/nvidia_icd.json" ] && return
    done
    return 1
}

need_vulkan() {
    # Metal and DirectX 12 come with their systems.
    [ "$(uname -s)" = Linux ] || return 0
    vulkan_found && return
    apt_install libvulkan1 mesa-vulkan-drivers && vulkan_found && return
    missing="no Vulkan device: install a loader and lavapipe (Debian, Ubuntu: apt-get install libvulkan1 mesa-vulkan-drivers; Fedora: vulkan-loader mesa-vulkan-drivers; Arch: vulkan-icd-loader vulkan-swrast)"
    [ "${STRIAE_REQUIRE_GPU:-}" != 1 ] || die "$missing"
    say "$missing"
    say "going on without: tests of shaders are ignored"
}

# The linker is asked, since distributions keep it in different places.
openblas_found() {
    printf 'int dgesdd_(void); int main(void) { return 0 && dgesdd_(); }' >"$tools/openblas.c"
    # shellcheck disable=SC2086
    ${CC:-cc} "$tools/openblas.c" -o "$tools/openblas" -lopenblas >"$tools/openblas.log" 2>&1
}

need_openblas() {
    openblas_found && return
    apt_install libopenblas-dev && openblas_found && return
    die "OpenBLAS with LAPACK is missing: install it (Debian, Ubuntu: apt-get install libopenblas-dev; Fedora: openblas-devel; Arch: openblas)"
}

chromium_found() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        [ -n "$name" ] && have "$name" && return
    done
    return 1
}

need_chromium() {
    chromium_found && return
    apt_install chromium && chromium_found && return
    die "Chromium is missing: install it (Debian: chromium; Ubuntu: chromium-browser), or point CHROMIUM to one"
}

need_rust
need_compiler
need_cmake
case $goal in
    build) ;;
    lapack) need_openblas ;;
    test) need_python; need_vulkan ;;
    faiss) need_python; pip_install faiss "faiss-cpu>=1.9" ;;
    search) need_python; pip_install faiss "faiss-cpu>=1.9"; pip_install sklearn "scikit-learn>=1.5"; pip_install usearch "usearch>=2.15" ;;
    sklearn) need_python; pip_install sklearn "scikit-learn>=1.5" ;;
    peers) need_python; pip_install faiss "faiss-cpu>=1.9"; pip_install sklearn "scikit-learn>=1.5"; pip_install usearch "usearch>=2.15"
        pip_install matchms "matchms>=0.30"; pip_install ms_entropy "ms_entropy>=1.3" ;;
    growth) need_python; pip_install matplotlib "matplotlib>=3.8" ;;
    matchms) need_python; pip_install matchms "matchms>=0.30"; pip_install ms_entropy "ms_entropy>=1.3" ;;
    report) need_python; need_chromium ;;
    notebooks) need_python; pip_install notebooks -r notebooks/requirements.txt ;;
    kubernetes) need_python; pip_install kubernetes "kubernetes-validate>=1.37" ;;
    transforms) need_python; pip_install transforms "chemotools>=0.5" "pybaselines>=1.2" ;;
    *) die "build, test, lapack, faiss, search, sklearn, matchms, transforms, peers, growth, report, kubernetes or notebooks, not $goal" ;;
esac
say "ready ($goal): Rust $rust_is, cmake $(version_of "$cmake_now")"
