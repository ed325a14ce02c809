"""The ledger in other programs' forms: what each specification asks for is there, and nothing refers to what is not."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from groprog_assets.lineage import exports, ledger
from groprog_assets.store.workspace import Workspace

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture
def connection(twice_run: Path):
    with ledger.open_ledger(Workspace(twice_run).ledger_path) as opened:
        yield opened


def test_openlineage_events_name_run_job_inputs_and_versions(connection):
    events = exports.openlineage(connection, "groprog.tiny")
    rows = connection.execute("SELECT count(*) FROM materializations").fetchone()[0]
    runs = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    assert len(events) == rows + 2 * runs
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


def test_openlineage_events_pass_through_the_specification_s_own_classes(connection):
    """Every event and facet is built by the official client, which knows each field and its schema, and comes back the same."""
    pytest.importorskip("openlineage.client")
    from openlineage.client import event_v2
    from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
    from openlineage.client.generated.parent_run import Job, ParentRunFacet, Run
    from openlineage.client.serde import Serde

    def dataset(kind, item):
        version = dict(item["facets"]["version"])
        built = DatasetVersionDatasetFacet(datasetVersion=version["datasetVersion"], producer=version["_producer"])
        assert built._schemaURL == version["_schemaURL"]
        return kind(namespace=item["namespace"], name=item["name"], facets={"version": built})

    def run(item):
        facets = dict(item["facets"])
        if "parent" in facets:
            held = facets["parent"]
            built = ParentRunFacet(Run(**held["run"]), Job(**held["job"]), producer=held["_producer"])
            assert built._schemaURL == held["_schemaURL"]
            facets["parent"] = Serde.to_dict(built)
            for part in ("run", "job"):
                facets["parent"][part].pop("facets", None)
        return event_v2.Run(runId=item["runId"], facets=facets)

    for event in exports.openlineage(connection, "groprog.tiny"):
        built = event_v2.RunEvent(
            eventTime=event["eventTime"],
            producer=event["producer"],
            run=run(event["run"]),
            job=event_v2.Job(**event["job"]),
            eventType=event_v2.RunState(event["eventType"]),
            inputs=[dataset(event_v2.InputDataset, item) for item in event["inputs"]],
            outputs=[dataset(event_v2.OutputDataset, item) for item in event["outputs"]],
        )
        assert built.schemaURL == event["schemaURL"]
        kept = Serde.to_dict(built)
        assert {name: kept["run"][name] for name in event["run"]} == Serde.remove_nulls_and_enums(event["run"])
        for side in ("inputs", "outputs"):
            names = [
                (item["namespace"], item["name"], item["facets"]["version"]["datasetVersion"]) for item in event[side]
            ]
            assert [
                (item["namespace"], item["name"], item["facets"]["version"]["datasetVersion"]) for item in kept[side]
            ] == names


def test_prov_is_read_by_the_reference_implementation(connection):
    prov = pytest.importorskip("prov.model")
    document = exports.prov(connection)
    read = prov.ProvDocument.deserialize(content=json.dumps(document))
    kinds = [record.get_type().localpart for record in read.unified().get_records()]
    relations = {"used": "Usage", "wasGeneratedBy": "Generation", "wasAssociatedWith": "Association"}
    elements = {"entity": "Entity", "activity": "Activity", "agent": "Agent"}
    for part, kind in {**relations, **elements}.items():
        assert kinds.count(kind) == len(document[part]) > 0
    again = prov.ProvDocument.deserialize(content=read.serialize())
    assert again == read


VALIDATOR = Path(__file__).resolve().parents[2] / ".venv-validators" / "bin" / "python"


def test_a_crate_passes_the_official_validator(connection, tmp_path: Path):
    """`make validators` sets it up apart: it asks for an older version of a package the program uses."""
    if not VALIDATOR.is_file():
        pytest.skip(f"no official validator ({VALIDATOR}); `make validators` installs it")
    files = {"report.html": b"<html>", "figures/a.png": b"png", "evaluation.json": b"{}"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    document = exports.crate(connection, files, "A study", "2026-01-01", "0.1")

    def problems() -> list[str]:
        (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(document))
        script = Path(__file__).with_name("official_validator.py")
        run = subprocess.run([VALIDATOR, script, tmp_path], capture_output=True, text=True, timeout=300, check=True)
        return json.loads(run.stdout.splitlines()[-1])

    assert problems() == []
    document["@context"] = document["@context"][0]
    assert any("sha256" in text for text in problems())


def test_prov_names_who_ran_what(connection):
    document = exports.prov(connection)
    assert document["agent"] == {"groprog:agent/ada": {"prov:label": "ada"}}
    assert {row["prov:activity"] for row in document["wasAssociatedWith"].values()} <= set(document["activity"])


def test_a_crate_is_valid_and_a_spoilt_one_is_not(connection):
    files = {"report.html": b"<html>", "figures/a.png": b"png"}
    document = exports.crate(connection, files, "A study", "2026-01-01", "0.1")
    assert exports.crate_problems(document, set(files)) == []
    actions = [item for item in document["@graph"] if item["@type"] == "CreateAction"]
    assert {item["name"] for item in actions} == {"gene_models", "clinical_records", "patient_expression"}
    assert "report.html is named and not there" in exports.crate_problems(document, {"figures/a.png"})
    document["@graph"] = [item for item in document["@graph"] if item["@id"] != "urn:groprog"]
    assert any("refers to urn:groprog" in text for text in exports.crate_problems(document, set(files)))


def test_a_result_that_is_a_recorded_value_is_linked_to_its_making(twice_run: Path, connection):
    workspace = Workspace(twice_run)
    record = workspace.derivations.current_record("gene_models")
    assert record is not None
    content = workspace.store.get_bytes(record["output"]["sha256"])
    document = exports.crate(connection, {"models.json": content}, "A study", "2026-01-01", "0.1")
    made = [item["result"] for item in document["@graph"] if item["@type"] == "CreateAction"]
    assert {"@id": "models.json"} in made
    assert exports.crate_problems(document, {"models.json"}) == []
