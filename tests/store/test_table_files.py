"""Parquet tables read at once, group by group and in pieces; and how much memory that takes."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groprog_assets.errors import ArtifactError, TableError
from groprog_assets.methods.reads.coverage import bin_sequences
from groprog_assets.methods.reads.positions import position_table, sequences, sequences_in_pieces
from groprog_assets.store import artifacts, table_files
from groprog_assets.store.artifacts import Bundle, Store
from groprog_assets.store.table_files import decode_table, encode_table, table_pieces
from groprog_assets.store.wire_format import Stored

MIXED = pd.DataFrame(
    {
        "whole": np.arange(7, dtype=np.int32),
        "real": [0.5, np.nan, 2.0, 3.0, 4.0, -0.0, np.inf],
        "text": ["a", "b", None, "d", "e", "f", "g"],
        "missing": pd.array([1, None, 3, 4, 5, 6, None], "Int64"),
        "named": pd.Categorical(list("xyyxzzx"), categories=list("zyxw")),
        "told": pd.Categorical(["u", None, "v", "u", "u", "v", None]),
        "yes": [True, False, True, True, False, False, True],
    }
)


def in_groups(frame: pd.DataFrame, path: Path, rows: int) -> Path:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, compression="zstd", row_group_size=rows)
    return path


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_groups_give_the_table_that_parquet_gives(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(table_files, "PIECE", rows)
    path = in_groups(MIXED, tmp_path / "mixed", rows)
    expected = pq.read_table(path).to_pandas()
    for source in (path, path.read_bytes()):
        pd.testing.assert_frame_equal(decode_table(source, ""), expected)
    pieces = list(table_pieces(path, ""))
    assert [len(piece) for piece in pieces] == [len(MIXED.iloc[at : at + rows]) for at in range(0, 7, rows)]
    assert pd.concat([piece.astype(object) for piece in pieces], ignore_index=True).equals(expected.astype(object))


def test_small_groups_are_read_together_and_a_large_one_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(table_files, "PIECE", 4)
    for rows, lengths in ((1, [4, 3]), (2, [4, 3]), (3, [3, 4]), (7, [7])):
        path = in_groups(MIXED, tmp_path / "mixed", rows)
        assert [len(piece) for piece in table_pieces(path, "")] == lengths
        pd.testing.assert_frame_equal(decode_table(path, ""), pq.read_table(path).to_pandas())


def test_reads_are_stored_as_differences_in_groups_of_a_strand(tmp_path):
    """As zstd makes them, they take three times the bytes and twice the time to read; other tables are as they were."""
    generator = np.random.default_rng(4)
    place = np.sort(generator.choice(1 << 27, 300_000, replace=False)).astype(np.int32)
    line, count = np.zeros(len(place), np.int8), generator.integers(1, 4, len(place)).astype(np.int32)
    table = position_table(line, line, place, count, {"chr1": 1 << 27})
    zstd = in_groups(table, tmp_path / "zstd", 1 << 20)
    for name, frame in (("positions", table), ("coverage", table.rename(columns={"position": "window"}))):
        content = encode_table(frame, name)
        assert content == encode_table(frame, name)
        assert len(content) < zstd.stat().st_size / 1.5
        with pq.ParquetFile(io.BytesIO(content)) as file:
            rows = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            assert rows == [1 << 17, 1 << 17, 300_000 - (1 << 18)]
            assert "DELTA_BINARY_PACKED" in file.metadata.row_group(0).column(2).encodings
            assert all(file.schema.column(column).max_definition_level == 0 for column in range(4))
        pd.testing.assert_frame_equal(decode_table(content, name), frame)
    pd.testing.assert_frame_equal(decode_table(zstd, "positions"), table)  # as an earlier version stored it
    with pq.ParquetFile(io.BytesIO(encode_table(MIXED, ""))) as file:
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_an_empty_table_is_one_piece_without_rows(tmp_path):
    content = encode_table(positions(0), "positions")
    (piece,) = table_pieces(content, "positions")
    assert len(piece) == 0
    assert list(sequences_in_pieces([piece])) == []
    pd.testing.assert_frame_equal(piece, decode_table(content, "positions"))


def positions(rows: int, chroms: int = 3) -> pd.DataFrame:
    """Rows evenly on both strands of the chromosomes, every third base."""
    line = np.sort(np.arange(rows) % (2 * chroms))
    first = np.searchsorted(line, line)
    place = (3 * (np.arange(rows) - first)).astype(np.int32)
    names = {f"chr{number}": 1 << 30 for number in range(chroms + 1)}  # the last holds nothing
    return position_table((line // 2).astype(np.int8), (line % 2).astype(np.int8), place, place % 5 + 1, names)


@pytest.mark.parametrize("rows", [1, 4, 5, 50])
def test_sequences_of_pieces_are_those_of_the_table(tmp_path, rows):
    table = positions(23)
    path = in_groups(table, tmp_path / "positions", rows)
    found = list(sequences_in_pieces(table_pieces(path, "positions")))
    expected = sequences(table)
    assert [key for key, _ in found] == list(expected)
    for key, columns in found:
        assert [column.tolist() for column in columns] == [column.tolist() for column in expected[key]]


def test_rows_out_of_order_are_refused_in_pieces():
    table = positions(12)
    with pytest.raises(ValueError, match="do not lie together"):
        list(sequences_in_pieces([table.iloc[6:], table.iloc[:6], table.iloc[:2]]))


def test_a_long_table_is_read_in_little_more_memory_than_its_own(tmp_path, monkeypatch):
    """6 million positions are 60 MB. Reading takes 1.4 times that, where `to_pandas` of the whole file takes 2.4; a pass over the
    pieces takes a few of them, 0.31 times, and binning on top of it 0.65 times, where it took 2.8."""
    monkeypatch.setattr(artifacts, "LARGE", 1 << 10)
    table = positions(6_000_000, chroms=30)
    size = int(table.memory_usage().sum())
    store = Store(tmp_path)
    reference = store.put(Bundle({"positions": table}), {"positions": "positions"})
    del table
    member = Stored(store, reference, "filtered").member("positions")
    whole = peak(lambda: decode_table(store.table_source(member.reference), "positions"))
    assert whole < 1.75 * size
    assert peak(lambda: store.read_back(reference)) < 0.5 * size
    names = {f"chr{number}": 1 << 30 for number in range(31)}
    binned = peak(lambda: bin_sequences(sequences_in_pieces(member.pieces()), names, 1000))
    assert binned < 0.8 * size


def peak(call) -> int:
    """Most bytes held by NumPy and Arrow together above those at the start; the two peaks are added."""
    before = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(before)
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] + pool.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)


def test_a_file_of_many_bytes_is_verified_and_judged_by_its_table(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "LARGE", 0)
    store = Store(tmp_path)
    reference = store.put(positions(40), "positions")
    store.read_back(reference)
    with pytest.raises(TableError, match="undeclared position"):
        store.read_back(reference._replace(table="coverage"))
    path = store.path(reference.sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    for read in (store.read_back, store.get, lambda given: list(store.pieces(given))):
        with pytest.raises(ArtifactError, match="stored with"):
            read(reference)
