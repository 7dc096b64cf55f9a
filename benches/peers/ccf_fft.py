#!/usr/bin/env python3
"""Lagged correlation of all pairs: Striae and a batched FFT in NumPy/SciPy, in one run, with the same answer.

    make bench-ccf

The peer is the masked normalised cross-correlation that a researcher writes today (D. Padfield, doi:10.1109/TIP.2011.2181402): per pair
six correlations by stored spectra (xy, x, y, x2, y2, n), each an inverse real FFT in double precision, batched over all partners of a
query, two threads (scipy.fft workers). Its time for all pairs is that for a sample of queries, scaled: both numbers are printed.
Signatures: d = 1,024 samples of smoothed noise, every four of one source, shifted. Least overlap 50 %, top-10.
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
import scipy.fft as sf

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--n", type=int, default=4_000)
parser.add_argument("--d", type=int, default=1_024)
parser.add_argument("--k", type=int, default=10)
parser.add_argument("--queries", type=int, default=40, help="queries that the peer is timed on")
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()
n, d, k = args.n, args.d, args.k

rng = np.random.default_rng(1)
kernel = np.hanning(9) / np.hanning(9).sum()
rows = np.stack([np.convolve(r, kernel, "same")[8 : 8 + d] for r in rng.standard_normal((n, d + 16))])
for i in range(0, n - 3, 4):
    for j in range(1, 4):
        rows[i + j] = np.roll(rows[i], rng.integers(-60, 60)) + 0.5 * rows[i + j]
rows = rows.astype(np.float32)

least = d // 2
size = sf.next_fast_len(2 * d - 1, real=True)
lags = np.arange(-(d - least), d - least + 1)
exact = rows.astype(np.float64)


def spectra(x):
    return sf.rfft(x, size, axis=-1, workers=args.threads)


of_x, of_squares, of_mask = spectra(exact), spectra(exact**2), spectra(np.ones((1, d)))


def best(i):
    """The best correlation of row i with every row: six transforms a pair."""
    correlate = lambda f, g: sf.irfft(f * np.conj(g), size, axis=-1, workers=args.threads)[:, lags]
    a, a2, m = of_x[i : i + 1], of_squares[i : i + 1], of_mask
    shape = (n, 1)
    xy = correlate(a, of_x)
    x = correlate(np.repeat(a, n, 0), m)
    y = correlate(m, of_x)
    xx = correlate(np.repeat(a2, n, 0), m)
    yy = correlate(m, of_squares)
    count = correlate(np.repeat(m, n, 0), m)
    top = count * xy - x * y
    below = np.sqrt(np.maximum((count * xx - x * x) * (count * yy - y * y), 1e-300))
    return (top / below).max(axis=1)


with tempfile.TemporaryDirectory() as folder:
    archive, out = os.path.join(folder, "rows.h5"), os.path.join(folder, "out.h5")
    with h5py.File(archive, "w") as f:
        f["rows"] = rows
    seconds = []
    for _ in range(2):
        done = subprocess.run(
            [args.striae, "compare", f"{archive}:/rows", "--metric", "ccf", "--min-overlap", "0.5", "--top-k", str(k), "--backend",
             "cpu", "--threads", str(args.threads), "--overwrite", "--json", "-o", out], check=True, capture_output=True, text=True)
        effort = json.loads(done.stdout)["effort"]
        seconds.append(effort["survey_seconds"] + effort["compare_seconds"])
    with h5py.File(out) as f:
        neighbors, scores = f["neighbors"][:], f["scores"][:]

queries = np.linspace(0, n - 1, args.queries).astype(int)
best(0)
start = time.perf_counter()
found = [best(i) for i in queries]
sampled = time.perf_counter() - start
# Each pair once, as a careful user would do it.
peer = sampled / args.queries * n / 2
off, wrong = 0.0, 0
for i, r in zip(queries, found):
    r[i] = -np.inf
    order = np.argsort(-r, kind="stable")[:k]
    off = max(off, np.abs(np.sort(r[order]) - np.sort(scores[i])).max())
    wrong += set(order) != set(neighbors[i])
print(json.dumps({
    "n": n, "d": d, "k": k, "threads": args.threads, "numpy": np.__version__, "scipy": scipy.__version__,
    "peer_seconds_measured": round(sampled, 3), "peer_queries_measured": args.queries, "peer_seconds_all_pairs_once": round(peer, 1),
    "striae_seconds": round(min(seconds), 2), "ratio": round(peer / min(seconds), 1),
    "largest_difference_of_scores": off, "queries_with_other_neighbours": int(wrong),
}, indent=2))
sys.exit(1 if off > 1e-9 else 0)
