"""Which patients each model was trained or tested on, in each fold of each repeat and in the final fit.

Read from the stored folds a model was trained with; patients under their pseudonyms. The digest of a model's rows goes into the
sealed event of its materialization, so that a row changed later is found. No Dagster.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.lineage import ledger
from groprog_assets.store.artifacts import Store, digest_value
from groprog_assets.store.derivations import Record
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import duckdb

MODEL, FOLDS = "risk_model", "encoded_tensors"
FINAL = -1
"""Repeat and fold of the fit on every patient."""


def add_membership(connection: duckdb.DuckDBPyConnection, state: Path, record: Record) -> str:
    """Add the rows of the model a derivation made, once a model; the digest of its rows, "" when its folds are gone."""
    model = record["output"]["sha256"]
    if connection.execute("SELECT 1 FROM patients_seen WHERE model = ? LIMIT 1", [model]).fetchone():
        return membership_digest(connection, model)
    store = Store(state / "store")
    try:
        (edge,) = [item for item in record["inputs"] if item["asset"] == FOLDS]
        folds = json.loads(store.get_bytes(edge["sha256"]))["members"]["folds"]["sha256"]
        store.get_bytes(folds)
    except (ArtifactError, KeyError, ValueError):
        return ""
    rows = connection.execute(
        "SELECT repeat, fold, patient_id FROM read_parquet(?)", [str(store.path(folds))]
    ).fetchall()
    key = study_key(state)
    names = {patient: pseudonym(patient, key) for patient in {row[2] for row in rows}}
    connection.execute("CREATE OR REPLACE TEMP TABLE tested (repeat INTEGER, fold INTEGER, patient VARCHAR)")
    ledger.insert(connection, "tested", [(repeat, fold, names[patient]) for repeat, fold, patient in rows])
    connection.execute(
        "INSERT INTO patients_seen SELECT ?, t.patient, f.repeat, f.fold,"
        " CASE WHEN t.fold = f.fold THEN 'test' ELSE 'training' END"
        " FROM tested t JOIN (SELECT DISTINCT repeat, fold FROM tested) f USING (repeat)"
        " UNION SELECT DISTINCT ?, patient, ?, ?, 'training' FROM tested",
        [model, model, FINAL, FINAL],
    )
    connection.execute("DROP TABLE tested")
    return membership_digest(connection, model)


def membership_digest(connection: duckdb.DuckDBPyConnection, model: str) -> str:
    """sha256 over a model's rows in order."""
    query = "SELECT patient, repeat, fold, role FROM patients_seen WHERE model = ? ORDER BY ALL"
    return digest_value([list(row) for row in connection.execute(query, [model]).fetchall()])


def membership_problems(connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    """Models whose rows are not those that were sealed."""
    problems = []
    rows = connection.execute(
        "SELECT m.sha256, e.body FROM materializations m JOIN events e USING (run_id, storage_id) WHERE m.asset = ?",
        [MODEL],
    ).fetchall()
    sealed = {model: json.loads(body).get("patients", "") for model, body in rows}
    known = {row[0] for row in connection.execute("SELECT DISTINCT model FROM patients_seen").fetchall()}
    for model in sorted(known | {name for name, digest in sealed.items() if digest}):
        if sealed.get(model, "") != membership_digest(connection, model):
            rule = "Which patients a model saw is sealed with its materialization."
            remedy = "Restore a copy, or `groprog lineage rebuild STUDY` and compare."
            problems.append(Problem(f"patients of model {model[:12]}", "altered rows", rule, remedy))
    return problems


def models_of(connection: duckdb.DuckDBPyConnection, patient: str) -> list[Document]:
    """The models that saw a patient (a pseudonym): {model, model_version, fits, tests, final}, newest first."""
    rows = connection.execute(
        "SELECT model, count(*) FILTER (role = 'training'), count(*) FILTER (role = 'test'), bool_or(repeat = ?)"
        " FROM patients_seen WHERE patient = ? GROUP BY model",
        [FINAL, patient],
    ).fetchall()
    found = []
    for model, fits, tests, final in rows:
        query = "SELECT body, (SELECT max(happened) FROM materializations m WHERE m.sha256 = d.sha256) AS at FROM derivations d"
        made = connection.execute(f"{query} WHERE sha256 = ? AND asset = ? LIMIT 1", [model, MODEL]).fetchone()
        if made is None:
            continue
        body, happened = made
        version = json.loads(body)["headline"].get("model_version", "")
        when = happened.isoformat() if happened else ""
        found.append(
            {"model": model, "model_version": version, "made": when, "fits": fits, "tests": tests, "final": final}
        )
    return sorted(found, key=lambda item: item["made"], reverse=True)
