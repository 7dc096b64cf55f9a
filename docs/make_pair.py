"""Draws docs/pair.png: two marks of one simulated press as `striae show` lays them beside each other.

    target/tools/venv/bin/python docs/make_pair.py target/release/striae
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

MAIN = """<?xml version="1.0" encoding="UTF-8"?>
<p:ISO5436_2 xmlns:p="http://www.opengps.eu/2008/ISO5436_2">
<Record1><Revision>ISO5436 - 2000</Revision><FeatureType>SUR</FeatureType><Axes>
<CX><AxisType>I</AxisType><DataType>D</DataType><Increment>2e-6</Increment><Offset>0</Offset></CX>
<CY><AxisType>I</AxisType><DataType>D</DataType><Increment>2e-6</Increment><Offset>0</Offset></CY>
<CZ><AxisType>A</AxisType><DataType>D</DataType><Increment>1</Increment><Offset>0</Offset></CZ></Axes></Record1>
<Record3><MatrixDimension><SizeX>{x}</SizeX><SizeY>{y}</SizeY><SizeZ>1</SizeZ></MatrixDimension>
<DataLink><PointDataLink>bindata/data.bin</PointDataLink><MD5ChecksumPointData>{md5}</MD5ChecksumPointData></DataLink></Record3>
<Record4><ChecksumFile>md5checksum.hex</ChecksumFile></Record4>
</p:ISO5436_2>
"""


def smooth(x: np.ndarray, over: float) -> np.ndarray:
    k = np.arange(-int(4 * over), int(4 * over) + 1)
    kernel = np.exp(-0.5 * (k / over) ** 2)
    return np.convolve(x, kernel / kernel.sum(), mode="same")


def write(path: pathlib.Path, heights_um: np.ndarray) -> None:
    data = (heights_um * 1e-6).astype("<f8").tobytes()
    xml = MAIN.format(x=heights_um.shape[1], y=heights_um.shape[0], md5=hashlib.md5(data).hexdigest())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.xml", xml)
        archive.writestr("bindata/data.bin", data)
        archive.writestr("md5checksum.hex", hashlib.md5(xml.encode()).hexdigest() + " *main.xml")


def main() -> None:
    rng = np.random.default_rng(5)
    press = sum(share * smooth(rng.normal(size=2000), over) * np.sqrt(over) for over, share in ((2, 0.5), (6, 0.6), (15, 0.5)))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, start, lean in (("seizure-17", 300, 0.035), ("seizure-40", 420, -0.02)):
            rows, columns = 260, 700
            at = start + np.arange(columns)[None, :] - lean * np.arange(rows)[:, None]
            heights = np.interp(at.ravel(), np.arange(2000), press).reshape(rows, columns)
            fading = 1 + 0.3 * smooth(rng.normal(size=rows), 25)[:, None]
            heights = heights * fading + 0.15 * rng.normal(size=heights.shape) + 0.004 * np.arange(columns)[None, :]
            y, x = np.mgrid[:rows, :columns]
            for _ in range(4):
                cx, cy, r = rng.uniform(0, columns), rng.uniform(0, rows), rng.uniform(8, 22)
                heights[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = np.nan
            write(folder / f"{name}.x3p", heights)
        archive = folder / "archive.h5"
        subprocess.run([sys.argv[1], "import", "toolmarks", *sorted(folder.glob("*.x3p")), "-o", archive, "-q"], check=True)
        out = pathlib.Path(__file__).with_name("pair.png")
        subprocess.run([sys.argv[1], "show", f"{archive}:/toolmarks", "seizure-17", "seizure-40", "-o", out, "--height", "560"], check=True)


if __name__ == "__main__":
    main()
