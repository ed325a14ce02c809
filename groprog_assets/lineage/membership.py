"""Which patients each model was trained or tested on, in each fold of each repeat and in the final fit; whom other fits saw.

Read from the stored folds a model was trained with, and from the subjects of factors, networks, strata and corrected assays;
patients under their pseudonyms. The digest of a model's rows goes into the sealed event of its materialization, so that a row
changed later is found. No Dagster.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.errors import ArtifactError, Problem, UnreachableError
from groprog_assets.lineage import ledger
from groprog_assets.lineage.check_points import check_point_path
from groprog_assets.store.artifacts import Store, canonical_plain, digest_bytes, digest_value, write_atomically
from groprog_assets.store.derivations import Record
from groprog_assets.store.half_written import half_written_name
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import duckdb

MODEL, FOLDS = "risk_model", "encoded_tensors"
FITS = {
    "factors": "factors",
    "fused_network": "fused_network",
    "strata": "strata",
    "assay_normalised": "samples",
    "assay_corrected": "samples",
    "assay_filled": "samples",
}
"""Assets of the omics half that are fitted to subjects: the asset (itself, or an input) whose table names them, `subject_id`."""
ERASED = "erased"
"""The decision that seals which rows are left of each model that saw a patient who has withdrawn."""
FEDERATED = "federated fit"
"""The decision that seals which patients are in a site's part of an analysis over several sites; no value of it is stored."""
FINAL = -1
"""Repeat and fold of the fit on every patient."""


def add_membership(connection: duckdb.DuckDBPyConnection, state: Path, store: Store, record: Record) -> str:
    """Add the rows of the model or fit a derivation made, once each; the digest of its rows, "" when its folds or subjects are
    gone, and of a fit to nobody.

    state: where the key of the pseudonyms lies; store: where the folds do. UnreachableError when nobody can say whether they are.
    """
    model = record["output"]["sha256"]
    if connection.execute("SELECT 1 FROM patients_seen WHERE model = ? LIMIT 1", [model]).fetchone():
        return membership_digest(connection, model)
    if record["asset"] in FITS:
        return _add_fit(connection, store, record)
    try:
        (edge,) = [item for item in record["inputs"] if item["asset"] == FOLDS]
        folds = json.loads(store.get_bytes(edge["sha256"]))["members"]["folds"]["sha256"]
        store.get_bytes(folds)
    except UnreachableError:
        raise
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


def _add_fit(connection: duckdb.DuckDBPyConnection, store: Store, record: Record) -> str:
    """Add the subjects, who have pseudonyms already, of a fit of the omics half; the digest of its rows."""
    made, named = record["output"]["sha256"], FITS[record["asset"]]
    held = {record["asset"]: made, **{item["asset"]: item["sha256"] for item in record["inputs"]}}
    try:
        table = json.loads(store.get_bytes(held[named]))["members"]["table"]["sha256"]
        store.get_bytes(table)
    except UnreachableError:
        raise
    except (ArtifactError, KeyError, ValueError):
        return ""
    query = "INSERT INTO patients_seen SELECT DISTINCT ?, subject_id, ?, ?, 'fit' FROM read_parquet(?)"
    connection.execute(query, [made, FINAL, FINAL, str(store.path(table))])
    if not connection.execute("SELECT 1 FROM patients_seen WHERE model = ? LIMIT 1", [made]).fetchone():
        return ""
    return membership_digest(connection, made)


def part_digest(patients: Iterable[str]) -> str:
    """The digest of the rows of a fit to `patients` (pseudonyms), as `membership_digest` finds it once they are added."""
    return digest_value([[name, FINAL, FINAL, "fit"] for name in sorted(set(patients))])


def add_part(path: Path, fit: str, patients: Iterable[str]) -> None:
    """Add the rows of a site's part `fit` of a federated analysis to the ledger at `path`, once each."""
    rows = [(fit, name, FINAL, FINAL, "fit") for name in sorted(set(patients))]
    with ledger.open_ledger(path) as connection:
        known = connection.execute("SELECT 1 FROM patients_seen WHERE model = ? LIMIT 1", [fit]).fetchone()
        if not known:
            ledger.insert(connection, "patients_seen", rows)


def part_carried_over(connection: duckdb.DuckDBPyConnection, fit: str) -> None:
    """Take the rows of a federated fit over from the ledger attached as `earlier`: nothing else tells who was in it."""
    query = "INSERT INTO patients_seen SELECT * FROM earlier.patients_seen WHERE model = ? ON CONFLICT DO NOTHING"
    connection.execute(query, [fit])


def membership_digest(connection: duckdb.DuckDBPyConnection, model: str, where: str = "") -> str:
    """sha256 over a model's rows in order."""
    query = f"SELECT patient, repeat, fold, role FROM {where}patients_seen WHERE model = ? ORDER BY ALL"
    return digest_value([list(row) for row in connection.execute(query, [model]).fetchall()])


def _membership_digests(connection: duckdb.DuckDBPyConnection, models: set[str]) -> dict[str, str]:
    """{model: `membership_digest`} of many models."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT model, patient, repeat, fold, role FROM patients_seen WHERE model IN (SELECT unnest(?)) ORDER BY ALL",
        [sorted(models)],
    )
    rows = chain.from_iterable(iter(partial(cursor.fetchmany, 10_000), []))
    return {
        model: digest_bytes(canonical_plain([list(row[1:]) for row in held]))
        for model, held in groupby(rows, key=itemgetter(0))
    }


def carried_over(connection: duckdb.DuckDBPyConnection, run_id: str, storage_id: int) -> str:
    """The digest that the ledger attached as `earlier` sealed with a model's materialization, the model's rows taken over.

    "" when it has none, or when its rows are not those that were sealed.
    """
    found = connection.execute(
        "SELECT m.sha256, e.body FROM earlier.materializations m JOIN earlier.events e USING (run_id, storage_id)"
        " WHERE run_id = ? AND storage_id = ?",
        [run_id, storage_id],
    ).fetchone()
    digest = str(json.loads(found[1]).get("patients", "")) if found else ""
    if not found or not digest:
        return ""
    model = found[0]
    if membership_digest(connection, model, "earlier.") not in sealed_digests(connection, "earlier.").get(model, set()):
        return ""
    query = "INSERT INTO patients_seen SELECT * FROM earlier.patients_seen WHERE model = ? ON CONFLICT DO NOTHING"
    connection.execute(query, [model])
    return digest


def sealed_digests(connection: duckdb.DuckDBPyConnection, where: str = "") -> dict[str, set[str]]:
    """{model: digests of its rows that were sealed}: with its materialization, and with each erasure of a patient's rows."""
    found: dict[str, set[str]] = {}
    both = f"{where}materializations m JOIN {where}events e USING (run_id, storage_id)"
    query = f"SELECT m.sha256, e.body FROM {both} WHERE list_contains(?, m.asset)"
    for model, body in connection.execute(query, [[MODEL, *FITS]]).fetchall():
        found.setdefault(model, set()).add(json.loads(body).get("patients", ""))
    query = (
        f"SELECT e.body FROM {where}events e JOIN {where}runs r USING (run_id) WHERE e.kind = 'DECISION' AND r.job = ?"
    )
    for (body,) in connection.execute(query, [FEDERATED]).fetchall():
        evidence = json.loads(body)["metadata"].get("evidence", {})
        found.setdefault(str(evidence.get("fit", "")), set()).add(str(evidence.get("patients", "")))
    for (body,) in connection.execute(query, [ERASED]).fetchall():
        for model, digest in json.loads(body)["metadata"].get("evidence", {}).get("rows_left", {}).items():
            if any(found.get(model, ())):  # without rows at the start, as the folds were gone, none can be left
                found[model].add(digest)
    return found


def rows_left(connection: duckdb.DuckDBPyConnection, patients: set[str]) -> dict[str, str]:
    """{model: the digest of its rows without those of `patients` (pseudonyms)} of each model that saw one of them."""
    names = sorted(patients)
    query = "SELECT DISTINCT model FROM patients_seen WHERE list_contains(?, patient) ORDER BY 1"
    found = {}
    for (model,) in connection.execute(query, [names]).fetchall():
        query = (
            "SELECT patient, repeat, fold, role FROM patients_seen WHERE model = ? AND NOT list_contains(?, patient)"
        )
        rows = connection.execute(f"{query} ORDER BY ALL", [model, names]).fetchall()
        found[model] = digest_value([list(row) for row in rows])
    return found


def forget_patients(path: Path, patients: set[str]) -> int:
    """Delete the rows of `patients` (pseudonyms) from the ledger at `path`; how many.

    The file is written anew, because DuckDB leaves the bytes of a deleted row where they were.
    """
    place = path.with_name(half_written_name("rewritten"))
    with ledger.open_ledger(path) as connection:
        names = sorted(patients)
        query = "SELECT count(*) FROM patients_seen WHERE list_contains(?, patient)"
        (count,) = connection.execute(query, [names]).fetchone() or (0,)
        connection.execute("DELETE FROM patients_seen WHERE list_contains(?, patient)", [names])
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        place.mkdir()
        try:
            quoted = str(place / path.name).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS rewritten")
            connection.execute(f'COPY FROM DATABASE "{name}" TO rewritten')
            connection.execute("DETACH rewritten")
            connection.execute("CHECKPOINT")
            connection.close()
            path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
            write_atomically(path, (place / path.name).read_bytes())
            check_point_path(path).unlink(missing_ok=True)  # it is about rows that are gone; all are looked at again
        finally:
            shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)  # where DuckDB puts what memory cannot hold
    return int(count)


def membership_problems(connection: duckdb.DuckDBPyConnection, first: int = 0) -> list[Problem]:
    """Models whose rows are not those that were sealed; `first`: of which row on models are looked at."""
    problems = []
    sealed = sealed_digests(connection)
    rows = connection.execute("SELECT model, max(rowid) FROM patients_seen GROUP BY model").fetchall()
    known, asked = {row[0] for row in rows}, {model for model, last in rows if last >= first}
    digests = _membership_digests(connection, asked)
    digests |= dict.fromkeys((name for name, held in sealed.items() if any(held) and name not in known), "")
    for model, digest in sorted(digests.items()):
        if digest not in sealed.get(model, set()) or not digest:
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


def fits_of(connection: duckdb.DuckDBPyConnection, patient: str) -> list[Document]:
    """The fits of the omics half, and this site's parts of analyses over several sites, that saw a patient (a pseudonym):
    {asset, fit, made}, the newest of each asset first."""
    rows = connection.execute(
        "SELECT m.asset, p.model, max(m.happened) FROM patients_seen p JOIN materializations m ON m.sha256 = p.model"
        " WHERE p.patient = ? AND p.role = 'fit' AND list_contains(?, m.asset) GROUP BY ALL ORDER BY 1, 3 DESC",
        [patient, list(FITS)],
    ).fetchall()
    parts = connection.execute(
        "SELECT 'federated ' || json_extract_string(e.body, '$.metadata.evidence.question') || ' '"
        " || json_extract_string(e.body, '$.metadata.evidence.name'), p.model, max(e.happened) FROM patients_seen p"
        " JOIN events e ON json_extract_string(e.body, '$.metadata.evidence.fit') = p.model JOIN runs r USING (run_id)"
        " WHERE p.patient = ? AND e.kind = 'DECISION' AND r.job = ? GROUP BY ALL ORDER BY 1, 3 DESC",
        [patient, FEDERATED],
    ).fetchall()
    return [{"asset": asset, "fit": fit, "made": happened.isoformat()} for asset, fit, happened in (*rows, *parts)]
