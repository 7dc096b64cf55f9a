#!/usr/bin/env python3
"""Peak lists: Striae against matchms (cosine greedy) and ms_entropy (flash entropy search), in one run, with the same answer.

    make bench-peaks            (installs matchms, ms_entropy and h5py into target/tools/venv first)

Simulated spectra of about 100 peaks in families of ten, all against all, top-10, two threads. matchms computes its symmetric matrix of
CosineGreedy (tolerance 0.1 Da) for --matchms spectra, without selecting. ms_entropy builds its index and searches it openly (0.02 Da) with a sample of
queries, scaled to all; selection of the best is not counted for it. Both are taken at their own fastest way of asking. Striae's time is
the whole comparison (survey and compare: reading, cleaning and index too) as its record says, best of three; the peers' index and cleaning are not
counted. The scores of the best partners are compared: matchms within 1e-9; ms_entropy, which computes in f32, within 1e-5.
m/z are multiples of 1/1024, the entropy's tolerance is 20.5/1024 Da and no spectrum has peaks closer than 0.05 Da, so that no pair of peaks
lies where f32 and f64 round to different sides.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import h5py
import matchms
import ms_entropy
import numpy as np
from matchms.similarity import CosineGreedy
from ms_entropy import FlashEntropySearch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--striae", default="target/release/striae")
parser.add_argument("--matchms", type=int, default=2_000, help="spectra compared by cosine greedy")
parser.add_argument("--entropy", type=int, nargs="+", default=[2_000, 20_000], help="spectra compared by entropy")
parser.add_argument("--queries", type=int, default=1_000, help="queries that ms_entropy is asked")
parser.add_argument("--k", type=int, default=10)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()


TOLERANCE = 20.5 / 1024


def simulated(count):
    """m/z and intensity of each spectrum: half of the peaks from its family, jittered by 2 mDa."""
    rng, lists = np.random.default_rng(1), []
    for i in range(count):
        if i % 10 == 0:
            core, heights = rng.uniform(50, 1000, 50), np.exp(rng.normal(0, 1.5, 50))
        own = int(rng.integers(30, 71))
        mz = np.concatenate([core + rng.normal(0, 0.002, 50), rng.uniform(50, 1000, own)])
        intensity = np.concatenate([heights * rng.uniform(0.5, 1.5, 50), np.exp(rng.normal(0, 1.5, own))])
        order = np.argsort(mz)
        mz, intensity = np.round(mz[order] * 1024) / 1024, intensity[order]
        apart = np.concatenate([[True], np.diff(mz) > 0.05])
        lists.append((mz[apart], intensity[apart]))
    return lists


def striae(folder, lists, options):
    archive, out = os.path.join(folder, "peaks.h5"), os.path.join(folder, "out.h5")
    with h5py.File(archive, "w") as f:
        f["ms/indptr"] = np.concatenate([[0], np.cumsum([len(mz) for mz, _ in lists])])
        f["ms/mz"] = np.concatenate([mz for mz, _ in lists])
        f["ms/intensity"] = np.concatenate([intensity for _, intensity in lists])
    seconds = []
    for _ in range(3):
        done = subprocess.run([args.striae, "compare", f"{archive}:/ms", *options, "--top-k", str(args.k), "--threads", str(args.threads),
                               "--overwrite", "--json", "-o", out], check=True, capture_output=True, text=True)
        effort = json.loads(done.stdout)["effort"]
        seconds.append(effort["survey_seconds"] + effort["compare_seconds"])
    with h5py.File(out) as f:
        return min(seconds), f["scores"][:], f["matched"][:], f["neighbors"][:]


def best(scores, k):
    np.fill_diagonal(scores, -1)
    return np.sort(scores, axis=1)[:, ::-1][:, :k]


found, wrong = [], False
with tempfile.TemporaryDirectory() as folder:
    lists = simulated(args.matchms)
    ours, scores, matched, neighbors = striae(folder, lists, ["--metric", "cosine-greedy", "--tolerance", "0.1Da"])
    spectra = [matchms.Spectrum(mz=mz, intensities=intensity, metadata={"precursor_mz": 500.0}) for mz, intensity in lists]
    greedy = CosineGreedy(tolerance=0.1)
    greedy.matrix(spectra[:10], spectra[:10], array_type="numpy", is_symmetric=True, progress_bar=False)  # compiles
    start = time.perf_counter()
    theirs = greedy.matrix(spectra, spectra, array_type="numpy", is_symmetric=True, progress_bar=False)
    took = time.perf_counter() - start
    counts = np.take_along_axis(np.asarray(theirs["matches"]), neighbors, axis=1)
    off = float(np.abs(best(np.array(theirs["score"]), args.k) - scores).max())
    wrong |= off > 1e-9 or bool((counts != matched).any())
    found.append({"metric": "cosine-greedy", "n": args.matchms, "peer": "matchms CosineGreedy.matrix, symmetric",
                  "peer_seconds": round(took, 2), "striae_seconds": round(ours, 3), "ratio": round(took / ours, 1),
                  "largest_difference": off, "matched_peaks_equal": bool((counts == matched).all())})
    for count in args.entropy:
        lists = simulated(count)
        ours, scores, _, _ = striae(folder, lists, ["--metric", "peaks-entropy", "--tolerance", f"{TOLERANCE}Da"])
        raw = [{"precursor_mz": float(i), "peaks": np.stack(both, 1)} for i, both in enumerate(lists)]
        search = FlashEntropySearch(max_ms2_tolerance_in_da=TOLERANCE)
        library = search.build_index(raw, min_ms2_difference_in_da=2 * TOLERANCE + 1e-9, max_indexed_mz=1500.0, noise_threshold=0.01,
                                     precursor_ions_removal_da=None)
        # The index is sorted by precursor, which is the order of the spectra.
        queries = min(args.queries, count)
        asked = [library[q]["peaks"] for q in range(queries)]
        search.open_search(peaks=asked[0], ms2_tolerance_in_da=TOLERANCE)
        start = time.perf_counter()
        rows = [search.open_search(peaks=peaks, ms2_tolerance_in_da=TOLERANCE) for peaks in asked]
        took = (time.perf_counter() - start) * count / queries
        rows = np.array(rows, dtype=np.float64)
        off = float(np.abs(best(rows, args.k) - scores[:queries]).max())
        wrong |= off > 1e-5
        found.append({"metric": "peaks-entropy", "n": count, "peer": "ms_entropy open_search", "peer_queries": queries,
                      "peer_seconds_all": round(took, 2), "striae_seconds": round(ours, 3), "ratio": round(took / ours, 1),
                      "largest_difference": off})
print(json.dumps({"k": args.k, "threads": args.threads, "matchms": matchms.__version__, "ms_entropy": ms_entropy.__version__,
                  "numpy": np.__version__, "cases": found}, indent=2))
sys.exit(1 if wrong else 0)
