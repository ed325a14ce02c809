"""Names and sizes of assemblies."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from groprog_assets.study.assemblies import (
    LENGTHS,
    assembly_named,
    assembly_of,
    known_lengths,
    other_assembly,
    same_assembly,
)
from groprog_assets.study.check import check_study
from groprog_assets.study.chrom_sizes import read_chrom_sizes


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_are_those_of_another_source(name: str):
    bioframe = pytest.importorskip("bioframe")
    try:
        published = bioframe.assembly_info(name).chromsizes
    except ValueError:
        pytest.skip(f"bioframe does not hold {name}")
    assert {chrom: int(published[chrom]) for chrom in LENGTHS[name]} == LENGTHS[name]


def test_lengths_of_the_shared_chromosome_sizes(shared: Path):
    sizes = read_chrom_sizes(shared / "data" / "reference" / "hg19.chrom.sizes")
    assert assembly_of(sizes) == "hg19"
    same, differ = known_lengths("GRCh37.p13", sizes)
    assert (sorted(same), differ) == (sorted(LENGTHS["hg19"]), [])


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("hg38", "hg38"),
        ("GRCh38.p14", "hg38"),
        ("grch38", "hg38"),
        ("T2T-CHM13v2.0", "hs1"),
        ("GRCm39", "mm39"),
        ("R64-1-1", "sacCer3"),
        ("sim1", ""),
        ("human", ""),
    ],
)
def test_names(name: str, known: str):
    assert assembly_named(name) == known


def test_names_of_one_assembly():
    assert same_assembly("hg19", "GRCh37")
    assert same_assembly("Sim1", "sim1")
    assert not same_assembly("hg19", "hg38")
    assert not same_assembly("sim1", "sim2")


def test_sizes_of_another_assembly():
    without = {chrom.removeprefix("chr"): length for chrom, length in LENGTHS["hg38"].items()}
    for sizes in (LENGTHS["hg38"], without):
        assert assembly_of(sizes) == "hg38"
        assert other_assembly("GRCh38", sizes) is None
        value, _, remedy = other_assembly("hg19", sizes) or ("", "", "")
        assert "hg19: 0 of 7 chromosomes have its lengths, 7 have those of hg38" in value
        assert "248,956,422 bp" in value
        assert "Set genome.name: hg38" in remedy
    assert assembly_of({"chr1": 1_000, "chrZ": 5}) == ""
    assert other_assembly("hg19", {"chr1": 1_000}) is None
    assert other_assembly("my_strain", LENGTHS["mm10"]) is None


def test_a_name_with_sizes_of_another_assembly_is_refused_and_the_remedy_leads_on(written: Path, tmp_path: Path):
    document = yaml.safe_load(written.read_text())
    sizes = (written.parent / "genome" / "chrom.sizes").read_text()
    more = "".join(f"{chrom}\t{length}\n" for chrom, length in LENGTHS["hg38"].items() if f"{chrom}\t" not in sizes)
    (tmp_path / "sizes").write_text(sizes + more)
    document["data_roots"] = [str(written.parent)]
    document["marks"] = []
    document["genome"] = {k: str(written.parent / v) for k, v in document["genome"].items() if k != "name"}
    document["genome"] |= {"name": "hg19", "chrom_sizes": "sizes"}
    for library in document["libraries"]:
        library["alignments"] = str(written.parent / library["alignments"])
        library.pop("reads", None)
    for part in ("ontology", "cohort", "validation"):
        document.pop(part, None)
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    (problem,) = check_study(path)
    assert problem.where.endswith("genome.name")
    assert "those of hg38" in problem.value
    document["genome"]["name"] = "hg38"
    path.write_text(yaml.safe_dump(document))
    assert check_study(path) == []
