"""Subjects as tables: pseudonyms alone, only who may be used, findings resolved and closed upwards, diagnoses mapped."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.omics import subjects
from groprog_assets.methods.omics.consents import consent_tables
from groprog_assets.methods.omics.disease_mappings import read_mappings
from groprog_assets.methods.omics.foreign_keys import broken_keys
from groprog_assets.methods.omics.ontologies import read_ontology
from groprog_assets.methods.omics.phenopackets import read_phenopackets
from groprog_assets.store.pseudonyms import pseudonym
from groprog_assets.study.omics_study import Consents, PhenopacketSource
from tests.omics_files import omics_study, packet

IDS = {"case-1": "p-1", "case-2": "p-2", "case-3": "p-3"}


def test_only_who_may_be_used_has_rows(tmp_path: Path):
    folder = omics_study(tmp_path).parent
    packets = subjects.sourced_packets([PhenopacketSource(source="cases", site="", path=folder / "packets.jsonl")])
    made = subjects.subject_tables(packets, IDS, ["p-1", "p-3"])
    assert made.table["subject_id"].tolist() == ["p-1", "p-3"]
    assert made.table["age_months"].tolist() == [54, 54]
    assert set(made.publications["subject_id"]) == {"p-1", "p-3"}
    assert not subjects.broken_subject_keys(made)
    terms = read_ontology(folder / "hp.obo")
    found = subjects.findings(packets, IDS, ["p-2", "p-3"], terms)
    rows = found.table.set_index(["subject_id", "source_term"])["term_id"].to_dict()
    assert rows["p-2", "HP:0000800"] == "HP:0000011", "replaced"
    assert rows["p-3", "HP:9999999"] != rows["p-3", "HP:9999999"], "unresolved and kept as read"
    assert found.summary["unresolved"]["uses"] == 1
    held = found.subject_terms.groupby("term_id")["subject_ix"].agg(list).to_dict()
    assert held["HP:0000010"] == [0, 1], "an ancestor of both"
    assert held["HP:0000021"] == [0]
    xrefs = read_mappings([folder / "mondo.sssom.tsv"]).table
    diagnoses = subjects.diagnosis_table(packets, IDS, ["p-1", "p-2", "p-3"], xrefs).set_index("subject_id")
    assert diagnoses.loc["p-3", ["mondo_id", "omim_id", "orpha_id"]].tolist() == [
        "MONDO:0000003",
        "OMIM:100003",
        "ORPHA:900",
    ]


def test_a_present_finding_wins_over_its_exclusion_and_a_contradiction_is_counted(tmp_path: Path):
    folder = omics_study(tmp_path).parent
    given = packet("x", ["HP:0000012", "HP:0000800"], excluded=("HP:0000011", "HP:0000010"))
    (folder / "packets.jsonl").write_text(json.dumps(given))
    packets = subjects.sourced_packets([PhenopacketSource(source="cases", site="", path=folder / "packets.jsonl")])
    found = subjects.findings(packets, {"x": "p"}, ["p"], read_ontology(folder / "hp.obo"))
    assert set(found.table[["term_id", "excluded"]].itertuples(index=False, name=None)) == {
        ("HP:0000012", False),
        ("HP:0000011", False),
        ("HP:0000010", True),
    }
    assert found.summary["subjects_with_contradictions"] == 1


def test_an_id_in_two_sources_is_refused(tmp_path: Path):
    folder = omics_study(tmp_path).parent
    twice = [PhenopacketSource(source=name, site="", path=folder / "packets.jsonl") for name in ("one", "two")]
    with pytest.raises(CohortError, match="'case-1' is also in one"):
        subjects.sourced_packets(twice)


def test_a_key_that_leads_nowhere_is_told(tmp_path: Path):
    folder = omics_study(tmp_path).parent
    packets = subjects.sourced_packets([PhenopacketSource(source="cases", site="", path=folder / "packets.jsonl")])
    made = subjects.subject_tables(packets, IDS, IDS.values())
    broken = broken_keys({"subjects": made.table.head(1), "subject_publications": made.publications})
    assert broken == ["2 values of subject_publications.subject_id are not in subjects.subject_id: p-2, p-3"]


def test_keys_of_several_columns_and_places_of_rows_are_followed():
    """Feature 1 is not of the protein assay, position 2 of no sample; of three subjects none is at place 3."""
    held = {
        "flagged_values": pd.DataFrame({"assay_id": ["rna", "protein"], "feature_ix": [1, 1], "position": [0, 2]}),
        "features": pd.DataFrame({"assay_id": ["rna", "rna", "protein"], "feature_ix": [0, 1, 0]}),
        "assay_samples": pd.DataFrame({"assay_id": ["rna", "protein"], "position": [0, 0]}),
        "subject_terms": pd.DataFrame({"term_id": ["HP:1", "HP:1"], "subject_ix": [2, 3]}),
        "subjects": pd.DataFrame({"subject_id": ["p-1", "p-2", "p-3"]}).reset_index(names="subject_ix"),
    }
    assert broken_keys(held) == [
        "1 pair of flagged_values (assay_id, feature_ix) is not in features: protein 1",
        "1 pair of flagged_values (assay_id, position) is not in assay_samples: protein 2",
        "1 value of subject_terms.subject_ix is not in subjects.subject_ix: 3",
    ]


def test_one_name_in_two_unicode_forms_is_one_subject(tmp_path: Path):
    """A file of macOS writes letters and accents apart; JSON may write them as escapes."""
    key = b"k" * 32
    apart, whole = "Zoe\u0308-1", "Zo\u00eb-1"
    assert pseudonym(apart, key) == pseudonym(whole, key)
    (tmp_path / "packet.json").write_text(json.dumps(packet(apart, ["HP:0000010"])))
    (tmp_path / "raw.json").write_text(
        json.dumps(packet(f"{apart}-raw", ["HP:0000010"]), ensure_ascii=False), encoding="utf-8"
    )
    assert {item.id for item in read_phenopackets(tmp_path)} == {whole, f"{whole}-raw"}
    table = tmp_path / "consents.tsv"
    table.write_text(f"subject\tversion\tgranted\tpermission\n{apart}\t1\t2024-01-01\tDUO:0000042\n", encoding="utf-8")
    given = Consents(table=table)
    made = consent_tables(given, {whole: "p-1"}, date(2026, 1, 1))
    assert made.permitted["subject_id"].tolist() == ["p-1"]
