#!/usr/bin/env python3
"""What can go wrong while an archive is compared overnight, done to the program on purpose: kills, full disks, limits of the
system, devices that fail, damaged files. Says one line a case and a summary; the exit code is 1 when anything was not as it
has to be.

    STRIAE=target/release/striae target/tools/venv/bin/python tests/faults/faults.py all              (short: some minutes)
    STRIAE=target/release/striae target/tools/venv/bin/python tests/faults/faults.py all --long       (as in make soak)

    kills     runs killed at random moments, in commits, at the end; torn journals; runs gone on with as something else
    disk      file systems without room                      (root; else skipped)
    limits    size of files, room for addresses, control groups, folders that cannot be written
    device    devices that are lost, answer zeros, panic, run out of memory      (needs a GPU in software; else skipped)
    mutate    changed archives, results, models, shards, journals, studies, recipes
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import archives
import device
import disk
import kills
import limits
import mutate
import torn
from program import Tally

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", nargs="+", choices=["kills", "disk", "limits", "device", "mutate", "all"])
parser.add_argument("--long", action="store_true", help="the numbers of make soak")
parser.add_argument("--seed", default="1", help="other moments, places and changes")
parser.add_argument("--kills", type=int, help="how many [12; long: 200]")
parser.add_argument("--torn", type=int, help="torn journals [16; long: 400]")
parser.add_argument("--points", type=int, help="sizes of disks [4; long: 20]")
parser.add_argument("--files", type=int, help="mutated files [400; long: 5000]")
parser.add_argument("--interval", type=float, default=0.2, help="seconds between commits of the runs that are killed [0.2]")
parser.add_argument(
    "--slack",
    type=float,
    default=0.2,
    help="seconds beyond the interval that a kill may cost: the start, a tile, a disk that is slow [0.2]",
)
parser.add_argument("--scale", type=float, default=1.0, help="pairs compared, to a run of some seconds")
parser.add_argument("--only", help="only questions with this in their name")
parser.add_argument("--jobs", type=int, default=2, help="mutated files at a time [2]")
parser.add_argument("--work", type=Path, help="folder to work in, on a real disk")
parser.add_argument("--keep", type=Path, help="folder for the files of what failed")
args = parser.parse_args()


def number(given, short, long):
    return given if given is not None else long if args.long else short


def asked(what):
    return what in args.what or "all" in args.what


def main(work):
    tally = Tally(args.keep)
    started = time.time()
    place = work / "archives"
    place.mkdir()
    questions = []
    if asked("kills") or asked("disk") or asked("limits") or asked("device"):
        archives.make(place, args.scale)
    if asked("kills") or asked("disk") or asked("limits"):
        questions = [q for q in archives.questions() if not args.only or args.only in q.name]
        for question in questions:
            question.answer(place)
            print(f"        {question.name}: {question.seconds:.2f} s without trouble", flush=True)
    if asked("kills"):
        kills.kills(tally, place, questions, work, number(args.kills, 12, 200), args.seed, args.interval, args.slack)
        torn.torn(tally, place, questions, work, number(args.torn, 16, 400), args.seed, args.interval)
        torn.changed(tally, place, questions, work, args.interval)
    if asked("disk"):
        disk.disk(tally, place, questions, work, number(args.points, 4, 20), args.seed, args.interval)
    if asked("limits"):
        limits.limits(tally, place, questions, work, args.seed, args.interval, not args.long)
    if asked("device"):
        device.device(tally, place, work, not args.long, archives.Question)
    if asked("mutate"):
        mutate.mutate(tally, work, number(args.files, 400, 5000), args.seed, args.jobs)
    tally.figure(f"took {time.time() - started:.0f} s, seed {args.seed}")
    return tally.summary()


with tempfile.TemporaryDirectory(prefix="striae-faults-", dir=args.work) as folder:
    code = main(Path(folder).resolve())
sys.exit(code)
