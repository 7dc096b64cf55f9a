#!/bin/bash
# Packs a release binary: a Debian package, a tar.gz for everything else, and SHA256SUMS, into target/package.
#     scripts/package.sh [BINARY]          default: target/release/striae
#     scripts/package.sh --check BINARY    only: which libraries it needs, and which glibc
# The same binary gives the same bytes: times are those of the last commit (or SOURCE_DATE_EPOCH). Needs dpkg-deb, strip,
# objdump, and for the licences of what is linked in the sources that the build has left; no network.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
say() { printf 'package: %s\n' "$*"; }
die() { printf 'package: %s\n' "$*" >&2; exit 1; }
umask 022
export LC_ALL=C

# libraries BINARY: dies where there is one beyond glibc's family. What OpenBLAS or the C++ library of a system would do to
# a result, and to a machine that lacks them, is the reason.
libraries() {
    local needed beyond family='libc|libm|libdl|libpthread|librt|libgcc_s|ld-linux-x86-64|ld-linux-aarch64'
    needed=$(objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }')
    [ -n "$needed" ] || die "$1: no dynamic program, so that it could open no GPU driver"
    beyond=$(printf '%s\n' "$needed" | grep -vE "^($family)\.so\.[0-9]+$" | tr '\n' ' ' || true)
    [ -z "$beyond" ] || die "$1 needs ${beyond}beyond glibc: build it without the feature lapack and with" \
        "CXXSTDLIB_STATIC=1 (make build does)"
    printf '%s\n' "$needed" | tr '\n' ' '
}
glibc() { objdump -T "$1" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -Vu | tail -n 1; }

if [ "${1:-}" = --check ]; then
    [ -n "${2:-}" ] || die "--check needs a binary"
    needed=$(libraries "$2")
    say "$2 needs ${needed}of glibc $(glibc "$2") or newer"
    exit 0
fi
binary=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/striae}")
[ -x "$binary" ] || die "$binary is not there: make build"
for tool in dpkg-deb strip objdump gzip python3 cargo; do
    have "$tool" || die "$tool is missing (Debian: dpkg binutils gzip python3; Rust from rustup)"
done

out=${CARGO_TARGET_DIR:-target}/package
rm -rf "$out"
mkdir -p "$out"
root=$out/root
version=$("$binary" --version | awk '{ print $2 }')
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH
case $(objdump -f "$binary" | sed -n 's/^architecture: \([^,]*\).*/\1/p') in
    i386:x86-64) arch=amd64 machine=x86_64 ;;
    aarch64) arch=arm64 machine=aarch64 ;;
    *) die "$binary is for a machine that is not known here" ;;
esac

mkdir -p "$root/usr/bin" "$root/usr/share/man/man1" "$root/usr/share/doc/striae/examples"
strip --strip-unneeded -o "$root/usr/bin/striae" "$binary"
chmod 755 "$root/usr/bin/striae"
needed=$(libraries "$root/usr/bin/striae")
libc=$(glibc "$root/usr/bin/striae")

"$binary" generate man "$root/usr/share/man/man1" >/dev/null
rm -f "$root"/usr/share/man/man1/*__*
gzip -9n "$root"/usr/share/man/man1/*.1
completions() { # completions SHELL FILE
    mkdir -p "$(dirname "$root/usr/share/$2")"
    "$binary" generate completions "$1" >"$root/usr/share/$2"
}
completions bash bash-completion/completions/striae
completions zsh zsh/vendor-completions/_striae
completions fish fish/vendor_completions.d/striae.fish

doc=$root/usr/share/doc/striae
cp README.md docs/operations.md LICENSE-MIT "$doc/"
cp -r deploy/slurm deploy/kubernetes "$doc/examples/"
chmod -R u=rwX,go=rX "$doc"
find "$doc" -name __pycache__ -prune -exec rm -r {} +
gzip -9nc CHANGELOG.md >"$doc/changelog.gz"
python3 deploy/debian/licences.py | gzip -9n >"$doc/linked-licences.txt.gz"
{
    printf 'striae (%s-1) unstable; urgency=medium\n\n  * As of CHANGELOG.md (changelog.gz beside this file).\n\n' "$version"
    printf ' -- Striae maintainers <maintainers@striae.invalid>  %s\n' "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.Debian.gz"
cp deploy/debian/copyright "$doc/copyright"
mkdir -p "$root/usr/share/lintian/overrides"
cp deploy/debian/lintian-overrides "$root/usr/share/lintian/overrides/striae"

# The tar.gz: the same files, to be unpacked anywhere.
folder=striae-$version-$machine-linux-gnu
tree=$out/$folder
mkdir -p "$tree/share/doc"
cp "$root/usr/bin/striae" "$tree/striae"
cp -r "$root/usr/share/man" "$root/usr/share/bash-completion" "$root/usr/share/zsh" "$root/usr/share/fish" "$tree/share/"
cp -r "$doc" "$tree/share/doc/striae"
rm "$tree/share/doc/striae/changelog.Debian.gz"
cp LICENSE-MIT LICENSE-APACHE "$tree/"
find "$root" "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
tar --create --directory "$out" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime "@$SOURCE_DATE_EPOCH" "$folder" | gzip -9n >"$out/$folder.tar.gz"
rm -r "$tree"

mkdir "$root/DEBIAN"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
cat >"$root/DEBIAN/control" <<END
Package: striae
Version: $version-1
Architecture: $arch
Maintainer: Striae maintainers <maintainers@striae.invalid>
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f1)
Depends: libc6 (>= $libc), libgcc-s1 (>= 4.2)
Recommends: libvulkan1
Suggests: mesa-vulkan-drivers, slurm-client
Section: science
Priority: optional
Description: compares forensic descriptors of seized packages, exactly
 Striae compares every tool-mark, logo or spectrum of an archive with every
 other and ranks what may share an origin: HDF5 in, exact scores out, on a GPU
 or without. Runs can be interrupted and resumed, and cut into shards for Slurm
 or Kubernetes; each result carries a record that "striae verify" checks.
 .
 HDF5 and everything else but the C library is linked in. A GPU is found
 through the Vulkan loader, where it is installed. No network is used.
END
touch --date "@$SOURCE_DATE_EPOCH" "$root"/DEBIAN/* "$root/DEBIAN"
deb=striae_$version-1_$arch.deb
dpkg-deb --root-owner-group --uniform-compression -Zxz --build "$root" "$out/$deb" >/dev/null
rm -r "$root"
(cd "$out" && sha256sum "$deb" "$folder.tar.gz" >SHA256SUMS)
say "$out/$deb, $out/$folder.tar.gz, $out/SHA256SUMS"
say "needs ${needed}of glibc $libc or newer"
