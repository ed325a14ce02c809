#!/usr/bin/env bash
# A bigWig written by pyBigWig 0.3.29 has a maximum of about 0 in its header unless some value is larger than its first one.
#
# So every all-negative track, the usual minus strand of PRO-seq, and every track that starts at its peak claims a wrong maximum.
# Values and their statistics are right; only the header's summary is not. pyBigWig's own `header()` hides it, since it cuts the
# header's floating-point numbers to whole ones. pybigtools 0.3.0 shows what the file holds, and writes the right maximum for the
# same values.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  pyBigWig==0.3.29 pybigtools==0.3.0 numpy==2.4.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import pyBigWig
import pybigtools

TRACKS = {"minus strand": [-0.25, -0.5, -4.0], "falling": [9.0, 8.0, 1.0], "rising": [1.0, 8.0, 9.0]}


def header_maximum(path):
    return pybigtools.open(path).info()["summary"]["max"]


print(f"pyBigWig {version('pyBigWig')}, pybigtools {version('pybigtools')}")
seen = {}
for name, values in TRACKS.items():
    starts = [10 * place for place in range(len(values))]
    track = pyBigWig.open("written.bw", "w")
    track.addHeader([("chr1", 1000)])
    track.addEntries("chr1", starts, values=values, span=10)
    track.close()
    pybigtools.open("other.bw", "w").write(
        {"chr1": 1000}, [("chr1", start, start + 10, value) for start, value in zip(starts, values)]
    )
    with_pybigwig = pyBigWig.open("written.bw")
    seen[name] = header_maximum("written.bw")
    print(f"{name}: values {values}")
    print(f"  pyBigWig wrote into the header: max {seen[name]}; its stats(): {with_pybigwig.stats('chr1', type='max')[0]}")
    print(f"  its header(): maxVal {with_pybigwig.header()['maxVal']}; pybigtools wrote: max {header_maximum('other.bw')}")
    if header_maximum("other.bw") != max(values) or with_pybigwig.stats("chr1", type="max")[0] != max(values):
        sys.exit("CHANGED: pybigtools' header or pyBigWig's statistics no longer give the true maximum.")
if seen["rising"] != 9.0 or any(not 0 <= seen[name] < 1e-300 for name in ("minus strand", "falling")):
    sys.exit("CHANGED: pyBigWig no longer writes a maximum of about 0 for the tracks whose first value is the largest.")
print("As stated: the header's maximum is about 0 for the minus strand and the falling track, right for the rising one.")
PY
