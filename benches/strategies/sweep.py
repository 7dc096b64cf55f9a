#!/usr/bin/env python3
"""The way of screening that is chosen, against the plain one, in one run: is choosing ever a loss?

    make bench-sweep

Best k = 1, 10, 100 and thresholds 0.5 … 0.999 on simulated spectra (Pearson) and on random rows (cosine), and widths 64 … 4,096 with the
best 10 of each. Both ways run in turn, three times; the best time of each counts (survey and compare). Digests must be equal. Ends with 1
if a chosen way took more than 1/0.9 of the plain one's time and that is more than 20 ms.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--n", type=int, default=10_000)
parser.add_argument("--repeat", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()


def compare(address, metric, question, way, out):
    done = subprocess.run([args.striae, "compare", address, "--metric", metric, *question, "--backend", "cpu", "--threads", str(args.threads),
                           "--screen", way, "--memory", "4GiB", "--overwrite", "--json", "-o", out], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def row(name, address, metric, question, out):
    best = {}
    for _ in range(args.repeat):
        for way in ("plain", "auto"):
            record = compare(address, metric, question, way, out)
            seconds = record["effort"]["survey_seconds"] + record["effort"]["compare_seconds"]
            if way not in best or seconds < best[way][0]:
                best[way] = seconds, record
    (plain, of_plain), (auto, of_auto) = best["plain"], best["auto"]
    assert of_plain["result_blake3"] == of_auto["result_blake3"], name
    chosen = of_auto["strategy"]
    print(f"| {name} | {chosen['bound']} {chosen['width']} | {chosen['share']:.1e} | {chosen['seconds'] / auto:.1%} | {plain:.3f} | {auto:.3f} "
          f"| {plain / auto:.2f} × |", flush=True)
    return auto > plain / 0.9 and auto - plain > 0.02


lost = 0
print("| question | chosen | passed | choosing | plain, s | chosen, s | |\n|---|---|---|---|---|---|---|")
with tempfile.TemporaryDirectory() as folder:
    out = os.path.join(folder, "out.h5")

    def random(d, n):
        path = os.path.join(folder, f"random{d}-{n}.h5")
        rows = np.random.default_rng(1).standard_normal((n, d), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        with h5py.File(path, "w") as f:
            f["rows"] = rows
        return f"{path}:/rows"

    def simulated(d, n):
        path = os.path.join(folder, f"simulated{d}-{n}.h5")
        subprocess.run([args.striae, "simulate", "--exhibits", str(n), "--seed", "7", "--only", "spectra", "--spectrum-width", str(d), "--overwrite", "-o", path],
                       check=True, capture_output=True)
        return f"{path}:/spectra"

    for kind, make, metric in (("simulated", simulated, "pearson"), ("random", random, "cosine")):
        address = make(1024, args.n)
        for k in (1, 10, 100):
            lost += row(f"{kind}, n = {args.n:,}, d = 1,024, top-{k}", address, metric, ["--top-k", str(k)], out)
        thresholds = (0.5, 0.9, 0.99, 0.999) if kind == "simulated" else (0.1, 0.12, 0.5, 0.9)
        for threshold in thresholds:
            # Half of all simulated spectra correlate by 0.5: links by the hundred million on disk are another benchmark.
            many = kind == "simulated" and threshold <= 0.9
            n = 3000 if many else args.n
            where = make(1024, n) if many else address
            lost += row(f"{kind}, n = {n:,}, d = 1,024, threshold {threshold}", where, metric, ["--threshold", str(threshold)], out)
        for d in (64, 256, 2048, 4096):
            n = max(4000, min(40_000, args.n * 1024 // d))
            lost += row(f"{kind}, n = {n:,}, d = {d:,}, top-10", make(d, n), metric, ["--top-k", "10"], out)
sys.exit(1 if lost else 0)
