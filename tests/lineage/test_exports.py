"""The ledger in other programs' forms: what each specification asks for is there, and nothing refers to what is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from groprog_assets.lineage import exports, ledger
from groprog_assets.workspace import Workspace

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture
def connection(twice_run: Path):
    with ledger.open_ledger(Workspace(twice_run).ledger_path) as opened:
        yield opened


def test_openlineage_events_name_run_job_inputs_and_versions(connection):
    events = exports.openlineage(connection, "groprog.tiny")
    rows = connection.execute("SELECT count(*) FROM materializations").fetchone()[0]
    runs = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    assert len(events) == rows + runs
    for event in events:
        assert {"eventTime", "eventType", "producer", "schemaURL", "run", "job"} <= set(event)
        assert UUID.fullmatch(event["run"]["runId"])
        assert event["eventTime"].endswith("Z")
        for facet in event["run"]["facets"].values():
            assert {"_producer", "_schemaURL"} <= set(facet)
    (read,) = {
        (item["name"], item["facets"]["version"]["datasetVersion"])
        for event in events
        if event["job"]["name"] == "clinical_records"
        for item in event["inputs"]
    }
    assert read[0] == "cohort/clinical.tsv"
    assert len(read[1]) == 64
    assert json.dumps(events)


def test_prov_names_who_ran_what(connection):
    document = exports.prov(connection)
    assert document["agent"] == {"groprog:agent/ada": {"prov:label": "ada"}}
    assert {row["prov:activity"] for row in document["wasAssociatedWith"].values()} <= set(document["activity"])


def test_a_crate_is_valid_and_a_spoilt_one_is_not(connection):
    files = {"report.html": b"<html>", "figures/a.png": b"png"}
    document = exports.crate(connection, files, "A study", "2026-01-01")
    assert exports.crate_problems(document, set(files)) == []
    actions = [item for item in document["@graph"] if item["@type"] == "CreateAction"]
    assert {item["name"] for item in actions} == {"gene_models", "clinical_records", "patient_expression"}
    assert "report.html is named and not there" in exports.crate_problems(document, {"figures/a.png"})
    document["@graph"] = [item for item in document["@graph"] if item["@id"] != "#groprog"]
    assert any("refers to #groprog" in text for text in exports.crate_problems(document, set(files)))


def test_a_result_that_is_a_recorded_value_is_linked_to_its_making(twice_run: Path, connection):
    workspace = Workspace(twice_run)
    record = workspace.derivations.current_record("gene_models")
    assert record is not None
    content = workspace.store.get_bytes(record["output"]["sha256"])
    document = exports.crate(connection, {"models.json": content}, "A study", "2026-01-01")
    made = [item["result"] for item in document["@graph"] if item["@type"] == "CreateAction"]
    assert [{"@id": "models.json"}] in made
    assert exports.crate_problems(document, {"models.json"}) == []
