"""PCA of a collection larger than memory: Striae and scikit-learn's IncrementalPCA on the same file, in one run.

    make bench-pca                      1,000,000 simulated spectra × 512, 20 components, --memory 1GiB (some 5 minutes, 2 GB of disk)
    make bench-pca ARGS="--rows 100000"

Both read the HDF5 file, find the components and project all rows; Striae finds T², Q and their limits besides and stores all of it. Its
components are held to a full SVD (NumPy, f64) of a part of the rows.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import h5py
import numpy as np

arguments = argparse.ArgumentParser()
arguments.add_argument("--rows", type=int, default=1_000_000)
arguments.add_argument("--width", type=int, default=512)
arguments.add_argument("--components", type=int, default=20)
arguments.add_argument("--memory", default="1GiB")
arguments.add_argument("--part", type=int, default=20_000, help="rows of the full SVD")
arguments.add_argument("--without-peer", action="store_true")
args = arguments.parse_args()

root = Path(__file__).resolve().parents[2]
program = Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "striae"


def resident(pid):
    """Peak resident memory of a process and its children, in MiB, by what the system says of each."""
    total = 0.0
    pids = [pid]
    try:
        pids += [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        pass
    for p in pids:
        try:
            for line in Path(f"/proc/{p}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    total += int(line.split()[1]) / 1024
        except OSError:
            pass
    return total


def striae(*words):
    """Runs it; answers its JSON, seconds and peak memory."""
    started = time.perf_counter()
    process = subprocess.Popen([program, "--json", *map(str, words)], stdout=subprocess.PIPE, text=True)
    peak = [0.0]
    done = threading.Event()

    def watch():
        while not done.wait(0.05):
            peak[0] = max(peak[0], resident(process.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    out = process.communicate()[0]
    done.set()
    thread.join()
    if process.returncode != 0:
        sys.exit(f"striae ended with {process.returncode}: {out}")
    return json.loads(out.splitlines()[-1]), time.perf_counter() - started, peak[0]


def off(found, expected):
    """Largest difference of components up to their sign, and of eigenvalues relative to the first."""
    signs = np.sign((found["loadings"] * expected["loadings"]).sum(0))
    vectors = np.abs(found["loadings"] * signs - expected["loadings"]).max()
    values = (np.abs(found["eigenvalues"] - expected["eigenvalues"]) / expected["eigenvalues"]).max()
    return float(vectors), float(values)


def model(path, k):
    with h5py.File(path) as f:
        return {"loadings": f["parts/loadings"][:, :k], "eigenvalues": f["parts/eigenvalues"][:k]}


with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
    folder = Path(folder)
    data, part = folder / "spectra.h5", folder / "part.h5"
    striae("simulate", "-n", args.rows, "--only", "spectra", "--spectrum-width", args.width, "-o", data)
    k = args.components
    record, seconds, peak = striae("model", "pca", f"{data}:/spectra", "-a", k, "--memory", args.memory, "-o", folder / "pca.h5")
    figures = {
        "rows": args.rows,
        "width": args.width,
        "components": k,
        "memory": args.memory,
        "method": record["method"],
        "seconds": round(seconds, 1),
        "peak_mib": round(peak),
        "machine": platform.processor() or platform.machine(),
    }
    # The same by a full SVD, on rows that it can hold.
    with h5py.File(data) as f:
        rows = f["spectra/values"][: args.part].astype(np.float64)
    with h5py.File(part, "w") as f:
        f["values"] = rows
    centred = rows - rows.mean(0)
    _, s, vt = np.linalg.svd(centred, full_matrices=False)
    exact = {"loadings": vt[:k].T, "eigenvalues": s[:k] ** 2 / (len(rows) - 1)}
    for method in ["covariance", "subspace"]:
        striae("model", "pca", f"{part}:/values", "-a", k, "--method", method, "--overwrite", "-o", folder / "part-pca.h5")
        vectors, values = off(model(folder / "part-pca.h5", k), exact)
        figures[f"{method}_off_loadings"], figures[f"{method}_off_eigenvalues"] = vectors, values
        if max(vectors, values) > 1e-6:
            sys.exit(f"{method} differs from the full SVD: {figures}")
    if not args.without_peer:
        import sklearn
        from sklearn.decomposition import IncrementalPCA

        started = time.perf_counter()
        peer = IncrementalPCA(n_components=k)
        batch = 5 * args.width
        with h5py.File(data) as f:
            values = f["spectra/values"]
            for start in range(0, args.rows, batch):
                if args.rows - start >= k:
                    peer.partial_fit(values[start : start + batch])
            scores = [peer.transform(values[start : start + batch]) for start in range(0, args.rows, batch)]
        figures["sklearn"] = sklearn.__version__
        figures["sklearn_seconds"] = round(time.perf_counter() - started, 1)
        figures["ratio"] = round(figures["sklearn_seconds"] / seconds, 1)
        found = model(folder / "pca.h5", k)
        figures["sklearn_first_eigenvalue_off"] = float(abs(peer.explained_variance_[0] / found["eigenvalues"][0] - 1))
        figures["sklearn_last_eigenvalue_off"] = float(abs(peer.explained_variance_[-1] / found["eigenvalues"][-1] - 1))
    print(json.dumps(figures))
