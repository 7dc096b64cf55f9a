#!/usr/bin/env python3
"""FAISS IndexFlatIP and Striae on the same data and the same question, in one run.

    make bench-faiss            (installs faiss-cpu, numpy and h5py into target/tools/venv first)

Random unit rows, n = 10,000, d = 1,024, cosine top-10, all against all, two threads each. FAISS searches 11 and drops the
item itself; its time is the search alone, from memory. Striae's time is the whole comparison (survey and compare) as its
record says, and the whole process with reading and writing HDF5 beside it. Neighbours are compared; where they differ,
f64 scores decide who is right. Peak resident memory of the process is read from the kernel's account of children.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import faiss
import h5py
import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--n", type=int, default=10_000)
parser.add_argument("--d", type=int, default=1_024)
parser.add_argument("--k", type=int, default=10)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repeat", type=int, default=3)
parser.add_argument("--memory", default="256MiB")
args = parser.parse_args()

rng = np.random.default_rng(1)
rows = rng.standard_normal((args.n, args.d), dtype=np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
faiss.omp_set_num_threads(args.threads)
index = faiss.IndexFlatIP(args.d)
index.add(rows)

faiss_seconds, compare_seconds, process_seconds = [], [], []
with tempfile.TemporaryDirectory() as folder:
    archive, out = os.path.join(folder, "rows.h5"), os.path.join(folder, "out.h5")
    with h5py.File(archive, "w") as f:
        f["rows"] = rows
    for _ in range(args.repeat):
        start = time.perf_counter()
        _, found = index.search(rows, args.k + 1)
        faiss_seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        done = subprocess.run(
            [args.striae, "compare", f"{archive}:/rows", "--metric", "cosine", "--top-k", str(args.k), "--backend", "cpu",
             "--threads", str(args.threads), "--memory", args.memory, "--overwrite", "--json", "-o", out],
            check=True, capture_output=True, text=True)
        process_seconds.append(time.perf_counter() - start)
        effort = json.loads(done.stdout)["effort"]
        compare_seconds.append(effort["survey_seconds"] + effort["compare_seconds"])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with h5py.File(out) as f:
        neighbors = f["neighbors"][:]

dropped = np.array([[j for j in row if j != i][: args.k] for i, row in enumerate(found)])
differing = np.flatnonzero((dropped != neighbors).any(axis=1))
exact = rows.astype(np.float64)
worse = 0
for i in differing:
    scores = exact @ exact[i]
    ours, theirs = np.sort(scores[neighbors[i]]), np.sort(scores[dropped[i]])
    if (ours < theirs - 1e-12).any():
        worse += 1
print(json.dumps({
    "n": args.n, "d": args.d, "k": args.k, "threads": args.threads, "faiss": faiss.__version__,
    "faiss_seconds": min(faiss_seconds), "striae_compare_seconds": min(compare_seconds),
    "striae_process_seconds": min(process_seconds),
    "ratio": round(min(faiss_seconds) / min(compare_seconds), 2),
    "ratio_whole_process": round(min(faiss_seconds) / min(process_seconds), 2),
    "rows_where_neighbours_differ": len(differing), "rows_where_striae_is_worse_in_f64": worse,
    "striae_peak_resident_mib": round(peak, 1),
}, indent=2))
sys.exit(1 if worse else 0)
