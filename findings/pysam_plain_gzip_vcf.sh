#!/usr/bin/env bash
# pysam 0.24.1 opens a VCF under plain gzip with NotImplementedError, where the same htslib family's bcftools reads it.
#
# The VCF specification does not ask for BGZF, and many files in circulation are plain gzip. `VariantFile(path)` raises
# "seek not implemented in files compressed by method 1": no OSError and no ValueError, which are what callers catch for a file that
# cannot be read. A reader should look at the first bytes and say `bgzip` itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pysam==0.24.1 >pip.log 2>&1 || { cat pip.log; exit 2; }
printf '##fileformat=VCFv4.3\n##contig=<ID=1,length=1000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t10\t.\tA\tC\t.\tPASS\t.\n' >a.vcf
cat >read.py <<'PY'
import gzip
import shutil

import pysam

with open("a.vcf", "rb") as plain, gzip.open("gzip.vcf.gz", "wb") as packed:
    shutil.copyfileobj(plain, packed)
pysam.tabix_compress("a.vcf", "bgzip.vcf.gz")
for name in ("a.vcf", "bgzip.vcf.gz", "gzip.vcf.gz"):
    try:
        found = f"{sum(1 for _ in pysam.VariantFile(name))} record"
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    print(f"pysam {pysam.__version__}, {name}: {found}")
PY
venv/bin/python read.py | tee seen.txt
[ "$(grep -c ": 1 record" seen.txt)" = 2 ] || { echo "CHANGED: plain text or BGZF is no longer read."; exit 1; }
grep -q "gzip.vcf.gz: NotImplementedError: seek not implemented" seen.txt || { echo "CHANGED: plain gzip is treated in another way."; exit 1; }
echo "As stated: plain text and BGZF are read, plain gzip raises NotImplementedError."
