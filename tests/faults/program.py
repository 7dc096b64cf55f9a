"""Running the program: how it ended, what it said, what it took; and what no ending may be."""

import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# Exit codes that the program has: 0 done, 1 failed, 2 usage, 3 input refused, 4 interrupted.
CODES = range(5)


def binary():
    """The program under test, as an absolute path."""
    path = Path(os.environ.get("STRIAE") or "target/release/striae")
    if not path.exists():
        raise SystemExit(f"faults: {path} is not there: make build, or set STRIAE to the program")
    return str(path.resolve())


def environment(more=None):
    """The environment of every run: no tuning of this machine, no backtraces, no hook but those in `more`; and where the program
    was built with OpenBLAS, none of its threads, which never stop asking for memory that they do not get."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("STRIAE_") and k != "RUST_BACKTRACE"}
    return kept | {"STRIAE_CACHE": "/nonexistent", "NODEVICE_SELECT": "1", "OPENBLAS_NUM_THREADS": "1"} | (more or {})


class Ended:
    """How a run ended."""

    def __init__(self, arguments, status, out, err, seconds, cpu_seconds, peak_mib, late):
        self.arguments, self.out, self.err = arguments, out, err
        self.seconds, self.cpu_seconds, self.peak_mib, self.late = seconds, cpu_seconds, peak_mib, late
        self.code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None

    def how(self):
        """In a word: `exit 3`, `SIGSEGV`, `hung`."""
        if self.late:
            return "hung"
        return f"exit {self.code}" if self.signal is None else signal.Signals(self.signal).name

    def faults(self, codes=CODES, peak_mib=None, says=()):
        """All that is wrong with this ending: signals, panics, hangs, other codes than `codes`, words that are missing."""
        found = []
        if self.late:
            found.append(f"hung: not done after {self.seconds:.0f} s")
        elif self.signal is not None:
            found.append(f"ended by {self.how()}")
        elif self.code not in codes:
            found.append(f"exit {self.code}, allowed {', '.join(map(str, codes))}")
        for mark in ("panicked at", "RUST_BACKTRACE", "stack overflow", "core dumped"):
            if mark in self.err or mark in self.out:
                found.append(f"says {mark!r}")
        if peak_mib is not None and self.peak_mib > peak_mib:
            found.append(f"took {self.peak_mib:.0f} MiB, allowed {peak_mib}")
        said = (self.err + self.out).lower()
        for word in says:
            choices = (word,) if isinstance(word, str) else word
            if not any(choice.lower() in said for choice in choices):
                found.append(f"does not say {' or '.join(choices)}")
        return found

    def last(self):
        """The last line that it said, shortened."""
        lines = [line for line in self.err.splitlines() if line.strip()] or [""]
        return lines[-1] if len(lines[-1]) <= 300 else lines[-1][:300] + " …"


class Running:
    """A run that goes on, in `folder`. No core file is written, whatever happens to it."""

    def __init__(self, arguments, folder, more=None, before=None):
        self.arguments = [str(a) for a in arguments]
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()

        def start():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if before:
                before()

        # By the clock on the wall, which journals go by, and by one that never jumps.
        self.started, self.began = time.time(), time.monotonic()
        self.process = subprocess.Popen(
            [binary(), *self.arguments],
            cwd=folder,
            env=environment(more),
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=self.err,
            preexec_fn=start,
        )
        self.handle = os.pidfd_open(self.process.pid)

    def over(self, seconds=0.0):
        """Whether it has ended; waits so long for it."""
        return bool(select.select([self.handle], [], [], seconds)[0])

    def kill(self, number=signal.SIGKILL):
        signal.pidfd_send_signal(self.handle, number)

    def end(self, limit):
        """Waits for its end, which is forced after `limit` seconds."""
        late = not self.over(limit)
        if late:
            self.kill()
        _, status, used = os.wait4(self.process.pid, 0)
        seconds = time.monotonic() - self.began
        self.process.returncode = 0
        os.close(self.handle)
        said = []
        for stream in (self.out, self.err):
            stream.seek(0)
            said.append(stream.read().decode("utf-8", "replace"))
            stream.close()
        return Ended(self.arguments, status, *said, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, late)


def run(arguments, folder, limit=120, more=None, before=None):
    """Runs the program in `folder` to its end."""
    return Running(arguments, folder, more, before).end(limit)


def done(arguments, folder):
    """Runs what must succeed, and is not what is tested."""
    ended = run(arguments, folder)
    if ended.code != 0:
        raise SystemExit(f"faults: striae {' '.join(ended.arguments)}: {ended.how()}: {ended.err or ended.out}")
    return ended


class Tally:
    """Cases and what was wrong with them: one line each, and a summary. Reproducers of failures go to `keep`."""

    def __init__(self, keep=None):
        self.keep = Path(keep) if keep else None
        self.cases, self.failed, self.skipped, self.figures = {}, [], [], []

    def case(self, kind, name, faults, note="", files=(), quiet=False):
        """One case. `files` are kept where it failed."""
        self.cases[kind] = self.cases.get(kind, 0) + 1
        if faults:
            self.failed.append((kind, name, faults))
            kept = self.kept(kind, files)
            print(f"FAILED  {kind}: {name}: {'; '.join(faults)}{'   ' + note if note else ''}{kept}", flush=True)
        elif not quiet:
            print(f"ok      {kind}: {name}{'   ' + note if note else ''}", flush=True)

    def kept(self, kind, files):
        if not self.keep or not files:
            return ""
        folder = self.keep / f"{kind.replace(' ', '-')}-{len(self.failed):04}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in map(Path, files):
            if file.is_file():
                shutil.copy(file, folder / file.name)
        return f"   kept in {folder}"

    def skip(self, kind, why):
        self.skipped.append((kind, why))
        print(f"SKIPPED {kind}: {why}", flush=True)

    def figure(self, text):
        self.figures.append(text)
        print(f"        {text}", flush=True)

    def summary(self):
        """Says what came of it; the exit code."""
        print()
        for kind, count in self.cases.items():
            failed = sum(1 for k, _, _ in self.failed if k == kind)
            print(f"{kind}: {count - failed} of {count}")
        for text in self.figures:
            print(f"  {text}")
        for kind, why in self.skipped:
            print(f"{kind}: skipped: {why}")
        for kind, name, faults in self.failed[:40]:
            print(f"FAILED {kind}: {name}: {'; '.join(faults)}")
        return 1 if self.failed else 0
