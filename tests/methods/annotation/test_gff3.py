"""Transcripts of a GFF3: NCBI's and Ensembl's names, genes without transcripts, exons, bad lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation.exons import Place, with_exons
from groprog_assets.methods.annotation.gene_models import annotation_file, read_annotation
from groprog_assets.methods.annotation.gff3 import transcript_name

NCBI = """##gff-version 3
c1\tRefSeq\tregion\t1\t900\t.\t+\t.\tID=c1:1..900;Name=I
c1\tRefSeq\tgene\t11\t200\t.\t-\t.\tID=gene-A;Name=tlh1;gene=tlh1
c1\tRefSeq\tmRNA\t11\t200\t.\t-\t.\tID=rna-NM_1.1;Parent=gene-A;transcript_id=NM_1.1;product=a%3Bb
c1\tRefSeq\texon\t11\t50\t.\t-\t.\tID=exon-NM_1.1-1;Parent=rna-NM_1.1
c1\tRefSeq\texon\t101\t200\t.\t-\t.\tID=exon-NM_1.1-2;Parent=rna-NM_1.1
c1\tRefSeq\tCDS\t20\t180\t.\t-\t0\tID=cds-1;Parent=rna-NM_1.1
c1\tRefSeq\tpseudogene\t301\t400\t.\t+\t.\tID=gene-B;locus_tag=LT_B
c1\tRefSeq\texon\t301\t390\t.\t+\t.\tID=exon-B;Parent=gene-B
c1\tRefSeq\tgene\t501\t600\t.\t+\t.\tID=gene-C
c1\tRefSeq\tCDS\t511\t590\t.\t+\t0\tID=cds-C;Parent=gene-C
c1\tRefSeq\tgene\t701\t800\t.\t+\t.\tID=gene-D;Name=lone
"""
ENSEMBL = """##gff-version 3
c1\te\tncRNA_gene\t11\t200\t.\t+\t.\tID=gene:ENSG01;Name=a%2Cb
c1\te\tlnc_RNA\t11\t200\t.\t+\t.\tID=transcript:ENST01;Parent=gene:ENSG01
c1\te\tlnc_RNA\t51\t200\t.\t+\t.\tID=transcript:ENST02;Parent=gene:ENSG01
c1\te\texon\t11\t200\t.\t+\t.\tParent=transcript:ENST01,transcript:ENST02
##FASTA
>c1
ACGT
"""
SIZES = {"c1": 900}


def written(folder: Path, text: str) -> Path:
    path = folder / "a.gff3"
    path.write_text(text)
    return path


def rows(path: Path) -> list[tuple]:
    table = read_annotation(path, SIZES)
    return [tuple(row) for row in table[["gene", "transcript", "start", "end", "strand"]].to_numpy().tolist()]


def test_names_and_places_of_ncbi_and_genes_without_transcripts(tmp_path: Path):
    path = written(tmp_path, NCBI)
    assert rows(path) == [
        ("tlh1", "NM_1.1", 10, 200, "-"),
        ("LT_B", "B", 300, 390, "+"),
        ("C", "C", 510, 590, "+"),
    ]
    told = [notice.value for notice in annotation_file(path, SIZES).notices]
    assert any("1 transcript has no transcript line and is made from its exons" in text for text in told)
    assert any("made from its coding sequence" in text for text in told)
    assert any("1 gene has a gene line only (lone)" in text for text in told)


def test_names_of_ensembl_and_a_part_of_two_transcripts(tmp_path: Path):
    path = written(tmp_path, ENSEMBL)
    assert [row[:2] for row in rows(path)] == [("a,b", "ENST01"), ("a,b", "ENST02")]
    assert transcript_name("rna-XM_5") == "XM_5"


def test_exons_of_a_place_are_found_by_their_parent(tmp_path: Path):
    path = written(tmp_path, NCBI)
    table = with_exons(path, read_annotation(path, SIZES), [Place("c1", 0, 250)])
    assert table["exons"].tolist() == [[(10, 50), (100, 200)]]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("c1\tx\tgene\t30\t20\t.\t+\t.\tID=g\n", "gene c1:30-20"),
        ("c1\tx\tgene\tq\n", "GFF3 lines have nine columns"),
        ("c1\tx\tgene\t800\t950\t.\t+\t.\tID=g\nc1\tx\tmRNA\t800\t950\t.\t+\t.\tID=m;Parent=g\n", "ends at 950"),
    ],
)
def test_bad_lines_are_told(tmp_path: Path, line: str, told: str):
    with pytest.raises(AnnotationError) as error:
        read_annotation(written(tmp_path, NCBI + line), SIZES)
    assert told in str(error.value)
