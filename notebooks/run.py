"""Executes the notebooks.

    python notebooks/run.py                     all: NAME.py is executed and NAME.ipynb written with its outputs
    python notebooks/run.py first_archive       one
    python notebooks/run.py --check             nothing is written; a NAME.ipynb whose cells are not those of NAME.py is an error

A cell that raises ends it with its traceback and exit code 1. Execution times, identifiers drawn by chance and versions of
Python are not written, so that another run with the same versions of the packages gives the same file.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

# Said by the kernel at its start on some machines; it would end up in an output.
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")

import jupytext
import matplotlib.font_manager  # noqa: F401  builds the cache of fonts, which says so when a cell does it
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

HERE = Path(__file__).resolve().parent
NAMES = ["first_archive", "descriptor_benchmark", "chemometrics_of_coffee", "calibration"]
SECONDS_PER_CELL = 300
MOST_BYTES = 400_000
COLOURS = re.compile("\x1b\\[[0-9;]*m")


def cells_of(name):
    """The notebook NAME.py without outputs, every cell with an id that does not change."""
    book = jupytext.read(HERE / f"{name}.py")
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number:02}"
        cell["metadata"] = {}
    book.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    book.nbformat, book.nbformat_minor = 4, 5
    return book


def executed(name):
    """The notebook with its outputs."""
    book = cells_of(name)
    with tempfile.TemporaryDirectory(prefix="striae-kernel-") as folder:
        # Sockets in a folder of one's own, where there are such: those of the network are open to every user of the machine.
        sockets = {"transport": "ipc", "ip": f"{folder}/kernel"} if os.name == "posix" else {}
        NotebookClient(
            book,
            config=Config(AsyncKernelManager=sockets),
            kernel_name="python3",
            timeout=SECONDS_PER_CELL,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(HERE)}},
        ).execute()
    clean = cells_of(name)
    for cell, done in zip(clean.cells, book.cells, strict=True):
        if cell.cell_type == "code":
            cell.execution_count = done.execution_count
            cell.outputs = done.outputs
    nbformat.validate(clean)
    return clean


def differs(name):
    """Whether NAME.ipynb is absent or has other cells than NAME.py."""
    path = HERE / f"{name}.ipynb"
    if not path.exists():
        return True
    pairs = [[(c.cell_type, c.source) for c in book.cells] for book in (nbformat.read(path, as_version=4), cells_of(name))]
    return pairs[0] != pairs[1]


def run(name, check):
    """Executes one notebook; says what is wrong with it, or nothing."""
    try:
        book = executed(name)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return f"{name}: {COLOURS.sub('', str(error))}"
    text = nbformat.writes(book) + "\n"
    if len(text.encode()) > MOST_BYTES:
        return f"{name}.ipynb has {len(text.encode())} bytes; at most {MOST_BYTES} are allowed: draw less, or at fewer dpi"
    if check:
        if differs(name):
            return f"{name}.ipynb is not of {name}.py: run notebooks/run.py {name} and keep what it writes"
    else:
        (HERE / f"{name}.ipynb").write_text(text, encoding="utf-8")
    print(f"{name}: {len(book.cells)} cells, {len(text.encode()) // 1000} kB", flush=True)
    return None


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    asked.add_argument("--check", action="store_true", help="write nothing")
    asked = asked.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        sys.exit(f"no notebook {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if os.environ.get("STRIAE"):
        # Kernels run in the folder of the notebooks.
        os.environ["STRIAE"] = str(Path(os.environ["STRIAE"]).resolve())
    wrong = [said for name in asked.names or NAMES if (said := run(name, asked.check))]
    for said in wrong:
        print(said, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
