"""Are two results the same: every dataset but the record (times, devices) and its own digest byte for byte, and the digest of
the result that the record names?

    same.py ONE.h5 OTHER.h5
"""

import json
import sys

import h5py

RECORD = ("record", "record_blake3")


def contents(path):
    """Datasets by name, as shape, type and bytes; the digest that the record names."""
    found = {}
    with h5py.File(path) as f:
        def keep(name, node):
            if isinstance(node, h5py.Dataset) and name not in RECORD:
                values = node[()]
                found[name] = (values.shape, values.dtype.str, values.tobytes())

        f.visititems(keep)
        record = f["record"][()]
    text = record.flat[0] if hasattr(record, "flat") else record
    return found, json.loads(text)["result_blake3"]


def main():
    one, other = sys.argv[1:]
    (found, digest), (expected, expected_digest) = contents(one), contents(other)
    wrong = [name for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)]
    if not found:
        wrong.append("(there is no dataset in it)")
    if digest != expected_digest:
        wrong.append(f"digest ({digest}, {expected_digest})")
    if wrong:
        sys.exit(f"{one} and {other} differ: {', '.join(wrong)}")
    size = sum(len(v[2]) for v in found.values())
    print(f"{len(found)} datasets ({', '.join(found)}), {size} bytes, digest {digest}: the same")


main()
