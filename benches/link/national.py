"""A simulated archive of 50,000 exhibits through the whole chain: rankings, calibration on another archive, links and series against the truth,
each kind of evidence alone, and 100 exhibits that come in later against a whole run.

    make bench-link                       # some 20 minutes on two cores, most of it correlation of tool-marks
    make bench-link ARGS="--exhibits 5000 --new 20"
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import h5py

STRIAE = os.environ.get("STRIAE", "target/release/striae")
KINDS = {"toolmarks": ["--metric", "ccf", "--max-lag", "26"], "logos": ["--metric", "pearson"], "spectra": ["--metric", "pearson"]}


def striae(*args, said=False):
    start = time.monotonic()
    out = subprocess.run([STRIAE, *map(str, args), "--json"], capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"striae {' '.join(map(str, args))}\n{out.stderr}")
    seconds = time.monotonic() - start
    return (json.loads(out.stdout), seconds) if said else seconds


def columns(path):
    found = {}
    with h5py.File(path) as f:
        f.visititems(lambda name, node: found.update({name: node[()].tobytes()}) if isinstance(node, h5py.Dataset) else None)
    for told in ("record", "series/name"):
        found.pop(told)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--exhibits", type=int, default=50_000)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--limit", type=float, default=3)
    given = parser.parse_args()
    n, m = given.exhibits, given.new
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        widths = ["--mark-width", 256, "--spectrum-width", 256]
        for rows, name in ((f"0..{n}", "archive"), (f"{n}..{n + m}", "new"), (f"0..{n + m}", "all")):
            striae("simulate", "--exhibits", n + m, "--rows", rows, *widths, "--seed", 11, "-o", at / f"{name}.h5")
        striae("simulate", "--exhibits", 2000, *widths, "--seed", 12, "-o", at / "ref.h5")
        for kind, metric in KINDS.items():
            striae("compare", f"{at}/ref.h5:/{kind}", *metric, "--dense", "-o", at / f"d-{kind}.h5")
            striae("calibrate", at / f"d-{kind}.h5", "--truth", "press", "--population", "2,000 simulated exhibits, seed 12", "-o", at / f"lr-{kind}.h5")
            for name in ("archive", "all"):
                seconds = striae("compare", f"{at}/{name}.h5:/{kind}", *metric, "--top-k", 20, "-o", at / f"{name}-{kind}.h5")
                print(f"compared {name}, {kind}: {seconds:.0f} s", flush=True)

        def link(name, kinds, output, limit=given.limit):
            results = [at / f"{name}-{kind}.h5" for kind in kinds]
            models = [x for kind in kinds for x in ("--lr", at / f"lr-{kind}.h5")]
            return striae("link", *results, *models, "--limit", limit, "-o", at / output, said=True)

        told, seconds = link("archive", KINDS, "links.h5")
        print(f"linked {told['exhibits']} exhibits in {seconds:.0f} s: {told['links']} links, {told['series']} series")
        together, _ = striae("evaluate", at / "links.h5", "--truth", "press", said=True)
        rows = [("all three", together["series"]), ("all three, communities", together["communities"])]
        for kind, limit in (("toolmarks", given.limit), ("logos", 0.5), ("spectra", 0.1)):
            link("archive", [kind], f"{kind}-alone.h5", limit)
            rows.append((f"{kind} alone, limit {limit}", striae("evaluate", at / f"{kind}-alone.h5", "--truth", "press", said=True)[0]["series"]))
        for name, found in rows:
            share = found["false_link_share"]
            print(f"{name:<28} true series found {100 * found['recovery']:.2f} %, false links {'–' if share is None else f'{100 * share:.4f} %'}")
        best, mine = together["series"], [r for name, r in rows if "alone" in name]
        assert best["recovery"] >= 0.95 and best["false_link_share"] <= 0.01, "95 % of true series at 1 % of false links"
        # In a small archive tool-marks alone find everything.
        assert n < 50_000 or all(best["recovery"] > other["recovery"] for other in mine), "together they find more than each alone"

        told, seconds = striae("link", "--add", at / "new.h5", at / "links.h5", "-o", at / "added.h5", said=True)
        share = told["pairs_compared"] / told["pairs_all"]
        print(f"added {m} exhibits in {seconds:.0f} s: {100 * share:.2f} % of the pairs of a whole run")
        link("all", KINDS, "whole.h5")
        one, other = columns(at / "added.h5"), columns(at / "whole.h5")
        differ = [name for name in sorted(set(one) | set(other)) if one.get(name) != other.get(name)]
        assert not differ, f"columns differ from those of a whole run: {differ}"
        assert share < 0.01 or n < 50_000, "under 1 % of the pairs"
        print(f"{len(one)} columns with the bytes of a whole run")


main()
