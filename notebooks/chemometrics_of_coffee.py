# %% [markdown]
# # Chemometrics of coffee
#
# 60 infrared spectra of coffee from three countries (`datasets/coffee.h5`): what principal components show, which spectra are
# unlike the rest, and how well the country follows from a spectrum. Models are made by `striae model`; they are HDF5 files, read
# here with h5py and drawn.

# %%
import h5py
import matplotlib.pyplot as plt
import pandas as pd
from desk import Desk
from IPython.display import Image

plt.style.use("figures.mplstyle")
striae = Desk()
striae.bring("datasets/coffee.h5")
COUNTRIES = {"Ethiopia": ("C0", "o"), "Brasil": ("C1", "s"), "Vietnam": ("C2", "^")}

# %% [markdown]
# ## Preparation
#
# Standard normal variate (SNV): each spectrum minus its mean, over its standard deviation. It removes level and scale of a
# spectrum, which depend on how the sample lay on the crystal. Which steps there are: `striae prepare --list`.

# %%
striae("prepare coffee.h5:/coffee --recipe snv -o snv.h5:/coffee")
with h5py.File(striae / "coffee.h5") as f:
    raw, axis, country = f["coffee/values"][:], f["coffee/axis"][:], f["coffee/source"].asstr()[:]
with h5py.File(striae / "snv.h5") as f:
    snv = f["coffee/values"][:]
assert raw.shape == snv.shape == (60, 1841)
assert abs(snv.mean(axis=1)).max() < 1e-12 and abs(snv.std(axis=1, ddof=1) - 1).max() < 1e-12, "what SNV promises"

figure, panels = plt.subplots(2, 1, figsize=(7.5, 4.6), sharex=True)
for panel, values, title in zip(panels, (raw, snv), ("As measured", "After SNV"), strict=True):
    for name, (colour, _) in COUNTRIES.items():
        panel.plot(axis, values[country == name].T, color=colour, linewidth=0.4, alpha=0.6)
        panel.plot([], [], color=colour, label=name)
    panel.set(title=title, ylabel="absorbance" if values is raw else "deviations")
panels[0].legend()
panels[1].set_xlabel("point of the spectrum")
plt.show()

# %% [markdown]
# ## Principal components

# %%
striae("model pca coffee.h5:/coffee -a 5 --prepare snv --limits robust --plot pictures -o pca.h5")
with h5py.File(striae / "pca.h5") as f:
    model = {name: f[f"parts/{name}"][:] for name in ("axis", "eigenvalues", "loadings", "total_variance")}
    rows = {name: f[f"training/{name}"][:] for name in ("scores", "t2", "q")}
    ids, flags = f["training/id"].asstr()[:], f["training/flag"].asstr()[:]
explained = 100 * model["eigenvalues"][:5] / model["total_variance"]

# %%
assert rows["scores"].shape == (60, 5) and model["loadings"].shape == (1841, 5)
assert abs(model["loadings"].T @ model["loadings"] - [[float(i == j) for j in range(5)] for i in range(5)]).max() < 1e-10, "orthonormal"
assert abs(explained[0] - 65.21) < 0.01 and abs(explained[:3].sum() - 98.33) < 0.01

# %%
figure, panels = plt.subplots(1, 2, figsize=(9.5, 4.2))
for panel, (a, b) in zip(panels, ((0, 1), (1, 2)), strict=True):
    for name, (colour, marker) in COUNTRIES.items():
        some = country == name
        panel.plot(rows["scores"][some, a], rows["scores"][some, b], marker, color=colour, markersize=5, alpha=0.8, label=name)
    panel.set(xlabel=f"component {a + 1} ({explained[a]:.1f} %)", ylabel=f"component {b + 1} ({explained[b]:.1f} %)")
panels[0].set_title("Scores")
panels[0].legend()
plt.show()

# %% [markdown]
# The first component, two thirds of all variance, hardly tells the countries apart; the largest variance need not be the one
# that is asked for. The loadings say which points of the spectrum each component weighs.

# %%
figure, panels = plt.subplots(3, 1, figsize=(7.5, 4.8), sharex=True)
for number, panel in enumerate(panels):
    panel.plot(model["axis"], model["loadings"][:, number], color="C0", linewidth=0.9)
    panel.axhline(0, color="0.6", linewidth=0.6)
    panel.set_ylabel(f"PC {number + 1}")
panels[0].set_title("Loadings")
panels[-1].set_xlabel("point of the spectrum")
plt.show()

# %% [markdown]
# ## Spectra unlike the rest
#
# T² is the distance within the components, Q what they leave over. With robust limits both are judged together: 5 % of good
# spectra are *extreme*, and there is a chance of 1 % that any good one is called an *outlier*. The picture is the program's
# (`--plot`), for it knows the border of both distances together.

# %%
Image(filename=striae / "pictures" / "pca-distances.png", width=620)

# %%
unlike = pd.DataFrame({"spectrum": ids, "is": flags, "T²": rows["t2"][:, 4], "Q": rows["q"][:, 4]})
unlike = unlike[unlike["is"] != "regular"].set_index("spectrum")
assert list(unlike.index[unlike["is"] == "outlier"]) == ["Brasil-14"]
assert len(unlike) == 5
unlike.round(4)

# %% [markdown]
# ## Does the country follow from the spectrum?
#
# PLS discriminant analysis. The number of components is chosen by cross-validation, preparation learnt anew in every fold. The
# permutation test asks how often labels in random order would be told apart as well.

# %%
striae("model plsda coffee.h5:/coffee --prepare snv -a 10 --permutations 99 -o plsda.h5")
with h5py.File(striae / "plsda.h5") as f:
    accuracy, scores = f["validation/accuracy"][:], f["parts/regression.scores"][:]

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8))
left.plot(range(1, 11), accuracy, "o-")
left.axvline(scores.shape[1], color="0.5", linestyle="--", linewidth=0.8)
left.set(xlabel="components", ylabel="accuracy, cross-validated", title="Chosen: where the line stands", ylim=(0, 1.05))
for name, (colour, marker) in COUNTRIES.items():
    some = country == name
    right.plot(scores[some, 1], scores[some, 3], marker, color=colour, markersize=5, alpha=0.8, label=name)
right.set(xlabel="PLS component 2", ylabel="PLS component 4", title="Scores of the training spectra")
right.legend()
plt.show()

# %%
assert scores.shape == (60, 4), "four components"
assert accuracy[3] == 1 and accuracy[0] < 0.7

# %% [markdown]
# ## Rows that the model has not seen
#
# Every fifth spectrum is put aside, the model made of the other 48, and applied. Means, preparation and components are those of
# the training rows.

# %%
with h5py.File(striae / "coffee.h5") as f:
    for name, aside in (("train.h5", False), ("aside.h5", True)):
        chosen = [i for i in range(60) if (i % 5 == 4) == aside]
        with h5py.File(striae / name, "w") as out:
            group = out.create_group("coffee")
            group["axis"] = f["coffee/axis"][:]
            for column in ("values", "id", "exhibit", "source"):
                group[column] = f[f"coffee/{column}"][chosen]
striae("model plsda train.h5:/coffee --prepare snv -a 10 -o train-plsda.h5")
striae("model apply train-plsda.h5 aside.h5:/coffee -o aside-classes.h5")

# %%
with h5py.File(striae / "aside-classes.h5") as f, h5py.File(striae / "aside.h5") as truth:
    said = pd.DataFrame(f["membership"][:], columns=f["classes"].asstr()[:], index=f["id"].asstr()[:]).round(3)
    said["said"], said["is"] = f["class"].asstr()[:], truth["coffee/source"].asstr()[:]
assert (said["said"] == said["is"]).sum() >= 11
said

# %% [markdown]
# Twenty spectra of each country, measured in one place with one instrument: this shows that the spectra hold the country's name,
# not that an unknown coffee's origin could be told. A classifier of this kind must name one of the three. Whether a spectrum is
# of a class *at all* is asked by `striae model simca`, which may answer none:

# %%
striae("model simca coffee.h5:/coffee --prepare snv --limits robust --target Ethiopia -o simca.h5")

# %% [markdown]
# No spectrum of the other countries is accepted as Ethiopian, but of the Ethiopian ones that were kept out of the training too
# many are refused: twenty spectra are few for a class model of 1,841 points.

# %%
striae("verify plsda.h5")
