#!/usr/bin/env python3
"""Does anybody wait? A comparison larger than its memory, out of a compressed file, with --trace: how long each worker was busy.

    make bench-overlap

Simulated spectra, 200,000 × 256, stored in gzip chunks of 256 rows, Pearson top-10 under --memory 512MiB: blocks are read while others are
compared. From the trace: busy time of each worker from the first tile on, the longest stretch in which no worker was busy, and how much
of the reading was hidden behind the comparison. Ends with 1 if workers were busy less than 90 % of that time.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import h5py

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--n", type=int, default=200_000)
parser.add_argument("--d", type=int, default=256)
parser.add_argument("--memory", default="512MiB")
parser.add_argument("--keep", help="where the trace is to stay")
args = parser.parse_args()

with tempfile.TemporaryDirectory() as folder:
    plain, packed = os.path.join(folder, "plain.h5"), os.path.join(folder, "packed.h5")
    subprocess.run([args.striae, "simulate", "--exhibits", str(args.n), "--only", "spectra", "--spectrum-width", str(args.d), "-o", plain],
                   check=True, capture_output=True)
    with h5py.File(plain) as a, h5py.File(packed, "w") as b:
        values = a["spectra/values"]
        b.create_dataset("rows", data=values[:], chunks=(256, args.d), compression="gzip", compression_opts=1)
    os.remove(plain)
    trace = args.keep or os.path.join(folder, "trace.json")
    done = subprocess.run([args.striae, "compare", f"{packed}:/rows", "--metric", "pearson", "--top-k", "10", "--memory", args.memory, "--backend", "cpu",
                           "--trace", trace, "--json", "-o", os.path.join(folder, "out.h5")], check=True, capture_output=True, text=True)
    record = json.loads(done.stdout)
    size = os.path.getsize(packed) / 2**20
    with open(trace) as f:
        events = json.load(f)["traceEvents"]

names = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
spans = [(e["ts"], e["ts"] + e["dur"], names[e["tid"]], e["name"]) for e in events if e["ph"] == "X"]
work = [s for s in spans if s[2].startswith("worker") and s[3] != "survey"]
begin = min(s[0] for s in work if s[3] == "screen")
end = max(s[1] for s in work)
workers = sorted({s[2] for s in work})
busy = {w: sum(min(s[1], end) - max(s[0], begin) for s in work if s[2] == w and s[1] > begin) / (end - begin) for w in workers}
# Preparing and settling run on all workers, though one of them has the span.
together = [s for s in work if s[3] in ("prepare", "settle") and s[0] >= begin]
shared = sum(s[1] - s[0] for s in together) / (end - begin)
busy = {w: share + sum(s[1] - s[0] for s in together if s[2] != w) / (end - begin) for w, share in busy.items()}
edges, longest = sorted((s[0], s[1]) for s in work if s[1] > begin), 0.0
reach = begin
for start, stop in edges:
    longest = max(longest, start - reach)
    reach = max(reach, stop)
reading = sum(s[1] - s[0] for s in spans if s[3] == "read" and s[2] == "reader" and s[0] >= begin)
print(json.dumps({
    "rows": args.n, "width": args.d, "file_mib": round(size), "memory": args.memory, "blocks": record["effort"]["blocks"],
    "screened": record["strategy"]["bound"], "compare_seconds": round((end - begin) / 1e6, 2),
    "busy": {w: round(share, 3) for w, share in busy.items()}, "of_that_prepare_and_settle": round(shared, 3),
    "longest_wait_of_all_ms": round(longest / 1e3, 1), "read_meanwhile_seconds": round(reading / 1e6, 2),
}, indent=2))
sys.exit(1 if min(busy.values()) < 0.9 else 0)
