#!/usr/bin/env python3
"""Peak resident memory of a comparison that does not fit: 200,000 simulated spectra of 256 points under --memory 512MiB.

    python3 benches/memory/peak.py            (after make build; needs only Python)

Adds up the peaks of the program and of its reader process (VmHWM of each, sampled every 20 ms), which is more than both ever
had at one time. Fails when the sum is beyond the allowance.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--exhibits", type=int, default=200_000)
parser.add_argument("--width", type=int, default=256)
parser.add_argument("--memory", default="512MiB")
parser.add_argument("--allowed-mib", type=float, default=640)
parser.add_argument("--metric", default="pearson")
args = parser.parse_args()


def peak_kib(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def children(pid):
    try:
        return [int(c) for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except OSError:
        return []


with tempfile.TemporaryDirectory() as folder:
    archive, out = f"{folder}/a.h5", f"{folder}/o.h5"
    subprocess.run([args.striae, "simulate", "-q", "--exhibits", str(args.exhibits), "--only", "spectra",
                    "--spectrum-width", str(args.width), "-o", archive], check=True)
    run = subprocess.Popen([args.striae, "compare", f"{archive}:/spectra", "--metric", args.metric, "--top-k", "10",
                            "--backend", "cpu", "--memory", args.memory, "--json", "-o", out], stdout=subprocess.PIPE, text=True)
    peaks = {}
    while run.poll() is None:
        for pid in [run.pid, *children(run.pid)]:
            peaks[pid] = max(peaks.get(pid, 0), peak_kib(pid))
        time.sleep(0.02)
    record = json.loads(run.stdout.read())
own, readers = peaks.pop(run.pid) / 1024, sum(peaks.values()) / 1024
print(json.dumps({"rows": args.exhibits, "width": args.width, "memory": args.memory, "program_mib": round(own, 1),
                  "reader_mib": round(readers, 1), "sum_mib": round(own + readers, 1), "blocks": record["effort"]["blocks"],
                  "seconds": round(record["effort"]["survey_seconds"] + record["effort"]["compare_seconds"], 1),
                  "digest": record["result_blake3"]}))
sys.exit(0 if own + readers <= args.allowed_mib else 1)
