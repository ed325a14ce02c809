"""The facts on the ledger's page of one asset: its values, inputs, consumers, checks and history.

Plain dicts out. DuckDB and the standard library only.
"""

from __future__ import annotations

import json

import duckdb

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.lineage import questions
from groprog_assets.tables.values import Document

MOST_ROWS = 200
"""Rows of a table on the page; the commands it names show all."""
MOST_HISTORY = 40
EXPLAINED = 12
"""Newest entries of the history for which the page says what changed."""


def assets_known(connection: duckdb.DuckDBPyConnection) -> list[Document]:
    """[{asset, values, made, actor, failed}] of every asset ever made: how many partitions, when last, by whom, failed checks."""
    rows = connection.execute(
        "SELECT m.asset, count(DISTINCT m.partition), max(m.happened), arg_max(r.actor, row(s.sequence, m.storage_id))"
        " FROM materializations m JOIN runs r USING (run_id) JOIN seals s USING (run_id) GROUP BY m.asset ORDER BY m.asset"
    ).fetchall()
    failed: dict[str, int] = {}
    for check in _latest_checks(connection, ""):
        failed[check["asset"]] = failed.get(check["asset"], 0) + (not check["passed"])
    return [
        {"asset": name, "values": values, "made": made.isoformat(), "actor": actor, "failed": failed.get(name, 0)}
        for name, values, made, actor in rows
    ]


def asset_facts(connection: duckdb.DuckDBPyConnection, asset: str) -> Document:
    """Everything the page of an asset shows. LedgerError when it was never made."""
    values = _values(connection, asset)
    if not values:
        rule = "The ledger knows what was made."
        raise LedgerError(Problem(asset, "never made", rule, "Run the study first."))
    records = [
        json.loads(body)
        for (body,) in connection.execute(
            "SELECT body FROM derivations WHERE derivation IN (SELECT unnest(?))",
            [[row["derivation"] for row in values]],
        ).fetchall()
    ]
    edges = questions.graph(connection)
    files = {(item["path"], item["sha256"]): item for record in records for item in record["files"]}
    parameters: dict[str, Document] = {}
    for record in records:
        for group, held in record["parameters"].items():
            for name, value in held.items():
                full = f"{group.partition('.')[2]}.{name}"
                changed = record["overrides"].get(full)
                parameters[full] = {"value": value, "published": changed["default"] if changed else value}
    return {
        "asset": asset,
        "values": values,
        "reads": sorted({above for above, below in edges if below == asset}),
        "read_by": sorted({below for above, below in edges if above == asset}),
        "files": sorted(files.values(), key=lambda item: item["path"])[:MOST_ROWS],
        "file_count": len(files),
        "parameters": dict(sorted(parameters.items())),
        "left_out": [item for record in records for item in record["left_out"]],
        "code": sorted({record["code_version"] for record in records}),
        "environments": sorted({record["environment"] for record in records}),
        "checks": _latest_checks(connection, asset)[:MOST_ROWS],
        "history": _history(connection, asset),
    }


def _values(connection: duckdb.DuckDBPyConnection, asset: str) -> list[Document]:
    return questions.named_rows(
        connection,
        "SELECT m.partition, m.happened, m.run_id, r.actor, m.sha256, m.derivation FROM materializations m"
        " JOIN runs r USING (run_id) JOIN seals s USING (run_id) WHERE m.asset = ?"
        " QUALIFY row_number() OVER (PARTITION BY m.partition ORDER BY s.sequence DESC, m.storage_id DESC) = 1"
        " ORDER BY m.partition",
        [asset],
    )


def _latest_checks(connection: duckdb.DuckDBPyConnection, asset: str) -> list[Document]:
    """The newest outcome of each check of an asset (of all for ""), failed ones first, with how often it was evaluated."""
    return questions.named_rows(
        connection,
        "SELECT c.asset, c.partition, c.name, c.passed, c.severity, c.description, c.happened,"
        " count(*) OVER (PARTITION BY c.asset, c.partition, c.name) AS times FROM checks c JOIN seals s USING (run_id)"
        " WHERE ? IN ('', c.asset) QUALIFY row_number() OVER (PARTITION BY c.asset, c.partition, c.name"
        " ORDER BY s.sequence DESC, c.storage_id DESC) = 1 ORDER BY c.passed, c.name, c.partition",
        [asset],
    )


def _history(connection: duckdb.DuckDBPyConnection, asset: str) -> list[Document]:
    """The newest materializations, newest first, each with what had changed since the one before of its partition."""
    found = questions.named_rows(
        connection,
        "SELECT m.partition, m.happened, m.run_id, r.actor, m.sha256, m.derivation, m.reused,"
        " lag(m.derivation) OVER (PARTITION BY m.partition ORDER BY s.sequence, m.storage_id) AS earlier"
        " FROM materializations m JOIN runs r USING (run_id) JOIN seals s USING (run_id) WHERE m.asset = ?"
        " ORDER BY s.sequence DESC, m.storage_id DESC LIMIT ?",
        [asset, MOST_HISTORY],
    )
    for place, item in enumerate(found):
        differs = item["earlier"] and item["earlier"] != item["derivation"] and place < EXPLAINED
        changes = questions.changes(connection, item["earlier"], item["derivation"]) if differs else []
        item["changes"] = [change["what"] for change in changes]
    return found
