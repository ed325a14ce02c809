"""The logs of questions in the ledger: every line once, in its order, and none altered, removed or left out unseen."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from groprog_assets.errors import ArtifactError
from groprog_assets.lineage.ledger import open_ledger
from groprog_assets.lineage.logged_questions import (
    add_questions,
    keep_questions,
    log_problems,
    question_problems,
    refuse_lost_lines,
    restore_logs,
)
from groprog_assets.store.query_log import EXPORTS, FEDERATION, FOLDER, QUESTIONS, QueryLog, read_log


def log_of(state: Path, name: str, count: int) -> None:
    with contextlib.closing(QueryLog(state / FOLDER / name)) as log:
        for k in range(count):
            cost = 0.2 if name == QUESTIONS else 0.0
            log.append(
                actor="ann",
                purpose="health" if k else "",
                endpoint="/api/individuals",
                canonical=f'{{"of":"Müller","k":{k}}}',
                data="d" * 64,
                snapshot="s" * 64,
                epsilon=cost,
                total=cost,
                outcome="answered",
            )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    log_of(tmp_path, QUESTIONS, 3)
    log_of(tmp_path, FEDERATION, 1)
    return tmp_path


def test_each_line_is_a_row_once(state: Path):
    with open_ledger(state / "lineage.duckdb", make=True) as ledger:
        assert add_questions(ledger, state) == 4
        assert add_questions(ledger, state) == 0
        log_of(state, QUESTIONS, 2)
        log_of(state, EXPORTS, 1)
        assert add_questions(ledger, state) == 3
        rows = ledger.execute("SELECT log, purpose, epsilon, previous, sha256 FROM data_queries").fetchall()
        assert question_problems(ledger) == log_problems(ledger, state) == []
    for name, count in ((QUESTIONS, 5), (FEDERATION, 1), (EXPORTS, 1)):
        held = [row for row in rows if row[0] == name]
        assert [row[3:] for row in held] == [
            (line["previous"], line["sha256"]) for line in read_log(state / FOLDER / name)
        ]
        assert len(held) == count
    assert [row[1] for row in rows[:3]] == [None, "health", "health"], "a purpose that is not stated is missing"
    assert sum(row[2] for row in rows) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "spoilt",
    [
        "UPDATE data_queries SET epsilon = 0 WHERE log = 'log.jsonl'",
        "UPDATE data_queries SET actor = 'bob' WHERE log = 'federation.jsonl'",
        "DELETE FROM data_queries WHERE rowid = 1",
    ],
)
def test_rows_that_were_altered_are_found(state: Path, spoilt: str):
    with open_ledger(state / "lineage.duckdb", make=True) as ledger:
        add_questions(ledger, state)
        ledger.execute(spoilt)
        assert [problem.value for problem in question_problems(ledger)] in (["row 1 is altered"], ["row 2 is altered"])


def test_a_log_that_was_cut_is_found_and_adds_nothing(state: Path):
    path = state / FOLDER / QUESTIONS
    with open_ledger(state / "lineage.duckdb", make=True) as ledger:
        add_questions(ledger, state)
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
        assert add_questions(ledger, state) == 0
        (problem,) = log_problems(ledger, state)
        assert "gone or altered" in problem.value
        path.write_bytes(path.read_bytes().replace(b"ann", b"bob", 1) + b"{}\n{}\n")
        assert add_questions(ledger, state) == 0, "a broken chain adds no row"
        assert "altered" in log_problems(ledger, state)[0].value


def test_a_log_is_written_back_from_the_ledger_byte_for_byte(state: Path):
    paths = [state / FOLDER / name for name in (QUESTIONS, FEDERATION)]
    ledger_path = state / "lineage.duckdb"
    refuse_lost_lines(ledger_path, state)
    with open_ledger(ledger_path, make=True) as ledger:
        add_questions(ledger, state)
    whole = [path.read_bytes() for path in paths]
    refuse_lost_lines(ledger_path, state)
    paths[0].write_bytes(b"".join(whole[0].splitlines(keepends=True)[:1]))
    paths[1].unlink()
    for name in (QUESTIONS, FEDERATION):
        with pytest.raises(ArtifactError, match="--restore"):
            refuse_lost_lines(ledger_path, state, (name,))
    assert restore_logs(ledger_path, state) == {QUESTIONS: 2, FEDERATION: 1}
    assert [path.read_bytes() for path in paths] == whole
    assert paths[1].stat().st_mode & 0o777 == 0o600
    assert restore_logs(ledger_path, state) == {}
    paths[0].write_bytes(whole[0].replace(b"ann", b"bob"))
    assert restore_logs(ledger_path, state) == {}, "a log that was altered is not written over"


def test_a_ledger_made_anew_keeps_the_rows_that_a_log_has_lost(state: Path):
    path = state / FOLDER / QUESTIONS
    with open_ledger(state / "lineage.duckdb", make=True) as ledger:
        add_questions(ledger, state)
        before = ledger.execute("SELECT * FROM data_queries ORDER BY log, rowid").fetchall()
        for left in (2, 0):
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:left]))
            with open_ledger(state / f"fresh{left}.duckdb", make=True) as fresh:
                add_questions(fresh, state)
                keep_questions(fresh, ledger)
                assert fresh.execute("SELECT * FROM data_queries ORDER BY log, rowid").fetchall() == before
                assert "gone or altered" in log_problems(fresh, state)[0].value
        log_of(state, QUESTIONS, 5)
        ledger.execute("UPDATE data_queries SET actor = 'bob' WHERE log = 'log.jsonl'")
        with open_ledger(state / "other.duckdb", make=True) as fresh:
            add_questions(fresh, state)
            keep_questions(fresh, ledger)
            assert question_problems(fresh) == log_problems(fresh, state) == [], "rows that were altered are not kept"


def test_a_ledger_of_an_earlier_program_gets_the_table(state: Path):
    path = state / "lineage.duckdb"
    with open_ledger(path, make=True) as ledger:
        ledger.execute("DROP TABLE data_queries")
    with open_ledger(path) as ledger:
        assert add_questions(ledger, state) == 4
