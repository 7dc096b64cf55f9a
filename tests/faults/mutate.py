"""Thousands of changed files, each given to the commands that read such files. The program is never ended by a signal or a
panic, takes no more memory than allowed, and what it says of a changed file is right, or it refuses it. Where the HDF5
library never comes back from a damaged structure the program ends its reader process and says so: no command computes for
longer than that, nor waits longer than its patience."""

import collections
import concurrent.futures
import random
import shutil

import mutation
import program
import seeds
from kills import journal_of

# What a reader process may compute, and some more; what the program waits for it, and some more.
CPU_SECONDS = 15
PATIENCE = 75
PEAK_MIB = 1024
# From so many files on, every way of changing a kind of file must have come up.
ALL_WAYS = 400
# Of a hundred files, so many of each kind.
SHARES = {
    "archive": 26,
    "result": 30,
    "linkage": 8,
    "ratio model": 6,
    "model": 6,
    "shard": 8,
    "journal": 6,
    "study": 4,
    "recipe": 6,
}


def capabilities(folder):
    """Which of the later commands the program has."""
    asked = {"resume": ["compare", "--help"], "merge": ["merge", "--help"]}
    return {name for name, arguments in asked.items() if f"{name}" in program.run(arguments, folder, 60).out}


def deck(kinds, count, seed):
    """Which kind is changed each time, and how often it was before: of all as their shares are, in an order of chance."""
    cards, before = [], collections.Counter()
    while len(cards) < count:
        more = [kind for kind in kinds for _ in range(SHARES[kind])]
        random.Random(f"{seed}/deck/{len(cards)}").shuffle(more)
        for kind in more:
            cards.append((kind, before[kind]))
            before[kind] += 1
    return cards[:count]


def mutate(tally, work, count, seed, jobs):
    folder = work / "seeds"
    folder.mkdir(exist_ok=True)
    has = capabilities(folder)
    all_seeds = seeds.all_seeds(folder, has)
    if "resume" in has:
        all_seeds.append(seeds.journal_seed(folder, work))
    for missing in {"merge": "shard", "resume": "journal"}.items():
        if missing[0] not in has:
            tally.skip(f"mutated {missing[1]}", f"this program has no {missing[0]}")
    kinds = collections.defaultdict(list)
    for one in all_seeds:
        kinds[one.kind].append(one)
    unchanged(tally, all_seeds, folder, work)
    cards = deck(kinds, count, seed)
    used = collections.Counter()
    ends, slowest, largest = collections.Counter(), (0, ""), (0, "")

    def one(n):
        dice = random.Random(f"{seed}/mutate/{n}")
        kind, turn = cards[n]
        chosen = dice.choice(kinds[kind])
        bytes_, how, ways = chosen.change(chosen, kinds[kind], dice, turn)
        probes = [chosen.probes[0]] + ([dice.choice(chosen.probes[1:])] if chosen.probes[1:] else [])
        place = work / f"m{n % (4 * jobs)}-{n}"
        return chosen, how, ways, [(probe, *put(chosen, probe, bytes_, folder, place)) for probe in probes]

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for n, (chosen, how, ways, came) in enumerate(pool.map(one, range(count))):
            faults = []
            used.update((chosen.kind, way) for way in ways)
            for probe, ended, wrong in came:
                ends[(chosen.kind, probe.name.split()[0], ended.how())] += 1
                faults += [f"{probe.name}: {w} ({ended.last()})" for w in wrong]
                slowest = max(slowest, (ended.cpu_seconds, f"{chosen.name}: {probe.name}, mutation {n}"))
                largest = max(largest, (ended.peak_mib, f"{chosen.name}: {probe.name}, mutation {n}"))
            place = work / f"m{n % (4 * jobs)}-{n}"
            tally.case(
                f"mutated {chosen.kind}", f"{n}: {chosen.name}: {how}", faults, "", [place / f"x{chosen.path.suffix}"], quiet=True
            )
            shutil.rmtree(place, ignore_errors=True)
            if n % 500 == 499:
                print(f"        {n + 1} of {count} files", flush=True)
    if count >= ALL_WAYS:
        every_way(tally, kinds, used)
    for (kind, command, how), times in sorted(ends.items()):
        tally.figure(f"{kind}: {command}: {how}: {times}")
    unguarded = sum((one.unguarded for one in all_seeds), collections.Counter())
    if unguarded:
        tally.figure(
            f"verified with other circumstances in the record: {', '.join(f'{k} {v}' for k, v in sorted(unguarded.items()))}"
        )
    tally.figure(f"most computing: {slowest[0]:.1f} s ({slowest[1]}); largest: {largest[0]:.0f} MiB ({largest[1]})")


def every_way(tally, kinds, used):
    """What does not come up tests nothing."""
    rarest = (float("inf"), "")
    for kind, some in kinds.items():
        times = {way: used[(kind, way)] for way in seeds.ways(some)}
        never = sorted(way for way, n in times.items() if n == 0)
        tally.case("ways of changing", kind, [f"never: {', '.join(never)}"] if never else [], quiet=True)
        rarest = min([rarest, *((n, f"{way}, {kind}") for way, n in times.items())])
    tally.figure(f"ways of changing files that came up least: {rarest[0]} times ({rarest[1]})")


def unchanged(tally, all_seeds, folder, work):
    """The seeds themselves pass every probe; what these say is what the mutations are held to. The records that are to be edited
    are found."""
    for one in all_seeds:
        if one.change is seeds.by_bytes_or_record:
            missing = [] if mutation.record_in(one.bytes) else ["none is found in it"]
            tally.case("seeds", f"{one.name}: its record", missing, quiet=True)
        for probe in one.probes:
            ended, faults = put(one, probe, one.bytes, folder, work / "unchanged")
            shutil.rmtree(work / "unchanged")
            if ended.code != 0:
                faults.append(f"{ended.how()}: {ended.last()}")
            tally.case("seeds", f"{one.name}: {probe.name}", faults, quiet=True)


def put(one, probe, bytes_, folder, place):
    """Gives a file to a command. How it ended, and what was wrong."""
    place.mkdir(exist_ok=True)
    file = place / f"x{one.path.suffix}"
    file.write_bytes(bytes_)
    out = place / ("out.html" if probe.name == "report page" else "out" if probe.name in ("bench", "report") else "out.h5")
    out.unlink(missing_ok=True) if not out.is_dir() else shutil.rmtree(out)
    if probe.name == "--resume":
        journal_of(out).write_bytes(bytes_)
    ended = program.run(probe.arguments(file, out), folder, PATIENCE)
    faults = ended.faults(probe.codes, PEAK_MIB)
    if ended.cpu_seconds > CPU_SECONDS:
        faults.append(f"computed for {ended.cpu_seconds:.0f} s")
    if ended.code == 0 and probe.check and not faults:
        faults += probe.check(one, probe, ended, file, out)
    if ended.code != 0 and out.exists() and not out.is_dir():
        faults.append("left a result")
    faults += [f"left {p.name} behind" for p in place.iterdir() if p.name.endswith(".part") or p.name.startswith(".striae")]
    journal_of(out).unlink(missing_ok=True)
    return ended, faults
