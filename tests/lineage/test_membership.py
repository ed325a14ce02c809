"""Which patients a model saw stands in the ledger under pseudonyms; a changed row is found. Decisions are sealed events."""

from __future__ import annotations

import uuid
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from groprog_assets.errors import UnreachableError
from groprog_assets.lineage import ledger, membership
from groprog_assets.lineage.collect import collect, rebuild
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.lineage.verification import verify
from groprog_assets.store.artifacts import Bundle, Store
from groprog_assets.store.derivations import Derivations
from groprog_assets.store.object_storage import open_store
from groprog_assets.store.pseudonyms import pseudonym, study_key
from tests.ledger_rows import table_rows

FOLDS = pd.DataFrame(
    {"repeat": [0, 0, 0, 1, 1, 1], "fold": [0, 0, 1, 0, 1, 1], "patient_id": ["A", "B", "C", "A", "B", "C"]}
)


@pytest.fixture(params=["folder", "object storage"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Where the folds lie; on object storage nothing of them is beside the study."""
    if request.param == "folder":
        return Store(tmp_path / "store")
    return open_store(f"memory://membership/{uuid.uuid4().hex}", tmp_path / "cache")


@pytest.fixture
def record(store: Store) -> dict:
    stored = store.put(Bundle(folds=FOLDS), {"folds": "folds"})
    return {
        "asset": "risk_model",
        "output": {"sha256": "m" * 64},
        "inputs": [{"asset": "encoded_tensors", "sha256": stored.sha256}],
        "headline": {"model_version": "v1"},
    }


def test_training_and_test_rows_of_each_fit(record: dict, store: Store, tmp_path: Path):
    with ledger.open_ledger(tmp_path / "l.duckdb", make=True) as connection:
        first = membership.add_membership(connection, tmp_path, store, record)
        assert membership.add_membership(connection, tmp_path, store, record) == first
        rows = connection.execute("SELECT patient, repeat, fold, role FROM patients_seen").fetchall()
    name = pseudonym("A", study_key(tmp_path))
    assert {row[1:] for row in rows if row[0] == name} == {
        (0, 0, "test"),
        (0, 1, "training"),
        (1, 0, "test"),
        (1, 1, "training"),
        (-1, -1, "training"),
    }
    assert len(rows) == 3 * 5
    assert not {"A", "B", "C"} & {row[0] for row in rows}


def test_a_fit_of_the_omics_half_saw_its_subjects(store: Store, tmp_path: Path):
    names = ["p-0000000000000001", "p-0000000000000002"]
    scores = pd.DataFrame({"subject_id": names * 2, "factor": ["factor_1"] * 2 + ["factor_2"] * 2, "score": [0.5] * 4})
    samples = pd.DataFrame({"subject_id": names[:1]})
    factors = store.put(Bundle(table=scores), {})
    given = store.put(Bundle(table=samples), {})
    inputs = [{"asset": "samples", "sha256": given.sha256}]
    made = [("factors", factors.sha256), ("assay_corrected", "c" * 64)]
    with ledger.open_ledger(tmp_path / "l.duckdb", make=True) as connection:
        for asset, sha256 in made:
            record = {"asset": asset, "output": {"sha256": sha256}, "inputs": inputs}
            first = membership.add_membership(connection, tmp_path, store, record)
            assert first
            assert membership.add_membership(connection, tmp_path, store, record) == first
        rows = connection.execute("SELECT * FROM patients_seen ORDER BY ALL").fetchall()
        left = membership.rows_left(connection, {names[1]})
        gone = {"asset": "strata", "output": {"sha256": "e" * 64}, "inputs": []}
        assert membership.add_membership(connection, tmp_path, store, gone) == ""
    expected = [(factors.sha256, name, -1, -1, "fit") for name in names] + [("c" * 64, names[0], -1, -1, "fit")]
    assert rows == sorted(expected)
    assert set(left) == {factors.sha256}


def test_folds_that_are_gone_give_no_rows(record: dict, tmp_path: Path):
    with ledger.open_ledger(tmp_path / "l.duckdb", make=True) as connection:
        assert membership.add_membership(connection, tmp_path, Store(tmp_path / "empty"), record) == ""


def test_a_store_that_cannot_be_reached_is_not_one_without_folds(record: dict, tmp_path: Path):
    away = open_store(f"memory://membership/{uuid.uuid4().hex}")
    away.files = Unreachable()
    with ledger.open_ledger(tmp_path / "l.duckdb", make=True) as connection, pytest.raises(UnreachableError):
        membership.add_membership(connection, tmp_path, away, record)


class Unreachable:
    """Object storage behind a cable that was pulled."""

    def cat_file(self, key: str) -> bytes:
        raise ConnectionError("no route to host")


def test_pseudonyms_differ_between_studies_and_the_key_is_private(tmp_path: Path):
    one, two = study_key(tmp_path / "a"), study_key(tmp_path / "b")
    assert one == study_key(tmp_path / "a")
    assert pseudonym("A", one) != pseudonym("A", two)
    assert (tmp_path / "a" / "pseudonym.key").stat().st_mode & 0o077 == 0


@pytest.fixture
def instance(tmp_path: Path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def test_a_trained_model_and_a_decision_reach_the_ledger_sealed(instance, record: dict, store: Store, tmp_path: Path):
    records = Derivations(tmp_path / "derivations", store)
    full = {
        **record,
        "asset": "risk_model",
        "partition": "",
        "files": [],
        "parameters": {},
        "overrides": {},
        "code_version": "c",
        "environment": "e",
        "kernels": "k",
        "seed": 1,
        "left_out": [],
        "inputs": [{**record["inputs"][0], "name": "encoded_tensors", "partition": "", "derivation": "d" * 64}],
    }
    digest = records.write(full)

    @dg.asset
    def risk_model():
        return dg.MaterializeResult(
            metadata={"groprog/derivation": digest, "groprog/sha256": "m" * 64, "groprog/reused": False}
        )

    assert dg.materialize([risk_model], instance=instance).success
    record_decision(instance, "champion", "promoted", "ada", {"model_version": "v1", "difference": 0.01})
    path = tmp_path / "ledger" / "l.duckdb"
    assert collect(instance, path, records) == 2
    assert collect(instance, path, records) == 0
    before = table_rows(path)
    assert collect(instance, tmp_path / "again" / "l.duckdb", records) == 2
    assert table_rows(tmp_path / "again" / "l.duckdb") == before
    assert rebuild(instance, path, records) == 2
    assert table_rows(path) == before
    away = Derivations(records.root, Store(tmp_path / "empty"))
    assert rebuild(instance, path, away) == 2
    assert table_rows(path) == before, "folds that were erased: the sealed rows are taken over"
    with ledger.open_ledger(path) as connection:
        row = connection.execute("SELECT job, actor FROM runs WHERE run_id LIKE 'event-%'").fetchone()
        assert row == ("promoted", "ada")
        assert membership.membership_problems(connection) == []
        (found,) = membership.models_of(connection, pseudonym("A", study_key(tmp_path)))
        assert (found["model_version"], found["fits"], found["tests"], found["final"]) == ("v1", 3, 2, True)
        connection.execute("UPDATE patients_seen SET role = 'test' WHERE repeat = -1")
        assert [item.value for item in membership.membership_problems(connection)] == ["altered rows"]
    assert [item.value for item in verify(path) if "missing" not in item.value] == ["altered rows"]


def test_decisions_are_about_what_can_be_decided(instance):
    with pytest.raises(ValueError, match="no decisions are made about coverage"):
        record_decision(instance, "coverage", "x", "ada", {})
