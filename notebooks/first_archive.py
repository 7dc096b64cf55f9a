# %% [markdown]
# # A first archive
#
# From an archive of seized packages to linked series: what is in it, which exhibits are near each other, what that is worth as
# evidence, and which series follow. The archive is simulated, so the truth is known and every step can be held against it.
# All computing is done by the program `striae`; this notebook calls it, reads what it writes and draws.

# %%
import h5py
import matplotlib.pyplot as plt
import pandas as pd
from desk import Desk

plt.style.use("figures.mplstyle")
striae = Desk()
EXHIBITS, REFERENCES = 600, 800

# %% [markdown]
# ## The archive
#
# Every exhibit has a tool-mark (by its press), a stamped logo (by the die, a press has up to three) and an infrared spectrum (by
# the production batch). Marks here are only 96 samples (144 µm) long, logos have 16 features, spectra 64 points: worn, partial
# evidence, on purpose. Whole simulated marks separate without error, and errors are what one wants to see.

# %%
WIDTHS = "--mark-width 96 --logo-width 16 --spectrum-width 64"
striae(f"simulate --exhibits {EXHIBITS} --seed 7 {WIDTHS} -o archive.h5")
striae("info archive.h5:/toolmarks")

# %% [markdown]
# ## Neighbours
#
# For each kind of evidence the 20 nearest exhibits of every exhibit. The result is a plain HDF5 file: row numbers and scores,
# best first. `striae verify` computes a sample of it anew, by the definition of the score.

# %%
METRICS = {"toolmarks": "ccf", "logos": "cosine", "spectra": "euclidean"}
for kind, metric in METRICS.items():
    striae(f"compare archive.h5:/{kind} --metric {metric} --top-k 20 -o near-{kind}.h5")
striae("verify near-toolmarks.h5")

# %%
with h5py.File(striae / "archive.h5") as f:
    archive = pd.DataFrame({c: f[f"toolmarks/{c}"].asstr()[:] for c in ("id", "case", "press", "place")})
with h5py.File(striae / "near-toolmarks.h5") as f:
    neighbours, scores = f["neighbors"][:], f["scores"][:]

first = archive.iloc[neighbours[0, :6]].assign(ccf=scores[0, :6].round(4))
print(f"Nearest to {archive.id[0]} of press {archive.press[0]}, case {archive.case[0]}, by tool-mark")
first

# %%
assert neighbours.shape == scores.shape == (EXHIBITS, 20)
assert (neighbours != [[i] for i in range(EXHIBITS)]).all(), "an exhibit is never its own neighbour"
assert (scores[:, :-1] >= scores[:, 1:]).all(), "best first"

# %% [markdown]
# ## From scores to evidence
#
# A score of 0.9 says little until one knows how often marks of one press, and marks of two presses, score so. That is learnt from
# a **reference archive** whose origins are known: all its scores, labelled. Pairs of the same case are left out, for they agree
# in more than the press.
#
# The propositions differ by the kind of evidence, and the program keeps them with every ratio:
#
# | evidence | H1 | H2 |
# |---|---|---|
# | tool-marks, logos | the two exhibits are of one press | the two exhibits are of two presses |
# | spectra | the two exhibits are of one batch | the two exhibits are of two batches |

# %%
striae(f"simulate --exhibits {REFERENCES} --seed 8 {WIDTHS} -o reference.h5")
WHAT = {"toolmarks": ("press", "press", "presses"), "logos": ("press", "press", "presses"), "spectra": ("source", "batch", "batches")}
for kind, (column, one, two) in WHAT.items():
    striae(f"compare reference.h5:/{kind} --metric {METRICS[kind]} --dense -o all-{kind}.h5")
    striae(f"""calibrate all-{kind}.h5 --truth {column} --exclude case
        --h1 'the two exhibits are of one {one}' --h2 'the two exhibits are of two {two}'
        --population 'simulated {two}, seed 8' -o lr-{kind}.h5""")

# %% [markdown]
# Logos say less on the press than marks do: a press has several logos, so that two logos that differ hardly speak against one
# press. The limits show it: no pair of logos can reach a log10 LR of 1.
#
# What one score is worth, with all that belongs to the statement:

# %%
shown = striae.json("calibrate --show lr-toolmarks.h5 --at 0.6 --at 0.7 --at 0.75 --at 0.9")
print(shown["said"])
ratios = pd.DataFrame(shown["ratios"])
ratios

# %%
assert ratios["log10_lr"].is_monotonic_increasing
assert ratios["log10_lr"].iloc[0] < 0 < ratios["log10_lr"].iloc[-1]

# %% [markdown]
# ## Links and series
#
# Marks and logos speak of the press, so their ratios are brought together: one linkage of presses. Spectra speak of the batch and
# get a linkage of their own. A press works through many batches; to add ratios of different propositions would answer no
# question at all.

# %%
striae("""link near-toolmarks.h5 near-logos.h5 --lr lr-toolmarks.h5 --lr lr-logos.h5
    --limit 3 -o presses.h5""")

# %%
striae("link near-spectra.h5 --lr lr-spectra.h5 --limit 3 -o batches.h5")

# %% [markdown]
# Held against the truth, which no real archive has:

# %%
of_presses = striae.json("evaluate presses.h5 --truth press")
of_batches = striae.json("evaluate batches.h5 --truth source")
KEPT = ["links", "false_links", "false_link_share", "true_series", "b_cubed_precision", "b_cubed_recall", "adjusted_rand"]
pd.DataFrame({"presses": of_presses["series"], "batches": of_batches["series"]}).loc[KEPT].round(4)

# %%
assert of_presses["series"]["false_link_share"] < 0.01
assert of_presses["series"]["b_cubed_precision"] > 0.95
assert 0.4 < of_presses["series"]["b_cubed_recall"] < 1

# %% [markdown]
# Hardly a link is false, but series of presses are incomplete (`b_cubed_recall`): a log10 LR of 3 needs a mark *and* a logo, so exhibits of one press
# with different logos stay apart. That is a choice (`--limit`), not a fact about presses.
#
# A linkage is HDF5 as well; the ratios of each kind of evidence stay beside the fused one.

# %%
with h5py.File(striae / "presses.h5") as f:
    links = pd.DataFrame({c: f[f"links/{c}"][:] for c in ("a", "b", "log10_lr", "toolmarks_log10_lr", "logos_log10_lr")})
    exhibits = pd.DataFrame({c: f[f"exhibits/{c}"].asstr()[:] for c in ("id", "case", "date", "place")})
    for column in ("latitude", "longitude", "series"):
        exhibits[column] = f[f"exhibits/{column}"][:]
    names = f["series/name"].asstr()[:]
assert (links.log10_lr >= 3).all()
assert (links.log10_lr - links.toolmarks_log10_lr - links.logos_log10_lr).abs().max() < 1e-9, "the sum of both"
exhibits["date"] = pd.to_datetime(exhibits["date"])
links.sort_values("log10_lr", ascending=False, kind="stable").head()

# %%
of_series = exhibits[exhibits.series >= 0].groupby("series")
series = of_series.agg(exhibits=("id", "size"), cases=("case", "nunique"), places=("place", "nunique"), first=("date", "min"), last=("date", "max"))
series.index = names[series.index]
series = series.sort_values(["exhibits", "first"], ascending=[False, True])
largest = list(series.index[:5])
assert len(series) == len(names) and series.exhibits.min() >= 2
series.head(8)

# %% [markdown]
# ## Where and when
#
# Dates and places are no evidence for a link here; they are what a series is looked at for afterwards.

# %%
MARKERS = "os^Dv"
figure, (map_of, time_of) = plt.subplots(1, 2, figsize=(9.5, 4.4))
map_of.plot(exhibits.longitude, exhibits.latitude, ".", color="0.8", markersize=3, label="all exhibits")
for row, (name, marker) in enumerate(zip(largest, MARKERS, strict=True)):
    some = exhibits[exhibits.series == list(names).index(name)]
    map_of.plot(some.longitude, some.latitude, marker, markersize=5, alpha=0.6, label=f"{name} ({len(some)})")
    time_of.plot(some.date, [row] * len(some), marker, markersize=5, alpha=0.4)
map_of.set(xlabel="longitude in degrees", ylabel="latitude in degrees", title="Places of the five largest series", aspect=1.6)
map_of.legend(fontsize=7, loc="best")
time_of.set(yticks=range(5), yticklabels=largest, title="Days of seizure", ylim=(4.5, -0.5))
time_of.tick_params(axis="x", rotation=30)
plt.show()

# %% [markdown]
# ## The report
#
# One HTML page for the reader of the case, that needs no network, and tables of all links for other programs.

# %%
striae("report presses.h5 -o report.html --drawings 6 --title 'A first archive' --parquet tables")
page = (striae / "report.html").read_text(encoding="utf-8")
assert "A first archive" in page and "the two exhibits are of one press" in page, "the propositions are on the page"
table = pd.read_parquet(striae / "tables" / "links.parquet")
assert len(table) == len(links)
table.head(3)

# %% [markdown]
# `striae link --add new.h5 presses.h5` brings in what is seized later; `striae verify presses.h5` checks the linkage anew:

# %%
striae("verify presses.h5")
