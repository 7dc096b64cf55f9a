"""Limits of the system: the size of files, the room for addresses, the memory of a control group, folders that cannot be
written. The program says what it met and what to do; it is not ended by a signal, and what it did is not lost."""

import os
import time
import random
import resource
from contextlib import contextmanager
from pathlib import Path

import mounts
import program
from kills import stray, stray_unfinished

MIB = 1 << 20


def limits(tally, archives, questions, work, seed, interval, short):
    chosen = [q for q in questions if q.name in ("many blocks", "links", "all scores")]
    folder = work / "limits"
    folder.mkdir(exist_ok=True)
    every = ["--checkpoint", f"{interval}s", "-q"]
    file_size(tally, archives, chosen, folder, seed, every, 2 if short else 8)
    folders(tally, archives, chosen[:1] if short else chosen, work, every)
    addresses(tally, archives, chosen[:1] if short else chosen, folder, every, short)
    group(tally, archives, chosen[:1] if short else chosen, folder, every)


def clear(folder):
    for name in os.listdir(folder):
        (folder / name).unlink()


def go_on(question, archives, folder, every):
    """What is wrong when the run is gone on with under no limit."""
    output = folder / "out.h5"
    again = program.run(question.command(output, "--resume", *every), archives)
    faults = [f"gone on with: {fault} ({again.last()})" for fault in again.faults([0])]
    return faults + question.faults(output) + stray(folder, {"out.h5"})


def file_size(tally, archives, questions, folder, seed, every, points):
    """RLIMIT_FSIZE. Its signal (SIGXFSZ) ends programs that do not look after it."""
    dice = random.Random(f"{seed}/size")
    for question in questions:
        clear(folder)
        program.done(question.command(folder / "out.h5", *every), archives)
        largest = (folder / "out.h5").stat().st_size
        for k in range(points):
            clear(folder)
            size = max(int(largest * (k + dice.random()) / points), 1024)
            ended = program.run(
                question.command(folder / "out.h5", *every),
                archives,
                before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
            )
            if ended.code == 0:
                faults = question.faults(folder / "out.h5")
            else:
                faults = ended.faults([1], says=[("out.h5", str(folder)), ("too large", "limit", "ulimit")]) + stray_unfinished(
                    folder, question
                )
                faults += go_on(question, archives, folder, every)
            tally.case("file-size limit", f"{question.name}: {size // 1024} KiB: {ended.how()}", faults, ended.last())


def folders(tally, archives, questions, work, every):
    """Outputs where nothing can be written."""
    for question in questions:
        for name, output, says in (
            ("a folder that is not there", work / "nowhere" / "out.h5", ("no such", "folder", "not there", "directory")),
            ("a folder of the kernel", Path("/proc/out.h5"), ("cannot", "permitted", "no such", "denied")),
        ):
            ended = program.run(question.command(output, *every), archives, 60)
            tally.case(
                "output that cannot be written",
                f"{question.name}: {name}",
                ended.faults([1, 2, 3], says=["out.h5", says]),
                ended.last(),
            )
        if os.getuid() == 0:
            folder = work / "shut"
            folder.mkdir(exist_ok=True)
            os.chmod(work, 0o755)
            os.chmod(folder, 0o555)

            def nobody():
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)

            try:
                ended = program.run(question.command(folder / "out.h5", *every), archives, 60, before=nobody)
                faults = ended.faults([1], says=["out.h5", ("denied", "permission")])
                tally.case("output that cannot be written", f"{question.name}: a folder of somebody else", faults, ended.last())
            except (PermissionError, OSError) as why:
                tally.skip("output that cannot be written", f"the program cannot be run as another user: {why}")
            folder.rmdir()
        try:
            locked(tally, archives, question, work / "locked", every)
        except mounts.Refused as why:
            tally.skip("output that cannot be written", f"no file system can be mounted here: {why}")


def locked(tally, archives, question, folder, every):
    """A file system that can only be read: from the start, and when a run is gone on with."""
    with mounts.small(folder, 1 << 30) as small:
        small.lock()
        output = folder / "out.h5"
        ended = program.run(question.command(output, *every), archives, 60)
        faults = ended.faults([1], says=["out.h5", "read-only"])
        small.lock(False)
        tally.case(
            "output that cannot be written", f"{question.name}: only to be read", faults + stray(folder, set()), ended.last()
        )
        running = program.Running(question.command(output, *every), archives)
        running.over(question.seconds * 0.5)
        running.kill()
        running.end(60)
        before = sorted(os.listdir(folder))
        small.lock()
        ended = program.run(question.command(output, "--resume", *every), archives, 60)
        faults = ended.faults(
            [0, 1] if before == ["out.h5"] else [1], says=[] if before == ["out.h5"] else ["out.h5", "read-only"]
        )
        small.lock(False)
        faults += go_on(question, archives, folder, every)
        tally.case("output that cannot be written", f"{question.name}: only to be read when gone on with", faults, ended.last())


def addresses(tally, archives, questions, folder, every, short):
    """RLIMIT_AS: less room for addresses than the program would like."""
    sizes = [64, 256, 768, 2048] if short else [48, 64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024, 1536, 2048, 3072, 4096]
    for question in questions:
        for size in sizes:
            clear(folder)
            ended = program.run(
                question.command(folder / "out.h5", *every),
                archives,
                before=lambda size=size: resource.setrlimit(resource.RLIMIT_AS, (size * MIB, size * MIB)),
            )
            if ended.code == 0:
                faults = question.faults(folder / "out.h5") + stray(folder, {"out.h5"})
            else:
                # The loader cannot even start the program in the least of them.
                unborn = ended.code == 127 or "error while loading" in ended.err
                faults = [] if unborn else ended.faults([1, 2], says=[("memory", "resources", "thread", "address space")])
                faults += stray_unfinished(folder, question) + go_on(question, archives, folder, every)
            tally.case("room for addresses", f"{question.name}: {size} MiB: {ended.how()}", faults, ended.last())


@contextmanager
def control_group(megabytes):
    """A control group with so much memory: what puts a process into it."""
    name = f"striae-faults-{os.getpid()}"
    for root, limit in ((Path("/sys/fs/cgroup"), "memory.max"), (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes")):
        place = root / name
        try:
            place.mkdir()
        except OSError:
            continue
        if not (place / limit).exists():
            place.rmdir()
            continue
        try:
            (place / limit).write_text(str(megabytes * MIB))
            yield place
            return
        finally:
            # The kernel may still be taking leave of a process that it killed.
            for _ in range(50):
                try:
                    place.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)
    yield None


def group(tally, archives, questions, folder, every):
    """A control group: one that is enough for --memory, and one that is not, where the kernel may kill."""
    for question in questions:
        for megabytes, more, bounded in ((400, ["--memory", "96MiB"], True), (400, [], False), (40, ["--memory", "1GiB"], False)):
            clear(folder)
            with control_group(megabytes) as place:
                if place is None:
                    tally.skip("memory of a control group", "no group with a memory limit can be made here")
                    return
                kept = question.arguments
                if "--memory" in kept and more:
                    at = kept.index("--memory")
                    kept = kept[:at] + kept[at + 2 :]
                ended = program.run(
                    ["compare", *kept, *more, "-o", folder / "out.h5", *every],
                    archives,
                    before=lambda place=place: (place / "cgroup.procs").write_text(str(os.getpid())),
                )
            name = f"{question.name}: {megabytes} MiB, {' '.join(more) or 'as asked'}: {ended.how()}"
            if ended.code == 0:
                faults = question.faults(folder / "out.h5")
            elif ended.signal == 9 and not bounded:
                faults = (
                    go_on(question, archives, folder, every)
                    if not (folder / "out.h5").exists()
                    else question.faults(folder / "out.h5")
                )
            else:
                faults = ended.faults([0] if bounded else [0, 1, 2], says=["memory"]) + go_on(question, archives, folder, every)
            tally.case("memory of a control group", name, faults, ended.last())
