#!/usr/bin/env python3
"""How time and memory grow with n, d and k, measured; the model that explains them; and what larger archives would take.

    make bench-growth                    (some minutes; n up to 10⁵)
    make bench-growth ARGS="--most 1000000"   (n = 10⁶ too: about twenty minutes on two cores, and 4 GiB of disk)

Simulated spectra, Pearson, --memory 2GiB. For each run: survey and compare of the record, the whole process, and the peak of the program
and its reader process together (sampled from /proc while it runs). The model:

    seconds = a·n·d + b·n(n−1)/2 + c·n

with a the cost of reading, checking, digesting and preparing a number, b that of screening a pair and looking at those that pass, c that
of a row's ranking; fitted with all terms non-negative, relative to the measured time. Memory is what --memory allows or less. Writes a
picture (SVG) beside the table if --plot FILE is given.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import scipy.optimize

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--most", type=int, default=100_000)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--memory", default="2GiB")
parser.add_argument("--plot")
args = parser.parse_args()


def resident(pid):
    """Bytes that a process and its children hold."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            with open(f"/proc/{one}/statm") as f:
                total += int(f.read().split()[1]) * 4096
            with open(f"/proc/{one}/task/{one}/children") as f:
                waiting += [int(child) for child in f.read().split()]
            for task in os.listdir(f"/proc/{one}/task"):
                if int(task) != one:
                    with open(f"/proc/{one}/task/{task}/children") as f:
                        waiting += [int(child) for child in f.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


def compare(address, k, out):
    command = [args.striae, "compare", address, "--metric", "pearson", "--top-k", str(k), "--backend", "cpu", "--threads", str(args.threads),
               "--memory", args.memory, "--overwrite", "--json", "-o", out]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0

    def watch():
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    text = process.stdout.read()
    watcher.join()
    if process.wait() != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return json.loads(text), time.perf_counter() - start, peak


def measure(folder, n, d, k):
    path = os.path.join(folder, f"{n}-{d}.h5")
    if not os.path.exists(path):
        for old in os.listdir(folder):
            os.remove(os.path.join(folder, old))
        subprocess.run([args.striae, "simulate", "--exhibits", str(n), "--seed", "7", "--only", "spectra", "--spectrum-width", str(d), "-o", path],
                       check=True, capture_output=True)
    runs = []
    for _ in range(3 if n <= 100_000 else 1):
        record, process, peak = compare(f"{path}:/spectra", k, os.path.join(folder, "out.h5"))
        effort = record["effort"]
        runs.append((effort["survey_seconds"] + effort["compare_seconds"], process, peak, record))
    seconds, process, peak, record = min(runs, key=lambda run: run[0])
    way = record["strategy"]
    print(f"| {n:,} | {d:,} | {k} | {way['bound']} {way['width']} | {record['effort']['blocks']} | {seconds:.3f} | {process:.3f} | {peak / 2**20:.0f} MiB |",
          flush=True)
    return n, d, k, seconds, peak


print("| n | d | k | screened by | blocks | survey + compare, s | process, s | peak |\n|---|---|---|---|---|---|---|---|")
with tempfile.TemporaryDirectory() as folder:
    sizes = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= args.most]
    rows = [measure(folder, n, 1024, 10) for n in sizes]
    by_d = [measure(folder, 30_000, d, 10) for d in (64, 256, 4096)]
    by_k = [measure(folder, 30_000, 1024, k) for k in (1, 100, 1000)]

# The model, for d = 1,024 and k = 10: relative errors count, so that the small ones have their say.
n = np.array([r[0] for r in rows], float)
seconds = np.array([r[3] for r in rows])
terms = np.stack([n * 1024, n * (n - 1) / 2, n], axis=1)
found, _ = scipy.optimize.nnls(terms / seconds[:, None], np.ones(len(n)))
a, b, c = found
fitted = terms @ found
print(f"\nModel, d = 1,024, k = 10: {a * 1e9:.2f} ns a number + {b * 1e9:.3f} ns a pair + {c * 1e6:.1f} µs a row; "
      f"off by {np.max(np.abs(fitted / seconds - 1)):.0%} at most")


def words(s):
    return f"{s:.0f} s" if s < 120 else f"{s / 60:.0f} min" if s < 7200 else f"{s / 3600:.1f} h" if s < 3 * 86400 else f"{s / 86400:.1f} d"


print(f"\n| marks | pairs | these {args.threads} threads | 64 such machines, a shard each |\n|---|---|---|---|")
for m in (10**6, 10**7):
    whole = float(np.array([m * 1024, m * (m - 1) / 2, m]) @ found)
    # A shard reads what it needs of both sides of its part of the pairs: all rows at worst.
    shard = float(np.array([m * 1024, m * (m - 1) / 2 / 64, m]) @ found)
    print(f"| {m:,} | {m * (m - 1) / 2:.1e} | {words(whole)} | {words(shard)} |")
if args.plot:
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    line = np.geomspace(n.min(), 1e7, 60)
    model = np.stack([line * 1024, line * (line - 1) / 2, line], axis=1) @ found
    left.loglog(line, model, "k--", lw=1, label="model")
    left.loglog(n, seconds, "ko", ms=5, label="measured")
    left.set(xlabel="spectra (d = 1,024)", ylabel="seconds", title="Time, best 10 of each, two threads")
    left.legend()
    right.loglog(n, [r[4] / 2**20 for r in rows], "ks-", ms=5)
    right.axhline(2048, color="k", lw=0.8, ls=":")
    right.set(xlabel="spectra (d = 1,024)", ylabel="MiB", title="Peak of both processes (limit dotted)")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(args.plot)
