"""How many X3P surfaces of a million points are imported a second: reading, levelling, filtering, aligning, averaging.

The surfaces are two real ones of ../shared/data, repeated side by side and cut to 1000 x 1000 points, as many files of each as asked for.
    make bench-import        ARGS="--files 40"
"""

import argparse
import hashlib
import io
import os
import pathlib
import re
import subprocess
import tempfile
import time
import zipfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parents[2]
DATA = HERE.parent / "shared" / "data" / "toolmarks" / "x3p"


def tiled(name: str) -> bytes:
    """The file with its matrix repeated and cut to a million points."""
    with zipfile.ZipFile(DATA / f"{name}.x3p") as archive:
        xml = archive.read("main.xml").decode("utf-8-sig")
        data = archive.read("bindata/data.bin")
    columns, rows = (int(re.search(f"<Size{axis}>(\\d+)<", xml).group(1)) for axis in "XY")
    kind = {"F": "<f4", "D": "<f8"}[re.search(r"<CZ>.*?<DataType>(\w)<", xml, re.S).group(1)]
    heights = np.frombuffer(data, kind).reshape(rows, columns)
    heights = np.tile(heights, (-(-1000 // rows), -(-1000 // columns)))[:1000, :1000]
    data = heights.tobytes()
    xml = re.sub(r"<SizeX>\d+<", f"<SizeX>{heights.shape[1]}<", xml)
    xml = re.sub(r"<SizeY>\d+<", f"<SizeY>{heights.shape[0]}<", xml)
    xml = re.sub(r"<MD5ChecksumPointData>\w+<", f"<MD5ChecksumPointData>{hashlib.md5(data).hexdigest()}<", xml)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.xml", xml)
        archive.writestr("bindata/data.bin", data)
        archive.writestr("md5checksum.hex", hashlib.md5(xml.encode()).hexdigest() + " *main.xml")
    print(f"{name}: {heights.shape[1]} x {heights.shape[0]} points, {kind}, {len(out.getvalue()) / 1e6:.1f} MB packed")
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=40, help="files of each surface")
    parser.add_argument("--striae", default=os.environ.get("STRIAE", HERE / "target" / "release" / "striae"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in ("circle", "KautschukInfiniteFocus"):
            (folder / name).mkdir()
            whole = tiled(name)
            for k in range(options.files):
                (folder / name / f"{name}-{k:04}.x3p").write_bytes(whole)
        for what in (("circle",), ("KautschukInfiniteFocus",), ("circle", "KautschukInfiniteFocus")):
            best = float("inf")
            for _ in range(3):
                start = time.monotonic()
                subprocess.run(
                    [options.striae, "import", "toolmarks", *[folder / w for w in what], "-o", folder / "out.h5", "--overwrite", "--least-contrast", "0", "-q"],
                    check=True, capture_output=True,
                )
                best = min(best, time.monotonic() - start)
            count = options.files * len(what)
            print(f"{' and '.join(what):<40} {count} files in {best:.2f} s: {count / best:.1f} a second, on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
