#!/usr/bin/env python3
"""Every peer and Striae, each on the same data and the same question, in one run; the table in Markdown.

    make bench-peers                    (installs the peers into target/tools/venv first; some 15 minutes on two cores)
    make bench-peers ARGS=--small       (a minute: to see that it works)

Runs, one after the other, search.py (FAISS, NumPy, scikit-learn, usearch, SciPy: best 10 of all against all), folds.py (scikit-learn and SciPy:
metrics that are no product), ccf_fft.py (SciPy: lagged correlation) and peaks.py (matchms, ms_entropy: peak lists); each says in its head what is
timed, and checks that answers agree. The table goes to standard output and to --table. The exit code is 1 if any answer did not agree.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--table", default="target/peers.md")
parser.add_argument("--small", action="store_true")
args = parser.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
wrong = []


def run(script, usual, small):
    """The JSON document that a script prints; what its options are in full and in small."""
    print(f"-- {script}", file=sys.stderr, flush=True)
    command = [sys.executable, os.path.join(here, script), "--striae", args.striae, *usual, *(small if args.small else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        wrong.append(script)
    try:
        return json.loads(done.stdout)
    except ValueError:
        wrong.append(f"{script}: no figures")
        return None


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def row(question, peer, theirs, ours, agreement):
    return f"| {question} | {peer} | {theirs:.3g} s | {ours:.3g} s | **{theirs / ours:.1f} ×** | {agreement} |"


version = json.loads(subprocess.run([args.striae, "devices", "--json"], capture_output=True, text=True, check=True).stdout)
lines = [f"{datetime.date.today()}, {processor()}, {version['cpu']['driver']}, {version['threads']} threads",
         "", "| question | peer | peer | Striae | ratio | answers |", "|---|---|---|---|---|---|"]
for entry in run("search.py", ["--json"], ["--n", "5000", "--sample", "200"]) or []:
    question = f"{entry['data']}, {entry['metric']}, n = {entry['n']:,}, d = {entry['d']:,}, top-{entry['k']} ({entry['screened']})"
    for peer in entry["peers"]:
        scaled = "" if peer["queries"] == entry["n"] else f", {peer['queries']:,} queries scaled"
        agreement = f"{peer['rows_that_differ']:,} of {peer['queries']:,} rows differ, worse in f64: {peer['rows_where_striae_is_worse_in_f64']}"
        lines.append(row(question, peer["name"] + scaled, peer["seconds"], entry["striae_seconds"], agreement))
folds = run("folds.py", [], ["--n", "2000"])
for case in folds["cases"] if folds else []:
    question = f"uniform, {case['metric']}, n = {folds['n']:,}, d = {folds['d']:,}, top-{folds['k']}"
    peer = f"SciPy {folds['scipy']} cdist" if case["peer"].startswith("scipy") else f"scikit-learn {folds['sklearn']} pairwise_distances"
    lines.append(row(question, f"{peer}, {case['peer_queries']:,} queries scaled", case["peer_seconds_all"], case["striae_seconds"],
                     f"scores within {case['largest_relative_difference']:.0e}, relative"))
ccf = run("ccf_fft.py", [], ["--n", "600", "--queries", "10"])
if ccf:
    question = f"signatures, ccf over all lags, half overlap, n = {ccf['n']:,}, d = {ccf['d']:,}, top-{ccf['k']}"
    lines.append(row(question, f"SciPy {ccf['scipy']} batched FFT, {ccf['peer_queries_measured']} queries scaled", ccf["peer_seconds_all_pairs_once"],
                     ccf["striae_seconds"], f"scores within {ccf['largest_difference_of_scores']:.0e}, "
                                            f"{ccf['queries_with_other_neighbours']} rows differ"))
peaks = run("peaks.py", [], ["--matchms", "300", "--entropy", "1000", "--queries", "100"])
for case in peaks["cases"] if peaks else []:
    version = peaks["matchms"] if "matchms" in case["peer"] else peaks["ms_entropy"]
    name, _, rest = case["peer"].partition(" ")
    scaled = f", {case['peer_queries']:,} queries scaled" if "peer_queries" in case else ""
    counts = ", matched peaks equal" if case.get("matched_peaks_equal") else ""
    lines.append(row(f"peak lists, {case['metric']}, n = {case['n']:,}, top-{peaks['k']}", f"{name} {version} {rest}{scaled}",
                     case.get("peer_seconds", case.get("peer_seconds_all")), case["striae_seconds"],
                     f"scores within {case['largest_difference']:.0e}{counts}"))
if wrong:
    lines += ["", f"NOT IN ORDER: {', '.join(wrong)}"]
table = "\n".join(lines) + "\n"
with open(args.table, "w") as f:
    f.write(table)
print(table, end="")
sys.exit(1 if wrong else 0)
