"""Runs that are killed (SIGKILL, so that nothing of the program has a last word) and gone on with: at random moments, while work
is being committed, while the result is being put down. The result must be that of a run that nobody killed, and nothing else
may stay behind."""

import json
import os
import random
import shutil
import struct
import time
from pathlib import Path

import program

HOW = ["moment"] * 6 + ["commit"] * 3 + ["finish"]


def journal_of(output):
    return Path(f"{output}.journal")


def size_of(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return -1


def strike(running, output, how, moment, commits, delay):
    """Kills a run and answers when; `None` where it was over before. `moment`: after so many seconds; `commit`: when the journal
    has grown so many times; `finish`: when a file beside the journal is there. The last two `delay` seconds later."""
    journal = journal_of(output)
    if how == "moment":
        if running.over(moment):
            return None
    else:
        size, grown = size_of(journal), 0
        while True:
            if running.over():
                return None
            if how == "commit":
                now = size_of(journal)
                grown += now > size
                size = max(size, now)
                if grown >= commits:
                    break
            elif any(not name.startswith(journal.name) for name in os.listdir(output.parent)):
                break
        time.sleep(delay)
    running.kill()
    return time.time()


def stray(folder, allowed):
    """Files that nobody expects in `folder`."""
    return [f"left {name} behind" for name in sorted(os.listdir(folder)) if name not in allowed]


def stray_unfinished(folder, question):
    """The same of a run that is not over: its journal may be there, and what holds all scores so far."""
    names = sorted(os.listdir(folder))
    kept = "out.h5.journal" in names
    # The hold on the journal's place, before there is one.
    allowed = {"out.h5.journal", "out.h5.journal.new"} | {name for name in names if kept and question.dense and name.endswith(".part")}
    return stray(folder, allowed)


MAGIC = b"striae journal 1\n"


def records(data):
    """Where each whole record of a journal begins and ends, and its kind: 0 is the head, 1 a commit."""
    at = len(MAGIC)
    while len(data) - at >= 41:
        kind, length = struct.unpack_from("<BQ", data, at)
        if length > len(data) - at - 41:
            return
        yield at, at + 41 + length, kind
        at += 41 + length


def committed(journal):
    """When work was committed last, in seconds since 1970, as the last whole commit of a journal says; else 0."""
    try:
        data = journal.read_bytes()
    except FileNotFoundError:
        return 0.0
    commits = [data[at + 9 : end - 32] for at, end, kind in records(data) if kind == 1]
    return json.loads(commits[-1])["at"] if commits else 0.0


class Lost:
    """Seconds of work that kills cost."""

    def __init__(self):
        self.all = []

    def text(self, interval):
        ordered = sorted(self.all) or [0.0]
        beyond = sum(seconds > interval for seconds in self.all)
        return (
            f"work lost per kill, committed every {interval:g} s: median {ordered[len(ordered) // 2]:.3f} s, "
            f"worst {ordered[-1]:.3f} s of {len(self.all)}, {beyond} beyond the interval"
        )


def chain(question, archives, folder, dice, interval, kills, lost):
    """One run with so many kills, then its end. What was wrong, how many kills there were, and in words how."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    output = folder / "out.h5"
    journal = journal_of(output)
    faults, words, struck = [], [], 0
    for n in range(4 * kills):
        if struck == kills:
            break
        command = question.command(output, "--checkpoint", f"{interval}s", "-q", *(["--resume"] if n else []))
        running = program.Running(command, archives)
        how = dice.choice(HOW)
        moment = dice.random() * question.seconds * (1.1 if n == 0 else 0.8)
        killed = strike(running, output, how, moment, dice.randrange(1, 6), dice.random() * 0.004 if dice.random() < 0.7 else 0.0)
        ended = running.end(120)
        if killed is None:
            # Over before the kill: it must have ended well, and the next attempt is at a new run.
            faults += ended.faults([0]) + question.faults(output) + stray(folder, {"out.h5"})
            if faults:
                return [f"{fault} ({ended.last()})" for fault in faults], struck, ", ".join(words)
            output.unlink(missing_ok=True)
            words.append("done")
            continue
        struck += 1
        if output.exists():
            faults += [f"after a kill ({how}): {fault}" for fault in question.faults(output)]
            words.append(f"{how}, result there")
            continue
        since = max(running.started, committed(journal))
        lost.all.append(killed - since)
        words.append(f"{how} {killed - running.started:.2f} s, lost {killed - since:.3f} s")
    ended = program.run(question.command(output, "--resume", "--checkpoint", f"{interval}s", "-q"), archives)
    faults += [f"{fault} ({ended.last()})" for fault in ended.faults([0])]
    faults += question.faults(output) + stray(folder, {"out.h5"})
    return faults, struck, "; ".join(words)


def kills(tally, archives, questions, work, count, seed, interval, slack):
    """`count` kills over all questions, in chains of one to four."""
    dice = random.Random(f"{seed}/kills")
    lost, struck, right, n = Lost(), 0, 0, 0
    while struck < count:
        question = questions[n % len(questions)]
        n += 1
        wanted = min(dice.choice([1, 1, 1, 2, 3, 4]), count - struck)
        before = len(lost.all)
        faults, some, words = chain(question, archives, work / "kill", dice, interval, wanted, lost)
        mine = lost.all[before:]
        if mine and max(mine) > interval + slack:
            faults.append(f"lost {max(mine):.3f} s of work, allowed {interval + slack:g} s")
        tally.case("kills", f"{question.name}: {some} kills", faults, words, [work / "kill" / "out.h5.journal"])
        struck += some
        right += 0 if faults else some
        if not some and n > 4 * len(questions) + 4 * count:
            break
    if struck < count:
        tally.case("kills", "how many struck", [f"{struck} of {count}: the others came too late, runs were over"])
    tally.figure(f"{right} of {struck} kills: resumed, the same bytes, nothing left behind")
    tally.figure(lost.text(interval))
