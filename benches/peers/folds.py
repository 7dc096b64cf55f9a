#!/usr/bin/env python3
"""Fold metrics: Striae against scikit-learn (two jobs) and SciPy, in one run, with the same answer.

    make bench-folds            (installs scikit-learn, SciPy and h5py into target/tools/venv first)

Uniform rows, n = 10,000, d = 512, top-10 of all against all, two threads. The peers compute distances alone, without selecting:
scikit-learn's pairwise_distances with n_jobs=2 for a sample of queries against all rows, SciPy's cdist likewise (it has one thread); their
time is scaled to all queries. Striae's time is the whole comparison (survey and compare) as its record says, selection and exact
scores included. Best scores of the sampled queries are compared.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--n", type=int, default=10_000)
parser.add_argument("--d", type=int, default=512)
parser.add_argument("--k", type=int, default=10)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

rows = np.random.default_rng(1).random((args.n, args.d), dtype=np.float32)
exact = rows.astype(np.float64)
jobs = args.threads
CASES = [
    ("manhattan", "manhattan", 2_000, lambda q: pairwise_distances(q, exact, metric="manhattan", n_jobs=jobs)),
    ("canberra-scipy", "canberra", 1_000, lambda q: pairwise_distances(q, exact, metric="canberra", n_jobs=jobs)),
    ("bray-curtis", "braycurtis", 1_000, lambda q: pairwise_distances(q, exact, metric="braycurtis", n_jobs=jobs)),
    ("chebyshev", "chebyshev", 1_000, lambda q: pairwise_distances(q, exact, metric="chebyshev", n_jobs=jobs)),
    ("jensen-shannon", "scipy jensenshannon", 100, lambda q: cdist(q, exact, "jensenshannon")),
]
found, worst = [], 0.0
with tempfile.TemporaryDirectory() as folder:
    archive, out = os.path.join(folder, "rows.h5"), os.path.join(folder, "out.h5")
    with h5py.File(archive, "w") as f:
        f["rows"] = rows
    for metric, peer, queries, distances in CASES:
        seconds = []
        for _ in range(3):
            done = subprocess.run(
                [args.striae, "compare", f"{archive}:/rows", "--metric", metric, "--top-k", str(args.k), "--backend", "cpu",
                 "--threads", str(args.threads), "--overwrite", "--json", "-o", out], check=True, capture_output=True, text=True)
            effort = json.loads(done.stdout)["effort"]
            seconds.append(effort["survey_seconds"] + effort["compare_seconds"])
        with h5py.File(out) as f:
            scores = f["scores"][:queries]
        distances(exact[:10])
        start = time.perf_counter()
        theirs = distances(exact[:queries])
        sampled = time.perf_counter() - start
        theirs[np.arange(queries), np.arange(queries)] = np.inf
        off = float(np.abs(np.sort(theirs, axis=1)[:, : args.k] / scores - 1).max())
        worst = max(worst, off)
        whole = sampled * args.n / queries
        found.append({"metric": metric, "peer": peer, "peer_queries": queries, "peer_seconds_measured": round(sampled, 2),
                      "peer_seconds_all": round(whole, 1), "striae_seconds": round(min(seconds), 3),
                      "ratio": round(whole / min(seconds), 1), "largest_relative_difference": off})
print(json.dumps({"n": args.n, "d": args.d, "k": args.k, "threads": args.threads, "numpy": np.__version__,
                  "scipy": scipy.__version__, "sklearn": sklearn.__version__, "cases": found}, indent=2))
sys.exit(1 if worst > 1e-9 else 0)
