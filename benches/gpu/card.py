#!/usr/bin/env python3
"""A GPU in one command: what it is, how it computes fastest, whether its results are those of the CPU, and how fast it is beside PyTorch.

    make bench-gpu                                    (sees to h5py and NumPy first)
    python3 benches/gpu/card.py                       the best GPU, full sizes (some eight minutes on a large card)
    python3 benches/gpu/card.py --small               a software GPU, to see that this works
    python3 benches/gpu/card.py --json card.json      all numbers, for benches/record/

Needs a built program (make build; --striae names another), h5py and NumPy; PyTorch with CUDA and cuVS are peers where they are. In this order, and
what is done stands even if a later step runs out of time (--seconds):

1. what the card says of itself, cooperative matrices included;
2. `striae devices --tune`: every shape against f64, the largest error of its sums (for tensor units: how they accumulate), its rate;
3. conformance: for every metric and several shapes the digests of CPU and GPU must be equal, and the GPU must have stayed;
4. the fused multiply and selection against the card's own multiply (torch.matmul, TF32 off), and whole comparisons against matmul + topk in
   f32 and f16, on random unit rows and on simulated spectra; plain, half and auto; where neighbours differ from PyTorch's, f64 decides;
5. tiles of other sizes for the same question;
6. n = 10^6, d = 1,024, top-10.

The exit code is 1 if a result differs, the GPU handed over to the CPU, or Striae's neighbours were worse than PyTorch's.
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

try:
    import torch
    cuda = torch.cuda.is_available()
except ImportError:
    torch, cuda = None, False
try:
    from cuvs.neighbors import brute_force
except ImportError:
    brute_force = None

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--device", help="part of the GPU's name")
parser.add_argument("--small", action="store_true")
parser.add_argument("--seconds", type=float, default=540, help="time after which no new step begins")
parser.add_argument("--million", type=int, help="rows of the last step; 0 leaves it out")
parser.add_argument("--json", metavar="FILE")
args = parser.parse_args()
began = time.perf_counter()
named = ["--device", args.device] if args.device else []
found, failed = {}, []
n_peers = 3_000 if args.small else 100_000
million = args.million if args.million is not None else (0 if args.small else 1_000_000)


def striae(*arguments):
    done = subprocess.run([args.striae, *arguments, "--json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"striae {' '.join(arguments)}: {done.stderr or done.stdout}")
    return json.loads(done.stdout)


def keep(name, value):
    found[name] = value
    if args.json:
        with open(args.json, "w") as f:
            json.dump(found, f, indent=1)


def time_left(step):
    left = args.seconds - (time.perf_counter() - began)
    if left <= 0:
        print(f"-- no time left for {step} (--seconds {args.seconds:.0f})", flush=True)
    return left > 0


def compare(address, metric, *options):
    """The record, and seconds with reading and checking. The GPU must have stayed."""
    record = striae("compare", address, "--metric", metric, "--top-k", "10", "--memory", "24GiB", "--overwrite", "-o", out,
                    "--backend", "gpu", *named, *options)
    if len(record["devices"]) != 1 or record["devices"][0]["kind"] != "gpu":
        failed.append(f"{address} {metric}: handed over to the CPU: {record['warnings']}")
    effort = record["effort"]
    return record, effort["survey_seconds"] + effort["compare_seconds"]


def simulate(n, d):
    path = os.path.join(folder, f"{n}-{d}.h5")
    striae("simulate", "--exhibits", str(n), "--seed", "7", "--only", "spectra", "--spectrum-width", str(d), "--overwrite", "-o", path)
    return path


def wait():
    if cuda:
        torch.cuda.synchronize()


def timed(work, times):
    """Seconds of the best of some, after one that warms up."""
    work()
    best, answer = float("inf"), None
    for _ in range(times):
        wait()
        start = time.perf_counter()
        answer = work()
        wait()
        best = min(best, time.perf_counter() - start)
    return best, answer


def torch_top(rows, dtype):
    """The best eleven of each by matmul and topk, some queries at a time."""
    x = torch.from_numpy(rows).to("cuda" if cuda else "cpu", dtype)
    step = max(1, min(len(rows), (1 << 28) // len(rows)))

    def search():
        return torch.cat([torch.topk(x[s:s + step] @ x.T, 11, dim=1).indices for s in range(0, len(rows), step)])
    seconds, top = timed(search, 1 if args.small else 3)
    return seconds, top.cpu().numpy()


def held_against(ours, theirs, rows):
    """Rows whose neighbours differ, and those of them where ours have the smaller sum of f64 scores."""
    theirs = np.array([[j for j in row if j != i][:10] for i, row in enumerate(theirs)])
    differ = np.flatnonzero((np.sort(theirs, 1) != np.sort(ours, 1)).any(axis=1))
    worse = 0
    for q in differ:
        scores = rows[np.concatenate([ours[q], theirs[q]])].astype(np.float64) @ rows[q].astype(np.float64)
        # Rows were rounded to f32 for PyTorch: what differs by less is not a matter of finding.
        worse += bool(scores[:10].sum() < scores[10:].sum() - 1e-6)
    return len(differ), worse


keep("devices", striae("devices"))
for gpu in found["devices"]["gpus"]:
    print(f"{gpu['name']} ({gpu['kind']}, {gpu['api']}, {gpu['driver']}): f16 {gpu['f16']}, cooperative {gpu['cooperative']}, "
          f"bindings {gpu['largest_binding']}, workgroup memory {gpu['workgroup_memory']}", flush=True)

keep("tuning", striae("devices", "--tune", *named)["tuning"])
best = {}
for choice in found["tuning"]["choices"]:
    name = f"{'fold' if choice['class']['fold'] else 'product'} {choice['class']['number']} {choice['class']['width']}"
    print(f"\n{name}\n   GFLOP/s  error/allowed  shape")
    for tried in choice["tried"]:
        shape, refused = tried["shape"], tried.get("refused")
        rate = "-" if tried["gflops"] is None else f"{tried['gflops']:.1f}"
        error = "-" if tried["error"] is None else f"{tried['error']:.1f}/{tried['allowed']:.0f}"
        print(f"{'*' if shape == choice['shape'] else ' '} {rate:>8}  {error:>13}  {shape['rows']}x{shape['cols']} by {shape['down']}x{shape['across']} "
              f"{shape['means']} chunk {shape['chunk']}{' NOT ADMITTED: ' + refused if refused else ''}")
        if not refused:
            best[name] = max(best.get(name, 0), tried["gflops"] or 0)
sys.stdout.flush()

with tempfile.TemporaryDirectory() as folder:
    out = os.path.join(folder, "out.h5")
    checked, left_out = [], set()
    for n, d in [(1500, 128)] if args.small else [(5_000, 64), (5_003, 1027), (40_000, 256)]:
        if not time_left("conformance"):
            break
        spectra = f"{simulate(n, d)}:/spectra"
        others = os.path.join(folder, "others.h5")
        rng = np.random.default_rng(3)
        with h5py.File(others, "w") as f:
            f["positive"] = rng.exponential(1.0, (n, d)).astype(np.float32) + np.float32(1e-3)
            f["bytes"] = rng.integers(0, 256, (n, d), dtype=np.uint8)
        names = [m["name"] for m in striae("metrics")] if n < 10_000 else ["pearson", "euclidean", "manhattan"]
        for metric in names:
            if not time_left(f"{metric}, {n} x {d}"):
                break
            for address in (spectra, f"{others}:/positive", f"{others}:/bytes"):
                cpu = subprocess.run([args.striae, "compare", address, "--metric", metric, "--top-k", "10", "--overwrite", "--json",
                                      "-o", out, "--backend", "cpu"], capture_output=True, text=True)
                if cpu.returncode == 0:
                    break
            else:
                left_out.add(metric)  # for peak lists, or not without weights
                continue
            digest = json.loads(cpu.stdout)["result_blake3"]
            for way in ("auto", "half") if metric in ("pearson", "euclidean", "cosine", "dot") else ("auto",):
                record, _ = compare(address, metric, "--screen", way)
                same = digest == record["result_blake3"]
                if not same:
                    failed.append(f"{metric} {n}x{d} {way}: other bytes than the CPU's")
                checked.append({"metric": metric, "n": n, "d": d, "screen": way, "bound": record["strategy"]["bound"], "same_bytes": same,
                                "gpu_seconds": record["effort"]["compare_seconds"]})
    keep("conformance", checked)
    print(f"\nconformance: {len(checked)} comparisons, {sum(c['same_bytes'] for c in checked)} with the same bytes as the CPU; "
          f"not asked: {', '.join(sorted(left_out))}", flush=True)

    if cuda and time_left("the multiply"):
        torch.backends.cuda.matmul.allow_tf32 = False
        x, rates = torch.randn(8192, 1024, device="cuda"), {}
        for number, dtype in (("single", torch.float32), ("half", torch.float16)):
            y = x.to(dtype)
            rates[number] = 2e-9 * 8192 * 8192 * 1024 / timed(lambda y=y: y @ y.T, 20)[0]
            ours = best.get(f"product {number} long", 0)
            print(f"fused multiply and selection, {number}: {ours:.0f} GFLOP/s, torch.matmul {rates[number]:.0f}: {ours / rates[number]:.2f}")
        keep("torch_matmul_gflops", rates)

    peers = []
    for kind in ("random", "simulated"):
        if not time_left(f"{kind} rows"):
            break
        if kind == "random":
            rows = np.random.default_rng(1).standard_normal((n_peers, 1024), dtype=np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            path, metric = os.path.join(folder, "random.h5"), "cosine"
            with h5py.File(path, "w") as f:
                f["rows"] = rows
            address = f"{path}:/rows"
        else:
            path, metric = simulate(n_peers, 1024), "pearson"
            with h5py.File(path) as f:
                rows = f["spectra/values"][:].astype(np.float64)
            rows -= rows.mean(axis=1, keepdims=True)
            rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
            address = f"{path}:/spectra"
        entry = {"data": kind, "n": n_peers, "d": 1024, "k": 10, "metric": metric, "striae": {}, "peers": {}}
        for way in ("plain", "half", "auto"):
            runs = [compare(address, metric, "--screen", way) for _ in range(1 if args.small else 3)]
            record, whole = min(runs, key=lambda run: run[0]["effort"]["compare_seconds"])
            seconds = record["effort"]["compare_seconds"]
            entry["striae"][way] = {"compare_seconds": seconds, "with_reading": whole, "strategy": record["strategy"],
                                    "digest": record["result_blake3"]}
            print(f"\n{kind}: Striae {way} ({record['strategy']['bound']} {record['strategy']['width']}): compare {seconds:.3f} s, "
                  f"with reading and checking {whole:.3f} s", end="", flush=True)
        if len({way["digest"] for way in entry["striae"].values()}) != 1:
            failed.append(f"{kind}: ways of screening differ")
        with h5py.File(out) as f:
            ours = f["neighbors"][:]
        print()
        for name in ("f32", "f16") if cuda else ("f32",) if torch else ():
            seconds, top = torch_top(rows, torch.float32 if name == "f32" else torch.float16)
            differ, worse = held_against(ours, top, rows)
            if worse:
                failed.append(f"{kind}: worse than PyTorch's {name} in {worse} rows")
            entry["peers"][f"torch {torch.__version__} matmul + topk {name}"] = {"seconds": seconds, "rows_that_differ": differ}
            ratios = ", ".join(f"{way} {seconds / w['compare_seconds']:.2f} x" for way, w in entry["striae"].items())
            print(f"{kind}: PyTorch {name} on {'cuda' if cuda else 'cpu'} {seconds:.3f} s, neighbours differ in {differ} rows; Striae is {ratios}", flush=True)
        if brute_force is not None and cuda:
            x = torch.from_numpy(rows).cuda()
            index = brute_force.build(x, metric="inner_product")
            seconds, _ = timed(lambda: brute_force.search(index, x, 11), 3)
            entry["peers"]["cuVS brute force f32"] = {"seconds": seconds}
            print(f"{kind}: cuVS brute force {seconds:.3f} s", flush=True)
        if kind == "random":
            for side in (256, 512) if args.small else (2048, 4096, 8192):
                if time_left("tiles of other sizes"):
                    record, _ = compare(address, metric, "--screen", "half", "--tile", f"{side}x{side}")
                    entry.setdefault("tiles", {})[side] = record["effort"]["compare_seconds"]
            print(f"{kind}: compare by side of a tile, half: {entry.get('tiles')}", flush=True)
        peers.append(entry)
        keep("peers", peers)
        os.remove(path)

    if million and time_left(f"n = {million:,}"):
        address = f"{simulate(million, 1024)}:/spectra"
        for way in ("auto", "half"):
            if time_left(f"n = {million:,}, {way}"):
                record, whole = compare(address, "pearson", "--screen", way)
                seconds = record["effort"]["compare_seconds"]
                keep(f"million_{way}", {"n": million, "compare_seconds": seconds, "with_reading": whole, "strategy": record["strategy"]})
                print(f"n = {million:,} {way} ({record['strategy']['bound']}): compare {seconds:.1f} s, with reading {whole:.1f} s", flush=True)

keep("failed", failed)
print(f"\n{'FAILED: ' + '; '.join(failed) if failed else 'all as it should be'}; {time.perf_counter() - began:.0f} s")
sys.exit(1 if failed else 0)
