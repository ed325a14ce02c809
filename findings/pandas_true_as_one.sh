#!/usr/bin/env bash
# pandas 3.1.1 reads a column of the words True and False as 1.0 and 0.0 although the column is declared float64.
#
# `read_csv(dtype={"S": "float64"}, keep_default_na=False)`: a column whose every cell is True or False comes back as numbers, without
# an error. One number or any other word among them raises ValueError. So a column of flags that stands where a sample's values were
# expected passes as a sample of zeros and ones; a reader that must know has to look at the text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  pandas==3.1.1 numpy==2.4.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
cat >read.py <<'PY'
import io
import sys

import pandas as pd

for cells in ("True False", "True 1.5", "True yes"):
    text = "S\n" + "\n".join(cells.split()) + "\n"
    try:
        found = pd.read_csv(io.StringIO(text), dtype={"S": "float64"}, keep_default_na=False)["S"].tolist()
    except ValueError:
        found = "ValueError"
    print(f"pandas {pd.__version__}, cells {cells}: {found}")
PY
venv/bin/python read.py | tee seen.txt
grep -q "cells True False: \[1.0, 0.0\]" seen.txt || { echo "CHANGED: words are no longer read as numbers."; exit 1; }
[ "$(grep -c "ValueError" seen.txt)" = 2 ] || { echo "CHANGED: mixed columns are treated in another way."; exit 1; }
echo "As stated: a column of True and False alone is read as 1.0 and 0.0; mixed with anything else it is an error."
