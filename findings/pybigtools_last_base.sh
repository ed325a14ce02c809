#!/usr/bin/env bash
# For some numbers of bins the `values()` of pybigtools 0.3.0 leave out the last base of the region, even with `exact=True`.
#
# A region of 230 bases in 7 bins ends one base early, in 10 bins it does not: whether a length times the number of bins comes back
# whole from floating-point arithmetic decides. A single-base signal at the end, such as a 5' or 3' read end, is then missing.
# pyBigWig finds it for every number of bins, and so does pybigtools when one bin is asked for.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  pybigtools==0.3.0 pyBigWig==0.3.29 numpy==2.4.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import pybigtools
import pyBigWig

LENGTHS, BINS = (57, 100, 230, 1000), range(1, 51)
print(f"pybigtools {version('pybigtools')}, pyBigWig {version('pyBigWig')}; one base of value 5 at the end of the region")
lost = {}
for length in LENGTHS:
    pybigtools.open("ends.bw", "w").write({"chr1": 2000}, [("chr1", length - 1, length, 5.0)])
    by_pybigtools, by_pybigwig = pybigtools.open("ends.bw"), pyBigWig.open("ends.bw")
    last = {
        bins: by_pybigtools.values("chr1", 0, length, bins=bins, summary="max", exact=True, fillna=None)[-1] for bins in BINS
    }
    lost[length] = [bins for bins, value in last.items() if np.isnan(value)]
    missed = [b for b in BINS if by_pybigwig.stats("chr1", 0, length, type="max", nBins=b, exact=True)[-1] != 5.0]
    print(f"{length} bases: the base is missing with {lost[length] or 'no'} bins of 1 to 50; with pyBigWig: {missed or 'none'}")
    if missed or any(value != 5.0 for value in last.values() if not np.isnan(value)):
        sys.exit("CHANGED: pyBigWig misses the base too, or pybigtools gives another value.")
if 7 not in lost[230] or 10 in lost[230] or lost[100]:
    sys.exit("CHANGED: the last of 230 bases is no longer missing with 7 bins, or is missing with 10, or of 100 bases too.")
print("As stated: 230 bases in 7 bins are 229.")
PY
