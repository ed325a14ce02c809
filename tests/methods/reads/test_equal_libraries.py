"""Equal libraries are told by their content, whatever the order of their rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.checks.equal_libraries import distinct_libraries
from groprog_assets.methods.reads.equal_libraries import content_digest, equal_libraries
from groprog_assets.methods.reads.positions import position_table, turn
from tests.methods.nascent import Asked

CHROMS = {"chr1": 9_000, "chr2": 4_000}


def table(seed: int, reads: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = [(rank, strand) for rank in (0, 1) for strand in (0, 1)]
    position = [np.sort(rng.choice(4_000, 100, replace=False)) for _ in parts]
    chrom, strand = (np.repeat([part[k] for part in parts], 100) for k in (0, 1))
    return position_table(chrom, strand, np.concatenate(position), rng.integers(reads, 2 * reads, 400), CHROMS)


def test_groups_of_equals():
    first, second = table(0), table(1)
    mixed = first.sample(frac=1, random_state=1).reset_index(drop=True)
    other_names = first.astype({"chrom": "object", "strand": "object", "count": np.int64})
    found = equal_libraries({"a": first, "b": second, "c": mixed, "d": other_names, "e": second.copy()}, "position")
    assert found == [["a", "c", "d"], ["b", "e"]]
    verdict = distinct_libraries(found, 5)
    assert (verdict.passed, verdict.blocking) == (False, True)
    assert "a = c = d; b = e" in verdict.description


def test_one_read_or_the_strand_makes_another_library():
    first = table(0)
    more = first.assign(count=first["count"].where(first.index != 7, first["count"] + 1).astype(np.int32))
    moved = first.assign(position=first["position"].where(first.index != 99, 4_000).astype(np.int32))
    assert equal_libraries({"a": first, "b": more, "c": moved, "d": turn(first)}, "position") == []
    assert distinct_libraries([], 4).passed


def test_few_reads_may_be_equal_by_chance():
    few = table(0, 1)
    assert few["count"].sum() < 1_000
    assert content_digest(few, "position") == ""
    assert equal_libraries({"a": few, "b": few}, "position") == []


def test_libraries_of_unequal_size_are_not_read():
    tables = {name: Asked(table(0, reads)) for name, reads in (("a", 50), ("b", 70))}
    assert equal_libraries(tables, "position") == []
    assert not any(table.keys_asked for table in tables.values())
