"""The questions that the ledger answers, one function each: where a value comes from, what depends on it, what changed.

What is newest was sealed last: clocks jump, seals do not.
Every answer is a plain dict; `text.py` beside it says it in words. DuckDB and the standard library only.
"""

from __future__ import annotations

import difflib
import json
import re
from datetime import datetime
from typing import Any

import duckdb

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.lineage.closures import Closures
from groprog_assets.lineage.ledger import literal
from groprog_assets.tables.values import Document, Values

CLINICAL = "clinical_records"


def named_rows(connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> list[Document]:
    """The rows of a query by the names of its columns; times as ISO 8601 text."""
    cursor = connection.execute(query, values)
    names = [column[0] for column in cursor.description or ()]
    return [
        {name: cell.isoformat() if isinstance(cell, datetime) else cell for name, cell in zip(names, row)}
        for row in cursor.fetchall()
    ]


def current(connection: duckdb.DuckDBPyConnection, asset: str, partition: str = "") -> Document:
    """The newest materialization of an asset: {run_id, happened, sha256, derivation, actor}."""
    found = named_rows(
        connection,
        "SELECT m.run_id, m.happened, m.sha256, m.derivation, r.actor FROM materializations m JOIN runs r USING (run_id)"
        " JOIN seals s USING (run_id) WHERE m.asset = ? AND m.partition = ?"
        " ORDER BY s.sequence DESC, m.storage_id DESC LIMIT 1",
        [asset, partition],
    )
    if not found:
        raise LedgerError(_unknown(connection, asset, partition))
    return found[0]


def first_made(connection: duckdb.DuckDBPyConnection, derivation: str) -> datetime | None:
    """When a run first made the value of a derivation (UTC); None where the ledger has no such run."""
    query = "SELECT min(happened) FROM materializations WHERE derivation = ?"
    found = connection.execute(query, [derivation]).fetchone()
    return found[0] if found else None


def _unknown(connection: duckdb.DuckDBPyConnection, asset: str, partition: str) -> Problem:
    """The problem of a value that the ledger does not know, with the names that are near."""
    made = connection.execute("SELECT DISTINCT asset, partition FROM derivations ORDER BY ALL").fetchall()
    assets = sorted({name for name, _ in made})
    partitions = [held for name, held in made if name == asset and held]
    if not assets:
        return Problem(asset, "never made", "The ledger knows nothing yet.", "Run the study first.")
    if asset not in assets:
        near = difflib.get_close_matches(asset, assets, 3, 0.6)
        if near:
            return Problem(asset, "never made", "The ledger knows no such asset.", f"Did you mean {', '.join(near)}?")
        return Problem(
            asset, "never made", f"The ledger knows {', '.join(assets)}.", "Choose one, or run the study first."
        )
    if not partitions:
        rule = f"{asset} is one value for the whole study."
        return Problem(f"{asset}[{partition}]", "never made", rule, "Leave out --partition.")
    rule = f"{asset} is made for each library: {', '.join(partitions)}."
    if not partition:
        return Problem(asset, "of which library?", rule, f"Say, for instance, --partition {partitions[0]}.")
    near = difflib.get_close_matches(partition, partitions, 1, 0.5)
    return Problem(
        f"{asset}[{partition}]", "never made", rule, f"Did you mean --partition {near[0]}?" if near else "Choose one."
    )


def ancestors(connection: duckdb.DuckDBPyConnection, derivation: str) -> dict[str, Document]:
    """{derivation: record} of `derivation` and all it rests on, itself first, then nearest first."""
    found: dict[str, Document] = {}
    waiting = [derivation]
    while waiting:
        digest = waiting.pop(0)
        if digest in found:
            continue
        row = connection.execute("SELECT body FROM derivations WHERE derivation = ?", [digest]).fetchone()
        if row is None:
            raise LedgerError(
                Problem(
                    f"derivation {digest[:12]}", "missing", "It is named as an input.", "Run `groprog lineage verify`."
                )
            )
        found[digest] = json.loads(row[0])
        waiting += [item["derivation"] for item in found[digest]["inputs"]]
    return found


def trace(connection: duckdb.DuckDBPyConnection, asset: str, partition: str = "", derivation: str = "") -> Document:
    """What a value came from: files with sha256, parameters with the published value where it differs, code, environment."""
    newest = None if derivation else current(connection, asset, partition)
    digest = derivation or newest["derivation"]  # type: ignore[index]
    records = ancestors(connection, digest)
    files: dict[tuple[str, str], Document] = {}
    parameters: dict[str, Document] = {}
    steps, left_out = [], {}
    for name, record in records.items():
        for item in record["files"]:
            files.setdefault((item["path"], item["sha256"]), {**item, "read_by": []})["read_by"].append(record["asset"])
        for group, values in record["parameters"].items():
            for key, value in values.items():
                full = f"{group.partition('.')[2]}.{key}"
                changed = record["overrides"].get(full)
                parameters[full] = {"value": value, "published": changed["default"] if changed else value}
        for item in record["left_out"]:
            left_out[item["library"]] = item["reason"]
        steps.append(
            {
                "asset": record["asset"],
                "partition": record["partition"],
                "sha256": record["output"]["sha256"],
                "derivation": name,
                "code_version": record["code_version"],
                "seed": record["seed"],
                "reads": sorted({item["asset"] for item in record["inputs"]}),
                "files": sorted({item["role"] for item in record["files"]}),
            }
        )
    snapshot = [step for step in steps if step["asset"] == CLINICAL]
    return {
        "asset": asset,
        "partition": partition,
        "sha256": records[digest]["output"]["sha256"],
        "derivation": digest,
        "made": newest,
        "clinical_snapshot": snapshot[0]["sha256"] if snapshot else None,
        "files": sorted(files.values(), key=lambda item: (item["role"], item["library"], item["path"])),
        "parameters": dict(sorted(parameters.items())),
        "overrides": {name: item for name, item in sorted(parameters.items()) if item["value"] != item["published"]},
        "left_out": left_out,
        "environments": sorted({record["environment"] for record in records.values()}),
        "kernels": sorted({record["kernels"] for record in records.values()}),
        "steps": steps,
    }


def impact(connection: duckdb.DuckDBPyConnection, *, file: str = "", library: str = "", asset: str = "") -> Document:
    """What of the present state rests on a file (path or sha256), a library or an asset; a patient: clinical_records.

    LedgerError for a file, a library or an asset that the ledger does not know, present or past.
    """
    for kind, name, known in (
        ("file", file, "SELECT path FROM derivation_files UNION SELECT sha256 FROM derivation_files"),
        ("library", library, "SELECT partition FROM derivations WHERE partition <> ''"),
        ("asset", asset, "SELECT asset FROM derivations"),
    ):
        if name:
            _must_be_known(kind, name, sorted({row[0] for row in connection.execute(known).fetchall()}))
    newest = connection.execute(
        "SELECT asset, partition, arg_max(derivation, row(sequence, storage_id)) FROM materializations JOIN seals USING (run_id)"
        " GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    touched = []
    for name, partition, digest in newest:
        records = ancestors(connection, digest)
        if any(_concerns(record, file, library, asset) for record in records.values()):
            touched.append({"asset": name, "partition": partition, "derivation": digest})
    return {"file": file, "library": library, "asset": asset, "affected": touched, "of": len(newest)}


def graph(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(read, reader) of every asset as last made, libraries together."""
    return connection.execute(
        "SELECT DISTINCT i.asset, n.asset FROM derivation_inputs i JOIN (SELECT asset,"
        " arg_max(derivation, row(sequence, storage_id)) AS d FROM materializations JOIN seals USING (run_id)"
        " GROUP BY asset, partition) n ON n.d = i.derivation ORDER BY ALL"
    ).fetchall()


def states(connection: duckdb.DuckDBPyConnection, older: str, newer: str) -> dict[str, str]:
    """{asset behind `newer`: how it stands to the one behind `older`}: "same bytes", "changed itself" (its own file, parameter,
    code, environment or seed), "changed by an input", "only one has it"; of several libraries the one that changed most."""
    order = ("same bytes", "changed by an input", "changed itself", "only one has it")
    closures = Closures(connection, [older, newer])
    steps = closures.steps
    found = {steps[digest].asset: order[0] for digest in closures.behind(newer)}
    for pairs in closures.pairs(older, newer).values():
        for old, new in pairs:
            if new is None:
                continue
            if old is None:
                state = order[3]
            elif steps[old].sha256 == steps[new].sha256:
                state = order[0]
            else:
                state = order[2] if _differences(closures, old, new) else order[1]
            found[steps[new].asset] = max(found[steps[new].asset], state, key=order.index)
    return found


def reads(connection: duckdb.DuckDBPyConnection, path: str) -> bool:
    """Whether any value, present or past, was made from the file of this path, as seen from the study's folder."""
    return connection.execute("SELECT 1 FROM derivation_files WHERE path = ?", [path]).fetchone() is not None


def _must_be_known(kind: str, name: str, known: list[str]) -> None:
    """LedgerError with the near names where `name` is none of `known`; of a file the end of its path is enough."""
    if name in known or (kind == "file" and any(path.endswith("/" + name) for path in known)):
        return
    shown = [other for other in known if not re.fullmatch(r"[0-9a-f]{64}", other)]
    near = difflib.get_close_matches(name, shown, 3, 0.6)
    if near:
        remedy = f"Did you mean {', '.join(near)}?"
    else:
        remedy = (
            f"Known are {', '.join(shown[:20])}{', ...' if len(shown) > 20 else ''}."
            if shown
            else "Run the study first."
        )
    raise LedgerError(Problem(f"--{kind}", name, f"The ledger knows no such {kind}.", remedy))


def _concerns(record: Document, file: str, library: str, asset: str) -> bool:
    if file and any(
        item["sha256"] == file or item["path"] == file or item["path"].endswith("/" + file) for item in record["files"]
    ):
        return True
    return bool(library and record["partition"] == library) or bool(asset and record["asset"] == asset)


def changes(connection: duckdb.DuckDBPyConnection, older: str, newer: str, effective: bool = False) -> list[Document]:
    """What differs at the roots between two derivations: [{what, kind, before, after}], of kind file, parameters, study, extra,
    code, environment, seed or step. `effective`: only at steps whose values differ, so that what made no difference is left out.
    """
    return _changes(Closures(connection, [older, newer]), older, newer, effective)


def _changes(closures: Closures, older: str, newer: str, effective: bool) -> list[Document]:
    found: dict[str, Document] = {}
    for name, pairs in closures.pairs(older, newer).items():
        for old, new in pairs:
            if old is None or new is None:
                found[f"step {name}"] = _change(f"step {name}", "step", bool(old), bool(new))
            elif not effective or closures.steps[old].sha256 != closures.steps[new].sha256:
                found |= {row["what"]: row for row in _differences(closures, old, new)}
    return list(found.values())


def _differences(closures: Closures, older: str, newer: str) -> list[Document]:
    """As `differences`, of two derivations."""
    if closures.steps[older].own == closures.steps[newer].own:
        return []
    records = closures.records((older, newer))
    return differences(records[older], records[newer])


def differences(old: Values, new: Values) -> list[Document]:
    """What differs between two derivations of one asset, besides their inputs: as in `changes`."""
    found = []
    for field in ("code_version", "environment", "seed"):
        if old[field] != new[field]:
            what = f"{field} of {_name(old)}" if field == "code_version" else field
            found.append(_change(what, field.removesuffix("_version"), old[field], new[field]))
    for field in ("parameters", "study", "extra"):
        for key, (left, right) in _leaf_changes(old[field], new[field], "").items():
            what = key.removeprefix("parameters.") if field == "parameters" else f"{field} {key}"
            found.append(_change(what, field, left, right))
    was = {(item["role"], item["library"], item["path"]): item["sha256"] for item in old["files"]}
    now = {(item["role"], item["library"], item["path"]): item["sha256"] for item in new["files"]}
    for role, library, path in sorted(was.keys() | now.keys()):
        left, right = was.get((role, library, path)), now.get((role, library, path))
        if left != right:
            found.append(_change(f"file {path} ({role})", "file", left, right))
    return found


def _change(what: str, kind: str, before: Any, after: Any) -> Document:
    return {"what": what, "kind": kind, "before": before, "after": after}


def why(
    connection: duckdb.DuckDBPyConnection, asset: str, partition: str = "", older: str = "", newer: str = ""
) -> Document:
    """Why an asset's value changed: between two runs or models (each by the beginning of its id, model version or sha256), or
    between its last two different values. LedgerError when nothing, or more than one value, has a name that was given."""
    rows = connection.execute(
        "SELECT m.run_id, m.happened, m.sha256, m.derivation, d.body FROM materializations m JOIN derivations d USING"
        " (derivation) JOIN seals s USING (run_id) WHERE m.asset = ? AND m.partition = ? ORDER BY s.sequence, m.storage_id",
        [asset, partition],
    ).fetchall()
    if older or newer:
        picked = [_named(rows, wanted) for wanted in (older, newer) if wanted]
        if len(picked) == 1:  # the other side is the newest value, or the one before what was named
            place = rows.index(picked[0])
            earlier = [row for row in rows[:place] if row[2] != picked[0][2]]
            picked = [picked[0], rows[-1]] if older else [*earlier[-1:], picked[0]]
    else:
        values = [row for place, row in enumerate(rows) if place == 0 or row[2] != rows[place - 1][2]]
        picked = values[-2:]
    if len(picked) < 2:
        return {"asset": asset, "partition": partition, "changed": False, "changes": [], "materializations": len(rows)}
    old, new = picked[0], picked[-1]
    return {
        "asset": asset,
        "partition": partition,
        "changed": old[2] != new[2],
        "before": {"run_id": old[0], "happened": old[1].isoformat(), "sha256": old[2], "derivation": old[3]},
        "after": {"run_id": new[0], "happened": new[1].isoformat(), "sha256": new[2], "derivation": new[3]},
        "changes": changes(connection, old[3], new[3]),
    }


def _named(rows: list[tuple[Any, ...]], wanted: str) -> tuple[Any, ...]:
    """The newest row whose run, value or model version begins with `wanted`."""
    found = [row for row in rows if any(name.startswith(wanted) for name in (row[0], row[2], _model_version(row[4])))]
    if len({row[2] for row in found}) != 1:
        seen = "nothing" if not found else f"{len({row[2] for row in found})} values"
        known = ", ".join(dict.fromkeys((_model_version(row[4]) or row[0])[:12] for row in rows)) or "none"
        raise LedgerError(Problem(wanted, f"names {seen}", f"Known are {known}.", "Name one of them."))
    return found[-1]


def _model_version(body: str) -> str:
    return str(json.loads(body)["headline"].get("model_version", ""))


def times_made(connection: duckdb.DuckDBPyConnection, asset: str, partition: str = "") -> int:
    """How many materializations of an asset the ledger holds, kept ones included."""
    row = connection.execute(f"SELECT count(*) {_materialized(asset, partition)}").fetchone()
    return int(row[0]) if row else 0


def _materialized(asset: str, partition: str) -> str:
    return (
        "FROM materializations m JOIN runs r USING (run_id) JOIN seals s USING (run_id)"
        f" WHERE m.asset = {literal(asset)} AND m.partition = {literal(partition)}"
    )


def history(
    connection: duckdb.DuckDBPyConnection, asset: str, partition: str = "", newest: int | None = None
) -> list[Document]:
    """Every materialization of an asset, or the `newest` ones, oldest first, with what changed since the one before."""
    found = named_rows(
        connection,
        "SELECT m.happened, m.run_id, r.job, r.actor, m.sha256, m.derivation, m.reused"
        f" {_materialized(asset, partition)} ORDER BY s.sequence DESC, m.storage_id DESC"
        + (f" LIMIT {newest + 1}" if newest is not None else ""),
    )[::-1]
    closures = Closures(connection, [item["derivation"] for item in found])
    made = [item["derivation"] for item in found]
    pairs = list(zip([*made[:1], *made], made, strict=False))
    closures.read_differing(pairs)
    for item, (older, newer) in zip(found, pairs, strict=True):
        item["changes"] = [row["what"] for row in _changes(closures, older, newer, effective=False)]
    return found if newest is None else found[-newest:]


def last_kept(connection: duckdb.DuckDBPyConnection, asset: str) -> Document | None:
    """{happened, actor} of the last run that changed nothing and kept the asset, where nothing was made after it; else None."""
    found = named_rows(
        connection,
        "SELECT e.happened, r.actor"
        " FROM events e JOIN runs r USING (run_id) JOIN seals s USING (run_id) WHERE e.kind = 'DECISION'"
        " AND s.sequence > (SELECT coalesce(max(sequence), -1) FROM materializations JOIN seals USING (run_id))"
        " AND r.job = 'kept' AND list_contains(json_extract_string(e.body, '$.metadata.evidence.assets[*]'), ?)"
        " ORDER BY s.sequence DESC LIMIT 1",
        [asset],
    )
    return found[0] if found else None


def score(connection: duckdb.DuckDBPyConnection, parquet: str, patient: str) -> Document:
    """A patient's row of a stored risk_scores table. LedgerError when the patient has no score."""
    found = named_rows(connection, "SELECT * FROM read_parquet(?) WHERE patient_id = ?", [parquet, patient])
    if not found:
        rule = "It is an id of the clinical table, or the pseudonym that the portal shows."
        raise LedgerError(Problem("--patient", "not among the scored patients", rule, "Check the id."))
    return found[0]


def _name(record: Values) -> str:
    return f"{record['asset']}[{record['partition']}]" if record["partition"] else record["asset"]


def _leaf_changes(old: Any, new: Any, path: str) -> dict[str, tuple[Any, Any]]:
    if old == new:
        return {}
    if isinstance(old, dict) and isinstance(new, dict):
        found = {}
        for key in sorted(old.keys() | new.keys()):
            below = f"{path}.{key}" if path else key
            found.update(_leaf_changes(old.get(key), new.get(key), below))
        return found
    return {path: (old, new)}
