"""MONDO's hierarchy: what lies below what, identifiers that were replaced, and what is no file of MONDO."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.omics.consents import consent_tables
from groprog_assets.methods.omics.disease_hierarchy import at_or_above, read_hierarchy, unknown_classes
from groprog_assets.methods.omics.ontologies import edge_notices
from groprog_assets.study.omics_study import Consents
from tests.omics_files import MONDO, OBO


@pytest.fixture
def mondo(tmp_path: Path) -> Path:
    path = tmp_path / "mondo.obo"
    path.write_text(MONDO)
    return path


def test_classes_edges_and_what_lies_above(mondo: Path):
    read = read_hierarchy(mondo)
    counts = {"classes": 6, "edges": 6, "followed_edges": 0, "broken_edges": 0, "foreign_edges": 0}
    assert read.summary == {"version": "2026-08-04", **counts, "broken_examples": "", "foreign_examples": ""}
    assert "MONDO:0000004" not in set(read.classes["mondo_id"]), "obsolete"
    above = read.closure[read.closure["mondo_id"] == "MONDO:0000003"]["ancestor"]
    assert set(above) == {"MONDO:0000003", "MONDO:0000001", "MONDO:0000009", "MONDO:0700096"}
    assert read.aliases.values.tolist() == [["MONDO:0000001", "MONDO:0000004", "replaced_by"]]


def test_a_disease_is_at_or_above_itself_and_what_was_replaced_is_understood(mondo: Path):
    read = read_hierarchy(mondo)
    found = at_or_above(["mondo:0000003", "MONDO:0000004", "MONDO:7777777"], read)
    assert found["mondo:0000003"] >= {"MONDO:0000003", "MONDO:0000001", "MONDO:0000009", "MONDO:0000004"}
    assert "MONDO:0000002" not in found["mondo:0000003"]
    assert found["MONDO:0000004"] >= {"MONDO:0000001", "MONDO:0000009"}, "its replacement's classes"
    assert found["MONDO:7777777"] == {"MONDO:7777777"}
    assert at_or_above(["MONDO:0000003"], None) == {"MONDO:0000003": frozenset({"MONDO:0000003"})}
    assert unknown_classes(["MONDO:0000004", "MONDO:0000001", "MONDO:7777777"], read) == ["MONDO:7777777"]


def test_a_consent_to_a_group_permits_the_diseases_below_it_and_not_the_other_way(tmp_path: Path, mondo: Path):
    rows = {
        "group": "MONDO:0000009",
        "own": "MONDO:0000003",
        "below": "MONDO:0000022",
        "replaced": "MONDO:0000004",
        "other": "MONDO:0000002",
    }
    lines = [f"{name}\t1\t2020-01-01\tDUO:0000007\t{disease}\n" for name, disease in rows.items()]
    (tmp_path / "consents.tsv").write_text("subject\tversion\tgranted\tpermission\tdiseases\n" + "".join(lines))
    given = Consents(table=tmp_path / "consents.tsv", purpose="disease", diseases=["MONDO:0000003"])
    names = {name: f"p-{name}" for name in rows}

    def permitted(hierarchy: object) -> list[str]:
        found = consent_tables(given, names, date(2026, 1, 1), (), hierarchy)  # type: ignore[arg-type]
        return found.permitted["subject_id"].tolist()

    assert permitted(read_hierarchy(mondo)) == ["p-group", "p-own", "p-replaced"]
    assert permitted(None) == ["p-own"], "without a hierarchy by exact identifiers alone"


ADDED = "\n[Term]\nid: MONDO:{}\nname: added\n{}\n"


def test_an_edge_to_a_replaced_class_leads_to_its_replacement_and_is_told(mondo: Path):
    mondo.write_text(MONDO + ADDED.format("0000050", "is_a: MONDO:0000004"))
    read = read_hierarchy(mondo)
    assert at_or_above(["MONDO:0000050"], read)["MONDO:0000050"] >= {"MONDO:0000001", "MONDO:0000009", "MONDO:0700096"}
    assert (read.summary["edges"], read.summary["followed_edges"], read.summary["broken_edges"]) == (7, 1, 0)
    (said,) = edge_notices("omics.mondo", read.summary)
    assert str(said).startswith("omics.mondo: 1 is_a edge to replaced terms.")


def test_a_class_that_is_its_parents_replacement_gets_no_edge_to_itself(mondo: Path):
    mondo.write_text(MONDO.replace("name: limb disease\n", "name: limb disease\nis_a: MONDO:0000004\n", 1))
    read = read_hierarchy(mondo)
    assert (read.summary["edges"], read.summary["followed_edges"], read.summary["broken_edges"]) == (6, 0, 0)


def test_edges_to_no_live_class_are_counted_and_told(mondo: Path):
    assert edge_notices("omics.mondo", read_hierarchy(mondo).summary) == []
    gone = ADDED.format("0000060", "is_obsolete: true\nreplaced_by: MONDO:0000001\nreplaced_by: MONDO:0000002")
    below = ADDED.format("0000050", "is_a: MONDO:9999999\nis_a: MONDO:0000060\nis_a: BFO:0000016")
    mondo.write_text(MONDO + gone + below)
    read = read_hierarchy(mondo)
    assert (read.summary["edges"], read.summary["followed_edges"], read.summary["broken_edges"]) == (6, 0, 2)
    said, foreign = edge_notices("omics.mondo", read.summary)
    assert foreign.value == "1 is_a edge to another ontology: MONDO:0000050 is_a BFO:0000016"
    assert "2 is_a edges" in said.value
    assert "MONDO:0000050 is_a MONDO:9999999 (not in the file)" in said.value
    assert "MONDO:0000050 is_a MONDO:0000060 (obsolete)" in said.value
    assert said.rule
    assert said.remedy


def test_a_class_described_twice_is_named_with_the_file(mondo: Path):
    mondo.write_text(MONDO + ADDED.format("0000003", "is_a: MONDO:0000002"))
    with pytest.raises(AnnotationError, match=r"mondo\.obo: MONDO:0000003 described more than once.*Remove"):
        read_hierarchy(mondo)


def test_gzip_and_a_file_without_a_release(tmp_path: Path):
    path = tmp_path / "mondo.obo.gz"
    path.write_bytes(gzip.compress(MONDO.encode()))
    assert read_hierarchy(path).summary["classes"] == 6
    bare = tmp_path / "bare.obo"
    bare.write_text(MONDO.replace("data-version: releases/2026-08-04\n", ""))
    assert read_hierarchy(bare, "2026-09-01").summary["version"] == "2026-09-01"
    assert read_hierarchy(path, "2026-09-01").summary["version"] == "2026-08-04", "the file's own release counts"
    with pytest.raises(AnnotationError, match="states its release"):
        read_hierarchy(bare)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OBO, "terms of HP"),
        ('{"graphs": []}', "JSON"),
        ("no ontology\n", "OBO 1.4"),
        (
            MONDO
            + "\n[Term]\nid: MONDO:0000030\nname: a\nis_a: MONDO:0000031\n\n[Term]\nid: MONDO:0000031\nis_a: MONDO:0000030\n",
            "is_a",
        ),
    ],
)
def test_what_is_no_hierarchy_of_mondo_is_refused(tmp_path: Path, text: str, said: str):
    path = tmp_path / "mondo.obo"
    path.write_text(text)
    with pytest.raises(AnnotationError, match=said):
        read_hierarchy(path)
