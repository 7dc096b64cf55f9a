"""Scores of matchms for all pairs of pesticides.mgf, as JSON for tests/peaks_matchms.rs.

    python matchms_pairs.py FILE.mgf > OUT.json
"""
import json
import sys

from matchms.importing import load_from_mgf
from matchms.similarity import CosineGreedy, CosineHungarian, ModifiedCosineGreedy

METRICS = {"greedy": CosineGreedy, "modified": ModifiedCosineGreedy, "exact": CosineHungarian}
spectra = list(load_from_mgf(sys.argv[1]))
out = {"precursors": [s.get("precursor_mz") for s in spectra], "sets": []}
for name, metric in METRICS.items():
    for tolerance in (0.1, 0.005):
        m = metric(tolerance=tolerance)
        # every ordered pair: reference = row, query = column
        pairs = [[m.pair(a, b) for b in spectra] for a in spectra]
        out["sets"].append({
            "metric": name,
            "tolerance": tolerance,
            "score": [[float(p["score"]) for p in row] for row in pairs],
            "matched": [[int(p["matches"]) for p in row] for row in pairs],
        })
print(json.dumps(out))
