"""Journals as a power cut, a bad disk or a mistake leaves them: cut, changed, filled with zeros, spliced with those of other
runs. To go on from one gives the same bytes or is refused in words; never another result. And runs that are asked to go on as
something else than they began."""

import random
import shutil
import signal
import struct

import h5py
import program
from kills import journal_of, records, size_of, stray, stray_unfinished


def begun(question, archives, folder, interval, commits=3):
    """The journal of a run that was killed when so much was committed, or, where it was over before, as it was last seen with
    something committed; `None` where that never was."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    output = folder / "out.h5"
    journal = journal_of(output)
    running = program.Running(question.command(output, "--checkpoint", f"{interval}s", "-q"), archives)
    size, seen, times = -1, None, 0
    while times < commits and not running.over(0.001):
        now = size_of(journal)
        if now == size:
            continue
        size = now
        try:
            found = journal.read_bytes()
        except FileNotFoundError:
            continue
        times = sum(kind == 1 for _, _, kind in records(found))
        seen = found if times else seen
    running.kill()
    running.end(60)
    return journal.read_bytes() if journal.exists() else seen


def tear(journal, others, dice):
    """A journal as something left it; in words, what."""
    bytes_ = bytearray(journal)
    end = len(bytes_)
    at, length = dice.randrange(end), dice.choice([1, 8, 64, 512, 4096])
    if dice.random() < 0.6:
        # In the head, or about where a record begins.
        at = min(dice.choice([0, *(start for start, _, _ in records(journal))]) + dice.randrange(48), end - 1)
    way = dice.randrange(10)
    if way == 0:
        return bytes(bytes_[:at]), f"cut to {at} of {end}"
    if way == 1:
        for _ in range(dice.choice([1, 1, 3])):
            bytes_[(at + dice.randrange(16)) % end] ^= 1 << dice.randrange(8)
        return bytes(bytes_), f"bits changed about {at}"
    if way == 2:
        return bytes(bytes_) + dice.randbytes(length), f"{length} bytes of chance at its end"
    if way == 3:
        return bytes(bytes_) + bytes(length), f"{length} zeros at its end"
    if way == 4:
        bytes_[at : at + length] = bytes(len(bytes_[at : at + length]))
        return bytes(bytes_), f"{length} zeros from {at}"
    if way == 5:
        return bytes(bytes_) + bytes(bytes_[max(end - length, 0) :]), f"its last {length} bytes twice"
    if way == 6:
        del bytes_[at : at + length]
        return bytes(bytes_), f"{length} bytes from {at} taken out"
    if way == 7:
        piece = struct.pack(dice.choice(["<I", "<Q"]), dice.choice([0, 1, 255, 65_535, 2**31, 2**32 - 1]))
        bytes_[at : at + len(piece)] = piece
        return bytes(bytes_), f"a number put at {at}"
    name, other = dice.choice(others)
    if way == 8:
        return bytes(bytes_[:at]) + other[min(at, len(other)) :], f"from {at} on of {name}"
    cut = dice.randrange(len(other))
    return bytes(bytes_) + other[cut:], f"the end of {name} after it"


def torn(tally, archives, questions, work, count, seed, interval):
    """`count` torn journals, each gone on with."""
    dice = random.Random(f"{seed}/torn")
    chosen = [q for q in questions if q.name in ("many blocks", "links", "lags", "peak lists")] or questions
    per = -(-count // len(chosen))
    for question in chosen:
        folder = work / "torn"
        other = next((q for q in chosen if q is not question), question)
        journal = begun(question, archives, folder, interval)
        again, foreign = begun(question, archives, folder, interval, commits=2), begun(other, archives, folder, interval)
        if None in (journal, again, foreign):
            tally.case("torn journals", question.name, [f"no journal, though work was to be committed every {interval:g} s"])
            continue
        others = [("another attempt", again), (f"a run of {other.name}", foreign)]
        ends = {}
        for n in range(per):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            output = folder / "out.h5"
            bytes_, how = tear(journal, others, dice) if n else (foreign, f"that of {other.name} in its place")
            journal_of(output).write_bytes(bytes_)
            ended = program.run(question.command(output, "--resume", "--checkpoint", f"{interval}s", "-q"), archives, 120)
            faults = ended.faults([0, 1, 3])
            if ended.code == 0:
                faults += question.faults(output) + stray(folder, {"out.h5"})
                if n == 0:
                    faults.append("went on from the journal of another comparison")
            else:
                faults += ended.faults([0, 1, 3], says=["journal", ("--overwrite", "--resume", "remove", "delete", "other")])
                if output.exists():
                    faults.append("left a result")
            ends[ended.how()] = ends.get(ended.how(), 0) + 1
            torn_file = work / "torn.journal"
            torn_file.write_bytes(bytes_)
            tally.case("torn journals", f"{question.name}: {how}: {ended.how()}", faults, ended.last(), [torn_file], quiet=n > 0)
        tally.figure(f"torn journals of {question.name}: {', '.join(f'{k}: {v}' for k, v in sorted(ends.items()))}")


# What is asked for instead of `--top-k 10 --metric manhattan` of a.h5, and what the refusal must name.
CHANGED = [
    ("another k", "a.h5:/spectra --metric manhattan --top-k 11", ("mode", "top-k", "top_k", "k")),
    ("another metric", "a.h5:/spectra --metric chebyshev --top-k 10", ("metric",)),
    ("other partners", "a.h5:/spectra --metric manhattan --top-k 10 --exclude exhibit", ("exclude",)),
    ("another input", "b.h5:/spectra --metric manhattan --top-k 10", ("input", "query", "rows")),
    ("a reference", "a.h5:/spectra b.h5:/spectra --metric manhattan --top-k 10", ("input", "reference")),
    ("prepared rows", "a.h5:/spectra --prepare snv --metric manhattan --top-k 10", ("prepare",)),
]
# What is another way to the same result, which no journal may refuse.
SAME = ["--memory 96MiB", "-j 1", "--tile 64x64", "--screen plain"]


def changed(tally, archives, questions, work, interval):
    """Going on as something else, without being asked, and after a polite end."""
    question = next((q for q in questions if q.name == "many blocks"), None)
    if question is None:
        return
    folder = work / "changed"
    journal = begun(question, archives, folder, interval)
    if journal is None:
        tally.case("other runs", question.name, [f"no journal, though work was to be committed every {interval:g} s"])
        return
    output = folder / "out.h5"
    every = ["--checkpoint", f"{interval}s", "-q"]

    def fresh():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        journal_of(output).write_bytes(journal)

    for name, arguments, says in CHANGED:
        fresh()
        resources = ["--memory", "64MiB", "--backend", "cpu"]
        ended = program.run(["compare", *arguments.split(), "-o", output, "--resume", *resources, *every], archives)
        faults = ended.faults([3], says=["journal", says])
        if journal_of(output).read_bytes() != journal:
            faults.append("the journal was changed")
        tally.case("other runs", f"go on with {name}", faults, ended.last())
    for more in SAME:
        fresh()
        kept = [
            a
            for n, a in enumerate(question.arguments)
            if a not in ("--memory", "-j") and question.arguments[n - 1] not in ("--memory", "-j")
        ]
        ended = program.run(["compare", *kept, *more.split(), "-o", output, "--resume", *every], archives)
        faults = ended.faults([0]) + question.faults(output) + stray(folder, {"out.h5"})
        tally.case("other runs", f"go on with {more}", faults, ended.last())
    fresh()
    ended = program.run(question.command(output, *every), archives)
    tally.case(
        "other runs",
        "a journal is there and nobody said --resume",
        ended.faults([2], says=["--resume", "--overwrite"]),
        ended.last(),
    )
    fresh()
    ended = program.run(question.command(output, "--overwrite", *every), archives)
    faults = ended.faults([0]) + question.faults(output) + stray(folder, {"out.h5"})
    tally.case("other runs", "--overwrite begins anew", faults, ended.last())
    ended = program.run(question.command(output, "--resume", *every), archives)
    tally.case("other runs", "--resume of what is complete", ended.faults([0]) + question.faults(output), ended.last())
    changed_inputs(tally, archives, question, folder, journal, every)
    for number in (signal.SIGINT, signal.SIGTERM):
        # How long it takes depends on what else the machine does: too late is tried again, earlier.
        for share in (0.3, 0.15, 0.08, 0.04):
            fresh()
            running = program.Running(question.command(output, "--resume", *every), archives)
            running.over(question.seconds * share)
            running.kill(number)
            ended = running.end(60)
            if ended.code != 0:
                break
        faults = ended.faults([4], says=["--resume"]) + stray_unfinished(folder, question)
        again = program.run(question.command(output, "--resume", *every), archives)
        faults += again.faults([0]) + question.faults(output) + stray(folder, {"out.h5"})
        tally.case("other runs", f"ended by {number.name}, then gone on", faults, ended.last())


def changed_inputs(tally, archives, question, folder, journal, every):
    """The same names, with other numbers in them."""
    elsewhere = folder.parent / "elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    elsewhere.mkdir()
    shutil.copy(archives / "a.h5", elsewhere / "a.h5")
    with h5py.File(elsewhere / "a.h5", "r+") as file:
        file["/spectra/values"][3, 5] += 1
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    output = folder / "out.h5"
    journal_of(output).write_bytes(journal)
    ended = program.run(question.command(output, "--resume", *every), elsewhere)
    tally.case(
        "other runs", "an input was changed meanwhile", ended.faults([3], says=["journal", ("a.h5", "input")]), ended.last()
    )
    shutil.rmtree(elsewhere)
