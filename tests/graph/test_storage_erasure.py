"""Words are erased from Dagster's databases, from the space that rows have left, and from logs of steps."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from groprog_assets.errors import StudyError
from groprog_assets.graph import storage_erasure
from groprog_assets.graph.storage_erasure import erase_words
from tests.postgres import server

WORDS = {"P-0042", "Müller, Ann", "p-0123456789abcdef"}
TEXTS = [
    json.dumps({"failure": 'patient "P-0042": AGE', "number": 42}),
    json.dumps({"tick": json.dumps({"name": "Müller, Ann"})}),
    "P-00421 and xP-0042 are others",
    "p-0123456789abcdef",
]
AFTER = [
    json.dumps({"failure": 'patient "erased": AGE', "number": 42}),
    json.dumps({"tick": json.dumps({"name": "erased"})}),
    "P-00421 and xP-0042 are others",
    "erased",
]


def written(home: Path) -> Path:
    path = home / "history" / "index.db"
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE told (id INTEGER PRIMARY KEY, text TEXT, number REAL)")
    connection.executemany("INSERT INTO told (text, number) VALUES (?, 4.2)", [[text] for text in TEXTS])
    connection.execute("INSERT INTO told (text) VALUES (?)", ["p-0123456789abcdef " * 3000])
    connection.execute("DELETE FROM told WHERE length(text) > 3000")
    connection.commit()
    connection.close()
    return path


def test_rows_and_the_space_they_left_hold_no_word(tmp_path: Path):
    path = written(tmp_path)
    log = tmp_path / "storage" / "step.err"
    log.parent.mkdir()
    log.write_bytes(b"row of P-0042 \xff\n")
    assert b"p-0123456789abcdef" in path.read_bytes()
    count = erase_words(SimpleNamespace(event_log_storage=None), tmp_path, WORDS)  # type: ignore[arg-type]
    assert count == 4
    assert log.read_bytes() == b"row of erased \xff\n"
    with sqlite3.connect(path) as connection:
        assert [row[0] for row in connection.execute("SELECT text FROM told ORDER BY id")] == AFTER
        assert connection.execute("SELECT DISTINCT number FROM told").fetchall() == [(4.2,)]
    connection.close()
    for file in path.parent.iterdir():
        assert b"p-0123456789abcdef" not in file.read_bytes()
    assert erase_words(SimpleNamespace(event_log_storage=None), tmp_path, WORDS) == 0  # type: ignore[arg-type]


def test_a_database_in_use_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(storage_erasure, "PATIENCE_SECONDS", 0.2)
    path = written(tmp_path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StudyError, match="locked"):
        erase_words(SimpleNamespace(event_log_storage=None), tmp_path, WORDS)  # type: ignore[arg-type]
    other.close()


def test_the_same_on_a_server(tmp_path: Path):
    sqlalchemy = pytest.importorskip("sqlalchemy")
    with server() as cluster:
        url = cluster.database("erasing")
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("CREATE TABLE told (id SERIAL, text TEXT, name VARCHAR(80))"))
            for text in TEXTS:
                connection.execute(sqlalchemy.text("INSERT INTO told (text, name) VALUES (:t, 'P-0042')"), {"t": text})
        instance = SimpleNamespace(event_log_storage=SimpleNamespace(postgres_url=url))
        assert erase_words(instance, tmp_path, WORDS) == 7  # type: ignore[arg-type]
        with engine.begin() as connection:
            found = connection.execute(sqlalchemy.text("SELECT text, name FROM told ORDER BY id")).fetchall()
        engine.dispose()
        assert [text for text, _ in found] == AFTER
        assert {name for _, name in found} == {"erased"}
        kept = [path for path in (cluster.folder / "data" / "base").rglob("*") if path.is_file()]
        assert not [path for path in kept if b"p-0123456789abcdef" in path.read_bytes()]
