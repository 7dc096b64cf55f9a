"""Prepared spectra by SciPy, and by chemotools and pybaselines where they are installed, as JSON: a list of sets.

    transform_peers.py SPECTRA.csv     rows of numbers under a first line that numbers the points
"""

import json
import sys
from importlib.metadata import version

import numpy as np
import scipy
from scipy.signal import detrend, savgol_filter


def exact(y, lam, kind, p=0.01, tol=1e-3, rounds=50):
    """The row minus its baseline, in 80-bit numbers: weights and stopping as in pybaselines' asls, arpls and airpls."""
    f = np.longdouble
    y = y.astype(f)
    n = len(y)
    main = np.full(n, 6, f)
    main[[0, -1]], main[[1, -2]] = 1, 5
    beside = np.full(n - 1, -4, f)
    beside[[0, -1]] = -2

    def solve(w):
        d, e, g = np.zeros(n, f), np.zeros(n, f), np.zeros(n, f)
        z = w * y
        for i in range(n):
            d[i] = w[i] + lam * main[i]
            off = lam * beside[i] if i + 1 < n else f(0)
            if i >= 1:
                d[i] -= e[i - 1] ** 2 * d[i - 1]
                off -= e[i - 1] * d[i - 1] * g[i - 1]
                z[i] -= e[i - 1] * z[i - 1]
            if i >= 2:
                d[i] -= g[i - 2] ** 2 * d[i - 2]
                z[i] -= g[i - 2] * z[i - 2]
            e[i] = off / d[i]
            g[i] = lam / d[i] if i + 2 < n else 0
        for i in range(n - 1, -1, -1):
            z[i] /= d[i]
            if i + 1 < n:
                z[i] -= e[i] * z[i + 1]
            if i + 2 < n:
                z[i] -= g[i] * z[i + 2]
        return z

    lam, w = f(lam), np.ones(n, f)
    for i in range(1, rounds + 2):
        z = solve(w)
        r = y - z
        low = r[r < 0]
        if kind == "asls":
            new = np.where(y > z, f(p), 1 - f(p))
        elif len(low) < 2:
            break
        elif kind == "arpls":
            s = low.std(ddof=1)
            new = 1 / (1 + np.exp(2 / s * (r - (2 * s - low.mean()))))
        else:
            new = np.where(r < 0, np.exp(min(i, 50) * r / low.sum()), f(0))
        if kind == "airpls":
            if abs(low.sum()) < tol * np.abs(y).sum():
                break
        elif np.sqrt(((new - w) ** 2).sum() / (w**2).sum()) < tol:
            break
        w = new
    return (y - z).astype(float)


def sets(x):
    """(recipe, package and version, function of all rows)"""
    n = x.shape[1]
    sp = f"SciPy {scipy.__version__}"
    for window, poly, deriv in [(5, 2, 0), (15, 2, 1), (21, 3, 2), (9, 4, 3)]:
        for edge in ["interp", "mirror", "nearest", "constant"]:
            yield (
                f"savgol(window={window}, poly={poly}, deriv={deriv}, edge={edge})",
                sp,
                lambda x, w=window, p=poly, d=deriv, e=edge: savgol_filter(x, w, p, deriv=d, mode=e),
            )
    yield "detrend", sp, lambda x: detrend(x, axis=1)
    yield "difference", f"NumPy {np.__version__}", lambda x: np.diff(x, axis=1)
    yield "autoscale", f"NumPy {np.__version__}", lambda x: (x - x.mean(0)) / x.std(0, ddof=1)
    for lam in ["1e2", "1e6", "1e8"]:
        for kind, more in [("asls", ", p=0.01"), ("arpls", ""), ("airpls", "")]:
            yield f"{kind}(lam={lam}{more})", "80-bit", lambda x, k=kind, l=float(lam): np.array([exact(y, l, k) for y in x])
    try:
        from chemotools.derivative import SavitzkyGolay
        from chemotools.scatter import (
            ExtendedMultiplicativeScatterCorrection,
            MultiplicativeScatterCorrection,
            StandardNormalVariate,
        )

        ct = f"chemotools {version('chemotools')}"
        yield "snv(ddof=0)", ct, lambda x: StandardNormalVariate().fit_transform(x)
        yield "msc", ct, lambda x: MultiplicativeScatterCorrection().fit_transform(x)
        yield "msc(median)", ct, lambda x: MultiplicativeScatterCorrection(method="median").fit_transform(x)
        for order in [0, 1, 2, 4]:
            yield f"emsc(order={order})", ct, lambda x, o=order: ExtendedMultiplicativeScatterCorrection(order=o).fit_transform(x)
        yield (
            "savgol(window=15, poly=2, deriv=1, edge=nearest)",
            ct,
            lambda x: SavitzkyGolay(window_size=15, polynomial_order=2, derivate_order=1).fit_transform(x),
        )
    except ImportError as why:
        print(f"without chemotools: {why}", file=sys.stderr)
    try:
        from pybaselines import Baseline

        pb = f"pybaselines {version('pybaselines')}"
        fitter = Baseline(np.arange(n))

        def off(name, **how):
            return lambda x: np.array([y - getattr(fitter, name)(y, **how)[0] for y in x])

        for lam in ["1e2", "1e4", "1e5", "1e6", "1e7", "1e8"]:
            yield f"asls(lam={lam}, p=0.01)", pb, off("asls", lam=float(lam), p=0.01)
            yield f"arpls(lam={lam})", pb, off("arpls", lam=float(lam))
            yield f"airpls(lam={lam})", pb, off("airpls", lam=float(lam))
        yield "rubberband", pb, off("rubberband")
        for half in [10, 60]:
            for decreasing in [False, True]:
                how = "yes" if decreasing else "no"
                yield (
                    f"snip(half_window={half}, decreasing={how})",
                    pb,
                    off("snip", max_half_window=half, decreasing=decreasing, pad_kwargs={"mode": "edge"}),
                )
        for order in [1, 3, 5]:
            yield f"polynomial(order={order})", pb, off("poly", poly_order=order)
            yield f"modpoly(order={order})", pb, off("modpoly", poly_order=order)
    except ImportError as why:
        print(f"without pybaselines: {why}", file=sys.stderr)


x = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
found = []
for recipe, package, function in sets(x):
    # In 80-bit numbers by a loop in Python: fewer rows.
    every = 20 if package == "80-bit" else 4
    rows = function(x[::20]) if package == "80-bit" else function(x)[::4]
    found.append({"recipe": recipe, "package": package, "every": every, "rows": rows.tolist()})
json.dump(found, sys.stdout)
