"""Annotations of diseases: frequencies, negation, rows that are one, and rows that are refused with their line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AnnotationError, TextTableError
from groprog_assets.methods.omics import disease_annotations as method
from groprog_assets.methods.omics.ontologies import Resolver, read_ontology, resolver
from tests.omics_files import omics_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return omics_study(tmp_path).parent


@pytest.fixture
def known(folder: Path) -> Resolver:
    read = read_ontology(folder / "hp.obo")
    return resolver(read.terms, read.aliases)


@pytest.mark.parametrize(
    ("text", "fraction", "source"),
    [
        ("3/4", 0.75, "ratio"),
        ("0/9", 0.0, "ratio"),
        ("HP:0040282", 0.545, "class"),
        ("12.5%", 0.125, "percent"),
        ("", np.nan, "none"),
    ],
)
def test_a_frequency_is_read(text: str, fraction: float, source: str):
    found = method.parse_frequency(text)
    assert found is not None
    assert found.source == source
    np.testing.assert_equal(found.fraction, fraction)


@pytest.mark.parametrize("text", ["5/4", "0/0", "often", "120%", "HP:0000001", "-1/4"])
def test_other_text_is_no_frequency(text: str):
    assert method.parse_frequency(text) is None


def test_rows_of_one_pair_are_one_and_patients_are_summed(folder: Path, known: Resolver):
    table = method.read_annotations(folder / "phenotype.hpoa", known).disease_terms
    row = table[(table["disease_id"] == "OMIM:100001") & (table["term_id"] == "HP:0000011")].iloc[0]
    assert (row["n"], row["m"], row["frequency"]) == (10, 20, 0.5)
    assert list(row["sources"]) == ["PMID:1", "PMID:2"]


def test_not_and_none_of_the_patients_and_excluded_are_negated(folder: Path, known: Resolver):
    found = method.read_annotations(folder / "phenotype.hpoa", known)
    negated = found.disease_terms[found.disease_terms["negated"]]
    assert set(negated[["disease_id", "term_id"]].itertuples(index=False, name=None)) == {
        ("OMIM:100001", "HP:0000021"),
        ("OMIM:100002", "HP:0000011"),
        ("ORPHA:900", "HP:0000021"),
    }
    assert found.summary["zero_ratios_without_not"] == 1
    assert found.summary["ontology_version"] == "2025-01-16"


def test_every_bad_row_is_named_by_line_value_rule_and_remedy(folder: Path, known: Resolver):
    path = folder / "phenotype.hpoa"
    text = path.read_text().replace("\t9/10\t", "\t9/8\t").replace("\tI\t", "\tZ\t")
    path.write_text(text)
    with pytest.raises(AnnotationError) as raised:
        method.read_annotations(path, known)
    shown = {problem.where.rpartition("hpoa:")[2]: problem.value for problem in raised.value.problems}
    assert shown == {"5, column frequency": "'9/8'", "10, column aspect": "'Z'"}
    assert all(problem.rule and problem.remedy for problem in raised.value.problems)


def test_a_file_without_the_columns_is_refused(folder: Path, known: Resolver):
    with pytest.raises(TextTableError, match="no column database_id"):
        method.read_annotations(folder / "genes.txt", known)


def test_genes_keep_odd_symbols(folder: Path):
    table, counts = method.read_genes(folder / "genes.txt", "2025-01-16")
    assert table["symbol"].tolist() == ["LIMB1", "NA", "NCBIGene:13"]
    assert counts == {"genes": 3, "pairs": 3}


def test_the_real_annotations_have_the_known_counts(shared: Path):
    folder = shared / "data" / "omics" / "hpo"
    read = read_ontology(folder, "2025-01-16")
    found = method.read_annotations(folder / "phenotype_hpoa.parquet", resolver(read.terms, read.aliases), "2025-01-16")
    assert found.summary["zero_ratios_without_not"] == 2000
    assert found.summary["aspects"] == {"P": 254621, "I": 8854, "C": 8020, "H": 130, "M": 77}
    assert found.summary["unresolved"]["uses"] == 0
    assert found.diseases["disease_id"].str.split(":").str[0].value_counts().to_dict() == {
        "OMIM": 8359,
        "ORPHA": 4281,
        "DECIPHER": 47,
    }
