"""A stored table of reads by sequence: what the whole table gives, of a fraction of its memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groprog_assets.errors import ArtifactError, TableError
from groprog_assets.methods.reads.positions import position_table, sequences, total_reads
from groprog_assets.methods.reads.window_counts import pooled_index
from groprog_assets.methods.reads.window_counts import total_reads as of_index
from groprog_assets.store import stored_sequences
from groprog_assets.store.artifacts import Bundle, Store
from groprog_assets.store.stored_sequences import StoredSequences
from groprog_assets.store.wire_format import ReadInTurn, Stored, opened, pack, unpack
from tests.store.test_table_files import in_groups, positions


@pytest.fixture(autouse=True)
def nothing_known():
    stored_sequences._KNOWN.clear()


def equal(found, expected) -> bool:
    return list(found) == list(expected) and all(
        np.array_equal(a, b) and a.dtype == b.dtype
        for key in expected
        for a, b in zip(found[key], expected[key], strict=True)
    )


@pytest.mark.parametrize("rows", [1, 4, 5, 24, 100])
def test_every_sequence_is_that_of_the_whole_table(tmp_path, rows):
    table = positions(24)
    path = in_groups(table, tmp_path / "positions", rows)
    for source in (path, path.read_bytes()):
        found = StoredSequences(source, f"{rows}", "positions")
        assert equal(found, sequences(table))
        assert equal({key: found[key] for key in reversed(list(found))}, dict(reversed(sequences(table).items())))
        assert total_reads(found) == int(table["count"].sum())
        assert ("chr9", "+") not in found


def test_a_sequence_in_several_groups_is_joined_and_strands_without_reads_are_absent(tmp_path):
    table = position_table(
        np.array([0] * 7 + [2] * 2, np.int8),
        np.array([1] * 7 + [0] * 2, np.int8),
        np.array([*range(7), 1, 4], np.int32),
        np.array([*range(1, 8), 5, 6], np.int32),
        {"a": 9, "b": 9, "c": 9},
    )
    found = StoredSequences(in_groups(table, tmp_path / "positions", 3), "", "positions")
    assert list(found) == [("a", "-"), ("c", "+")]
    assert found["a", "-"][1].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found["c", "+"][0].tolist() == [1, 4]
    with pytest.raises(KeyError):
        found["b", "+"]


def test_an_empty_table_has_no_sequence(tmp_path):
    found = StoredSequences(in_groups(positions(0), tmp_path / "positions", 5), "", "positions")
    assert (len(found), total_reads(found)) == (0, 0)


def test_rows_out_of_order_and_other_columns_are_refused(tmp_path):
    table = positions(24)
    apart = in_groups(pd.concat([table.iloc[6:], table.iloc[:6], table.iloc[6:8]]), tmp_path / "apart", 100)
    with pytest.raises(ValueError, match="do not lie together"):
        StoredSequences(apart, "apart", "positions")
    falling = StoredSequences(in_groups(table.iloc[[1, 0]], tmp_path / "falling", 1), "falling", "positions")
    with pytest.raises(ValueError, match="do not rise"):
        falling[next(iter(falling))]
    other = pa.Table.from_pandas(table.rename(columns={"count": "reads"}), preserve_index=False)
    pq.write_table(other, tmp_path / "other")
    with pytest.raises(TableError, match="missing count"):
        StoredSequences(tmp_path / "other", "other", "positions")


def test_assets_and_workers_take_a_stored_table_by_sequence(tmp_path):
    store, table = Store(tmp_path), positions(24)
    value = Stored(store, store.put(Bundle(positions=table), {"positions": "positions"}), "alignments")
    member = value.member("positions").in_sequences()
    expected = sequences(table)
    assert equal(opened({"positions": member})["positions"], expected)
    assert equal(unpack(pack({"positions": member}))["positions"], expected)
    pooled = pooled_index(ReadInTurn({"a": member, "b": member}), ["a", "b"])
    assert of_index(pooled) == 2 * int(table["count"].sum())
    assert pooled[next(iter(expected))].total == 2 * int(next(iter(expected.values()))[1].sum())
    path = store.path(member.reference.sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactError, match="It was stored with"):
        member.value()


def test_windows_of_coverage_are_taken_alike(tmp_path):
    table = positions(24).rename(columns={"position": "window"})
    store = Store(tmp_path)
    member = Stored(store, store.put(table, "coverage"), "coverage").in_sequences()
    assert equal(member.value(), sequences(table, "window"))


def test_going_through_all_sequences_takes_a_fraction_of_the_table(tmp_path):
    table = positions(2_000_000, 20)
    path = in_groups(table, tmp_path / "positions", 1 << 16)
    whole = int(table.memory_usage().sum())
    reads = int(table["count"].sum())
    del table
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    held = StoredSequences(path, "large", "positions")
    assert sum(int(held[key][1].sum()) for key in held) == reads
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < whole / 4
    assert pa.total_allocated_bytes() - before < whole / 4  # groups are columns of Arrow, which Python does not trace
