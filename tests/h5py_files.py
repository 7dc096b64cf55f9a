"""Writes HDF5 files as other programs do, into the folder named by the first argument."""
import sys
from pathlib import Path

import h5py
import numpy as np

folder = Path(sys.argv[1])
rng = np.random.default_rng(5)
rows = rng.integers(0, 100, (40, 12))

with h5py.File(folder / "types.h5", "w") as f:
    for name in ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", ">f4", ">i2", ">f8"]:
        f[name.replace(">", "big_")] = rows.astype(name)
    f["bool"] = rows > 50
    f["text"] = np.full((3, 2), b"abc")
    f["complex"] = rows.astype("c16")

with h5py.File(folder / "stored.h5", "w") as f:
    values = rows.astype("f4")
    f["contiguous"] = values
    f.create_dataset("gzip", data=values, chunks=(7, 5), compression="gzip", shuffle=True)
    f.create_dataset("lzf", data=values, chunks=(7, 5), compression="lzf", fletcher32=True)
    f.create_dataset("columns", data=values, chunks=(40, 1), compression="gzip")

with h5py.File(folder / "collection.h5", "w") as f:
    g = f.create_group("marks")
    g["values"] = rows.astype("f8")
    g["id"] = [f"id-é-{i}" for i in range(40)]
    g["exhibit"] = np.array([f"E{i // 4}".encode() for i in range(40)])
    g["source"] = np.arange(40) // 8
    g["axis"] = np.linspace(4000, 650, 12)
    g["axis"].attrs["unit"] = "cm-1"

with h5py.File(folder / "anndata.h5ad", "w") as f:
    f.attrs["encoding-type"] = "anndata"
    f["X"] = rows.astype("f4")
    f["obsm/X_pca"] = rows[:, :3].astype("f8")
    obs = f.create_group("obs")
    obs.attrs["_index"] = "barcode"
    obs["barcode"] = [f"cell{i}" for i in range(40)]
    exhibit = obs.create_group("exhibit")
    exhibit["categories"] = ["x", "y"]
    exhibit["codes"] = (np.arange(40) % 2).astype("i1")

with h5py.File(folder / "sparse.h5ad", "w") as f:
    x = f.create_group("X")
    x["data"], x["indices"], x["indptr"] = [1.0], [0], [0, 1]

with h5py.File(folder / "ann.hdf5", "w") as f:
    f["train"] = rows.astype("f4")
    f["test"] = rows[:5].astype("f4")
    f["neighbors"] = np.zeros((5, 3), "i4")

with h5py.File(folder / "peaks.h5", "w") as f:
    f["ms/indptr"], f["ms/mz"], f["ms/intensity"] = [0, 1], [50.0], [1.0]

with h5py.File(folder / "bad.h5", "w") as f:
    f["one"] = rows[0].astype("f4")
    f["three"] = np.zeros((2, 3, 4))
    f["scalar"] = 3.0
    f["empty"] = np.zeros((0, 4))
    values = rows.astype("f4") + 1
    values[17, 3] = np.nan
    f["nan"] = values
    values = rows.astype("f4") + 1
    values[5, 2] = np.inf
    f["infinity"] = values
    values = rows.astype("f4") + 1
    values[9] = 0
    f["zero"] = values
    big = rows.astype("i8")
    big[3, 4] = 2**53 + 1
    f["big"] = big
    f["narrow"] = rows[:, :7].astype("f4")
    g = f.create_group("twice")
    g["values"] = rows.astype("f4") + 1
    g["id"] = ["same" if i in (4, 30) else f"i{i}" for i in range(40)]
    g = f.create_group("short")
    g["values"] = rows.astype("f4") + 1
    g["id"] = ["a", "b"]
    named = f.create_group("named")
    values = rows.astype("f4") + 1
    values[21, 0] = np.nan
    named["values"] = values
    named["id"] = [f"brick {i}" for i in range(40)]

np.save(folder / "rows.npy", rows)
(folder / "text.h5").write_text("this is not HDF5\n" * 100)
whole = (folder / "stored.h5").read_bytes()
(folder / "truncated.h5").write_bytes(whole[: len(whole) // 2])
(folder / "empty.h5").write_bytes(b"")
