"""Scores of small matrices by SciPy and by the formulas in 50 digits: what tests/scipy_values.rs holds the metrics to.

    python scipy_values.py INPUT.json        (NumPy, SciPy and mpmath; make setup installs them)

INPUT: {"cases": [{"name", "metrics": [...], "rows": [[...]]}], "p", "weights", "covariance"}. Printed: versions, the call behind every
metric, and for every case and metric two n x n matrices: "exact" (the formula in 50 digits, rounded once) and "scipy" (null where
SciPy has no such function). Infinity is written as 1e999.
"""
import json
import sys
import warnings

import mpmath as mp
import numpy as np
import scipy
from scipy.spatial import distance as sd
from scipy.stats import entropy, pearsonr

mp.mp.dps = 50
warnings.simplefilter("ignore")
given = json.load(open(sys.argv[1]))
P, W, V = given["p"], given["weights"], np.array(given["covariance"])


def numbers(row):
    return [mp.mpf(float(x)) for x in row]


def shares(row):
    whole = mp.fsum(row)
    return [x / whole for x in row]


def log_ratio(x, y):
    return mp.mpf(0) if x == 0 else x * mp.log(x / y)


def divergence(p, q):
    """Jensen-Shannon, nats."""
    m = [(x + y) / 2 for x, y in zip(p, q)]
    return (mp.fsum(log_ratio(x, z) for x, z in zip(p, m)) + mp.fsum(log_ratio(y, z) for y, z in zip(q, m))) / 2


def weighted(row):
    p = shares(row)
    s = -mp.fsum(x * mp.log(x) for x in p if x > 0)
    return shares([x ** (mp.mpf(1) / 4 + s / 4) if x > 0 else x for x in p]) if s < 3 else p


def correlation(a, b):
    ma, mb = mp.fsum(a) / len(a), mp.fsum(b) / len(b)
    a, b = [x - ma for x in a], [x - mb for x in b]
    return dot(a, b) / mp.sqrt(dot(a, a) * dot(b, b))


def dot(a, b):
    return mp.fsum(x * y for x, y in zip(a, b))


def differences(a):
    return [y - x for x, y in zip(a, a[1:])]


def canberra_terms(a, b):
    return [abs(x - y) / (abs(x) + abs(y)) for x, y in zip(a, b) if x != 0 or y != 0]


def bits(row):
    return [int(x) >> k & 1 for x in row for k in range(8)]


def jaccard(a, b):
    either = sum(x | y for x, y in zip(bits(a), bits(b)))
    return mp.mpf(sum(x ^ y for x, y in zip(bits(a), bits(b)))) / either if either else mp.mpf(0)


def mahalanobis(a, b):
    d = mp.matrix([x - y for x, y in zip(a, b)])
    return mp.sqrt((d.T * mp.lu_solve(mp.matrix(V.tolist()), d))[0])


def bhattacharyya(a, b):
    c = mp.fsum(mp.sqrt(x * y) for x, y in zip(shares(a), shares(b)))
    return mp.inf if c == 0 else -mp.log(c)


def unpacked(row):
    return np.unpackbits(np.array(row, dtype=np.uint8))


def unit_distance(a, b):
    na, nb = mp.sqrt(dot(a, a)), mp.sqrt(dot(b, b))
    return mp.sqrt(mp.fsum((x / na - y / nb) ** 2 for x, y in zip(a, b)))


def angle(a, b):
    return mp.acos(min(mp.mpf(1), dot(a, b) / mp.sqrt(dot(a, a) * dot(b, b))))


def overlap_correlation(a, b):
    constant = len(set(a)) == 1 or len(set(b)) == 1
    return mp.mpf(0) if constant else correlation(a, b)


def ccf(a, b):
    """The best correlation over lags with at least half of the profiles beside each other."""
    n, most = len(a), len(a) - max(2, -(-len(a) // 2))
    behind = [overlap_correlation(a[k:], b[: n - k]) for k in range(most + 1)]
    before = [overlap_correlation(a[: n - k], b[k:]) for k in range(1, most + 1)]
    return max(behind + before)


def turned(a, b):
    """The best cosine over all turns of b, a ring of its own."""
    sizes = mp.sqrt(dot(a, a) * dot(b, b))
    return max(dot(a, b[k:] + b[:k]) for k in range(len(b))) / sizes


EXACT = {
    "ccf": ccf,
    "logpolar": turned,
    "dot": dot,
    "cosine": lambda a, b: dot(a, b) / mp.sqrt(dot(a, a) * dot(b, b)),
    "pearson": correlation,
    "spectral-angle": angle,
    "euclidean": lambda a, b: mp.sqrt(mp.fsum((x - y) ** 2 for x, y in zip(a, b))),
    "sqeuclidean": lambda a, b: mp.fsum((x - y) ** 2 for x, y in zip(a, b)),
    "manhattan": lambda a, b: mp.fsum(abs(x - y) for x, y in zip(a, b)),
    "chebyshev": lambda a, b: max(abs(x - y) for x, y in zip(a, b)),
    "minkowski": lambda a, b: mp.fsum(abs(x - y) ** mp.mpf(P) for x, y in zip(a, b)) ** (1 / mp.mpf(P)),
    "weighted-euclidean": lambda a, b: mp.sqrt(mp.fsum(mp.mpf(w) * (x - y) ** 2 for w, x, y in zip(W, a, b))),
    "mahalanobis": mahalanobis,
    "canberra": lambda a, b: mp.fsum(canberra_terms(a, b)),
    "canberra-scipy": lambda a, b: mp.fsum(canberra_terms(a, b)),
    "canberra-r": lambda a, b: mp.fsum(canberra_terms(a, b)) * len(a) / len(canberra_terms(a, b)),
    "bray-curtis": lambda a, b: mp.fsum(abs(x - y) for x, y in zip(a, b)) / (mp.fsum(a) + mp.fsum(b)),
    "jensen-shannon": lambda a, b: mp.sqrt(abs(divergence(shares(a), shares(b)))),
    "spectral-information-divergence": lambda a, b: mp.fsum((x - y) * mp.log(x / y) for x, y in zip(shares(a), shares(b))),
    "spectral-entropy": lambda a, b: 1 - divergence(shares(a), shares(b)) / mp.log(2),
    "spectral-entropy-weighted": lambda a, b: 1 - divergence(weighted(a), weighted(b)) / mp.log(2),
    "chi2": lambda a, b: mp.fsum((x - y) ** 2 / (x + y) for x, y in zip(a, b) if x + y > 0),
    "hellinger": lambda a, b: mp.sqrt(mp.fsum((mp.sqrt(x) - mp.sqrt(y)) ** 2 for x, y in zip(shares(a), shares(b))) / 2),
    "bhattacharyya": bhattacharyya,
    "hamming": lambda a, b: mp.mpf(sum(x ^ y for x, y in zip(bits(a), bits(b)))) / (8 * len(a)),
    "jaccard": jaccard,
    "tanimoto-bits": lambda a, b: 1 - jaccard(a, b),
    "tanimoto": lambda a, b: dot(a, b) / (dot(a, a) + dot(b, b) - dot(a, b)),
    "hqi-euclidean": unit_distance,
    "hqi-absolute": lambda a, b: mp.fsum(abs(x - y) for x, y in zip(a, b)) / len(a),
    "hqi-least-squares": lambda a, b: mp.fsum((x - y) ** 2 for x, y in zip(a, b)) / len(a),
    "hqi-correlation": lambda a, b: correlation(a, b) ** 2,
    "hqi-first-derivative": lambda a, b: dot(differences(a), differences(b)) ** 2
    / (dot(differences(a), differences(a)) * dot(differences(b), differences(b))),
}

SCIPY = {
    "dot": ("numpy.dot(a, b)", np.dot),
    "cosine": ("1 - scipy.spatial.distance.cosine(a, b)", lambda a, b: 1 - sd.cosine(a, b)),
    "logpolar": (
        "max of 1 - scipy.spatial.distance.cosine(a, numpy.roll(b, k))",
        lambda a, b: max(1 - sd.cosine(a, np.roll(b, k)) for k in range(len(b))),
    ),
    "pearson": ("scipy.stats.pearsonr(a, b).statistic", lambda a, b: pearsonr(a, b).statistic),
    "euclidean": ("scipy.spatial.distance.euclidean(a, b)", sd.euclidean),
    "sqeuclidean": ("scipy.spatial.distance.sqeuclidean(a, b)", sd.sqeuclidean),
    "manhattan": ("scipy.spatial.distance.cityblock(a, b)", sd.cityblock),
    "chebyshev": ("scipy.spatial.distance.chebyshev(a, b)", sd.chebyshev),
    "minkowski": ("scipy.spatial.distance.minkowski(a, b, p)", lambda a, b: sd.minkowski(a, b, P)),
    "weighted-euclidean": ("scipy.spatial.distance.minkowski(a, b, 2, w)", lambda a, b: sd.minkowski(a, b, 2, W)),
    "mahalanobis": ("scipy.spatial.distance.mahalanobis(a, b, inv(V))", lambda a, b: sd.mahalanobis(a, b, np.linalg.inv(V))),
    "canberra": ("scipy.spatial.distance.canberra(a, b)", sd.canberra),
    "canberra-scipy": ("scipy.spatial.distance.canberra(a, b)", sd.canberra),
    "bray-curtis": ("scipy.spatial.distance.braycurtis(a, b)", sd.braycurtis),
    "jensen-shannon": ("scipy.spatial.distance.jensenshannon(a, b)", sd.jensenshannon),
    "spectral-information-divergence": (
        "scipy.stats.entropy(a, b) + scipy.stats.entropy(b, a)",
        lambda a, b: entropy(a, b) + entropy(b, a),
    ),
    "spectral-entropy": (
        "1 - scipy.spatial.distance.jensenshannon(a, b, base=2)**2",
        lambda a, b: 1 - sd.jensenshannon(a, b, base=2) ** 2,
    ),
    "hamming": ("scipy.spatial.distance.hamming(unpackbits(a), unpackbits(b))", lambda a, b: sd.hamming(unpacked(a), unpacked(b))),
    "jaccard": (
        "scipy.spatial.distance.jaccard(unpackbits(a), unpackbits(b))",
        lambda a, b: sd.jaccard(unpacked(a).astype(bool), unpacked(b).astype(bool)),
    ),
    "tanimoto-bits": (
        "1 - scipy.spatial.distance.jaccard(unpackbits(a), unpackbits(b))",
        lambda a, b: 1 - sd.jaccard(unpacked(a).astype(bool), unpacked(b).astype(bool)),
    ),
    "hqi-correlation": ("scipy.stats.pearsonr(a, b).statistic**2", lambda a, b: pearsonr(a, b).statistic ** 2),
    "hqi-first-derivative": (
        "(1 - scipy.spatial.distance.cosine(diff(a), diff(b)))**2",
        lambda a, b: (1 - sd.cosine(np.diff(a), np.diff(b))) ** 2,
    ),
}


def number(x):
    return 1e999 if mp.isinf(mp.mpf(x)) else float(x)


out = []
for case in given["cases"]:
    rows = case["rows"]
    exact_rows = [numbers(r) for r in rows]
    double_rows = [np.array(r, dtype=np.float64) for r in rows]
    scores = {}
    for metric in case["metrics"]:
        exact = [[number(EXACT[metric](a, b)) for b in exact_rows] for a in exact_rows]
        theirs = SCIPY.get(metric)
        scipy_scores = theirs and [[number(theirs[1](a, b)) for b in double_rows] for a in double_rows]
        scores[metric] = {"exact": exact, "scipy": scipy_scores}
    out.append({"name": case["name"], "scores": scores})
versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__, "mpmath": mp.__version__}
calls = {m: SCIPY[m][0] if m in SCIPY else "the formula in 50 digits (mpmath)" for m in EXACT}
text = json.dumps({"versions": versions, "calls": calls, "cases": out})
print(text.replace("Infinity", "1e999"))
