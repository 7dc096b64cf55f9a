# %% [markdown]
# # Calibration: from scores to likelihood ratios
#
# A likelihood ratio says how much more probable a score is under one proposition than under another:
#
# - **H1**: the two marks are of one press,
# - **H2**: the two marks are of two presses.
#
# It is learnt from a reference archive of known origin, tested on sources that the model has not seen, and never goes beyond what
# the reference data can bear. `striae calibrate` does all this; here its choices are looked at.

# %%
import h5py
import matplotlib.pyplot as plt
import pandas as pd
from desk import Desk, figures
from IPython.display import Image

plt.style.use("figures.mplstyle")
striae = Desk()

# %% [markdown]
# ## The reference archive
#
# 800 simulated exhibits with short marks (96 samples, 144 µm), so that scores of one press and of two overlap.

# %%
striae("simulate --exhibits 800 --seed 8 --mark-width 96 --spectrum-width 64 --logo-width 16 -o reference.h5")
striae("compare reference.h5:/toolmarks --metric ccf --dense -o marks.h5")
striae("evaluate marks.h5 --truth press --exclude case")

# %%
of_marks = striae.json("evaluate marks.h5 --truth press --exclude case --resamples 200")
assert 0.99 < figures(of_marks)["AUC"] < 1
assert of_marks["sources"] > 20

# %% [markdown]
# ## Which pairs?
#
# Exhibits of one case came together: they share press, batch, packing and the day in the laboratory. Pairs of them say how
# alike a *case* is, not a *press*. The spectra make it plain: they are of the batch, and a batch says nothing of the press. With
# pairs of one case among the labelled ones they seem to know the press all the same.

# %%
striae("compare reference.h5:/spectra --metric pearson --dense -o spectra.h5")
rows = []
for which, options in {"all pairs": "", "pairs of different cases": "--exclude case"}.items():
    evaluated = striae.json(f"evaluate spectra.h5 --truth press --resamples 500 {options}".strip())
    intervals = {figure["name"]: figure for figure in evaluated["figures"]}
    auc, first = intervals["AUC"], intervals["rank 1"]
    rows.append([which, evaluated["same"], auc["value"], auc["low"], auc["high"], first["value"]])
pairs = pd.DataFrame(rows, columns=["pairs", "same press", "AUC", "AUC low", "AUC high", "rank 1"]).set_index("pairs")
pairs.round(4)

# %%
everything, apart = pairs.loc["all pairs"], pairs.loc["pairs of different cases"]
assert everything["AUC low"] > 0.5, "they seem to tell presses apart"
assert apart["AUC low"] < 0.5 < apart["AUC high"], "they do not"
assert everything["rank 1"] > 2 * apart["rank 1"]

# %% [markdown]
# Without pairs of one case the interval of the AUC holds 0.5. What the definition of pairs puts in, a likelihood ratio would pay
# out as evidence. So `--exclude case` stays, for marks too, where it changes little.

# %% [markdown]
# ## Methods
#
# Logistic regression (two numbers, a straight line in log10 LR), kernel densities, and pool adjacent violators (PAV, steps). The
# figures are cross-validated over *sources*: a model is tested on pairs of presses that it has not seen.
#
# - **Cllr**: cost of the ratios, in bits; 0 is perfect, 1 is what ratios of 1 would give.
# - **Cllr_min**: what the scores would cost if calibrated perfectly (discrimination). **Cllr_cal** is the rest: the fault of the model.

# %%
SAID = """--truth press --exclude case --population 'simulated presses, seed 8'
    --h1 'the two marks are of one press' --h2 'the two marks are of two presses'"""
rows = []
for method in ("logistic", "kde", "pav"):
    made = striae.json(f"""calibrate marks.h5 {SAID}
        --method {method} --plot {method} -o {method}.h5""")
    rows.append([method, made["cllr"], made["cllr_min"], made["cllr_cal"], made["dev_pav"], *made["bounds"]])
methods = pd.DataFrame(rows, columns=["method", "Cllr", "Cllr_min", "Cllr_cal", "devPAV", "least log10 LR", "greatest log10 LR"]).set_index("method")
methods.round(4)

# %%
assert methods["Cllr"].between(0.03, 0.15).all(), "far better than ratios of 1, and not perfect"
assert (abs(methods["Cllr"] - methods["Cllr_min"] - methods["Cllr_cal"]) < 1e-9).all()
assert (methods["least log10 LR"] < -1).all() and (methods["greatest log10 LR"] > 1).all()

# %% [markdown]
# ## A score and its ratio, and what limits do
#
# The ratios below are the program's (`calibrate --show --at`). Limits (ELUB: empirical lower and upper bounds) end the ratios
# where the reference data end. Without them a straight line goes on to scores of which no pair of the one kind was ever seen.

# %%
striae(f"""calibrate marks.h5 {SAID}
    --method logistic --bounds none -o logistic-free.h5""")
AT = "\n".join(" ".join(f"--at {0.05 * i:.2f}" for i in some) for some in (range(11), range(11, 21)))
CURVES = {"logistic": "-", "pav": "-.", "logistic-free": ":"}
figure, axes = plt.subplots()
at = {}
for model, style in CURVES.items():
    shown = striae.json(f"calibrate --show {model}.h5\n{AT}\n")
    at[model] = pd.Series({float(ratio["at"]): ratio["log10_lr"] for ratio in shown["ratios"]})
    axes.plot(at[model].index, at[model], style, label=model.replace("-free", ", no limits"))
axes.set(xlabel="score (ccf)", ylabel="log10 LR", title="H1: the two marks are of one press; H2: of two presses")
axes.legend()
plt.show()

# %%
for method in ("logistic", "pav"):
    assert at[method].between(methods.loc[method, "least log10 LR"] - 1e-9, methods.loc[method, "greatest log10 LR"] + 1e-9).all()
    assert at[method].is_monotonic_increasing
assert at["logistic-free"].max() > at["logistic"].max() + 1, "without limits it claims more than tenfold"

# %%
rows = []
for method in ("logistic", "kde"):
    for bounds in ("none", "elub", "invariance", "-1,1"):
        made = striae.json(f"calibrate marks.h5 {SAID}\n--method {method} --bounds={bounds} --overwrite -o tried.h5")
        rows.append([method, bounds, made["cllr"], made["cllr_cal"], made["dev_pav"]])
limits = pd.DataFrame(rows, columns=["method", "limits", "Cllr", "Cllr_cal", "devPAV"]).set_index(["method", "limits"])
limits.round(4)

# %%
assert limits.loc[("kde", "elub"), "Cllr"] < limits.loc[("kde", "none"), "Cllr"], "some claims of the tails were false"
assert limits.loc[("kde", "-1,1"), "Cllr"] > limits.loc[("kde", "elub"), "Cllr"], "limits that are too narrow throw evidence away"

# %% [markdown]
# Limits that the data bear cost nothing here: the few pairs for which an unlimited ratio is far off cost more than all the strong
# and right ones gain. Kernel densities need them most, since without limits they divide two tails that hold no pair at all
# (devPAV, the distance of the log10 LR from its recalibration by PAV, shows it). Limits of ±1 are too narrow for these data.
#
# PAV without limits gives ratios of 0 and infinity, and is refused:

# %%
striae.refused(f"""calibrate marks.h5 {SAID}
    --method pav --bounds none -o pav-free.h5""")

# %% [markdown]
# ## Pictures
#
# `--plot` draws what a validation report needs. The Tippett plot of the cross-validated ratios: the share of pairs whose ratio is
# at least so large, for both kinds of pairs.

# %%
Image(filename=striae / "logistic" / "tippett.png", width=620)

# %% [markdown]
# ECE: the cost of the ratios over prior odds, beside that of ratios of 1 (which say nothing) and of perfect calibration.

# %%
Image(filename=striae / "logistic" / "ece.png", width=620)

# %% [markdown]
# ## An archive that the model has never seen
#
# 300 exhibits of other presses. A linkage with a limit far below all ratios lists every pair, so that the ratios of all pairs, as
# the program gives them in casework, can be drawn.

# %%
striae("simulate --exhibits 300 --seed 9 --mark-width 96 --only toolmarks -o new.h5")
striae("compare new.h5:/toolmarks --metric ccf --top-k 299 -o new-marks.h5")
striae("link new-marks.h5 --lr logistic.h5 --limit=-10 -o new-pairs.h5")
with h5py.File(striae / "new.h5") as f:
    press, case = f["toolmarks/press"].asstr()[:], f["toolmarks/case"].asstr()[:]
with h5py.File(striae / "new-pairs.h5") as f:
    seen = pd.DataFrame({column: f[f"links/{column}"][:] for column in ("a", "b", "log10_lr")})
assert len(seen) == 300 * 299 // 2, "every pair"
seen = seen[case[seen.a] != case[seen.b]]
one = seen.log10_lr[press[seen.a] == press[seen.b]]
two = seen.log10_lr[press[seen.a] != press[seen.b]]

# %%
figure, axes = plt.subplots()
axes.ecdf(one, complementary=True, label=f"of one press ({len(one)} pairs)")
axes.ecdf(two, complementary=True, linestyle="--", label=f"of two presses ({len(two)} pairs)")
axes.axvline(0, color="0.5", linewidth=0.8)
axes.set(xlabel="log10 LR", ylabel="share of pairs with at least this ratio", title="Tippett plot of an archive with other presses")
axes.legend()
plt.show()

# %%
misleading = pd.Series({"of one press, LR below 1": (one < 0).mean(), "of two presses, LR above 1": (two > 0).mean()})
least, greatest = methods.loc["logistic", ["least log10 LR", "greatest log10 LR"]]
assert seen.log10_lr.between(least - 1e-9, greatest + 1e-9).all(), "no ratio beyond the limits"
assert (misleading < 0.25).all(), misleading
(100 * misleading).round(2).rename("misleading, in % of pairs").to_frame()

# %% [markdown]
# What a figure of this notebook is *not*: a rate of error of laboratories. Simulated marks wear as the simulation says, nobody
# mixes up bags, and the reference archive is of the population that the new one comes from. For casework the reference archive
# must stand for the presses that could have made the mark, and `--population` must say which those are.
