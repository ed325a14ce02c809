#!/usr/bin/env bash
# HTSeq 2.1.2 reads every value of a wiggle file one base too far to the right.
#
# Positions of `variableStep` and `fixedStep` count from 1; HTSeq's intervals count from 0 without the end, as its BED and GFF readers
# make them. `WiggleReader` takes the numbers over as they stand. bx-python moves them. So a signal of single bases, such as the 3'
# ends of PRO-seq or NET-seq, lies beside its base: here a pause at the start site of a gene falls out of the gene's first base, and
# the last base of a chromosome gets an interval that ends beyond it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  HTSeq==2.1.2 bx-python==0.15.1 pysam==0.24.1 numpy==2.4.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import bx.wiggle
import HTSeq

LENGTH = 500
WIGGLE = "variableStep chrom=chr1\n101 7\n500 2\nfixedStep chrom=chr1 start=201 step=10 span=5\n3\n4\n"
BEDGRAPH = [("chr1", 100, 101, 7.0), ("chr1", 499, 500, 2.0), ("chr1", 200, 205, 3.0), ("chr1", 210, 215, 4.0)]
Path("ends.wig").write_text(WIGGLE)
Path("gene.gtf").write_text('chr1\tmade\texon\t101\t110\t.\t+\t.\tgene_id "g";\n')

by_htseq = [(part.chrom, part.start, part.end, value) for part, value in HTSeq.WiggleReader("ends.wig")]
with open("ends.wig") as lines:
    by_bx = [(chrom, start, end, value) for chrom, start, end, _, value in bx.wiggle.IntervalReader(lines)]
[gene] = HTSeq.GFF_Reader("gene.gtf")
signal = HTSeq.GenomicArray("auto", stranded=False, typecode="d")
for part, value in HTSeq.WiggleReader("ends.wig"):
    signal[part] += value
first = [signal[HTSeq.GenomicPosition("chr1", gene.iv.start + offset, ".")] for offset in (0, 1)]

print(f"HTSeq {version('HTSeq')}, bx-python {version('bx-python')}; intervals from 0, end not included")
for truth, htseq, bx_python in zip(BEDGRAPH, by_htseq, by_bx, strict=True):
    print(f"as bedGraph {truth}  HTSeq {htseq}  bx-python {bx_python}")
print(f"gene from base 101 on, peak at base 101: HTSeq has {first[0]} at its first base, {first[1]} at its second")
print(f"chromosome of {LENGTH} bases: HTSeq's last interval ends at {max(end for _, _, end, _ in by_htseq)}")
if by_bx != BEDGRAPH:
    sys.exit("CHANGED: bx-python no longer reads the intervals that the format means.")
if by_htseq != [(chrom, start + 1, end + 1, value) for chrom, start, end, value in BEDGRAPH] or first != [0.0, 7.0]:
    sys.exit("CHANGED: HTSeq's intervals are no longer one base to the right.")
print("As stated: HTSeq's wiggle intervals lie one base to the right.")
PY
