"""What an HDF5 file holds, as bytes that can be compared; read in a process of its own, since a damaged file may crash the
library."""

import io
import json
import os
import pickle
import select
import signal
import sys

import h5py

# Parts of a record that say when, on what and how fast it was made: two runs of one question differ in them.
CIRCUMSTANCES = (
    "started",
    "finished",
    "effort",
    "threads",
    "devices",
    "tile",
    "strategy",
    "warnings",
    "resumed",
    "commits",
    "chain",
    "manifest",
)
RESOURCES = ("memory", "tile", "screening")


def essential(record):
    """What of a record belongs to the question and its answer."""
    kept = {k: v for k, v in record.items() if k not in CIRCUMSTANCES}
    if isinstance(kept.get("options"), dict):
        kept["options"] = {k: v for k, v in kept["options"].items() if k not in RESOURCES}
    return kept


def parts(path):
    """Each dataset and attribute as it is read: name, and its type, shape and bytes. Records, which hold times, come as JSON.
    What cannot be read comes as an exception."""

    def dataset(name, node):
        values = node[()]
        if name.rsplit("/", 1)[-1] == "record":
            text = values[0] if getattr(values, "shape", ()) else values
            return json.loads(text.decode() if isinstance(text, bytes) else text)
        raw = values.tobytes() if node.dtype.kind != "O" else repr(values.tolist()).encode()
        return str(node.dtype), node.shape, raw

    def walk(name, node):
        if isinstance(node, h5py.Dataset):
            yield attempt(name, lambda: dataset(name, node))
        for key in node.attrs if not isinstance(attempt(name, lambda: list(node.attrs))[1], Exception) else ():
            yield attempt(f"{name}@{key}", lambda key=key: repr(node.attrs[key]))
        if isinstance(node, h5py.Group):
            for key in sorted(node):
                inner = f"{name}/{key}".lstrip("/")
                below = attempt(inner, lambda key=key: node[key])
                if isinstance(below[1], Exception):
                    yield below
                else:
                    yield from walk(inner, below[1])

    with h5py.File(path, "r") as file:
        yield from walk("", file)


def attempt(name, read):
    try:
        return name, read()
    except Exception as why:  # whatever the library says of a damaged file
        return name, RuntimeError(str(why))


def content(path):
    """All parts of a file by name; records under `record`. Fails where any part does."""
    found = {}
    for name, part in parts(path):
        put(found, name, part)
    unread = [f"{name}: {part}" for name, part in found.items() if isinstance(part, Exception)]
    if unread:
        raise ValueError("; ".join(unread))
    return found


def put(found, name, part):
    if isinstance(part, dict):
        found.setdefault("record", {})[name] = part
    else:
        found[name] = part


def apart(path, seconds=5):
    """`content` of a file that may be hostile: what can be read of it before the library fails, crashes or hangs. Where a part
    cannot be read an exception stands; `None` where nothing can."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(out)
            sys.stderr.close()
            with os.fdopen(into, "wb") as pipe:
                for part in parts(path):
                    pickle.dump(part, pipe)
                    pipe.flush()
        finally:
            os._exit(0)
    os.close(into)
    read = b""
    try:
        while select.select([out], [], [], seconds)[0]:
            piece = os.read(out, 1 << 20)
            if not piece:
                break
            read += piece
    finally:
        os.close(out)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    found, stream = {}, io.BytesIO(read)
    while True:
        try:
            put(found, *pickle.load(stream))
        except (pickle.UnpicklingError, EOFError, ValueError):
            return found or None


def differences(a, b, all_of_records=False):
    """Names of what differs between two contents; of records only what is essential, unless asked for all."""
    names = sorted(k for k in set(a) | set(b) if k != "record" and a.get(k) != b.get(k))
    left, right = a.get("record", {}), b.get("record", {})
    for name in sorted(set(left) | set(right)):
        x, y = left.get(name, {}), right.get(name, {})
        if not all_of_records:
            x, y = essential(x), essential(y)
        names += [f"{name}.{k}" for k in sorted(set(x) | set(y)) if x.get(k) != y.get(k)]
    return names


def contradictions(a, b, all_of_records=False):
    """Names of what can be read of both and differs, or is in `b` alone. What cannot be read (by h5py's release of the library)
    gives nobody a wrong answer."""
    readable = {k: v for k, v in b.items() if not isinstance(v, Exception)}
    records = {name: record for name, record in a.get("record", {}).items() if name in readable.get("record", {})}
    return differences(
        {k: v for k, v in a.items() if k in readable and k != "record"} | {"record": records}, readable, all_of_records
    )
