#!/usr/bin/env python3
"""A GPU in one command: are its results those of the CPU, and how fast is it?

    python3 benches/gpu/check.py                       the best GPU, full sizes (minutes)
    python3 benches/gpu/check.py --small               a software GPU, to see that this works

Needs Python and a built program (make build; --striae names another). For every metric and several shapes the same simulated
spectra are compared on the CPU and on the GPU; digests must be equal, and the GPU must not have handed over to the CPU.
Prints one JSON line a comparison: seconds, pairs/s, and GFLOP/s of the screening (2·d operations a pair). Figures go to
benches/record/ with device and date.
"""
import argparse
import json
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--device", help="part of the GPU's name")
parser.add_argument("--small", action="store_true")
args = parser.parse_args()


def striae(*arguments):
    done = subprocess.run([args.striae, *arguments, "--json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"striae {' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout)


devices = striae("devices")
print(json.dumps(devices))
metrics = [m["name"] for m in striae("metrics")]
shapes = [(1500, 128)] if args.small else [(20_000, 64), (20_000, 1024), (100_000, 256), (100_000, 1024)]
wanted = ["--backend", "gpu"] + (["--device", args.device] if args.device else [])
failed = False
with tempfile.TemporaryDirectory() as folder:
    for n, d in shapes:
        archive = f"{folder}/{n}-{d}.h5"
        striae("simulate", "--exhibits", str(n), "--only", "spectra", "--spectrum-width", str(d), "-o", archive)
        # The largest shape once, the others with every metric.
        for metric in metrics if n * d < 5e7 else ["pearson"]:
            common = ["compare", f"{archive}:/spectra", "--metric", metric, "--top-k", "10", "--memory", "8GiB", "--overwrite",
                      "-o", f"{folder}/out.h5"]
            cpu, gpu = striae(*common, "--backend", "cpu"), striae(*common, *wanted)
            again = striae(*common, *wanted)
            same = cpu["result_blake3"] == gpu["result_blake3"] == again["result_blake3"]
            stayed = len(gpu["devices"]) == 1 and gpu["devices"][0]["kind"] == "gpu"
            failed |= not (same and stayed)
            seconds = min(gpu["effort"]["compare_seconds"], again["effort"]["compare_seconds"])
            pairs = gpu["effort"]["pairs"]
            print(json.dumps({
                "metric": metric, "n": n, "d": d, "device": gpu["devices"][-1]["name"], "same_bytes": same, "stayed_on_gpu": stayed,
                "gpu_seconds": round(seconds, 3), "cpu_seconds": round(cpu["effort"]["compare_seconds"], 3),
                "gpu_pairs_per_second": round(pairs / seconds), "gpu_gflops": round(2e-9 * d * pairs / seconds, 1),
                "refined_share": gpu["effort"]["refined"] / pairs,
            }), flush=True)
sys.exit(1 if failed else 0)
