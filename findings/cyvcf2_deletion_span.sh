#!/usr/bin/env bash
# Inside a deletion whose length only SVLEN gives, as VCF 4.4 allows, a region query finds it with pysam 0.24.1, not with cyvcf2 0.35.0.
#
# Both read the same bgzipped file through the same index. VCF 4.4 says that the end of a symbolic allele without END is computed
# from SVLEN; pysam does so, cyvcf2 gives the deletion an end one base after its start and leaves it out of the answer. With END
# beside SVLEN both find it. A list of a patient's deletions over a gene therefore depends on the reader.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  cyvcf2==0.35.0 pysam==0.24.1 numpy==2.4.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import cyvcf2
import pysam

HEADER = """##fileformat=VCFv4.4
##contig=<ID=chr1,length=1000000>
##ALT=<ID=DEL,Description="Deletion">
##INFO=<ID=END,Number=1,Type=Integer,Description="End of the longest variant of this record">
##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Length of structural variant">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""
RECORDS = {"svlen_only": "SVLEN=50000", "with_end": "SVLEN=50000;END=150000"}
lines = [f"chr1\t100000\t{name}\tA\t<DEL>\t.\tPASS\t{info}\n" for name, info in RECORDS.items()]
Path("deletions.vcf").write_text(HEADER + "".join(lines))
pysam.tabix_index("deletions.vcf", preset="vcf", force=True)
by_pysam, by_cyvcf2 = pysam.VariantFile("deletions.vcf.gz"), cyvcf2.VCF("deletions.vcf.gz")
spans = {record.id: [record.stop - record.start] for record in by_pysam}
for record in by_cyvcf2:
    spans[record.ID].append(record.end - record.start)
found = [
    [record.id for record in by_pysam.fetch("chr1", 119_999, 121_000)],
    [record.ID for record in cyvcf2.VCF("deletions.vcf.gz")("chr1:120000-121000")],
]
print(f"pysam {version('pysam')} (htslib {pysam.version.__htslib_version__}), cyvcf2 {version('cyvcf2')}")
for name, (with_pysam, with_cyvcf2) in spans.items():
    print(f"{name}: {RECORDS[name]}; bases spanned: pysam {with_pysam}, cyvcf2 {with_cyvcf2}")
print(f"chr1:120000-121000 holds: pysam {found[0]}, cyvcf2 {found[1]}")
if found[0] != ["svlen_only", "with_end"] or spans["with_end"][0] < 50_000 or spans["with_end"][1] < 50_000:
    sys.exit("CHANGED: pysam no longer finds both, or a reader no longer spans the deletion that has END.")
if found[1] != ["with_end"] or spans["svlen_only"][1] != 1:
    sys.exit("CHANGED: cyvcf2 now spans, or finds, the deletion that has SVLEN alone.")
print("As stated: cyvcf2 leaves out the deletion whose length only SVLEN gives.")
PY
