"""Small valid files of every kind that the program reads, and what is asked of each: the probes that their mutations are put
through."""

import collections
import json
import shutil

import content
import h5py
import mutation
import numpy as np
import program
from archives import Question, peak_lists
from kills import journal_of
from torn import begun

STUDY = """collection = 's.h5:/spectra'
truth = 'press'
resamples = 200
seed = 3
folds = 3
deals = 2

[[prepare]]
name = 'raw'
[[prepare]]
name = 'snv'
recipe = 'snv | savgol(window=5, poly=2, deriv=1)'

[[metric]]
name = 'pearson'
[[metric]]
name = 'minkowski'
args = ['--p', '3']

[[population]]
name = 'all'
[[population]]
name = 'other exhibits'
exclude = ['exhibit']
"""

RECIPE = """[[step]]
name = "savgol"
window = 5
poly = 2
deriv = 1

[[step]]
name = "keep"
places = ["900..1800", "2800..3000"]

[[step]]
name = "snv"
"""

LINE = "snv | savgol(window=5, poly=2, deriv=1) | bin(points=2) | msc | drop(900..1000) | vector\n"


class Probe:
    """What is asked of a changed file: a command line with FILE and OUT in it. `check` holds the answer to the seed's."""

    def __init__(self, name, command, codes=(0, 1, 2, 3), check=None):
        self.name, self.command, self.codes, self.check = name, command.split(), codes, check
        self.expected = None

    def arguments(self, file, out):
        return [a.replace("FILE", str(file)).replace("OUT", str(out)) for a in self.command]


class Seed:
    """A valid file, what changes it, and its probes; the first of them is put to every mutation, and one of the others."""

    def __init__(self, kind, name, path, change, probes):
        self.kind, self.name, self.path, self.change, self.probes = kind, name, path, change, probes
        self.bytes = path.read_bytes()
        # What can be changed in a record without being found out, and how often it was.
        self.unguarded = collections.Counter()
        self.content = None if path.suffix != ".h5" else content.content(path)


def answer(ended):
    """What a command said as JSON, without places and times."""
    try:
        said = json.loads(ended.out)
    except ValueError:
        return ended.out
    places = ("input", "output", "result", "linkage", "model", "seconds", "started", "name", "address", "file")
    return {k: v for k, v in said.items() if k not in places} if isinstance(said, dict) else said


def same_answer(seed, probe, ended, file, out):
    """A command that answers from a changed file answers as from the unchanged one, or refuses it."""
    now = answer(ended)
    if probe.expected is None:
        probe.expected = now
    if now == probe.expected:
        return []
    then = probe.expected
    keys = (
        [k for k in sorted(set(now) | set(then)) if now.get(k) != then.get(k)]
        if isinstance(now, dict) and isinstance(then, dict)
        else ["text"]
    )
    return [f"another answer, taken for right: {', '.join(keys)}"]


def same_output(seed, probe, ended, file, out):
    """A command that writes a file writes the same data."""
    now = content.apart(out)
    if now is None:
        return ["its output cannot be read"]
    if probe.expected is None:
        probe.expected = now
    changed = [name for name in content.differences(probe.expected, now) if "record" not in name and "@" not in name]
    return [f"another output, taken for right: {', '.join(changed[:5])}"] if changed else []


def same_tables(seed, probe, ended, file, out):
    """A report gives the same tables."""
    now = {p.name: p.read_bytes() for p in sorted(out.iterdir()) if p.name != "about.csv"}
    if probe.expected is None:
        probe.expected = now
    changed = [name for name in sorted(set(now) | set(probe.expected)) if now.get(name) != probe.expected.get(name)]
    return [f"other tables, taken for right: {', '.join(changed)}"] if changed else []


def verified(seed, probe, ended, file, out):
    """What was verified holds what it held: all that is stored; where a record has no digest of its own, but for where and when
    it was made."""
    now = content.apart(file) or {}
    guarded = any(name.endswith("record_blake3") for name in seed.content)
    changed = content.contradictions(seed.content, now, all_of_records=guarded)
    for name in content.contradictions(seed.content, now, all_of_records=True):
        seed.unguarded[name] += name not in changed
    return [f"verified, though changed: {', '.join(changed[:5])}"] if changed else []


def ranked(seed, probe, ended, file, out):
    """A ranking by cosine of what h5py reads in the changed file is that of the definition."""
    now, found = content.apart(file), content.apart(out)
    name = probe.command[1].split(":/")[1]
    if found is None:
        return ["its result cannot be read"]
    if now is None:
        # Another release of the library may refuse what ours reads.
        return []
    rows = now.get(f"{name}/values") or now.get(name)
    if rows is None or "f" not in rows[0]:
        return []
    values = np.frombuffer(rows[2], rows[0]).reshape(rows[1]).astype("f8")
    neighbors = np.frombuffer(found["neighbors"][2], found["neighbors"][0]).reshape(found["neighbors"][1])
    scores = np.frombuffer(found["scores"][2], found["scores"][0]).reshape(found["scores"][1])
    if len(neighbors) != len(values):
        return [f"{len(neighbors)} rows ranked of {len(values)}"]
    with np.errstate(all="ignore"):
        scale = np.abs(values).max(axis=1, keepdims=True)
        unit = values / scale
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        true = unit @ unit.T
    if not np.isfinite(true).all():
        return ["ranked, though there are rows that have no cosine"]
    np.fill_diagonal(true, -np.inf)
    best = -np.sort(-true, axis=1)[:, : scores.shape[1]]
    off = np.abs(best - scores).max()
    off = max(off, np.abs(np.take_along_axis(true, neighbors, axis=1) - scores).max())
    return [f"a score is off by {off:g}"] if not off <= 1e-9 else []


def another(seed, others, dice):
    """The bytes of another file of its kind; `None` where it is the only one."""
    rest = [one for one in others if one is not seed]
    return dice.choice(rest).bytes if rest else None


def by_bytes(seed, others, dice, turn):
    return mutation.of_bytes(seed.bytes, another(seed, others, dice), dice, turn)


def by_bytes_or_record(seed, others, dice, turn):
    """Every fourth time the record is edited."""
    if turn % 4 == 3 and (changed := mutation.of_record(seed.bytes, dice, turn // 4)):
        return changed
    return by_bytes(seed, others, dice, turn - turn // 4)


def by_text(seed, others, dice, turn):
    return mutation.of_text(seed.bytes, another(seed, others, dice) or seed.bytes, dice, turn)


def ways(seeds):
    """Every way in which files of one kind are to be changed."""
    found = set()
    for seed in seeds:
        found |= set(mutation.TEXT if seed.change is by_text else mutation.BYTES)
        found |= set(mutation.RECORD) if seed.change is by_bytes_or_record else set()
    return found - ({"another file"} if len(seeds) == 1 else set())


def layouts(path):
    """A 2-D dataset in the layouts that people have: filters, checksums, the latest file format, big-endian, halves."""
    values = np.random.default_rng(5).random((40, 24))
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("gzip", data=values.astype("f4"), chunks=(8, 10), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("lzf", data=values.astype(">f8"), chunks=(16, 24), compression="lzf", maxshape=(None, 24))
        file.create_dataset("half", data=values.astype("f2"))
        group = file.create_group("named")
        group["values"] = (values * 1000).astype("i4")
        group["id"] = [f"item {i}" for i in range(40)]
        group["exhibit"] = np.array([f"E{i // 4}" for i in range(40)], dtype="S8")
        group["axis"] = np.linspace(4000, 650, 24)
        group["axis"].attrs["unit"] = "cm-1"


def labelled(path):
    """Rows of twenty presses that can be told apart, but not all of them: what ratios, links and series are made of."""
    dice = np.random.default_rng(9)
    press = np.repeat(np.arange(20), 6)
    values = 2 + dice.random(32) + 0.5 * dice.normal(size=(20, 32))[press] + 0.5 * dice.normal(size=(120, 32))
    with h5py.File(path, "w") as file:
        group = file.create_group("spectra")
        group["values"] = values.astype("f4")
        for name, texts in (
            ("id", [f"S{i:03}" for i in range(120)]),
            ("exhibit", [f"E{i:03}" for i in range(120)]),
            ("press", [f"P{n:02}" for n in press]),
            ("date", [f"2025-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(120)]),
        ):
            group[name] = np.array(texts, dtype="S10")


def all_seeds(folder, has):
    """Makes the files in `folder`. `has` says which of the later commands the program has: `resume`, `merge`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    cpu = "--backend cpu -j 1 -q"
    program.done("simulate -q -n 90 --seed 5 --mark-width 96 --logo-width 16 --spectrum-width 48 -o s.h5".split(), folder)
    layouts(folder / "l.h5")
    labelled(folder / "e.h5")
    peak_lists(folder / "p.h5", "/ms", 40, 5)
    for command in (
        f"compare s.h5:/spectra --metric cosine --top-k 4 {cpu} -o ranking.h5",
        f"compare s.h5:/spectra s.h5:/spectra --metric pearson --threshold 0.9 {cpu} -o links.h5",
        f"compare s.h5:/logos --metric euclidean --dense {cpu} -o dense.h5",
        f"compare s.h5:/toolmarks --metric ccf --top-k 3 --rescore cmps {cpu} -o marks.h5",
        f"compare p.h5:/ms --metric cosine-greedy --tolerance 0.01 --top-k 3 {cpu} -o peaks.h5",
        f"compare e.h5:/spectra --metric pearson --dense {cpu} -o scores.h5",
        f"compare e.h5:/spectra --metric pearson --top-k 8 {cpu} -o nearest.h5",
        "calibrate scores.h5 --truth press --population exhibits --folds 3 -q -o lr.h5",
        "link nearest.h5 --lr lr.h5 --limit 0.5 -q -o linkage.h5",
        "model pca s.h5:/spectra -a 3 -q -o pca.h5",
        "model plsda e.h5:/spectra --class press -a 3 -q -o plsda.h5",
        "prepare s.h5:/spectra --recipe snv -q -o prepared.h5:/spectra",
    ):
        program.done(command.split(), folder)
    verify, info = Probe("verify", "verify FILE --all -q", check=verified), Probe("info", "info FILE")
    info_json = Probe("info --json", "info FILE --json")

    def archive(name, *inner):
        probes = [Probe("info", "info FILE")]
        for path in inner:
            probes.append(Probe(f"compare {path}", f"compare FILE:/{path} --metric cosine --top-k 3 {cpu} -o OUT", check=ranked))
        return probes

    def evaluate(options):
        return Probe("evaluate", f"evaluate FILE {options} --resamples 200 --json", check=same_answer)

    simulated = archive("s.h5", "spectra", "logos") + [
        Probe("model pca", "model pca FILE:/spectra -a 2 -q -o OUT"),
        Probe("prepare", "prepare FILE:/spectra --recipe snv -q -o OUT"),
        Probe("compare ccf", f"compare FILE:/toolmarks --metric ccf --top-k 2 {cpu} -o OUT"),
        Probe("info of a collection", "info FILE:/spectra"),
    ]
    of_peaks = [
        Probe("info", "info FILE"),
        Probe("compare peaks", f"compare FILE:/ms --metric cosine-greedy --tolerance 0.01 --top-k 3 {cpu} -o OUT"),
    ]
    shown = Probe("calibrate --show", "calibrate --show FILE --at 0.9 --json", check=same_answer)
    linked = Probe("link", "link nearest.h5 --lr FILE --limit 0.5 -q -o OUT", check=same_output)
    applied = Probe("model apply", "model apply FILE s.h5:/spectra -q -o OUT", check=same_output)
    judged = Probe("model apply", "model apply FILE e.h5:/spectra -q -o OUT", check=same_output)
    report = Probe("report", "report FILE --csv OUT -q", check=same_tables)
    page = Probe("report page", "report FILE -q -o OUT")
    wanted = [
        ("archive", "s.h5", by_bytes, simulated),
        ("archive", "l.h5", by_bytes, archive("l.h5", "gzip", "lzf", "named")),
        ("archive", "p.h5", by_bytes, of_peaks),
        (
            "archive",
            "prepared.h5",
            by_bytes,
            [info, Probe("prepare --like", "prepare s.h5:/spectra --like FILE:/spectra -q -o OUT", check=None)],
        ),
        ("result", "ranking.h5", by_bytes_or_record, [verify, info, info_json, evaluate("--truth source")]),
        ("result", "links.h5", by_bytes_or_record, [verify, info]),
        ("result", "dense.h5", by_bytes_or_record, [verify, evaluate("--truth source")]),
        (
            "result",
            "scores.h5",
            by_bytes_or_record,
            [
                verify,
                Probe("calibrate", "calibrate FILE --truth press --population exhibits --folds 3 -q -o OUT", check=same_output),
            ],
        ),
        ("result", "marks.h5", by_bytes_or_record, [verify, info]),
        ("result", "peaks.h5", by_bytes_or_record, [verify, info]),
        ("linkage", "linkage.h5", by_bytes_or_record, [verify, info, report, page, evaluate("--truth press")]),
        ("ratio model", "lr.h5", by_bytes_or_record, [verify, info, shown, linked]),
        ("model", "pca.h5", by_bytes_or_record, [verify, info, applied]),
        ("model", "plsda.h5", by_bytes_or_record, [verify, info, judged]),
    ]
    if "merge" in has:
        for n in (1, 2, 3):
            command = f"compare s.h5:/spectra --metric cosine --top-k 4 --shard {n}/3 {cpu} -o shard{n}.h5"
            program.done(command.split(), folder)
        merge = Probe("merge", "merge shard1.h5 FILE shard3.h5 -q -o OUT", check=same_output)
        wanted.append(("shard", "shard2.h5", by_bytes_or_record, [merge, info]))
    (folder / "study.toml").write_text(STUDY)
    (folder / "recipe.toml").write_text(RECIPE)
    (folder / "recipe.txt").write_text(LINE)
    recipe = Probe("prepare", "prepare s.h5:/spectra --recipe-file FILE -q -o OUT")
    wanted += [
        ("study", "study.toml", by_text, [Probe("bench", "bench FILE -j 1 -q -o OUT")]),
        ("recipe", "recipe.toml", by_text, [recipe]),
        ("recipe", "recipe.txt", by_text, [recipe]),
    ]
    return [Seed(kind, name, folder / name, change, probes) for kind, name, change, probes in wanted]


def journal_seed(folder, work):
    """A journal of a run that was killed, and the comparison that goes on from it."""
    program.done("simulate -q -n 2500 --seed 6 --only spectra --spectrum-width 128 -o j.h5".split(), folder)
    question = Question("a journal", "j.h5:/spectra --metric manhattan --top-k 5 --backend cpu -j 2 --memory 64MiB")
    question.answer(folder)
    bytes_ = begun(question, folder, work / "begun", 0.02, commits=5)
    path = folder / "begun.journal"
    path.write_bytes(bytes_)

    def resumed(seed, probe, ended, file, out):
        return question.faults(out) + (["left a journal behind"] if journal_of(out).exists() else [])

    resume = Probe("--resume", " ".join(question.command("OUT", "--resume", "-q")), check=resumed)
    return Seed("journal", "begun.journal", path, by_bytes, [resume])
