"""One chromosome under its several names."""

from __future__ import annotations

import pytest

from groprog_assets.methods.annotation.chromosome_names import (
    assembly_of,
    canonical_name,
    naming_remedy,
    other_names,
)


@pytest.mark.parametrize(
    "names",
    [
        ("chr1", "1", "Chr1", "NC_000001.11", "NC_000001.10", "CM000663.2", "NC_060925.1"),
        ("chrX", "X", "NC_000023.11", "CM000685.1", "NC_000086.8", "CM001013.3"),
        ("chr19", "19", "NC_000019.10", "NC_000085.7", "CM001012.3"),
        ("chrM", "MT", "chrMT", "M", "NC_012920.1", "J01415.2"),
        ("chrUn_GL000220v1", "chrUn_gl000220", "GL000220.1"),
        ("chr1_KI270706v1_random", "KI270706.1"),
        ("chrIV", "IV"),
    ],
)
def test_names_of_one_chromosome_agree(names: tuple[str, ...]) -> None:
    assert len({canonical_name(name) for name in names}) == 1


def test_names_of_different_chromosomes_differ() -> None:
    names = [
        "1",
        "10",
        "2",
        "X",
        "Y",
        "MT",
        "GL000220.1",
        "GL000221.1",
        "chr6_apd_hap1",
        "chr6_cox_hap2",
        "2L",
        "2R",
        "lambda",
    ]
    assert len({canonical_name(name) for name in names}) == len(names)


def test_only_names_that_the_study_lacks_are_renamed() -> None:
    sizes = {"chr1": 5, "chrM": 5, "2": 5}
    assert other_names(["chr1", "1", "MT", "chr2", "chr9"], sizes) == {"1": "chr1", "MT": "chrM", "chr2": "2"}
    assert other_names(["U00096.2"], {"U00096.3": 5}) == {}


def test_the_assembly_of_an_accession_is_named() -> None:
    assert [
        assembly_of(name)
        for name in ("NC_000001.10", "NC_000001.11", "NC_000007.14", "NC_000024.9", "NC_000001.9", "1")
    ] == [
        "GRCh37",
        "GRCh38",
        "GRCh38",
        "GRCh37",
        "",
        "",
    ]


def test_the_remedy_names_the_change_or_asks_for_the_assembly() -> None:
    assert naming_remedy(["1"], {"chr1": 5}).startswith("Rename 1 to chr1 in this file.")
    assert naming_remedy(["scaffold_5"], {"chr1": 5}) == "Was the file made for another assembly?"
