"""Reference tables in memory answer as questions in SQL do, and names are found as a look at every name finds them."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from groprog_assets.beacon.name_search import NameIndex
from groprog_assets.beacon.pages import findings_of
from groprog_assets.beacon.reference_rows import RowsByKey
from groprog_assets.omics_catalog.catalog import Catalog
from tests.beacon.conftest import Served

FOUND = (
    "SELECT kind, id, min(CASE WHEN lowered = ? THEN 0 WHEN starts_with(lowered, ?) THEN 1 ELSE 2 END) AS fit,"
    " min(len(lowered)) AS length FROM search_names WHERE id = ? OR ({where}) GROUP BY kind, id"
    " ORDER BY fit, length, id, kind LIMIT ?"
)
WORDS = (
    "a",
    "e",
    "ae",
    "limb",
    "short limb",
    "limb short",
    "ß",
    "(x)",
    "a.c",
    "zz",
    "syndrome 1",
    "T:7",
    "t:7",
    "LIMB",
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Names of two hundred things, some of several names, and rows by a key with values missing."""
    path = tmp_path_factory.mktemp("reference") / "held.duckdb"
    random = np.random.default_rng(3)
    words = [
        "limb",
        "short",
        "long",
        "Syndrome",
        "ae",
        "Straße",
        "(x)",
        "a.c",
        "1",
        "X-linked",
        "bone\u00a0age",
        "limbic",
    ]
    connection = duckdb.connect(str(path))
    connection.execute("CREATE TABLE search_names (kind VARCHAR, id VARCHAR, name VARCHAR, lowered VARCHAR)")
    connection.execute("CREATE TABLE held_rows (key VARCHAR, text VARCHAR, number INTEGER, share DOUBLE, good BOOLEAN)")
    for k in range(200):
        for _ in range(random.integers(1, 4)):
            name = " ".join(random.choice(words, random.integers(1, 4)))
            kind = ("finding", "disease", "gene")[k % 3]
            connection.execute("INSERT INTO search_names VALUES (?, ?, ?, lower(?))", [kind, f"T:{k // 2}", name, name])
        for _ in range(k % 4):
            text = None if random.random() < 0.2 else str(random.choice(words))
            number = None if random.random() < 0.2 else int(random.integers(9))
            share = None if random.random() < 0.2 else float(random.random())
            row = [f"K{k}", text, number, share, bool(random.random() < 0.5)]
            connection.execute("INSERT INTO held_rows VALUES (?, ?, ?, ?, ?)", row)
    connection.execute("CREATE TABLE no_rows (key VARCHAR, number INTEGER)")
    connection.close()
    return Catalog(path, lambda purpose, studied: [])


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("most", [5, 1000])
def test_names_are_found_as_by_a_look_at_every_one(catalog: Catalog, words: str, most: int):
    parts = words.lower().split()
    where = " AND ".join(["contains(lowered, ?)"] * len(parts))
    text = " ".join(parts)
    expected = catalog.rows(FOUND.format(where=where), text, text, words, *parts, most)
    found = NameIndex(catalog).found(words, words, most)
    assert [(item.kind, item.id) for item in found] == [(row["kind"], row["id"]) for row in expected]
    names = {(row["kind"], row["id"], row["name"]) for row in catalog.rows("SELECT * FROM search_names")}
    assert names.issuperset(found), "a name of the thing itself"


def test_of_more_than_eight_words_the_first_eight_count(catalog: Catalog):
    index = NameIndex(catalog)
    assert index.found("limb " * 8 + "nowhere", "", 10) == index.found("limb " * 8, "", 10) != []


def test_what_there_is_of_a_kind(catalog: Catalog):
    index = NameIndex(catalog)
    row = catalog.rows("SELECT kind, id FROM search_names ORDER BY ALL LIMIT 1")[0]
    assert index.knows(row["kind"], row["id"])
    assert not index.knows("drug", row["id"])
    assert not index.knows(row["kind"], "T:none")


def test_rows_of_a_key_are_those_of_the_table(catalog: Catalog):
    held = RowsByKey(catalog, "SELECT * FROM held_rows ORDER BY ALL")
    question = "SELECT * FROM held_rows WHERE key = ? ORDER BY ALL"
    for k in range(200):
        assert held.of(f"K{k}") == catalog.rows(question, f"K{k}"), k
    assert held.of("K1"), "rows there are"
    assert held.of("another") == []
    assert RowsByKey(catalog, "SELECT * FROM no_rows ORDER BY ALL").of("K1") == []


def test_findings_of_a_genes_diseases_are_those_that_sql_counts(portal: Served):
    held = portal.answering.desk.held()
    diseases = sorted(held.diseases)
    for some in (diseases[:1], diseases[:2], diseases, []):
        places = ", ".join("?" * len(some)) or "NULL"
        counted = held.catalog.rows(
            "SELECT term_id, count(DISTINCT disease_id) AS diseases, max(frequency) AS most FROM disease_terms"
            f" WHERE disease_id IN ({places}) AND aspect = 'P' AND NOT negated"
            " GROUP BY term_id ORDER BY diseases DESC, most DESC NULLS LAST, term_id LIMIT 60",
            *some,
        )
        assert findings_of(held, some) == [(row["term_id"], row["diseases"], row["most"]) for row in counted]
    assert len(findings_of(held, diseases)) > 1


def test_reference_tables_are_read_once_for_a_snapshot(portal: Served):
    desk = portal.answering.desk
    before = desk.held()
    before.reference.read()
    desk._looked, before.circumstances = 0.0, ("another day", "")
    after = desk.held()
    assert after is not before
    assert after.reference is before.reference
