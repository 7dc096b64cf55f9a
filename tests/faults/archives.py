"""Small archives of known content, and the comparisons that are broken off: each kind of result, each way that work is kept."""

import json
from pathlib import Path

import content
import h5py
import numpy as np
import program


def peak_lists(path, group, count, seed):
    """Made-up spectra of 20 to 60 peaks on few places, so that many pairs share some."""
    dice = np.random.default_rng(seed)
    lengths = dice.integers(20, 60, count)
    mz = [np.sort(dice.choice(np.arange(50, 900), n, replace=False)) + dice.normal(0, 0.003, n) for n in lengths]
    with h5py.File(path, "a") as file:
        at = file.create_group(group)
        at["indptr"] = np.concatenate([[0], np.cumsum(lengths)]).astype("i8")
        at["mz"] = np.concatenate([np.sort(m) for m in mz])
        at["intensity"] = dice.gamma(2, 50, int(lengths.sum())) + 1
        at["precursor_mz"] = dice.uniform(200, 1000, count)
        at["id"] = [f"M{i:05}" for i in range(count)]


class Question:
    """A comparison: its arguments without output; whether its bytes hang on the run (`dense`), and its result when nothing went
    wrong."""

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments.split()
        self.dense = "--dense" in self.arguments
        self.content, self.seconds = None, 0.0

    def command(self, output, *more):
        return ["compare", *self.arguments, "-o", output, *more]

    def answer(self, folder):
        """Runs it once without trouble, from the archives in `folder`."""
        output = Path(folder) / "reference.h5"
        ended = program.done(self.command(output, "--overwrite", "-q"), folder)
        self.content, self.seconds = content.content(output), ended.seconds
        output.unlink()

    def faults(self, output):
        """What of a stored result is not as it was without trouble."""
        if not Path(output).exists():
            return ["no result"]
        try:
            found = content.content(output)
        except (OSError, KeyError, ValueError, json.JSONDecodeError) as why:
            return [f"the result cannot be read: {why}"]
        # The digest of a record hangs on times, as the record does.
        changed = [name for name in content.differences(self.content, found) if not name.endswith("record_blake3")]
        return [f"differs in {name}" for name in changed]


def make(folder, scale=1.0):
    """Writes the archives that the questions are about. A scale of 1 lets each of them take some seconds on two cores."""
    folder = Path(folder)

    def rows(n):
        return str(max(int(n * scale**0.5), 300))

    for name, count, seed in (("a.h5", 12_000, 7), ("b.h5", 9_000, 8), ("c.h5", 5_000, 9)):
        program.done(
            ["simulate", "-q", "-n", rows(count), "--seed", seed, "--spectrum-width", "256", "--only", "spectra", "-o", name],
            folder,
        )
    program.done(["simulate", "-q", "-n", rows(1_100), "--mark-width", "256", "--only", "toolmarks", "-o", "m.h5"], folder)
    peak_lists(folder / "p.h5", "/ms", int(rows(9_000)), 3)


def questions():
    """Everything that a run can be broken off in."""
    cpu = "--backend cpu -j 2"
    return [
        Question("one block", f"a.h5:/spectra --metric manhattan --top-k 10 {cpu}"),
        Question("many blocks", f"a.h5:/spectra --metric manhattan --top-k 10 --memory 64MiB {cpu}"),
        Question("two collections", f"b.h5:/spectra a.h5:/spectra --metric chebyshev --top-k 7 --memory 72MiB {cpu}"),
        Question("links", f"a.h5:/spectra --metric manhattan --threshold 12 --memory 72MiB {cpu}"),
        Question("lags", f"m.h5:/toolmarks --metric ccf --min-overlap 0.5 --top-k 8 --tile 64x64 {cpu}"),
        Question("votes", f"m.h5:/toolmarks --metric ccf --min-overlap 0.5 --top-k 1 --rescore cmps --tile 64x64 {cpu}"),
        Question("all scores", f"c.h5:/spectra --metric manhattan --dense --memory 64MiB {cpu}"),
        Question("peak lists", f"p.h5:/ms --metric cosine-greedy --tolerance 0.01 --top-k 10 {cpu}"),
        Question("a shard", f"a.h5:/spectra --metric manhattan --top-k 10 --memory 64MiB --shard 2/3 {cpu}"),
    ]
