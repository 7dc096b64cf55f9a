"""Opens a file of ours as a user would, and prints what is in it as JSON."""
import json
import sys

import h5py
import numpy as np


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()] if value.dtype.kind in "SO" else np.where(np.isnan(value), None, value).tolist() if value.dtype.kind == "f" else value.tolist()
    return value.item() if isinstance(value, np.generic) else value


out = {}
with h5py.File(sys.argv[1]) as f:
    f.visititems(lambda name, node: out.__setitem__(
        name, {"shape": node.shape, "dtype": node.dtype.str, "values": plain(node[:5] if node.ndim else node[()]),
               "attributes": {k: plain(v) for k, v in node.attrs.items()}}) if isinstance(node, h5py.Dataset) else None)
    out["/"] = {k: plain(v) for k, v in f.attrs.items()}
print(json.dumps(out))
