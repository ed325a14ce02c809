#!/usr/bin/env bash
# The header of a bigWig that pyBigWig 0.3.29 writes has a maximum of about 0 for an all-negative track, and forgets a peak at its start.
#
# A value below all earlier ones, as the first one is, never counts for the maximum, and the maximum starts at the smallest positive
# number. So the usual minus strand of PRO-seq claims a maximum of 2e-308, and a track that starts at its peak that of the rest.
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

TRACKS = {"minus strand": [-0.5, -0.25, -4.0], "peak at the start": [9.0, 1.0, 8.0], "peak later": [1.0, 9.0, 8.0]}


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
if not 0 < seen["minus strand"] < 1e-300:
    sys.exit("CHANGED: the maximum of an all-negative track is no longer about 0.")
if (seen["peak at the start"], seen["peak later"]) != (8.0, 9.0):
    sys.exit("CHANGED: the peak at the start counts for the maximum now, or the later one no longer does.")
print("As stated: about 0 for the minus strand, 8 where the peak of 9 comes first, 9 where it comes later.")
PY
