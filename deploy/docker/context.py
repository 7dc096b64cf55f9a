"""Checks that Dockerfile.dockerignore lets through all that the build reads, and keeps archives and results out. No engine is
needed: the rule is that the last pattern that matches a path, or a folder above it, decides.

    context.py    exit 1 names what is missing, or what should not be there
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'include(?:_str|_bytes)?!\(\s*(concat!\(env!\("CARGO_MANIFEST_DIR"\),\s*)?"([^"]+)"')


def patterns():
    for line in (ROOT / "deploy/docker/Dockerfile.dockerignore").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            inward = line.startswith("!")
            parts = re.split(r"(\*\*/|\*\*|\*|\?)", line.strip().lstrip("!").strip("/"))
            known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
            yield inward, re.compile("".join(known.get(part, re.escape(part)) for part in parts))


def let_through(path, rules):
    steps = path.split("/")
    above = ["/".join(steps[: n + 1]) for n in range(len(steps))]
    inside = True
    for inward, pattern in rules:
        if any(pattern.fullmatch(one) for one in above):
            inside = inward
    return inside


def needed():
    """The sources, what they include, what Cargo.toml and the Dockerfile name."""
    found = {"Cargo.toml", "Cargo.lock", "build.rs"}
    sources = [p for folder in ("src", "shaders") for p in (ROOT / folder).rglob("*") if p.is_file()]
    found |= {str(p.relative_to(ROOT)) for p in sources}
    for source in [ROOT / "build.rs", *(p for p in sources if p.suffix == ".rs")]:
        for of_root, name in INCLUDE.findall(source.read_text()):
            path = ROOT / name.lstrip("/") if of_root else (source.parent / name).resolve()
            found.add(str(path.relative_to(ROOT)))
    found |= set(re.findall(r'^path = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE))
    found |= {"benches/engine.rs", "tests/solvers.rs", "scripts/lib.sh"}
    return found | set(re.findall(r"\./(scripts/\S+)", (ROOT / "deploy/docker/Dockerfile").read_text()))


rules = list(patterns())
wrong = [f"{p}: needed, and left out" for p in sorted(needed()) if not let_through(p, rules)]
wrong += [f"{p}: needed, and not there" for p in sorted(needed()) if not (ROOT / p).exists()]
unwanted = ("night.h5", "datasets/archive.h5", "tests/a/b.h5", "target/release/striae", ".git/config", "tests/__pycache__/a.pyc")
wrong += [f"{p}: would be sent along" for p in unwanted if let_through(p, rules)]
print("\n".join(wrong) or f"Dockerfile.dockerignore: {len(needed())} files that the build reads are let through")
sys.exit(1 if wrong else 0)
