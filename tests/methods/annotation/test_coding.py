"""Coding sequence of a GTF, a GFF3 and gene tables, against the bases counted one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.methods.annotation.coding import coding_sequence, touches

ENDS = 'gene_id "G"; transcript_id "T";'
GTF = f"""c 1\tx\texon\t1\t100\t.\t+\t.\t{ENDS}
c 1\tx\tCDS\t31\t40\t.\t+\t0\t{ENDS}
c 1\tx\tCDS\t11\t20\t.\t+\t0\t{ENDS}
c 1\tx\tstop_codon\t41\t43\t.\t+\t0\t{ENDS}
c 1\tx\tCDS\t15\t25\t.\t-\t0\tgene_id "H"; transcript_id "U";
"""
GFF3 = """##gff-version 3
c%201\tx\tgene\t1\t100\t.\t+\t.\tID=gene-G
c%201\tx\tCDS\t11\t25\t.\t+\t0\tID=cds-G;Parent=gene-G
c%201\tx\tCDS\t31\t43\t.\t+\t0\tID=cds-G;Parent=gene-G
##FASTA
>c 1
ACGT
"""
GENE_TABLE = "585\tT\tc 1\t+\t0\t100\t10\t43\t3\t0,30,60,\t25,50,100,\t0\tG\tcmpl\tcmpl\t0,0,-1,\n"
REF_FLAT = "G\tT\tc 1\t+\t0\t100\t10\t43\t3\t0,30,60,\t25,50,100,\n"


@pytest.mark.parametrize("text", [GTF, GFF3, GENE_TABLE, REF_FLAT], ids=["GTF", "GFF3", "refGene", "refFlat"])
def test_every_format_gives_the_same_bases(tmp_path: Path, text: str):
    path = tmp_path / "a.txt"
    path.write_text(text)
    found = coding_sequence(path)
    assert found is not None
    assert {chrom: held.tolist() for chrom, held in found.items()} == {"c 1": [[10, 25], [30, 43]]}


def test_alleles_touch_what_shares_a_base_with_them_and_insertions_lie_within(tmp_path: Path):
    random = np.random.default_rng(1)
    start = random.integers(0, 180, 12)
    end = start + random.integers(1, 12, 12)
    path = tmp_path / "a.gtf"
    path.write_text("".join(f"c\tx\tCDS\t{a + 1}\t{b}\t.\t+\t0\t{ENDS}\n" for a, b in zip(start, end, strict=True)))
    coding = coding_sequence(path)
    assert coding is not None
    bases = {base for a, b in zip(start, end, strict=True) for base in range(a, b)}
    for at in range(1, 195):
        for length in (1, 2, 7):
            assert touches(coding, "c", at, length) == any(at + k in bases for k in range(length)), (at, length)
        assert touches(coding, "c", at, 0) == (at - 1 in bases and at in bases), at
    assert not touches(coding, "elsewhere", 5, 1)


@pytest.mark.parametrize(
    "text", [GTF.splitlines()[0] + "\n", GENE_TABLE.replace("\t10\t43\t", "\t100\t100\t")], ids=["GTF", "refGene"]
)
def test_without_coding_sequence_nothing_is_claimed(tmp_path: Path, text: str):
    path = tmp_path / "a.txt"
    path.write_text(text)
    assert coding_sequence(path) is None
