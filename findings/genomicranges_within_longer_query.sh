#!/usr/bin/env bash
# In genomicranges 0.9.0 `within` turns round once the query has more ranges than the subject, so peaks inside genes are lost.
#
# `genes.find_overlaps(peaks, query_type="within")` finds the peaks that lie inside a gene, as documented, as long as there are no more
# peaks than genes. With one peak more, wherever it lies, the two sides are exchanged inside the package, and what is found are the
# peaks that contain a whole gene. Counts and subsets by overlap turn round with it. Peaks usually outnumber genes, so nearly every
# real query meets it; a small example, or a test, does not. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  genomicranges==0.9.0 iranges==0.7.3 biocframe==0.8.1 biocutils==0.5.0 numpy==2.4.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

from genomicranges import GenomicRanges
from iranges import IRanges

GENES = [(1001, 2000), (3001, 4000)]
INSIDE = [(1200, 1300), (3500, 3600)]
FAR, AROUND = (90_000, 90_100), (900, 2100)


def ranges(pairs):
    widths = [end - start + 1 for start, end in pairs]
    return GenomicRanges(["chr1"] * len(pairs), IRanges([start for start, _ in pairs], widths), strand=["+"] * len(pairs))


def within(peaks):
    hits = ranges(GENES).find_overlaps(ranges(peaks), query_type="within")
    return [(int(peak), int(gene)) for peak, gene in zip(hits.get_column("query_hits"), hits.get_column("self_hits"))]


def counted(peaks):
    return [int(peaks_inside) for peaks_inside in ranges(GENES).count_overlaps(ranges(peaks), query_type="within")]


def definition(peaks):
    pairs = [(peak, gene) for peak in range(len(peaks)) for gene in range(len(GENES))]
    return [(p, g) for p, g in pairs if GENES[g][0] <= peaks[p][0] and peaks[p][1] <= GENES[g][1]]


print(f"genomicranges {version('genomicranges')}, iranges {version('iranges')}; two genes; pairs are (peak, gene)")
found = {}
for name, peaks in {
    "one peak inside each gene": INSIDE,
    "and one far away": [*INSIDE, FAR],
    "and one around the first gene": [*INSIDE, AROUND],
}.items():
    found[name] = within(peaks)
    print(f"{name:30} found {found[name]}, by definition {definition(peaks)}; counts {counted(peaks)}")
    if definition(peaks) != [(0, 0), (1, 1)]:
        sys.exit("The example is wrong.")
two, far, around = found.values()
if two != [(0, 0), (1, 1)]:
    sys.exit("CHANGED: two peaks inside two genes are no longer found.")
if far != [] or around != [(2, 0)]:
    sys.exit("CHANGED: with more peaks than genes, something else is found than peaks that contain a gene.")
print("As stated: a third peak, wherever it lies, turns `within` round.")
PY
