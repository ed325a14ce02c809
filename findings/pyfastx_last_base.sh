#!/usr/bin/env bash
# In a FASTA with CRLF line ends and none after its last line, pyfastx 2.3.1 loses the last base of the last sequence.
#
# Its length, GC content and slices lack the base, without an error; the same text with LF line ends, or with a final line end,
# is read whole. pysam and pyfaidx read all four files alike. Editors on Windows that do not end the last line make such files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  pyfastx==2.3.1 pysam==0.24.1 pyfaidx==0.9.2.2 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import pyfaidx
import pyfastx
import pysam

FIRST, LAST = "ACGTACGTAC" * 2, "TTGACCATGATTGACCATGAGG"
print(", ".join(f"{name} {version(name)}" for name in ("pyfastx", "pysam", "pyfaidx")))
print("line ends  final one  length of the last sequence, its last five bases: pyfastx | pysam | pyfaidx")
lost = {}
for name, end in (("LF", "\n"), ("CRLF", "\r\n")):
    for final in (True, False):
        path = f"{name}_{final}.fa"
        lines = [">first", FIRST[:10], FIRST[10:], ">last", LAST[:10], LAST[10:20], LAST[20:]]
        Path(path).write_bytes((end.join(lines) + end * final).encode())
        sequence = pyfastx.Fasta(path)["last"]
        others = [pysam.FastaFile(path).fetch("last"), str(pyfaidx.Fasta(path)["last"])]
        read = " | ".join(f"{len(bases)} {bases[-5:]}" for bases in [sequence.seq, *others])
        print(f"{name:9}  {'yes' if final else 'no':9}  {read}")
        if others != [LAST, LAST] or len(sequence) != len(sequence.seq):
            sys.exit("CHANGED: pysam or pyfaidx no longer reads the whole sequence, or pyfastx' length and bases differ.")
        lost[name, final] = len(LAST) - len(sequence)
if lost != {("LF", True): 0, ("LF", False): 0, ("CRLF", True): 0, ("CRLF", False): 1}:
    sys.exit(f"CHANGED: pyfastx lost {lost}; one base was expected in the CRLF file without a final line end, none elsewhere.")
print("As stated: the last base is lost in the CRLF file that does not end with a line end.")
PY
