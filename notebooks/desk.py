"""A folder to work in, and the program `striae` beside it.

The notebooks hold no algorithm: they call the program, show the command as one would type it, and read the files that it
writes. `STRIAE` names the program, else it is `target/release/striae` of this repository. Files go to a temporary folder
that is removed at the end.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What differs from run to run: times, rates, the processor, how pairs were screened. Left out of what is shown, so that notebooks can be compared.
VARYING = re.compile(r"^\s*(took|on|made|screened)\s|^\s*[\d.]+ [kMG]?\w+/s$")
SECONDS = re.compile(r" in [\d.]+ (ms|s)\b")


def program():
    """Path of the program."""
    named = os.environ.get("STRIAE")
    path = Path(named) if named else ROOT / "target" / "release" / "striae"
    found = shutil.which(path)
    if found is None:
        raise FileNotFoundError(f"there is no program {path}: build it with `make build`, or set STRIAE to it")
    return str(Path(found).resolve())


class Desk:
    """Runs `striae` in a temporary folder, `self.folder`."""

    def __init__(self):
        self.program = program()
        self.kept = tempfile.TemporaryDirectory(prefix="striae-")
        self.folder = Path(self.kept.name)

    def __truediv__(self, name):
        return self.folder / name

    def bring(self, path):
        """Copies a file of this repository here."""
        shutil.copy(ROOT / path, self.folder)

    def call(self, command, shown=True, refused=False):
        if shown:
            print("$ striae " + " \\\n    ".join(line.strip() for line in command.strip().splitlines()))
        done = subprocess.run(
            [self.program, *shlex.split(command)], cwd=self.folder, capture_output=True, text=True, encoding="utf-8", check=False
        )
        if (done.returncode != 0) != refused:
            raise RuntimeError(f"striae {command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def __call__(self, command):
        """Runs a command and shows it with what it says."""
        for line in self.call(command).stdout.splitlines():
            if not VARYING.search(line):
                print(SECONDS.sub("", line))

    def refused(self, command):
        """Runs a command that the program must refuse, and shows why it does."""
        print(self.call(command, refused=True).stderr.strip())

    def json(self, command, shown=True):
        """Runs a command with --json, shows the command unless it repeats one, and returns the document."""
        return json.loads(self.call(command.strip() + " --json", shown).stdout)


def figures(evaluated):
    """The figures of `striae evaluate --json` by name."""
    return {figure["name"]: figure["value"] for figure in evaluated["figures"]}
