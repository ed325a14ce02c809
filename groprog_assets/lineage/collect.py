"""Filling the ledger from Dagster's event log: each finished run once, with its seal.

A run and its rows enter in one transaction, so a projector killed at any moment leaves either all of a run or nothing of it,
and the next one goes on. No asset mentions lineage: what is recorded is what Dagster and the artifact store already say.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from groprog_assets.errors import ArtifactError, LedgerError, Problem, UnreachableError
from groprog_assets.graph.resources import ACTOR_TAG
from groprog_assets.lineage import ledger
from groprog_assets.lineage.decisions import ACTOR, DECISION, EVIDENCE, decisions
from groprog_assets.lineage.logged_questions import add_questions, keep_questions
from groprog_assets.lineage.membership import (
    FEDERATED,
    FITS,
    MODEL,
    add_membership,
    carried_over,
    part_carried_over,
)
from groprog_assets.store.artifacts import canonical_json, digest_bytes, plain
from groprog_assets.store.derivations import Derivations, Record
from groprog_assets.store.signatures import Unsealed
from groprog_assets.tables.values import Document, Value
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    import duckdb

ENDS: dict[dg.DagsterRunStatus, Any] = {
    dg.DagsterRunStatus.SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterRunStatus.FAILURE: dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterRunStatus.CANCELED: dg.DagsterEventType.RUN_CANCELED,
}
FINISHED = list(ENDS)
UNATTRIBUTED = "UNATTRIBUTED"
"""The status of a run, or of an observation given as a decision, whose author is not known. No step runs in such a run, so it
makes no value; it is sealed because a ledger that left it out would not be whole."""
KINDS = {
    dg.DagsterEventType.RUN_START,
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}
PAGE = 1000


def collect(instance: dg.DagsterInstance, path: Path, records: Derivations, earlier: Path | None = None) -> int:
    """Project every finished run that the ledger does not hold yet, in the order in which they ended; the number of runs added.

    earlier: a copy of the ledger that this one replaces, for what the store can no longer tell.

    The order is that of the event log, never that of clocks, which jump. A run is read whole once it has ended and no cursor
    passes over the log, so what a server commits late is not skipped.
    """
    added = 0
    with ledger.open_ledger(path, make=True) as connection:
        if earlier is not None:
            quoted = str(earlier).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS earlier (READ_ONLY)")
        known = {row[0] for row in connection.execute("SELECT run_id FROM seals").fetchall()}
        waiting = [
            record
            for record in instance.get_run_records(dg.RunsFilter(statuses=FINISHED))
            if record.dagster_run.run_id not in known
        ]
        places = _places(instance, waiting)
        due: list[tuple[int, str, Callable[[], None]]] = [
            (
                places.get(record.dagster_run.run_id, 0),
                record.dagster_run.run_id,
                partial(_project, instance, connection, record, records, earlier is not None),
            )
            for record in waiting
        ]
        due += [
            (
                record.storage_id,
                _decision_id(record),
                partial(_project_decision, connection, record, earlier is not None),
            )
            for record in decisions(instance)
            if _decision_id(record) not in known
        ]
        for _, _, project in sorted(due, key=lambda item: item[:2]):
            connection.execute("BEGIN")
            try:
                project()
                connection.execute("COMMIT")
                ledger.write_head(path, connection)
            except BaseException:
                with contextlib.suppress(Exception):
                    connection.execute("ROLLBACK")
                raise
            added += 1
        add_questions(connection, records.root.parent)
        ledger.write_head(path, connection)
        sealed = "SELECT 1 FROM materializations WHERE derivation = ?"
        Unsealed(records.root.parent).clear(lambda digest: connection.execute(sealed, [digest]).fetchone() is not None)
    return added


def rebuild(instance: dg.DagsterInstance, path: Path, records: Derivations) -> int:
    """Project everything anew and put it in the ledger's place; the number of runs.

    Which patients a model saw is read from its folds; where these are erased, the ledger's own rows are taken over, if they are
    those that were sealed. So are rows of a log of questions that has lost lines since.

    LedgerError, and nothing changed, when the ledger holds runs that the event log no longer has: they would be lost.
    """
    place = path.parent / f".rebuilt.{os.getpid()}.part"
    shutil.rmtree(place, ignore_errors=True)
    try:
        fresh, earlier = place / path.name, place / "earlier.duckdb"
        known = ledger.sealed_runs(path)
        if known:
            ledger.publish(path, earlier)
        runs = collect(instance, fresh, records, earlier if known else None)
        if known:
            with ledger.open_ledger(fresh) as connection, ledger.open_ledger(earlier) as before:
                keep_questions(connection, before)
        there = ledger.sealed_runs(fresh)
        lost = max(len(known - there), _head_number(path) - len(there))
        if lost > 0:
            rule, kept = "A rebuild loses no run; nothing was changed.", "`groprog lineage verify` judges this one"
            remedy = f"Restore the event log from a backup, or keep the ledger: {kept}."
            raise LedgerError(
                Problem(str(path), f"{count_of(lost, 'run')} that the event log no longer has", rule, remedy)
            )
        ledger.replace(path, fresh)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return runs


def _head_number(path: Path) -> int:
    """The number of the seal in the head beside a ledger; 0 where it is missing or damaged."""
    try:
        return int((ledger.read_head(path) or {"sequence": 0})["sequence"])
    except LedgerError:
        return 0


def _places(instance: dg.DagsterInstance, ended: list[dg.RunRecord]) -> dict[str, int]:
    """{run: number of the event that ended it}; decisions are numbered in the same sequence, with SQLite as with PostgreSQL."""
    found: dict[str, int] = {}
    for status, kind in ENDS.items():
        wanted = {record.dagster_run.run_id for record in ended if record.dagster_run.status == status}
        cursor = None
        while wanted - set(found):
            page = instance.fetch_run_status_changes(kind, limit=PAGE, cursor=cursor)
            found |= {record.run_id: record.storage_id for record in page.records if record.run_id in wanted}
            cursor = page.cursor
            if not page.has_more:
                break
    return found


def _project(
    instance: dg.DagsterInstance, connection: duckdb.DuckDBPyConnection, record: Any, records: Derivations, again: bool
) -> None:
    run = record.dagster_run
    events, materializations, checks, named = [], [], [], set()
    for storage_id, entry in _entries(instance, run.run_id):
        event = entry.dagster_event
        happened = _moment(entry.timestamp)
        partition = event.partition or ""
        asset = event.asset_key.to_user_string() if event.asset_key else ""
        body: Document = {"step": event.step_key, "message": event.message}
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            metadata = {
                key: _plain_metadata(value) for key, value in made.metadata.items() if not key.startswith("plot")
            }
            body["metadata"] = metadata
            if "groprog/derivation" in metadata:
                digest = metadata["groprog/derivation"]
                if asset == MODEL or asset in FITS:
                    body["patients"] = _patients(connection, records, digest)
                    if again and not body["patients"]:
                        body["patients"] = carried_over(connection, run.run_id, storage_id)
                named.add(digest)
                reused = bool(metadata.get("groprog/reused"))
                row = (run.run_id, storage_id, happened, asset, partition, metadata["groprog/sha256"], digest, reused)
                materializations.append(row)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            asset = check.asset_key.to_user_string()
            partition = check.partition or run.tags.get("dagster/partition", "")
            body["metadata"] = {key: _plain_metadata(value) for key, value in check.metadata.items()}
            checks.append(
                (
                    run.run_id,
                    storage_id,
                    happened,
                    asset,
                    partition,
                    check.check_name,
                    check.passed,
                    check.severity.value,
                    check.description or "",
                )
            )
        text = canonical_json(body)
        events.append(
            (
                run.run_id,
                storage_id,
                happened,
                event.event_type_value,
                asset,
                partition,
                text.decode(),
                digest_bytes(text),
            )
        )
    actor = run.tags.get(ACTOR_TAG, "").strip()
    tags = {key: value for key, value in run.tags.items() if not key.startswith(".dagster")}
    ledger.insert(
        connection,
        "runs",
        [
            (
                run.run_id,
                run.job_name,
                run.status.value if actor else UNATTRIBUTED,
                run.tags.get("dagster/partition", ""),
                _moment(record.start_time) if record.start_time else None,
                _moment(record.end_time or record.update_timestamp.timestamp()),
                actor,
                canonical_json(tags).decode(),
            )
        ],
    )
    ledger.insert(connection, "events", events)
    ledger.insert(connection, "materializations", materializations)
    ledger.insert(connection, "checks", checks)
    ledger.add_derivations(connection, _closure(records, named))
    ledger.seal_run(connection, run.run_id)


def _decision_id(record: dg.EventLogRecord) -> str:
    return f"event-{record.storage_id:012d}"


def _project_decision(connection: duckdb.DuckDBPyConnection, record: dg.EventLogRecord, again: bool) -> None:
    """A decision as a run of its own: one row in `runs`, one in `events`, one seal.

    An observation that does not say what was decided and by whom is sealed as an observation, and is no decision.
    """
    observed = record.asset_observation
    assert observed is not None
    held = {key: _plain_metadata(value) for key, value in observed.metadata.items()}
    name, moment = _decision_id(record), _moment(record.timestamp)
    decision, actor = str(held.get(DECISION, "")).strip(), str(held.get(ACTOR, "")).strip()
    signed = bool(decision and actor)
    told = (decision, "SUCCESS") if signed else ("observation", UNATTRIBUTED)
    ledger.insert(connection, "runs", [(name, *told, "", moment, moment, actor if signed else "", "{}")])
    text = canonical_json({"metadata": held})
    asset = observed.asset_key.to_user_string()
    kind = "DECISION" if signed else "OBSERVATION"
    row = (name, record.storage_id, moment, kind, asset, observed.partition or "", text.decode())
    ledger.insert(connection, "events", [(*row, digest_bytes(text))])
    if again and signed and decision == FEDERATED:
        part_carried_over(connection, str((held.get(EVIDENCE) or {}).get("fit", "")))
    ledger.seal_run(connection, name)


def _entries(instance: dg.DagsterInstance, run_id: str) -> list[tuple[int, Any]]:
    found, cursor = [], None
    while True:
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=KINDS, limit=PAGE, ascending=True)
        found += [(record.storage_id, record.event_log_entry) for record in page.records]
        cursor = page.cursor
        if not page.has_more:
            return found


def _patients(connection: duckdb.DuckDBPyConnection, records: Derivations, digest: str) -> str:
    try:
        return add_membership(connection, records.root.parent, records.store, records.read(digest))
    except UnreachableError:
        raise
    except ArtifactError:
        return ""


def _closure(records: Derivations, named: set[str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    waiting = sorted(named)
    while waiting:
        digest = waiting.pop()
        if digest in found:
            continue
        try:
            found[digest] = records.read(digest)
        except ArtifactError:
            continue  # the event stays; `verify` names the missing record
        waiting += [item["derivation"] for item in found[digest]["inputs"]]
    return found


def _plain_metadata(value: Value) -> Value:
    held = getattr(value, "value", value)
    return plain(held) if isinstance(held, str | int | float | bool | dict | list | type(None)) else str(held)


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)
