"""What differs between two values: the same by closures read at once as by records read one after another."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from groprog_assets.errors import LedgerError
from groprog_assets.lineage import ledger, questions
from groprog_assets.lineage.closures import Closures
from groprog_assets.lineage.derivation_rows import DERIVED, derivation_row, derived_rows


def random_ledger(seed: int) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """Sixty derivations of twelve steps, each resting on up to three earlier ones, of its own step too."""
    chance = random.Random(seed)
    connection = duckdb.connect()
    connection.execute(Path(ledger.__file__).with_name("schema.sql").read_text())
    records: dict[str, dict[str, Any]] = {}
    for number in range(60):
        asset, partition = chance.choice("abcdef"), chance.choice(["", "", "oe_1"])
        below = chance.sample(sorted(records), min(len(records), chance.randint(0, 3)))
        record = {
            "asset": asset,
            "partition": partition,
            "output": {"sha256": chance.choice(["same", f"value {number}"])},
            "inputs": [
                {
                    "name": "i",
                    "asset": "a",
                    "partition": "",
                    "sha256": records[one]["output"]["sha256"],
                    "derivation": one,
                }
                for one in below
            ],
            "files": [
                {
                    "role": "r",
                    "library": "",
                    "path": f"f{chance.randint(0, 1)}",
                    "bytes": 1,
                    "sha256": chance.choice("xy"),
                }
            ],
            "parameters": {"parameters.p": {"rate": chance.choice([1e-05, 0.5])}},
            "overrides": {},
            "study": {"name": "s"},
            "extra": {"chosen": chance.choice([{}, {"model": "m"}])},
            "code_version": chance.choice(["c1", "c2"]),
            "environment": "e",
            "kernels": "k",
            "seed": chance.choice([None, 7]),
        }
        name = f"{number:02d}"
        records[name] = record
        ledger.insert(connection, "derivations", [derivation_row(name, record)])
        for table, rows in zip(DERIVED, derived_rows(name, record), strict=True):
            ledger.insert(connection, table, rows)
    return connection, sorted(records)


def plain_pairs(connection: duckdb.DuckDBPyConnection, older: str, newer: str):
    """{step: [(record behind older, record behind newer)]}: the definition, a record at a time."""
    sides: list[dict[str, dict[str, Any]]] = [{}, {}]
    for side, digest in zip(sides, (older, newer), strict=True):
        for name, record in questions.ancestors(connection, digest).items():
            side.setdefault(questions._name(record), {})[name] = record
    found = {}
    for name in sorted(sides[0].keys() | sides[1].keys()):
        held = [side.get(name, {}) for side in sides]
        alone = [[record for key, record in one.items() if key not in other] for one, other in (held, held[::-1])]
        nearest = [next(iter(one.values()), None) for one in held]
        rows = []
        for place in range(max(map(len, alone))):
            rows.append(
                tuple(one[place] if place < len(one) else near for one, near in zip(alone, nearest, strict=True))
            )
        found[name] = rows or [(nearest[0], nearest[1])]
    return found


def plain_changes(connection: duckdb.DuckDBPyConnection, older: str, newer: str, effective: bool):
    found = {}
    for name, pairs in plain_pairs(connection, older, newer).items():
        for old, new in pairs:
            if old is None or new is None:
                change = {"what": f"step {name}", "kind": "step", "before": bool(old), "after": bool(new)}
                found[f"step {name}"] = change
            elif not effective or old["output"]["sha256"] != new["output"]["sha256"]:
                found |= {row["what"]: row for row in questions.differences(old, new)}
    return list(found.values())


def plain_states(connection: duckdb.DuckDBPyConnection, older: str, newer: str):
    order = ("same bytes", "changed by an input", "changed itself", "only one has it")
    found: dict[str, str] = {}
    for pairs in plain_pairs(connection, older, newer).values():
        for old, new in pairs:
            if new is not None:
                if old is None:
                    state = order[3]
                elif old["output"]["sha256"] == new["output"]["sha256"]:
                    state = order[0]
                else:
                    state = order[2] if questions.differences(old, new) else order[1]
                found[new["asset"]] = max(found.get(new["asset"], state), state, key=order.index)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_changes_and_states_are_those_of_the_definition(seed: int):
    connection, names = random_ledger(seed)
    chance = random.Random(seed)
    told = 0
    for older, newer in [chance.sample(names[20:], 2) for _ in range(40)]:
        for effective in (False, True):
            right = plain_changes(connection, older, newer, effective)
            told += len(right)
            assert questions.changes(connection, older, newer, effective) == right
        assert questions.states(connection, older, newer) == plain_states(connection, older, newer)
    assert told > 100


def test_a_history_says_what_changed_each_time():
    connection, names = random_ledger(5)
    for number, name in enumerate([*names[40:50], names[49], names[42]], start=1):
        connection.execute("INSERT INTO runs VALUES (?, 'j', 'SUCCESS', '', NULL, now(), 'ada', '{}')", [str(number)])
        connection.execute("INSERT INTO seals VALUES (?, ?, 1, '', '', '')", [number, str(number)])
        connection.execute(
            "INSERT INTO materializations VALUES (?, 1, now(), 'asked', '', 'v', ?, false)", [str(number), name]
        )
    found = questions.history(connection, "asked")
    made = [item["derivation"] for item in found]
    assert made == [*names[40:50], names[49], names[42]]
    expected = [[]] + [
        [row["what"] for row in plain_changes(connection, older, newer, False)] for older, newer in pairwise(made)
    ]
    assert [item["changes"] for item in found] == expected
    assert expected[10] == []
    assert sum(map(len, expected)) > 20
    assert questions.history(connection, "never") == []
    for newest in (1, 5, 12, 13):
        assert questions.history(connection, "asked", newest=newest) == found[-newest:]
    assert questions.times_made(connection, "asked") == 12
    assert questions.times_made(connection, "asked", "oe_1") == 0


def test_a_text_is_the_same_in_sql():
    for text in ("", "a'b", '"\\ \x00ü', ["a", "'", "é"], []):
        assert duckdb.execute(f"SELECT {ledger.literal(text)}").fetchone() == (text,)
    assert duckdb.execute(f"SELECT {ledger.literal(chr(0xDCFF))}").fetchone() == ("?",)


def test_a_missing_derivation_is_said():
    connection, names = random_ledger(0)
    upstream = connection.execute("SELECT derivation, upstream FROM derivation_inputs ORDER BY ALL DESC").fetchone()
    connection.execute("DELETE FROM derivations WHERE derivation = ?", [upstream[1]])
    with pytest.raises(LedgerError, match="lineage verify"):
        Closures(connection, names).behind(upstream[0])
