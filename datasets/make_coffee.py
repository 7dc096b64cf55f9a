"""Writes coffee.h5 from the tables in the Python package chemotools. How to call it: README.md beside this file."""

import csv
import hashlib
import sys
from importlib.metadata import distribution
from pathlib import Path

import h5py
import numpy as np

VERSION = "0.5.0"
# Of the tables the stored file was made from, so that a changed upstream cannot pass for it.
SHA256 = {
    "coffee_spectra.csv": "540fac378bb4842e6200b951c71923f8af3b2f3ddbde69941c124fa035f27212",
    "coffee_labels.csv": "6574164087fc7da2c78dd9c77d1a177f1311e7a92af50d4118f641910ca11a56",
}
OUT = Path(__file__).with_name("coffee.h5")


def table(name: str) -> list[list[str]]:
    """The rows below the header. The package's own loader needs pandas, and the import all of scikit-learn."""
    path = Path(distribution("chemotools").locate_file(f"chemotools/datasets/data/{name}"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256[name]:
        sys.exit(f"{name} has SHA-256 {digest}, not {SHA256[name]}: is chemotools {VERSION} installed?")
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


def text(strings: list[str]) -> np.ndarray:
    """Fixed-length UTF-8, which every HDF5 reader opens."""
    return np.array([s.encode() for s in strings], dtype=h5py.string_dtype("utf-8", max(len(s.encode()) for s in strings)))


def nearest_agree(values: np.ndarray, sources: list[str]) -> int:
    """How many spectra have a nearest other spectrum, by Pearson correlation, of the same country."""
    centred = values - values.mean(axis=1, keepdims=True)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    r = centred @ centred.T
    np.fill_diagonal(r, -np.inf)
    return sum(sources[i] == sources[j] for i, j in enumerate(r.argmax(axis=1)))


def main() -> None:
    printed = table("coffee_spectra.csv")
    values = np.array(printed, dtype=np.float64)
    sources = [row[0] for row in table("coffee_labels.csv")]
    ids = [f"{s}-{sources[: i + 1].count(s):02}" for i, s in enumerate(sources)]

    with h5py.File(OUT, "w") as file:
        group = file.create_group("coffee")
        group.create_dataset("values", data=values, chunks=values.shape, shuffle=True, compression="gzip", compression_opts=9)
        axis = group.create_dataset("axis", data=np.arange(values.shape[1], dtype=np.float64), compression="gzip")
        axis.attrs["unit"] = "index"
        group.create_dataset("id", data=text(ids))
        group.create_dataset("exhibit", data=text(ids))
        group.create_dataset("source", data=text(sources))

    with h5py.File(OUT) as file:
        stored = file["coffee/values"][:]
        assert stored.shape == (60, 1841)
        assert [[repr(float(v)) for v in row] for row in stored] == printed, "a printed digit was lost"
        assert [s.decode() for s in file["coffee/source"][:]] == sources
        agree = nearest_agree(stored, sources)
    print(f"{OUT.name}: {OUT.stat().st_size} bytes, SHA-256 {hashlib.sha256(OUT.read_bytes()).hexdigest()}")
    print(f"nearest other spectrum by Pearson correlation is of the same country for {agree} of {len(sources)}")


if __name__ == "__main__":
    main()
