#!/usr/bin/env bash
# In genomicranges 0.9.0 what `subtract` takes away depends on the order of the regions to be taken away.
#
# The regions are merged and sorted first, overlaps are looked up among the merged ones, and the numbers found are then used on the
# regions as they were given. With regions that are not sorted, or that merge, others are subtracted than those that overlap: here a
# mask of two repeats takes nothing from either gene, and one that overlaps itself leaves the second gene whole. `setdiff` of the
# same package takes the right bases in every case, though not gene by gene. No error, no warning.
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

GENES = [(100, 199), (1000, 1099)]
MASKS = {
    "sorted": [(150, 159), (1020, 1029)],
    "unsorted": [(1020, 1029), (150, 159)],
    "overlapping": [(150, 155), (153, 159), (1020, 1029)],
}


def ranges(pairs):
    widths = [end - start + 1 for start, end in pairs]
    return GenomicRanges(["chr1"] * len(pairs), IRanges([start for start, _ in pairs], widths), strand=["+"] * len(pairs))


def bases(found):
    return {base for start, width in zip(found.start, found.width) for base in range(start, start + width)}


print(f"genomicranges {version('genomicranges')}, iranges {version('iranges')}; two genes of 100 bases, 10 bases masked in each")
left = {}
for name, mask in MASKS.items():
    masked = {base for start, end in mask for base in range(start, end + 1)}
    truth = [set(range(start, end + 1)) - masked for start, end in GENES]
    found = ranges(GENES).subtract(ranges(mask))
    left[name] = [bases(found[gene]) for gene in range(len(GENES))]
    print(f"{name:11} mask: bases left {[len(gene) for gene in left[name]]}, by definition {[len(gene) for gene in truth]}")
    if bases(ranges(GENES).setdiff(ranges(mask))) != set.union(*truth):
        sys.exit("CHANGED: setdiff no longer takes away the masked bases.")
if [len(gene) for gene in left["sorted"]] != [90, 90]:
    sys.exit("CHANGED: a sorted mask is no longer subtracted rightly.")
if [len(gene) for gene in left["unsorted"]] != [100, 100] or [len(gene) for gene in left["overlapping"]] != [94, 100]:
    sys.exit("CHANGED: other bases are left for the masks in another order or overlapping.")
print("As stated: the same mask in another order is not subtracted.")
PY
