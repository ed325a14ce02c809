"""Mappings: one spelling of prefixes, exact matches of live classes alone, many to many."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.methods.omics import disease_mappings as method
from groprog_assets.methods.omics.curies import curie, prefix_of
from tests.omics_files import omics_study


def test_one_spelling_of_a_prefix():
    assert [curie(text) for text in ("Orphanet:900", "ORDO:900", "orpha:900", " MIM:1", "HGNC:5", "plain")] == [
        *("ORPHA:900", "ORPHA:900", "ORPHA:900", "OMIM:1", "HGNC:5", "plain")
    ]
    assert prefix_of("OMIMPS:1") == "OMIMPS"
    assert prefix_of("plain") == ""


def test_only_exact_matches_of_live_classes_are_joined_over(tmp_path: Path):
    found = method.read_mappings([omics_study(tmp_path).parent / "mondo.sssom.tsv"])
    assert found.summary == {
        "rows": 7,
        "version": "2026-08-04",
        "obsolete": 1,
        "joined": 5,
        "other_predicates": 1,
    }
    assert method.classes_of(found.table, "ORPHA") == {"ORPHA:900": ["MONDO:0000003"]}
    assert method.classes_of(found.table, "OMIM")["OMIM:100002"] == ["MONDO:0000002"]
    assert "OMIMPS:100001" not in method.classes_of(found.table, "OMIM"), "a series is no disease"
    assert method.members_of(found.table, "OMIM")["MONDO:0000003"] == ["OMIM:100003"]


def test_the_real_mappings_have_the_known_counts(shared: Path):
    folder = shared / "data" / "omics" / "mondo"
    obsolete = {
        name: method.read_mappings([folder / f"exactmatch_{name}.parquet"], "2026-08-04").summary["obsolete"]
        for name in ("omim", "orphanet")
    }
    assert obsolete == {"omim": 271, "orphanet": 1328}
