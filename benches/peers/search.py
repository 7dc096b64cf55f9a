#!/usr/bin/env python3
"""Peers and Striae on the same rows and the same question, in one run: the best k of all against all.

    make bench-search           (installs the peers into target/tools/venv first)
    make bench-search ARGS="--data random --n 10000"

Three kinds of data, d = 1,024: `random` unit rows, where nothing can be pruned; `simulated` infrared spectra (striae simulate);
`coffee`, the 60 real infrared spectra of datasets/coffee.h5 (their first 1,024 channels), each many times with its own scatter
(0.9 … 1.1), baseline (offset and slope within 1 % of its range) and white noise (0.2 % of its range).

FAISS `IndexFlatIP` answers all queries. The others answer `--sample` queries and are scaled: NumPy (OpenBLAS product and argpartition),
scikit-learn (NearestNeighbors, brute), usearch (exact search), SciPy (cdist and argpartition). All have two threads where they
can; they search rows in memory that were centred and normalised before, which is not timed. Striae's time is survey and compare:
reading HDF5, checking, digests, preparing, screening and exact f64 scores. Neighbours are held against those of FAISS; where they
differ, f64 scores decide. Prints a table in Markdown; --json for the numbers.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

# Ours is not to be measured against a library that was told to be slow.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

import faiss
import h5py
import numpy as np
import scipy
import scipy.spatial.distance
import sklearn
import sklearn.neighbors
import usearch
from usearch.index import MetricKind, search

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--data", default="random,simulated,coffee")
parser.add_argument("--n", type=int, default=50_000)
parser.add_argument("--d", type=int, default=1_024)
parser.add_argument("--k", type=int, default=10)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--sample", type=int, default=2_000, help="queries that the slower peers answer")
parser.add_argument("--repeat", type=int, default=3, help="runs of Striae; the best one counts, as for FAISS with n <= 10,000")
parser.add_argument("--memory", default="2GiB")
parser.add_argument("--peers", default="faiss,numpy,sklearn,usearch,scipy")
parser.add_argument("--json", action="store_true")
args = parser.parse_args()
faiss.omp_set_num_threads(args.threads)


def rows_of(kind, folder):
    """Where the rows lie, and the metric that is asked for."""
    path = os.path.join(folder, kind + ".h5")
    rng = np.random.default_rng(1)
    if kind == "simulated":
        subprocess.run([args.striae, "simulate", "--exhibits", str(args.n), "--seed", "7", "--only", "spectra",
                        "--spectrum-width", str(args.d), "-o", path], check=True, capture_output=True)
        return f"{path}:/spectra", "spectra/values", path, "pearson"
    if kind == "random":
        rows = rng.standard_normal((args.n, args.d), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        metric = "cosine"
    else:
        here = os.path.dirname(os.path.abspath(__file__))
        with h5py.File(os.path.join(here, "../../datasets/coffee.h5")) as f:
            found = []
            f.visititems(lambda name, node: found.append(name) if isinstance(node, h5py.Dataset) and node.ndim == 2 else None)
            real = f[found[0]][:, : args.d].astype(np.float64)
        which = np.arange(args.n) % len(real)
        size = np.ptp(real, axis=1, keepdims=True)[which]
        ramp = np.linspace(-0.5, 0.5, args.d)
        rows = np.empty((args.n, args.d), dtype=np.float32)
        for start in range(0, args.n, 5000):
            part = slice(start, min(start + 5000, args.n))
            m = part.stop - part.start
            scatter = rng.uniform(0.9, 1.1, (m, 1))
            base = rng.uniform(-0.01, 0.01, (m, 1)) + rng.uniform(-0.01, 0.01, (m, 1)) * ramp
            noise = 0.002 * rng.standard_normal((m, args.d))
            rows[part] = scatter * real[which[part]] + size[part] * (base + noise)
        metric = "pearson"
    with h5py.File(path, "w") as f:
        f["rows"] = rows
    return f"{path}:/rows", "rows", path, metric


def unit(rows, metric):
    if metric == "pearson":
        rows = rows - rows.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def striae(address, metric, out):
    best, record = None, None
    for _ in range(args.repeat):
        done = subprocess.run(
            [args.striae, "compare", address, "--metric", metric, "--top-k", str(args.k), "--backend", "cpu", "--threads",
             str(args.threads), "--memory", args.memory, "--overwrite", "--json", "-o", out], check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        seconds = found["effort"]["survey_seconds"] + found["effort"]["compare_seconds"]
        if best is None or seconds < best:
            best, record = seconds, found
    with h5py.File(out) as f:
        return best, record, f["neighbors"][:]


def without_self(found, queries):
    return np.array([[j for j in row if j != i][: args.k] for i, row in zip(queries, found)])


def peers(rows, queries):
    """(name, seconds for all n queries, neighbours, of which queries)"""
    k, n = args.k + 1, len(rows)
    few = rows[queries]
    scale = n / len(queries)

    def timed(work):
        start = time.perf_counter()
        found = work()
        return time.perf_counter() - start, found

    wanted = args.peers.split(",")
    if "faiss" in wanted:
        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        runs = [timed(lambda: index.search(rows, k)[1]) for _ in range(args.repeat if n <= 10_000 else 1)]
        seconds, found = min(runs, key=lambda run: run[0])
        yield f"FAISS {faiss.__version__} IndexFlatIP", seconds, found, np.arange(n)
    if "numpy" in wanted:
        def product():
            found = []
            for start in range(0, len(few), 500):
                scores = few[start:start + 500] @ rows.T
                top = np.argpartition(-scores, k, axis=1)[:, :k]
                order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1)
                found.append(np.take_along_axis(top, order, 1))
            return np.concatenate(found)
        seconds, found = timed(product)
        yield f"NumPy {np.__version__} product and argpartition", seconds * scale, found, queries
    if "sklearn" in wanted:
        model = sklearn.neighbors.NearestNeighbors(n_neighbors=k, algorithm="brute", metric="cosine", n_jobs=args.threads).fit(rows)
        seconds, found = timed(lambda: model.kneighbors(few, return_distance=False))
        yield f"scikit-learn {sklearn.__version__} NearestNeighbors", seconds * scale, found, queries
    if "usearch" in wanted:
        seconds, found = timed(lambda: search(rows, few, k, MetricKind.IP, exact=True, threads=args.threads).keys)
        yield f"usearch {usearch.__version__} exact search", seconds * scale, found.astype(np.int64), queries
    if "scipy" in wanted:
        less = queries[: max(200, len(queries) // 10)]
        def distances():
            found = []
            for start in range(0, len(less), 100):
                far = scipy.spatial.distance.cdist(rows[less[start:start + 100]], rows, "cosine")
                top = np.argpartition(far, k, axis=1)[:, :k]
                order = np.argsort(np.take_along_axis(far, top, 1), axis=1)
                found.append(np.take_along_axis(top, order, 1))
            return np.concatenate(found)
        seconds, found = timed(distances)
        yield f"SciPy {scipy.__version__} cdist and argpartition", seconds * n / len(less), found, less


report, wrong = [], 0
with tempfile.TemporaryDirectory() as folder:
    for kind in args.data.split(","):
        address, inner, path, metric = rows_of(kind, folder)
        seconds, record, neighbors = striae(address, metric, os.path.join(folder, "out.h5"))
        with h5py.File(path) as f:
            stored = f[inner][:]
        rows = unit(stored, metric)
        queries = np.sort(np.random.default_rng(2).choice(args.n, min(args.sample, args.n), replace=False))
        strategy = record["strategy"]
        entry = {"data": kind, "n": args.n, "d": args.d, "k": args.k, "metric": metric, "striae_seconds": seconds,
                 "screened": f"{strategy['bound']} {strategy['width']}", "share": strategy["share"],
                 "refined_per_row": record["effort"]["refined"] / args.n, "peers": []}
        for name, peer_seconds, found, asked in peers(rows, queries):
            theirs, ours = without_self(found, asked), neighbors[asked]
            differ = np.flatnonzero((theirs != ours).any(axis=1))
            worse = 0
            for q in differ:
                # Order among equals aside: whose sum of scores is the larger, in f64?
                exact = stored[np.concatenate([[asked[q]], ours[q], theirs[q]])].astype(np.float64)
                if metric == "pearson":
                    exact -= exact.mean(axis=1, keepdims=True)
                exact /= np.linalg.norm(exact, axis=1, keepdims=True)
                scores = exact[1:] @ exact[0]
                worse += bool(np.sort(scores[: args.k]).sum() < np.sort(scores[args.k:]).sum() - 1e-12)
            wrong += worse
            entry["peers"].append({"name": name, "seconds": peer_seconds, "ratio": peer_seconds / seconds, "queries": len(asked),
                                   "rows_that_differ": len(differ), "rows_where_striae_is_worse_in_f64": worse})
        report.append(entry)
        os.remove(path)

if args.json:
    print(json.dumps(report, indent=2))
else:
    print("| data | | seconds | ratio | rows that differ |\n|---|---|---|---|---|")
    for entry in report:
        name = f"{entry['data']}, {entry['metric']}, n = {entry['n']:,}, d = {entry['d']:,}, top-{entry['k']}"
        print(f"| {name} | **Striae**, {entry['screened']}, {entry['share']:.2e} of pairs passed | {entry['striae_seconds']:.2f} | | |")
        for peer in entry["peers"]:
            scaled = "" if peer["queries"] == entry["n"] else f" ({peer['queries']:,} queries, scaled)"
            print(f"| | {peer['name']}{scaled} | {peer['seconds']:.1f} | **{peer['ratio']:.1f} ×** | {peer['rows_that_differ']} |")
sys.exit(1 if wrong else 0)
