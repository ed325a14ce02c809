#!/usr/bin/env bash
# bioframe 0.8.0 answers danRer11 with the chromosome lengths and accessions of danRer10.
#
# The package holds a table of danRer11's own lengths, but its list of assemblies names the table of danRer10 for both. So reads
# aligned to GRCz11 lie beyond the ends of chromosomes, or the wrong genome passes for the right one. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile bioframe==0.8.0 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import bioframe

GRCZ11 = {"chr1": 59578282, "chr2": 59640629}
print("bioframe", version("bioframe"))
found = {name: bioframe.assembly_info(name).chromsizes for name in ("danRer10", "danRer11")}
held = (Path(bioframe.__file__).parent / "io" / "data" / "danRer11.seqinfo.tsv").read_text()
print("chromosome  danRer10  danRer11  length in GRCz11  in the package's own table of danRer11")
for name, length in GRCZ11.items():
    row = [int(sizes[name]) for sizes in found.values()]
    print(f"{name:10}  {row[0]}  {row[1]}  {length}  {'yes' if str(length) in held else 'no'}")
if any(int(found["danRer11"][name]) != int(found["danRer10"][name]) for name in GRCZ11):
    sys.exit("CHANGED: danRer11 and danRer10 no longer have the same lengths.")
if not all(str(length) in held for length in GRCZ11.values()):
    sys.exit("CHANGED: the package's table of danRer11 no longer holds its lengths.")
print("As stated: danRer11 has the lengths of danRer10.")
PY
