"""Prints the licences of everything that is linked into the program: a table of crates, then the texts that lie in their
sources, each text once.

    licences.py            needs cargo and the crates' sources, which a build has left; no network
"""

import json
import os
import pathlib
import re
import subprocess
import sys

NAMES = re.compile(r"^(licen[cs]e|copying|notice|copyright|ofl|ufl)", re.IGNORECASE)


def metadata():
    about = subprocess.check_output(["rustc", "-vV"], text=True).splitlines()
    host = next(line.split()[1] for line in about if line.startswith("host:"))
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--offline", f"--filter-platform={host}"]
    return json.loads(subprocess.check_output(command, text=True))


def linked(found):
    """Packages reached from the program by normal dependencies; not what only builds or tests it, nor macros."""
    packages = {p["id"]: p for p in found["packages"]}
    nodes = {n["id"]: n for n in found["resolve"]["nodes"]}
    root = found["resolve"]["root"]
    seen, to_see = set(), [root]
    while to_see:
        for dependency in nodes[to_see.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            package = packages[dependency["pkg"]]
            macro = any("proc-macro" in target["kind"] for target in package["targets"])
            if normal and not macro and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                to_see.append(dependency["pkg"])
    return sorted((packages[p] for p in seen), key=lambda p: (p["name"], p["version"]))


def texts(package):
    """Licence files of a crate: at its top, and of the C and C++ sources that it carries."""
    top = pathlib.Path(package["manifest_path"]).parent
    for folder, folders, files in os.walk(top):
        depth = len(pathlib.Path(folder).relative_to(top).parts)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in ("target", "tests", "test"))
        if depth == 3:
            folders.clear()
        for name in sorted(files):
            if NAMES.match(name) and not name.endswith((".rs", ".py", ".c", ".h")):
                path = pathlib.Path(folder) / name
                yield path.relative_to(top), path.read_text(encoding="utf-8", errors="replace").strip()


def main():
    packages = linked(metadata())
    by_text, without = {}, []
    print(f"Linked into striae: {len(packages)} crates\n")
    for package in packages:
        print(f"{package['name']} {package['version']}: {package['license'] or 'see its file'}")
        found = list(texts(package))
        for path, text in found:
            by_text.setdefault(text, []).append(f"{package['name']} {package['version']}/{path}")
        if not found:
            without.append(package["name"])
    if without:
        print(f"\nWithout a text in their sources (the licence is the one named above): {', '.join(without)}")
    for text, places in by_text.items():
        print(f"\n{'=' * 100}\n{chr(10).join(places)}\n{'-' * 100}\n{text}")
    return 0 if packages else 1


sys.exit(main())
