#!/usr/bin/env python3
"""How time and memory grow with n, d and k, measured; the model that explains them; and what larger archives would take.

    make bench-growth                         (some minutes; n up to 10^5)
    make bench-growth ARGS="--most 1000000"   (n = 10^6 too: ten minutes more on two cores, and 4 GiB of disk)

Simulated spectra, Pearson, and simulated tool-marks, ccf over all lags with half overlap; --memory 2GiB. For each run: survey and compare of the record, the
whole process, and the peak of the program and its reader process together (sampled from /proc while it runs). The model of spectra:

    seconds = a·n·d + b·n(n−1)/2 + e

with a the cost of reading, checking, digesting and preparing a number, b that of screening a pair and looking at those that pass, e what any run costs;
fitted with all terms non-negative, relative to the measured time. Of marks every pair costs one transform: their time is b·n(n−1)/2. Memory is
what --memory allows or less. A shard of 64 reads what it needs of both sides of its part of the pairs, all rows at worst. Figures of a GPU are an
estimate from its multiply alone (--gpu-tflops, f32). --plot FILE (svg, png) draws; --json FILE keeps the figures, --again FILE takes them from there.
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
parser.add_argument("--gpu-tflops", type=float, default=35.0, help="f32 operations a second of a large card, in 10^12")
parser.add_argument("--plot")
parser.add_argument("--json")
parser.add_argument("--again")
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


def compare(address, metric, k, out):
    command = [args.striae, "compare", address, "--metric", metric, "--top-k", str(k), "--backend", "cpu", "--threads", str(args.threads),
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


def measure(folder, n, d, k, kind="spectra"):
    path = os.path.join(folder, f"{kind}-{n}-{d}.h5")
    if not os.path.exists(path):
        for old in os.listdir(folder):
            os.remove(os.path.join(folder, old))
        width = ["--spectrum-width", str(d)] if kind == "spectra" else []
        subprocess.run([args.striae, "simulate", "--exhibits", str(n), "--seed", "7", "--only", kind, *width, "-o", path],
                       check=True, capture_output=True)
    runs = []
    for _ in range(3 if n <= 100_000 and kind == "spectra" else 1):
        metric = "pearson" if kind == "spectra" else "ccf"
        record, process, peak = compare(f"{path}:/{kind}", metric, k, os.path.join(folder, "out.h5"))
        effort = record["effort"]
        runs.append((effort["survey_seconds"] + effort["compare_seconds"], process, peak, record))
    seconds, process, peak, record = min(runs, key=lambda run: run[0])
    way, d = record["strategy"], record["inputs"][0]["width"]
    print(f"| {kind} | {n:,} | {d:,} | {k} | {way['bound']} {way['width']} | {record['effort']['blocks']} | {seconds:.3f} | {process:.3f} "
          f"| {peak / 2**20:.0f} MiB |", flush=True)
    return n, d, k, seconds, peak


if args.again:
    with open(args.again) as f:
        kept = json.load(f)
else:
    print("| of | n | d | k | screened by | blocks | survey + compare, s | process, s | peak |\n|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        sizes = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= args.most]
        kept = {"n": [measure(folder, n, 1024, 10) for n in sizes]}
        kept["d"] = [measure(folder, 30_000, d, 10) for d in (64, 256, 1024, 4096)]
        kept["k"] = [measure(folder, 30_000, 1024, k) for k in (1, 10, 100, 1000)]
        kept["marks"] = [measure(folder, n, 1024, 10, "toolmarks") for n in (1_000, 2_000, 4_000)]
    if args.json:
        with open(args.json, "w") as f:
            json.dump(kept, f)

# The model, for d = 1,024 and k = 10: relative errors count, so that the small ones have their say.
n = np.array([r[0] for r in kept["n"]], float)
seconds = np.array([r[3] for r in kept["n"]])


def terms(n):
    n = np.asarray(n, float)
    return np.stack([n * 1024, n * (n - 1) / 2, np.ones_like(n)], axis=-1)


found, _ = scipy.optimize.nnls(terms(n) / seconds[:, None], np.ones(len(n)))
a, b, e = found
print(f"\nSpectra, d = 1,024, k = 10: {a * 1e9:.2f} ns a number + {b * 1e9:.3f} ns a pair + {e * 1e3:.0f} ms; "
      f"off by {np.max(np.abs(terms(n) @ found / seconds - 1)):.0%} at most")
marks, _, _, mark_seconds, _ = kept["marks"][-1]
of_mark = mark_seconds / (marks * (marks - 1) / 2)
print(f"Tool-marks, 1,024 samples, all lags, half overlap, k = 10: {of_mark * 1e6:.2f} µs a pair")


def words(s):
    return (f"{s:.0f} s" if s < 120 else f"{s / 60:.0f} min" if s < 7200 else f"{s / 3600:.1f} h" if s < 3 * 86400 else
            f"{s / 86400:.0f} d" if s < 1000 * 86400 else f"{s / 86400 / 365:.1f} years")


print(f"\n| | pairs | these {args.threads} threads | 64 such machines, a shard each | one GPU, its multiply alone (est.) |\n|---|---|---|---|---|")
for m in (10**6, 10**7):
    pairs = m * (m - 1) / 2
    shard = a * m * 1024 + b * pairs / 64 + e
    print(f"| {m:,} spectra | {pairs:.1e} | {words(float(terms(m) @ found))} | {words(shard)} | {words(pairs * 2048 / args.gpu_tflops / 1e12)} |")
for m in (10**6, 10**7):
    pairs = m * (m - 1) / 2
    print(f"| {m:,} marks | {pairs:.1e} | {words(of_mark * pairs)} | {words(of_mark * pairs / 64)} | its first stage bounds only; the transforms are the CPU's |")
if args.plot:
    import matplotlib
    matplotlib.use("agg")
    matplotlib.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none"})
    import matplotlib.pyplot as plt
    figure, ((time_n, memory), (time_d, time_k)) = plt.subplots(2, 2, figsize=(9, 6.4))
    line = np.geomspace(n.min(), 1e7, 80)
    time_n.loglog(line, terms(line) @ found, "k--", lw=1, label="model of spectra")
    time_n.loglog(n, seconds, "ko", ms=5, label="spectra, d = 1,024")
    time_n.loglog(line, of_mark * line * (line - 1) / 2, "k:", lw=1, label="model of marks")
    time_n.loglog([r[0] for r in kept["marks"]], [r[3] for r in kept["marks"]], "k^", ms=5, label="marks, ccf over all lags")
    time_n.set(xlabel="n", ylabel="seconds", title="Best 10 of all against all, two threads" if args.threads == 2 else "Best 10 of all against all")
    time_n.legend(fontsize=8)
    memory.semilogx(n, [r[4] / 2**20 for r in kept["n"]], "ks-", ms=5)
    memory.axhline(2048, color="k", lw=0.8, ls=":")
    memory.set(xlabel="n (spectra, d = 1,024)", ylabel="MiB", ylim=(0, 2200), title=f"Peak memory (dotted: --memory {args.memory})")
    for axes, key, at, name in ((time_d, "d", 1, "d (n = 30,000, k = 10)"), (time_k, "k", 2, "k (n = 30,000, d = 1,024)")):
        axes.loglog([r[at] for r in kept[key]], [r[3] for r in kept[key]], "ko-", ms=5, lw=1)
        axes.set(xlabel=name, ylabel="seconds", title=f"Time against {key}")
    for axes in (time_n, memory, time_d, time_k):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(args.plot, metadata={"Date": None} if args.plot.endswith("svg") else None)
