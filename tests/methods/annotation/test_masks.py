"""Masks: which lines of a BED mask something, what is said of the others, and files that would mask nothing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation.masks import mask_notices, read_masks
from groprog_assets.study.schema import Genome

SIZES = {"chr1": 10_000, "chr2": 5_000}


def written(folder: Path, text: str, name: str = "b.bed", compress: bool = False) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if compress else text.encode())
    return path


def genome(**files: Path) -> Genome:
    return Genome(name=files.pop("name", "toy"), chrom_sizes=Path("s"), annotation=Path("a"), **files)


def test_masks(tmp_path: Path) -> None:
    blacklist = written(tmp_path, "track x\nchr2\t10\t99999\tHigh Signal Region\nchr1\t5\t6\nchr9\t1\t2\n", "b.bed")
    copies = written(tmp_path, "chr1\t0\t100\t45S\n", "m.bed.gz", compress=True)
    masks = read_masks(genome(blacklist=blacklist, multi_copy=copies), SIZES)
    assert masks.values.tolist() == [
        ["chr1", 0, 100, "multi-copy: 45S"],
        ["chr1", 5, 6, "blacklist: b.bed"],
        ["chr2", 10, 5000, "blacklist: High Signal Region"],
    ]


def test_built_in_masks_hold_the_artefact_locus_of_the_paper() -> None:
    """LOC100507412's window chr21:8.38-8.48 Mb lies in rDNA (F5)."""
    sizes = {"chr21": 46_709_983, "chrUn_GL000220v1": 161_802}
    masks = read_masks(genome(name="hg38"), sizes)
    assert masks[["chrom", "start", "end"]].values.tolist() == [
        ["chr21", 0, 8_679_600],
        ["chrUn_GL000220v1", 0, 161_802],
    ]
    assert len(read_masks(genome(name="GRCh38"), sizes)) == 2
    assert len(read_masks(genome(name="GRCh38.p14"), sizes)) == 2
    assert not len(read_masks(genome(name="T2T-CHM13v2.0"), sizes))
    assert len(read_masks(genome(name="mm10"), sizes)) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr1\t5\n", "BED lines"),
        ("chr1\tx\t5\n", "BED lines"),
        ("chr1\t5\t5\n", "at least one base"),
        ("1\t5\t9\n", r"b\.bed, line 1: 0 of 1 intervals .* Rename 1 to chr1"),
        ("chr2\t5\t9\n1\t5\t9\n", r"b\.bed, line 2: 1 of 2 intervals .* Rename 1 to chr1"),
        ("NC_000001.10\t5\t9\n", r"Rename NC_000001\.10 to chr1 .*names of GRCh37"),
        ("scaffold7\t5\t9\n", "0 of 1 intervals .*another assembly.*leave genome.blacklist out"),
        ("chr2\t5000\t5009\n", "begins at 5000, chr2 ends at 5000"),
    ],
)
def test_bad_masks(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AnnotationError, match=said):
        read_masks(genome(blacklist=written(tmp_path, text, "b.bed")), SIZES)


def test_what_each_file_masks_is_counted(tmp_path: Path) -> None:
    blacklist = written(tmp_path, "chr2\t10\t99999\tx\nchr1\t5\t6\nchr9\t1\t2\nchr9\t3\t4\n")
    copies = written(tmp_path, "chr1\t0\t100\t45S\n", "m.bed")
    first, second = map(str, mask_notices(genome(blacklist=blacklist, multi_copy=copies), SIZES))
    assert first.startswith(
        "genome.blacklist: 2 of 4 intervals lie on a chromosome of the study; 2 lie elsewhere (chr9); "
        "1 reaches beyond the end of the chromosome, where the rest is cut off."
    )
    assert second == "genome.multi_copy: 1 of 1 intervals lie on a chromosome of the study."


def test_the_remedy_leads_to_masks(tmp_path: Path) -> None:
    """The names of the refused file, changed as the message says, mask what they meant."""
    text = "1\t5\t9\nNC_000002.12\t0\t40\n"
    with pytest.raises(AnnotationError, match=r"Rename 1 to chr1, NC_000002\.12 to chr2"):
        read_masks(genome(blacklist=written(tmp_path, text)), SIZES)
    mended = written(tmp_path, text.replace("1\t5", "chr1\t5").replace("NC_000002.12", "chr2"))
    masks = read_masks(genome(blacklist=mended), SIZES)
    assert masks[["chrom", "start", "end"]].values.tolist() == [["chr1", 5, 9], ["chr2", 0, 40]]


def test_built_in_masks_know_the_studys_names() -> None:
    masks = read_masks(genome(name="hg38"), {"21": 46_709_983, "GL000220.1": 161_802})
    assert masks[["chrom", "start", "end"]].values.tolist() == [["21", 0, 8_679_600], ["GL000220.1", 0, 161_802]]


def test_the_problems_of_both_files_are_told_at_once(tmp_path: Path):
    first, second = (
        written(tmp_path, text, name) for name, text in (("a.bed", "chr1\t5\n"), ("b.bed", "chr1\tx\t9\n"))
    )
    for read in (read_masks, mask_notices):
        with pytest.raises(AnnotationError) as refused:
            read(genome(blacklist=first, multi_copy=second), SIZES)
        assert [Path(problem.where.split(",")[0]).name for problem in refused.value.problems] == ["a.bed", "b.bed"]
