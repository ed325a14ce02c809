"""Exons of transcripts near a few places, from a GTF and from a gene table."""

from __future__ import annotations

import gzip
from pathlib import Path

from groprog_assets.methods.annotation.exons import Place, exons_within

GTF = """#!genome
chr1\tx\ttranscript\t101\t900\t.\t+\t.\tgene_id "G"; transcript_id "T1";
chr1\tx\texon\t101\t200\t.\t+\t.\tgene_id "G"; transcript_id "T1";
chr1\tx\texon\t801\t900\t.\t+\t.\tgene_id "G"; transcript_id "T1";
chr1\tx\tCDS\t110\t190\t.\t+\t0\tgene_id "G"; transcript_id "T1";
chr1\tx\texon\t5001\t5100\t.\t-\t.\tgene_id "H"; transcript_id "T2";
chr2\tx\texon\t101\t200\t.\t+\t.\tgene_id "K"; transcript_id "T3";
"""
TABLE = (
    "585\tT1\tchr1\t+\t100\t900\t100\t900\t2\t100,800,\t200,900,\t0\tG\tcmpl\tcmpl\t0,0,\n"
    "585\tT2\tchr1\t-\t5000\t5100\t5000\t5100\t1\t5000,\t5100,\t0\tH\tcmpl\tcmpl\t0,\n"
)


def rows(path: Path, *places: Place) -> list[tuple]:
    found = exons_within(path, places)
    return list(found[["chrom", "start", "end", "strand", "transcript"]].itertuples(index=False, name=None))


def test_a_transcript_is_whole_where_its_intron_reaches_into_the_place(tmp_path: Path):
    path = tmp_path / "a.gtf.gz"
    path.write_bytes(gzip.compress(GTF.encode()))
    whole = [("chr1", 100, 200, "+", "T1"), ("chr1", 800, 900, "+", "T1")]
    assert rows(path, Place("chr1", 400, 500)) == whole
    assert rows(path, Place("chr1", 899, 901)) == whole
    assert rows(path, Place("chr1", 900, 1_000)) == []
    assert rows(path, Place("chr1", 400, 500), Place("chr2", 0, 150)) == [*whole, ("chr2", 100, 200, "+", "T3")]


def test_a_gene_table_gives_the_same(tmp_path: Path):
    table, gtf = tmp_path / "refGene.txt", tmp_path / "a.gtf"
    table.write_text(TABLE)
    gtf.write_text(GTF)
    for place in (Place("chr1", 0, 10_000), Place("chr1", 5_050, 5_060)):
        assert rows(table, place) == rows(gtf, place)


def test_an_annotation_of_transcripts_alone_has_no_exons(tmp_path: Path):
    path = tmp_path / "a.gtf"
    path.write_text(GTF.splitlines(keepends=True)[1])
    assert rows(path, Place("chr1", 0, 1_000)) == []
