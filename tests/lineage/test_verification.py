"""Whatever is changed in a table of the ledger is found by name: by reading every row, and from a check-point on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from groprog_assets.errors import LedgerError
from groprog_assets.lineage import ledger, verification
from groprog_assets.lineage.check_points import (
    check_point,
    check_point_path,
    read_verified,
    table_digests,
    write_verified,
)
from groprog_assets.lineage.derivation_rows import DERIVED, derivation_row, derived_rows
from groprog_assets.lineage.logged_questions import SEALED_HEADS, add_questions
from groprog_assets.lineage.membership import membership_digest
from groprog_assets.lineage.verification import Verification, snapshot, verify_rows
from groprog_assets.store.artifacts import canonical_json, digest_bytes, digest_value
from groprog_assets.store.query_log import FOLDER, QUESTIONS, QueryLog
from groprog_assets.store.workspace import Workspace

MOMENT = datetime(2027, 1, 2, 3, 4, 5, 60)
RUN = "a-later-run"


@pytest.fixture(scope="module")
def every_table(twice_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a study whose ledger has rows in every table: one more run made a model and saw a patient; the log of
    questions was sealed."""
    state = tmp_path_factory.mktemp("state")
    shutil.copytree(Workspace(twice_run).ledger_path.parent, state / "ledger")
    seal_questions(state)
    add_run(state / "ledger" / "lineage.duckdb", RUN, "model")
    return state


def seal_questions(state: Path) -> None:
    """Two lines of the log, in the ledger, and the decision that sealed them, as the projector writes it."""
    path = state / "ledger" / "lineage.duckdb"
    with contextlib.closing(QueryLog(state / FOLDER / QUESTIONS)) as log:
        for what in ("one", "other"):
            told = {"purpose": "health", "endpoint": "/api", "canonical": what, "data": "d", "snapshot": "s"}
            last = log.append(actor="ann", **told, epsilon=0.2, total=0.2, outcome="answered")
    body = canonical_json({"metadata": {"evidence": {"lines": 2, "head": last["sha256"], "others": {}}}})
    with ledger.open_ledger(path) as connection:
        connection.execute("BEGIN")
        assert add_questions(connection, state) == 2
        ledger.insert(connection, "runs", [("event-9", SEALED_HEADS, "SUCCESS", "", MOMENT, MOMENT, "ada", "{}")])
        row = ("event-9", 9, MOMENT, "DECISION", "omics_catalog", "", body.decode(), digest_bytes(body))
        ledger.insert(connection, "events", [row])
        ledger.seal_run(connection, "event-9")
        connection.execute("COMMIT")
        ledger.write_head(path, connection)


def add_run(path: Path, name: str, model: str) -> None:
    """One run more, as the projector writes it, of a model that rests on an earlier value."""
    with ledger.open_ledger(path) as connection:
        digest, body = connection.execute(
            "SELECT derivation, body FROM derivations WHERE asset = 'patient_expression'"
        ).fetchone()
        record, sha256 = json.loads(body), digest_value(model)
        edge = {"name": "expression", "asset": "patient_expression", "partition": "", "derivation": digest}
        record |= {"asset": "risk_model", "output": {**record["output"], "sha256": sha256}, "seed": 7}
        record["inputs"] = [{**edge, "sha256": record["output"]["sha256"]}]
        record["parameters"] = {"parameters.training": {"rate": 1e-05}}
        text = canonical_json(record)
        made = digest_bytes(text)
        connection.execute("BEGIN")
        ledger.insert(connection, "patients_seen", [(sha256, "p-1", -1, -1, "training"), (sha256, "p-1", 0, 1, "test")])
        event = canonical_json(
            {"message": 'é \x1f\x7f "\\/ \U0001f600\n', "patients": membership_digest(connection, sha256)}
        )
        ledger.insert(connection, "runs", [(name, "job", "SUCCESS", "", None, MOMENT, "ada", "{}")])
        row = (name, 1, MOMENT, "ASSET_MATERIALIZATION", "risk_model", "", event.decode(), digest_bytes(event))
        ledger.insert(connection, "events", [row])
        ledger.insert(connection, "materializations", [(name, 1, MOMENT, "risk_model", "", sha256, made, False)])
        ledger.insert(connection, "checks", [(name, 2, MOMENT, "risk_model", "", "sound", True, "WARN", "it is \x1f")])
        ledger.insert(connection, "derivations", [derivation_row(made, record)])
        for table, rows in zip(DERIVED, derived_rows(made, record), strict=True):
            ledger.insert(connection, table, rows)
        ledger.seal_run(connection, name)
        connection.execute("COMMIT")
        ledger.write_head(path, connection)


def copied(state: Path, folder: Path) -> Path:
    shutil.copytree(state, folder)
    return folder / "ledger" / "lineage.duckdb"


def checked(path: Path) -> None:
    """Keep a check-point of the ledger as it is."""
    with snapshot(path) as connection:
        found = verify_rows(connection, path)
        assert found.problems == []
        kept = {"sound": True, "sequence": found.seals, "seal": found.newest["seal"], "memos": {}}
        kept["tables"] = check_point(connection, ledger.TABLES, {})
    write_verified(path.parents[1], path, kept)


def both(path: Path) -> tuple[Verification, Verification]:
    """(with the check-point, every row)."""
    with snapshot(path) as connection:
        return verify_rows(connection, path, state=path.parents[1]), verify_rows(connection, path)


def told(found: Verification) -> list[tuple[str, str]]:
    return [(item.where, item.value) for item in found.problems]


def columns(table: str) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        connection.execute(Path(ledger.__file__).with_name("schema.sql").read_text())
        return [(str(row[0]), str(row[1])) for row in connection.execute(f"DESCRIBE {table}").fetchall()]


def attacks(table: str) -> Iterator[tuple[str, str]]:
    """(what is done, the statement): each cell of a row changed, a row deleted, a row added."""
    other = {
        "VARCHAR": "{0} || 'x'",
        "BIGINT": "coalesce({0}, 0) + 1000",
        "DOUBLE": "{0} + 1",
        "INTEGER": "{0} + 1000",
        "BOOLEAN": "NOT {0}",
        "TIMESTAMP": "coalesce({0} + INTERVAL 1 MICROSECOND, TIMESTAMP '2027-01-01 00:00:00')",
    }
    last = f"rowid = (SELECT max(rowid) FROM {table})"
    for name, kind in columns(table):
        yield f"{name} changed", f"UPDATE {table} SET {name} = {other[kind].format(name)} WHERE {last}"
    yield "a row deleted", f"DELETE FROM {table} WHERE {last}"
    cells = [
        {"VARCHAR": f"'x' || {name}", "BIGINT": f"{name} + 1000", "INTEGER": f"{name} + 1000"}.get(kind, name)
        for name, kind in columns(table)
    ]
    yield "a row added", f"INSERT INTO {table} SELECT {', '.join(cells)} FROM {table} WHERE {last}"


def test_every_table_of_the_schema_is_named():
    with duckdb.connect() as connection:
        connection.execute(Path(ledger.__file__).with_name("schema.sql").read_text())
        found = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    assert {row[0] for row in found} == set(ledger.TABLES)


@pytest.mark.parametrize("table", ledger.TABLES)
def test_a_change_of_any_cell_or_row_is_found(every_table: Path, tmp_path: Path, table: str):
    whole = copied(every_table, tmp_path / "whole")
    checked(whole)
    for number, (name, statement) in enumerate(attacks(table)):
        path = copied(whole.parents[1], tmp_path / str(number))
        with duckdb.connect(str(path)) as connection:
            changed = connection.execute(statement).fetchone()
            assert changed == (1,), f"{table}: {name} changes one row"
        if table == "about" and name != "a row added":
            with pytest.raises(LedgerError, match=r"version (none|1x)"):
                both(path)
            continue
        since, full = both(path)
        assert full.problems, f"{table}: {name}"
        assert told(since) == told(full), f"{table}: {name}"
        assert since.since == 0 or name == "a row added", "what the check-point covers is read again once it differs"
        assert all(item.where and item.value and item.rule and item.remedy for item in full.problems)


def test_a_table_or_column_of_another_program_is_found(every_table: Path, tmp_path: Path):
    for number, statement in enumerate(("CREATE TABLE more (a INTEGER)", "ALTER TABLE checks ADD COLUMN more INTEGER")):
        path = copied(every_table, tmp_path / str(number))
        with duckdb.connect(str(path)) as connection:
            connection.execute(statement)
        assert [problem.where for problem in both(path)[1].problems] in (["table more"], ["table checks"])


def test_a_row_of_an_earlier_run_added_after_the_check_point_is_found(every_table: Path, tmp_path: Path):
    path = copied(every_table, tmp_path / "study")
    checked(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"INSERT INTO checks VALUES ('{RUN}', 9, now(), 'a', '', 'n', true, 'WARN', '')")
    since, full = both(path)
    assert since.since == full.seals == 5, "the rows before are unchanged"
    assert told(since) == told(full) == [(f"run {RUN}", since.problems[0].value)]


def test_only_what_was_added_is_read_after_a_check_point(every_table: Path, tmp_path: Path, monkeypatch):
    path = copied(every_table, tmp_path / "study")
    checked(path)
    add_run(path, "one more", "another model")
    read: list[str] = []
    real = verification.derivation_row
    monkeypatch.setattr(
        verification, "derivation_row", lambda digest, *rest: read.append(digest) or real(digest, *rest)
    )
    since, _ = both(path)
    assert (since.since, since.seals, since.problems) == (5, 6, [])
    assert len(read) == 1 + 6, "one by the check-point, all without"


@pytest.mark.parametrize("spoilt", ["edited", "another key", "no JSON", "an earlier duckdb", "of a longer ledger"])
def test_a_check_point_that_does_not_fit_is_not_used(every_table: Path, tmp_path: Path, spoilt: str):
    path = copied(every_table, tmp_path / "study")
    state = path.parents[1]
    checked(path)
    kept = read_verified(state, path)
    assert kept is not None
    place = check_point_path(path)
    if spoilt == "edited":
        place.write_text(re.sub(r'"sequence": \d+', '"sequence": 3', place.read_text()))
    elif spoilt == "another key":
        (state / "pseudonym.key").write_text("ab" * 32)
    elif spoilt == "no JSON":
        place.write_text("[]")
    elif spoilt == "an earlier duckdb":
        document = json.loads(place.read_text())
        document["duckdb"] = "1.0.0"
        place.write_text(json.dumps(document))
    else:
        kept["tables"]["events"][0] += 1
        write_verified(state, path, kept)
    since, full = both(path)
    assert since.since == 0
    assert since.problems == full.problems == []


def forge(path: Path, statement: str) -> None:
    """Change the ledger and make the whole chain of seals, and the head beside it, anew."""
    with ledger.open_ledger(path) as connection:
        connection.execute(statement)
        runs = [row[0] for row in connection.execute("SELECT run_id FROM seals ORDER BY sequence").fetchall()]
        connection.execute("DELETE FROM seals")
        for run_id in runs:
            ledger.seal_run(connection, run_id)
        ledger.write_head(path, connection)


def test_who_has_the_key_can_forge_a_check_point_and_full_does_not_read_it(every_table: Path, tmp_path: Path):
    path = copied(every_table, tmp_path / "study")
    checked(path)
    kept = read_verified(path.parents[1], path)
    assert kept is not None
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE runs SET actor = 'mallory'")
        kept["tables"] = check_point(connection, ledger.TABLES, {})
    write_verified(path.parents[1], path, kept)
    since, full = both(path)
    assert (since.since, since.problems) == (5, [])
    assert len(full.problems) == 5


def test_a_chain_made_anew_fits_only_where_no_head_was_kept(every_table: Path, tmp_path: Path):
    path = copied(every_table, tmp_path / "study")
    checked(path)
    head = ledger.read_head(path)
    forge(path, "UPDATE runs SET actor = 'mallory'")
    since, full = both(path)
    assert (since.since, since.problems, full.problems) == (0, [], [])
    with snapshot(path) as connection:
        (problem,) = verify_rows(connection, path, head).problems
    assert problem.where == "head"


def test_an_invented_run_at_the_end_is_not_told_from_a_real_one(every_table: Path, tmp_path: Path):
    path = copied(every_table, tmp_path / "study")
    head = ledger.read_head(path)
    add_run(path, "invented", "an invented model")
    with snapshot(path) as connection:
        assert verify_rows(connection, path, head).problems == []


def test_who_must_wait_for_the_ledger_says_so(every_table: Path, tmp_path: Path, monkeypatch, capsys):
    path = copied(every_table, tmp_path / "study")
    monkeypatch.setattr(ledger, "SILENT_SECONDS", 0.0)
    taken = threading.Event()

    def hold() -> None:
        with ledger.open_ledger(path):
            taken.set()
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    with ledger.open_ledger(path):
        pass
    holder.join()
    assert f"waiting for {path}, which process {os.getpid()} has open" in capsys.readouterr().err


def test_duckdb_hashes_a_row_as_it_was_sealed(every_table: Path, tmp_path: Path):
    path = copied(every_table, tmp_path / "study")
    with ledger.open_ledger(path) as connection:
        for (run_id,) in connection.execute("SELECT run_id FROM seals").fetchall():
            quick = [
                digest
                for table in ledger.SEALED
                for name, digests in verification._leaf_digests(connection, table, 0)
                if name == run_id
                for digest in digests
            ]
            slow = [hashlib.sha256(b"\0" + leaf).hexdigest() for leaf in ledger.leaves(connection, run_id)]
            different = [pair for pair in zip(quick, slow, strict=True) if pair[0] != pair[1]]
            assert len(different) == (1 if run_id == RUN else 0), "only the row with a control character"
    assert both(path)[1].problems == []


def test_a_table_digest_tells_cells_apart():
    with duckdb.connect() as connection:

        def digest(*cells: str | int | None) -> tuple[str, ...]:
            connection.execute("CREATE OR REPLACE TABLE t (a VARCHAR, b VARCHAR, c BIGINT)")
            connection.execute("INSERT INTO t VALUES (?, ?, ?)", cells)
            return tuple(table_digests(connection, "t", 1))

        rows = [
            ("ab", "c", 1),
            ("a", "bc", 1),
            ("", "abc", 1),
            (None, "abc", 1),
            ("-", "abc", 1),
            ("abc", "", 1),
            ("abc", None, 1),
        ]
        assert len({digest(*row) for row in rows}) == len(rows)
        assert digest("é", "", 1) == digest("é", "", 1)


HEADS = {
    "missing": None,
    "empty": b"",
    "cut": b'{"seal":"ab',
    "a list": b"[]",
    "a number as text": b'{"seal":"' + b"a" * 64 + b'","sequence":"5"}',
    "no digest": b'{"seal":"abc","sequence":5}',
    "more than a head": b'{"seal":"' + b"a" * 64 + b'","sequence":5,"more":1}',
    "an earlier one": b"",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_missing_or_malformed_is_an_error_with_a_remedy(every_table: Path, tmp_path: Path, name: str):
    path = copied(every_table, tmp_path / "study")
    place, content = ledger.head_path(path), HEADS[name]
    right = ledger.read_head(path)
    if name == "an earlier one":
        with ledger.open_ledger(path) as connection:
            seal = connection.execute("SELECT seal FROM seals WHERE sequence = 2").fetchone()[0]
        content = json.dumps({"sequence": 2, "seal": seal}).encode()
    if content is None:
        place.unlink()
    else:
        place.write_bytes(content)
    (problem,) = both(path)[1].problems
    assert problem.where == str(place)
    assert "verify --head NUMBER:SHA256" in problem.remedy
    if name not in ("missing", "an earlier one"):
        with pytest.raises(LedgerError, match="no head"):
            ledger.read_head(path)
    with snapshot(path) as connection:
        assert len(verify_rows(connection, path, right).problems) == 1, "the head kept elsewhere fits"
    with ledger.open_ledger(path) as connection:
        ledger.write_head(path, connection)
    assert both(path)[1].problems == []


def test_a_check_point_goes_on_from_the_one_before(every_table: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("groprog_assets.lineage.check_points.ROWS_A_PART", 3)
    path = copied(every_table, tmp_path / "study")
    with ledger.open_ledger(path) as connection:
        first = check_point(connection, ledger.TABLES, {})
    add_run(path, "one more", "another model")
    with ledger.open_ledger(path) as connection:
        assert check_point(connection, ledger.TABLES, first) == check_point(connection, ledger.TABLES, {}) != first
        assert check_point(connection, ledger.TABLES, {})["events"][0] == first["events"][0] + 1


def test_the_ledger_is_free_while_it_is_verified(every_table: Path, tmp_path: Path):
    path = copied(every_table, tmp_path / "study")
    with snapshot(path) as connection, ledger.open_ledger(path) as other:
        assert (
            connection.execute("SELECT count(*) FROM seals").fetchone()
            == other.execute("SELECT count(*) FROM seals").fetchone()
        )
    assert not list(path.parent.glob(".*"))
