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
# alike a *case* is, not a *press*. The spectra make it plain: they are of the batch, and batches are drawn without regard to the
# press. With pairs of one case among the labelled ones they seem to know something of the press all the same. Five archives, so
# that the effect is not that of one:

# %%
rows = []
for seed in range(8, 13):
    first = seed == 8
    if not first:
        striae.call(f"simulate --exhibits 800 --seed {seed} --only spectra --spectrum-width 64 -o {seed}.h5", shown=False)
    archive = "reference" if first else seed
    striae.call(f"compare {archive}.h5:/spectra --metric pearson --dense -o spectra-{seed}.h5", shown=first)
    for which, options in {"all pairs": "", "other case": "--exclude case"}.items():
        evaluated = striae.json(f"evaluate spectra-{seed}.h5 --truth press --resamples 500 {options}", shown=first)
        intervals = {figure["name"]: figure for figure in evaluated["figures"]}
        auc = intervals["AUC"]
        rows.append([seed, which, auc["value"], auc["low"], auc["high"], intervals["rank 1"]["value"]])
pairs = pd.DataFrame(rows, columns=["archive", "pairs", "AUC", "AUC low", "AUC high", "rank 1"]).set_index(["archive", "pairs"])
pairs.round(4)

# %%
everything, apart = pairs.xs("all pairs", level="pairs"), pairs.xs("other case", level="pairs")
assert (everything["AUC"] > apart["AUC"]).all() and (everything["rank 1"] > 2 * apart["rank 1"]).all()
assert ((apart["AUC low"] < 0.5) & (apart["AUC high"] > 0.5)).all(), "without pairs of one case, no sign of the press"
print(f"All pairs: the interval of the AUC lies above 0.5 in {(everything['AUC low'] > 0.5).sum()} of {len(everything)} archives")

# %% [markdown]
# AUC and rank 1 fall in every archive when pairs of one case are left out, and then every interval of the AUC holds 0.5. What the
# definition of pairs puts in, a likelihood ratio would pay out as evidence. So `--exclude case` stays, for marks too.

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
METHODS, DEALS = ("logistic", "kde", "pav"), range(1, 6)
rows = []
for method in METHODS:
    for deal in DEALS:
        # Models and pictures are kept of the first deal; the others differ by --seed alone.
        kept = f"--plot {method} -o {method}.h5" if deal == 1 else f"--seed {deal} --overwrite -o tried.h5"
        made = striae.json(f"calibrate marks.h5 {SAID}\n--method {method} {kept}", shown=deal == 1)
        rows.append([method, deal, made["cllr"], made["cllr_min"], made["cllr_cal"], made["dev_pav"], *made["bounds"]])
        assert abs(made["cllr"] - made["cllr_min"] - made["cllr_cal"]) < 1e-9
        assert made["statement"]["h1"] == "the two marks are of one press"
deals = pd.DataFrame(rows, columns=["method", "deal", "Cllr", "Cllr_min", "Cllr_cal", "devPAV", "least log10 LR", "greatest log10 LR"])
methods = deals[deals.deal == 1].set_index("method").drop(columns="deal")
methods.round(4)

# %% [markdown]
# How sources are dealt to the five parts is drawn by a seed. Cllr for five deals:

# %%
by_deal = deals.pivot(index="method", columns="deal", values="Cllr").loc[list(METHODS)]
by_deal.round(4)

# %%
assert by_deal.stack().between(0.03, 0.15).all(), "far better than ratios of 1, and not perfect"
between_deals = (by_deal.max(axis=1) - by_deal.min(axis=1)).min()
between_methods = (by_deal.max() - by_deal.min()).max()
assert between_deals > 3 * between_methods
print(f"Cllr differs by {between_deals:.3f} or more between deals, by {between_methods:.3f} at most between methods of one deal")

# %% [markdown]
# The deal matters far more than the method: 32 presses, of which a few busy ones have most pairs, are few sources however many
# pairs there are. One Cllr to four digits says more than is known, and no method is shown to be better here.

# %% [markdown]
# ## A score and its ratio, and what limits do
#
# The ratios below are the program's (`calibrate --show --at`). Limits (ELUB: empirical lower and upper bounds) end the ratios
# where the reference data end. Without them a straight line goes on to scores of which no pair of the one kind was ever seen.

# %%
striae(f"""calibrate marks.h5 {SAID}
    --method logistic --bounds none -o logistic-free.h5""")
striae.call(f"calibrate marks.h5 {SAID} --method kde --bounds none -o kde-free.h5", shown=False)
AT = "\n".join(" ".join(f"--at {0.05 * i:.2f}" for i in some) for some in (range(11), range(11, 21)))
CURVES = {"logistic": "-", "kde": "--", "pav": "-.", "logistic-free": ":", "kde-free": (0, (1, 4))}
figure, axes = plt.subplots()
at = {}
for model, style in CURVES.items():
    shown = striae.json(f"calibrate --show {model}.h5\n{AT}", shown=model == "logistic")
    at[model] = pd.Series({float(ratio["at"]): ratio["log10_lr"] for ratio in shown["ratios"]})
    axes.plot(at[model].index, at[model], linestyle=style, label=model.replace("-free", ", no limits"))
axes.set(xlabel="score (ccf)", ylabel="log10 LR", title="H1: the two marks are of one press; H2: of two presses", ylim=(-6, 8))
axes.legend()
plt.show()

# %%
for method in METHODS:
    assert at[method].between(methods.loc[method, "least log10 LR"] - 1e-9, methods.loc[method, "greatest log10 LR"] + 1e-9).all()
assert at["logistic"].is_monotonic_increasing and at["pav"].is_monotonic_increasing
assert at["logistic-free"].max() > at["logistic"].max() + 1, "without limits it claims more than tenfold"
assert (at["kde"].iloc[-2:] > 1).all(), "kernel densities: a perfect score supports H1"

# %% [markdown]
# No pair of one press scores 1: beyond the labelled scores kernel densities have only tails, of which the wider kernel would win, and a perfect score
# would come out as support of H2. So a score outside of the labelled ones has the ratio of the nearest of them, as with PAV; a straight line
# goes on. Look at the curve before a model is used.

# %%
BOUNDS = ("none", "elub", "invariance", "-1,1")
rows = []
for method in ("logistic", "kde"):
    for bounds in BOUNDS:
        for deal in DEALS[:3]:
            command = f"calibrate marks.h5 {SAID}\n--method {method} --bounds={bounds} --seed {deal} --overwrite -o tried.h5"
            made = striae.json(command, shown=(method, bounds, deal) == ("logistic", "none", 1))
            rows.append([method, bounds, deal, made["cllr"], made["dev_pav"]])
tried = pd.DataFrame(rows, columns=["method", "limits", "deal", "Cllr", "devPAV"])
limits = tried.groupby(["method", "limits"], sort=False)[["Cllr", "devPAV"]].agg(["min", "max"])
limits.round(4)

# %%
cllr = tried.pivot(index=["method", "deal"], columns="limits", values="Cllr")
assert (cllr["elub"] < cllr["none"]).all(), "in every deal: some claims of the tails were false"
assert (cllr["-1,1"] > cllr["elub"]).all(), "in every deal: limits that are too narrow throw evidence away"

# %% [markdown]
# Least and greatest figure of three deals. Limits that the data bear cost nothing here, in any deal: the few pairs for which an
# unlimited ratio is far off cost more than all the strong and right ones gain. A straight line gains little by them; kernel
# densities need them (devPAV, the distance of the log10 LR from its recalibration by PAV, shows it). Limits of ±1 are too narrow for these data.
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
# ## Archives that the model has never seen
#
# Four archives of 300 exhibits each, of other presses. A linkage with a limit far below all ratios lists every pair, so that the
# ratios of all pairs, as the program gives them in casework, can be drawn.

# %%
seen = {}
for seed in range(9, 13):
    first = seed == 9
    striae.call(f"simulate --exhibits 300 --seed {seed} --mark-width 96 --only toolmarks -o new-{seed}.h5", shown=first)
    striae.call(f"compare new-{seed}.h5:/toolmarks --metric ccf --top-k 299 -o near-{seed}.h5", shown=first)
    striae.call(f"link near-{seed}.h5 --lr logistic.h5 --limit=-10 -o pairs-{seed}.h5", shown=first)
    with h5py.File(striae / f"new-{seed}.h5") as f:
        press, case = f["toolmarks/press"].asstr()[:], f["toolmarks/case"].asstr()[:]
    with h5py.File(striae / f"pairs-{seed}.h5") as f:
        pairs = pd.DataFrame({column: f[f"links/{column}"][:] for column in ("a", "b", "log10_lr")})
    assert len(pairs) == 300 * 299 // 2, "every pair"
    pairs["press"], pairs["same"] = press[pairs.a], press[pairs.a] == press[pairs.b]
    seen[seed] = pairs[case[pairs.a] != case[pairs.b]]

# %%
figure, panels = plt.subplots(1, 4, figsize=(10, 3), sharey=True, sharex=True)
for panel, (seed, pairs) in zip(panels, seen.items(), strict=True):
    panel.ecdf(pairs.log10_lr[pairs.same], complementary=True, label="of one press")
    panel.ecdf(pairs.log10_lr[~pairs.same], complementary=True, linestyle="--", label="of two presses")
    panel.axvline(0, color="0.5", linewidth=0.8)
    panel.set(title=f"Archive {seed}", xlabel="log10 LR")
panels[0].set_ylabel("share of pairs with at least this ratio")
panels[-1].legend(fontsize=7, loc="center left")
plt.show()

# %%
rows = []
for seed, pairs in seen.items():
    same, other = pairs[pairs.same], pairs[~pairs.same]
    busiest = (same.press == same.press.mode()[0]).mean()
    rows.append([seed, same.press.nunique(), len(same), 100 * busiest, 100 * (same.log10_lr < 0).mean(), 100 * (other.log10_lr > 0).mean()])
COLUMNS = ["archive", "presses", "pairs of one press", "of the busiest, %", "one press, LR below 1, %", "two presses, LR above 1, %"]
misleading = pd.DataFrame(rows, columns=COLUMNS).set_index("archive")
misleading.round(2)

# %%
least, greatest = methods.loc["logistic", ["least log10 LR", "greatest log10 LR"]]
for pairs in seen.values():
    assert pairs.log10_lr.between(least - 1e-9, greatest + 1e-9).all(), "no ratio beyond the limits"
    assert pairs.log10_lr[pairs.same].median() > 1 and pairs.log10_lr[~pairs.same].median() < -1
assert misleading["of the busiest, %"].min() > 75
assert misleading["one press, LR below 1, %"].max() > 5 > misleading["one press, LR below 1, %"].min()

# %% [markdown]
# Cross-validation said that 0.6 % of pairs of one press have an LR below 1, and 2.4 % of the others one above (`quality` of the
# model, above). New archives of the same population lie far on both sides of it; in archive 9 it is one pair of one press in seven.
# By press:

# %%
same = seen[9][seen[9].same]
of_press = same.assign(below=same.log10_lr < 0).groupby("press")["below"].agg(pairs="size", below="sum")
of_press["below, %"] = (100 * of_press.below / of_press.pairs).round(1)
of_press = of_press.sort_values("below", ascending=False, kind="stable")
assert of_press.below.iloc[:2].sum() > 0.9 * of_press.below.sum()
of_press.head(6)

# %% [markdown]
# Nearly all of them are of two presses, whose marks score lower among themselves than those that the model was learnt from. In each
# archive one busy press makes three quarters or more of the pairs of one press, so that the figure is hardly more than that press's
# own. What limits the knowledge of a calibration is the number of *sources*; the number of pairs, here hundreds of thousands, hides it.
#
# What a figure of this notebook is *not*: a rate of error of laboratories. Simulated marks wear as the simulation says, nobody
# mixes up bags, and the reference archive is of the population that the new ones come from. For casework the reference archive
# must stand for the presses that could have made the mark, and `--population` must say which those are.
