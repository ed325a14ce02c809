#!/usr/bin/env bash
# safetensors 0.8.0 writes equal arrays with two metadata entries as different bytes in different processes.
#
# `save(tensors, metadata={"a": ..., "b": ...})` writes the entries of `__metadata__` in an order that is drawn anew in each process,
# whatever the order of the dict. With one entry, or without metadata, the bytes repeat. Who names a file by its digest, or compares
# two runs byte for byte, sees a change where there is none; one entry that holds JSON avoids it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  safetensors==0.8.0 numpy==2.2.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
cat >write.py <<'PY'
import hashlib
import sys

import numpy as np
from safetensors.numpy import save

metadata = {"two": {"train": "1", "test": "2"}, "one": {"patients": "1 2"}, "none": None}[sys.argv[1]]
print(hashlib.sha256(save({"x": np.ones(3, np.float32)}, metadata=metadata)).hexdigest()[:12])
PY
for entries in two one none; do
  for _ in $(seq 24); do venv/bin/python write.py "$entries"; done | sort -u >"$entries.txt"
  echo "safetensors 0.8.0, metadata entries: $entries; different files of 24 processes: $(wc -l <"$entries.txt")"
done
[ "$(wc -l <one.txt)" = 1 ] && [ "$(wc -l <none.txt)" = 1 ] || { echo "CHANGED: one entry no longer gives equal bytes."; exit 1; }
[ "$(wc -l <two.txt)" = 2 ] || { echo "CHANGED: two entries give equal bytes now."; exit 1; }
echo "As stated: two entries are written in either order, one entry and none repeat."
