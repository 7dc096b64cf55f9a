#!/bin/bash
# Packs a binary (scripts/package.sh) and tries what comes out: the same bytes twice, checksums, lintian, installed with dpkg
# into an empty root that has the C library and nothing else, run there without network, completions and man pages.
#     scripts/test-package.sh [BINARY]            default: target/release/striae
#     scripts/test-package.sh --debian [BINARY]   and in a minimal Debian from debootstrap, whose dpkg checks what the package
#                                                 depends on
# An empty root is entered as root, or by a user namespace where the system lets others make one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
say() { printf 'package: %s\n' "$*"; }
die() { printf 'package: %s\n' "$*" >&2; exit 1; }
export LC_ALL=C

debian=no
if [ "${1:-}" = --debian ]; then debian=yes; shift; fi
binary=${1:-${CARGO_TARGET_DIR:-target}/release/striae}
out=${CARGO_TARGET_DIR:-target}/package
work=$(mktemp -d "${TMPDIR:-/tmp}/striae-package.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

./scripts/package.sh "$binary"
cp "$out/SHA256SUMS" "$work/first"
./scripts/package.sh "$binary" >/dev/null
cmp "$out/SHA256SUMS" "$work/first" || die "the same binary packed twice gives other bytes"
(cd "$out" && sha256sum --quiet --check SHA256SUMS)
deb=$(realpath "$out"/*.deb) archive=$(realpath "$out"/*.tar.gz)

if have lintian; then
    lintian --allow-root --fail-on error,warning --suppress-tags bogus-mail-host,initial-upload-closes-no-bugs "$deb" \
        || die "lintian complains"
    say "lintian: nothing to complain about"
else
    say "lintian is not there: not asked"
fi

# inside ROOT COMMAND…: without network, seeing ROOT alone.
inside() {
    # shellcheck disable=SC2016
    local root=$1 user=() how='mount -t proc proc "$0/proc" && root=$0 && exec chroot "$root" "$@"'
    shift
    [ "$(id -u)" = 0 ] || user=(--map-root-user)
    timeout 300 unshare "${user[@]}" --net --pid --fork --mount --kill-child sh -c "$how" "$root" "$@"
}

# A root with the libraries that the program names, and the loader. Nothing else is there to be used by mistake.
bare=$work/bare
mkdir -p "$bare"/{proc,tmp,dev,var/lib/dpkg/{info,updates,triggers}}
: >"$bare/var/lib/dpkg/status"
# A plain file stands for the null device, which only root could make.
: >"$bare/dev/null"
dpkg --root="$bare" --force-not-root --force-depends --force-bad-path --log=/dev/null --install "$deb" >"$work/dpkg.log" 2>&1 || {
    cat "$work/dpkg.log" >&2
    die "dpkg refused the package"
}
libraries=$(ldd "$bare/usr/bin/striae" | grep -oE '/[^ ]+')
for library in $libraries; do
    case $(basename "$library") in
        libc.so.6 | libm.so.6 | libgcc_s.so.1 | libdl.so.2 | libpthread.so.0 | librt.so.1 | ld-linux-*) ;;
        *) die "the program needs $library" ;;
    esac
    mkdir -p "$bare$(dirname "$library")"
    cp -L "$library" "$bare$library"
done

# tried ROOT: a comparison and its check, and the demonstration, without network.
tried() {
    inside "$1" /usr/bin/striae simulate --exhibits 300 --only spectra --output /tmp/archive.h5 >/dev/null
    inside "$1" /usr/bin/striae compare /tmp/archive.h5:/spectra --metric pearson --top-k 5 --output /tmp/nearest.h5 >/dev/null
    inside "$1" /usr/bin/striae verify /tmp/nearest.h5
    rm "$1/tmp/archive.h5" "$1/tmp/nearest.h5"
}
tried "$bare"
say "runs without network in a root of $(find "$bare" -type f -path '*lib*' -name '*.so*' | wc -l) libraries"

tar --extract --gzip --file "$archive" --directory "$work"
unpacked=$(find "$work" -mindepth 1 -maxdepth 1 -name 'striae-*' -type d)
cmp "$unpacked/striae" "$bare/usr/bin/striae" || die "the tar.gz holds another program"

share=$bare/usr/share
[ "$(zcat "$share/man/man1/striae.1.gz" | grep -c '^\.TH striae 1')" = 1 ] || die "striae.1 is no man page"
for page in "$share"/man/man1/*.gz; do
    zcat "$page" | grep -q '^\.SH NAME' || die "$page is no man page"
    if have man; then
        complaint=$(man --warnings --local-file -Tutf8 "$page" 2>&1 >/dev/null) || true
        [ -z "$complaint" ] || die "$page: $complaint"
    fi
done
# shellcheck disable=SC2016
completed=$(bash -c 'source "$1"; COMP_WORDS=(striae comp) COMP_CWORD=1; _striae striae comp striae; echo "${COMPREPLY[@]}"' \
    - "$share/bash-completion/completions/striae")
[ "$completed" = compare ] || die "bash completes 'striae comp' to '$completed'"
for shell in zsh fish; do
    case $shell in
        zsh) file=$share/zsh/vendor-completions/_striae ;;
        fish) file=$share/fish/vendor_completions.d/striae.fish ;;
    esac
    [ -s "$file" ] || die "$file is empty"
    if have "$shell"; then "$shell" -n "$file" || die "$shell does not understand $file"; fi
done
say "$(find "$share/man" -name '*.gz' | wc -l) man pages, completions for bash, zsh and fish"

if [ "$debian" = yes ]; then
    [ "$(id -u)" = 0 ] || die "--debian needs root"
    have debootstrap || die "debootstrap is missing (apt-get install debootstrap)"
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(SITE)' "Release: $release" "Created-By: Packages" | head -n 1)
    debootstrap --variant=minbase "$release" "$work/debian" "$mirror" >"$work/debootstrap.log" 2>&1 || {
        tail -n 5 "$work/debootstrap.log" >&2
        die "debootstrap failed"
    }
    cp "$deb" "$work/debian/tmp/striae.deb"
    inside "$work/debian" dpkg --install /tmp/striae.deb
    tried "$work/debian"
    inside "$work/debian" dpkg --purge striae
    [ -z "$(find "$work/debian/usr" -name '*striae*')" ] || die "something is left after dpkg --purge"
    say "installed, run and removed in a minimal Debian $release"
fi
say "all of it works"
