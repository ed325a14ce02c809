"""Chromosome sizes, annotations in every accepted form, masks; what bad files get."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation.gene_models import read_annotation
from groprog_assets.study.chrom_sizes import read_chrom_sizes

SIZES = {"chr1": 10_000, "chr2": 5_000}

GTF = """#!genome-build x
chr2\tRefSeq\ttranscript\t101\t400\t.\t-\t.\tgene_id "7"; transcript_id "T3"; gene_name "BETA";
chr1\tRefSeq\texon\t1001\t1100\t.\t+\t.\tgene_id "5"; transcript_id "T1"; gene_name "ALPHA";
chr1\tRefSeq\ttranscript\t1001\t2000\t.\t+\t.\tgene_id "5"; transcript_id "T1"; gene_name "ALPHA";
chr1\tRefSeq\ttranscript\t1001\t2000\t.\t+\t.\tgene_id "5"; transcript_id "T1"; gene_name "ALPHA";
chrUn\tRefSeq\ttranscript\t1\t20\t.\t+\t.\tgene_id "9"; transcript_id "T9"; gene_name "ELSEWHERE";
"""

ROWS = [["chr1", 1000, 2000, "+", "T1", "ALPHA"], ["chr2", 100, 400, "-", "T3", "BETA"]]


def written(folder: Path, text: str, name: str = "a.gtf", compress: bool = False) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if compress else text.encode())
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_gtf(tmp_path: Path, compress: bool) -> None:
    assert read_annotation(written(tmp_path, GTF, compress=compress), SIZES).values.tolist() == ROWS


def test_gtf_of_exons_only(tmp_path: Path) -> None:
    lines = [
        'chr1\tx\texon\t1901\t2000\t.\t+\t.\tgene_id "ALPHA"; transcript_id "T1";',
        'chr1\tx\tCDS\t5\t9000\t.\t+\t.\tgene_id "ALPHA"; transcript_id "T1";',
        'chr1\tx\texon\t1001\t1200\t.\t+\t.\tgene_id "ALPHA"; transcript_id "T1";',
        'chr2\tx\texon\t101\t400\t.\t-\t.\tgene_id "BETA"; transcript_id "T3";',
    ]
    assert read_annotation(written(tmp_path, "\n".join(lines)), SIZES).values.tolist() == ROWS


@pytest.mark.parametrize(
    "lines",
    [
        # refGene: bin first, name2 behind the score
        [
            "585\tT1\tchr1\t+\t1000\t2000\t1000\t2000\t1\t1000,\t2000,\t0\tALPHA\tcmpl\tcmpl\t0,",
            "585\tT3\tchr2\t-\t100\t400\t100\t400\t1\t100,\t400,\t0\tBETA\tcmpl\tcmpl\t0,",
        ],
        # genePredExt
        [
            "T1\tchr1\t+\t1000\t2000\t1000\t2000\t1\t1000,\t2000,\t0\tALPHA\tcmpl\tcmpl\t0,",
            "T3\tchr2\t-\t100\t400\t100\t400\t1\t100,\t400,\t0\tBETA\tcmpl\tcmpl\t0,",
        ],
        # refFlat: gene first
        [
            "ALPHA\tT1\tchr1\t+\t1000\t2000\t1000\t2000\t1\t1000,\t2000,",
            "BETA\tT3\tchr2\t-\t100\t400\t100\t400\t1\t100,\t400,",
        ],
    ],
)
def test_gene_tables(tmp_path: Path, lines: list[str]) -> None:
    path = written(tmp_path, "#header\n" + "\n".join(lines), "refGene.txt")
    assert read_annotation(path, SIZES).values.tolist() == ROWS


def test_plain_gene_table_names_the_transcript(tmp_path: Path) -> None:
    path = written(tmp_path, "T1\tchr1\t+\t1000\t2000\t1000\t2000\t1\t1000,\t2000,", "genePred.txt")
    assert read_annotation(path, SIZES).values.tolist() == [["chr1", 1000, 2000, "+", "T1", "T1"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no transcript"),
        ("not an annotation\n", "neither a GTF nor a GFF3 nor a UCSC gene table"),
        (GTF.replace("chr", ""), "Rename 2 to chr2"),
        (GTF.replace("chr1", "scaffold1").replace("chr2", "scaffold2"), "another assembly"),
        (GTF.replace("1001\t2000", "1001\t20000"), "ends at 20000, chr1 at 10000"),
        (GTF.replace("1001\t2000", "1001\t1000"), "at least one base"),
        (GTF.replace("\t-\t", "\t.\t").replace("\t+\t", "\t.\t"), "strand '.'"),
        (GTF.replace('transcript_id "T3"; ', ""), "names its transcript_id"),
        (GTF + "chr1\tcut", "nine columns"),
        ("chr1\tx\tmRNA\t1\t20\t.\t+\t.\tnote=none\n", "Give a GTF, a GFF3"),
    ],
)
def test_bad_annotations(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AnnotationError, match=said) as caught:
        read_annotation(written(tmp_path, text), SIZES)
    assert all(problem.rule and problem.remedy for problem in caught.value.problems)


def test_every_problem_at_once_but_not_a_thousand(tmp_path: Path) -> None:
    bad = "".join(f'chr1\tx\ttranscript\t9\t8\t.\t+\t.\tgene_id "G"; transcript_id "Z{i}";\n' for i in range(1000))
    with pytest.raises(AnnotationError) as caught:
        read_annotation(written(tmp_path, GTF.replace("\t-\t", "\t.\t") + bad), SIZES)
    assert len(caught.value.problems) == 6
    assert "995 more lines" in str(caught.value)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_annotation(tmp_path / "absent.gtf", SIZES)
    whole = gzip.compress((GTF * 5000).encode())
    (tmp_path / "cut.gtf.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_annotation(tmp_path / "cut.gtf.gz", SIZES)
    (tmp_path / "binary.gtf").write_bytes(bytes(range(128, 256)))
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_annotation(tmp_path / "binary.gtf", SIZES)


def test_real_annotations(shared) -> None:
    folder = shared / "data" / "reference"
    sizes = read_chrom_sizes(folder / "hg19.chrom.sizes")
    models = read_annotation(folder / "hg19.refGene.chr7.gtf.gz", sizes)
    assert len(models) == 1690
    assert models["gene"].nunique() == 1061
    assert isinstance(models, pd.DataFrame)
