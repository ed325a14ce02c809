"""Exons of transcripts near a few places, from a GTF and from a gene table."""

from __future__ import annotations

import gzip
from pathlib import Path

from groprog_assets.methods.annotation.exons import Place, with_exons
from groprog_assets.methods.annotation.gene_models import read_annotation

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


SIZES = {"chr1": 100_000_000, "chr2": 10_000}


def rows(path: Path, *places: Place) -> list[tuple]:
    """(chrom, start, end, strand, transcript) of every exon of the transcripts near the places."""
    found = with_exons(path, read_annotation(path, SIZES), places)
    return [
        (row.chrom, start, end, row.strand, row.transcript)
        for row in found.itertuples(index=False)
        for start, end in row.exons
    ]


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


def test_a_name_with_two_placements_has_the_exons_of_each(tmp_path: Path):
    path = tmp_path / "a.gtf"
    line = 'chr1\tx\texon\t{}\t{}\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
    path.write_text(
        "".join(line.format(s, s + 99 + w) for s, w in ((1_001, 0), (3_001, 100), (30_001_001, 0), (30_003_001, 100)))
    )
    assert rows(path, Place("chr1", 1_500, 1_600)) == [
        ("chr1", 1_000, 1_100, "+", "T"),
        ("chr1", 3_000, 3_200, "+", "T"),
    ]
    assert rows(path, Place("chr1", 10_000_000, 10_020_000)) == [], "no intron of 30 Mb"


def test_a_gene_of_coding_sequence_alone_is_there_without_exons(tmp_path: Path):
    path = tmp_path / "a.gtf"
    path.write_text(
        GTF + 'chr2\tx\tCDS\t1001\t1100\t.\t+\t0\tgene_id "thrA"; orig_transcript_id "o|1"; transcript_id "T 4";\n'
    )
    found = with_exons(path, read_annotation(path, SIZES), [Place("chr2", 1_000, 1_100)])
    assert found[["transcript", "exons"]].values.tolist() == [["T 4", []]]


def test_exons_at_the_very_ends_of_a_transcript_are_kept_and_those_beyond_it_left_out(tmp_path: Path):
    path = tmp_path / "a.gtf"
    beyond = 'chr1\tx\texon\t901\t950\t.\t+\t.\tgene_id "G"; transcript_id "T1";\n'
    before = 'chr1\tx\texon\t100\t100\t.\t+\t.\tgene_id "G"; transcript_id "T1";\n'
    path.write_text(GTF + beyond + before)
    found = rows(path, Place("chr1", 150, 160))
    assert [(start, end) for _, start, end, _, name in found if name == "T1"] == [(100, 200), (800, 900)]
