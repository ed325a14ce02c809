#!/usr/bin/env bash
# A stranded peak has no nearest gene in genomicranges 0.9.0 when the gene nearest on either strand lies on the other one.
#
# `genes.nearest(peaks)` heeds the strand unless told not to, but only after the search: it takes the nearest gene of both strands, and
# drops it if its strand does not fit, instead of going on to the next. pyranges' `nearest(strandedness="same")` finds a gene
# for every peak, at the least distance. Divergent promoters and antisense transcription make this the common case in nascent
# transcription, and None reads as a strand without genes. `precede` and `follow` do the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  genomicranges==0.9.0 iranges==0.7.3 biocframe==0.8.1 biocutils==0.5.0 pyranges==0.1.7 pandas==2.3.3 numpy==2.4.6 \
  >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
import pyranges
from genomicranges import GenomicRanges
from iranges import IRanges

random = np.random.default_rng(1)


def drawn(number, width):
    start = np.sort(random.choice(1_000_000, number, replace=False))
    strand = random.choice(["+", "-"], number)
    return pd.DataFrame({"Chromosome": "chr1", "Start": start, "End": start + width, "Strand": strand, "Number": range(number)})


def ranges(table):
    places = IRanges((table.Start + 1).tolist(), (table.End - table.Start).tolist())
    return GenomicRanges(table.Chromosome.tolist(), places, strand=table.Strand.tolist())


def gap(peak, gene):
    return max(0, gene.Start - peak.End, peak.Start - gene.End)


genes, peaks = drawn(50, 1), drawn(400, 200)
least = [min(gap(peak, gene) for gene in genes.itertuples() if gene.Strand == peak.Strand) for peak in peaks.itertuples()]
own = [all(gap(p, g) > least[i] for g in genes.itertuples() if g.Strand != p.Strand) for i, p in enumerate(peaks.itertuples())]
joined = pyranges.PyRanges(peaks).nearest(pyranges.PyRanges(genes), strandedness="same").df.sort_values("Number")
by_pyranges = [gap(peak, genes.iloc[gene]) for peak, gene in zip(peaks.itertuples(), joined.Number_b, strict=True)]
found = ranges(genes).nearest(ranges(peaks))
missing = [gene is None for gene in found]
at_least = [
    gap(peak, genes.iloc[int(gene)]) == least[i]
    for i, (peak, gene) in enumerate(zip(peaks.itertuples(), found, strict=True))
    if gene is not None
]

print(f"genomicranges {version('genomicranges')}, pyranges {version('pyranges')}; {len(genes)} start sites, {len(peaks)} peaks")
print(f"peaks whose nearest start site is on their own strand: {sum(own)}")
print(f"pyranges: {len(by_pyranges)} peaks with a start site, all nearest: {by_pyranges == least}")
print(f"genomicranges: {len(found) - sum(missing)} peaks with a start site, all nearest: {all(at_least)}; {sum(missing)} with None")
if by_pyranges != least:
    sys.exit("CHANGED: pyranges no longer finds the nearest start site of the same strand for every peak.")
if not all(at_least) or [not gone for gone in missing] != own:
    sys.exit("CHANGED: None is no longer said of exactly the peaks whose nearest start site is on the other strand.")
print("As stated: the peaks whose nearest start site is on the other strand have none.")
PY
