"""Disks that are full: a small file system that has room for part of what a run writes (journal, links on the way, result). The
run says so, leaves no broken result, and goes on when there is room."""

import os
import random

import mounts
import program
from kills import stray, stray_unfinished

ROOM = 1 << 30
# Sizes that are tried where a disk was large enough after all, each smaller than the one before.
TRIES = 4
SAYS = [("full", "no space", "no room", "space"), ("out.h5", "disk")]


def disk(tally, archives, questions, work, points, seed, interval):
    """`points` sizes, drawn over what each run needs."""
    dice = random.Random(f"{seed}/disk")
    folder = work / "disk"
    try:
        with mounts.small(folder, ROOM):
            pass
    except mounts.Refused as why:
        tally.skip("full disk", f"no file system can be mounted here: {why}")
        return
    full = 0
    for n, question in enumerate(questions):
        mine = points // len(questions) + (n < points % len(questions))
        if not mine:
            continue
        with mounts.small(folder, ROOM) as small, mounts.Most(small) as most:
            program.done(question.command(folder / "out.h5", "--checkpoint", f"{interval}s", "-q"), archives)
        for k in range(mine):
            # Every part of the way has its point, and there at random.
            size = max(int(most.most * (k + dice.random()) / mine), 4096)
            for _ in range(TRIES):
                if point(tally, archives, question, folder, size, interval):
                    full += 1
                    break
                size = max(size * 3 // 4, 4096)
    if full < points:
        tally.case("full disk", "how many were full", [f"{full} of {points}: the others had room, {TRIES} times each"])
    tally.figure(f"{full} of {points} runs met a full disk")


def point(tally, archives, question, folder, size, interval):
    """One size. Whether the disk was full."""
    with mounts.small(folder, size) as small:
        output = folder / "out.h5"
        every = ["--checkpoint", f"{interval}s", "-q"]
        ended = program.run(question.command(output, *every), archives)
        name = f"{question.name}: {size // 1024} KiB: {ended.how()}"
        if ended.code == 0:
            faults = ended.faults([0]) + question.faults(output) + stray(folder, {"out.h5"})
            tally.case("full disk", f"{name}, it was enough", faults, ended.last())
            return False
        faults = ended.faults([1], says=SAYS)
        faults += stray_unfinished(folder, question)
        kept = "journal kept" if (folder / "out.h5.journal").exists() else "no journal"
        small.resize(ROOM)
        again = program.run(question.command(output, "--resume", *every), archives)
        faults += [f"gone on with: {fault} ({again.last()})" for fault in again.faults([0])]
        faults += question.faults(output) + stray(folder, {"out.h5"})
        tally.case("full disk", f"{name}, {kept}", faults, ended.last(), [output] if os.path.exists(output) else [])
        return True
