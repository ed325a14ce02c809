"""A stored table of reads by chromosome and strand, of which a sequence is read when it is asked for. No Dagster.

Who counts reads in windows needs one sequence at a time: of the file's groups of rows those that hold it are read, and of their
columns only place and count. The table is never whole in memory.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import ReadsBySequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUPS_HELD = 2
"""Groups of rows that are held: the last of one sequence is often the first of the next."""
FILES_KNOWN = 64
"""Files whose sequences a process remembers: where each lies among the rows."""


class Rows(NamedTuple):
    """Where a sequence lies in a file: rows [start, end), and the reads in them."""

    start: int
    end: int
    reads: int


_KNOWN: OrderedDict[str, dict[tuple[str, str], Rows]] = OrderedDict()
_KNOWING = threading.Lock()


class StoredSequences(ReadsBySequence):
    """(chromosome, strand) -> (place (p,) int32 rising, count (p,) int32) of a stored table; for one thread at a time.

    ValueError where the rows of a sequence do not lie together, or do not rise; stored tables are sorted. TableError for a file
    whose columns are not those of the table.
    """

    def __init__(self, source: bytes | Path, sha256: str, table: str):
        """source: the verified bytes of a Parquet file, or the file; sha256: theirs; table: `positions` or `coverage`."""
        self._source, self._place = source, TABLES[table].key[-1]
        self._held: OrderedDict[int, tuple[NDArray[Any], NDArray[Any]]] = OrderedDict()
        self._about: Any = None
        with self._file() as file:
            self._about = file.metadata  # where its groups lie: reading that takes longer than a group
            conform(file.schema_arrow.empty_table().to_pandas(), table)
            edges = [0]
            for group in range(file.num_row_groups):
                edges.append(edges[-1] + file.metadata.row_group(group).num_rows)
            self._edges = edges
            with _KNOWING:
                known = _KNOWN.get(sha256)
            self._rows = known if known is not None else _rows_of(file, edges)
        with _KNOWING:
            _KNOWN[sha256] = self._rows
            _KNOWN.move_to_end(sha256)
            while len(_KNOWN) > FILES_KNOWN:
                _KNOWN.popitem(last=False)

    def __getitem__(self, key: tuple[str, str]) -> tuple[NDArray[Any], NDArray[Any]]:
        import numpy as np

        rows = self._rows[key]
        parts = []
        for group, (first, end) in enumerate(zip(self._edges, self._edges[1:], strict=False)):
            if first < rows.end and rows.start < end:
                own = slice(max(rows.start - first, 0), rows.end - first)
                parts.append([column[own] for column in self._group(group)])
        place, count = map(np.concatenate, zip(*parts, strict=True))  # copies: a view would keep its group
        if (place[1:] < place[:-1]).any():
            raise ValueError(f"rows of {key[0]} {key[1]} do not rise")
        return place, count

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    @property
    def reads(self) -> int:
        return sum(rows.reads for rows in self._rows.values())

    def _file(self) -> Any:
        import pyarrow.parquet as pq

        source = io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source
        return pq.ParquetFile(source, metadata=self._about)

    def _group(self, number: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Place and count of all rows of a group."""
        if number not in self._held:
            while len(self._held) >= GROUPS_HELD:
                self._held.popitem(last=False)
            with self._file() as file:
                read = file.read_row_group(number, columns=[self._place, "count"], use_threads=False)
            self._held[number] = tuple(read.column(name).to_numpy() for name in (self._place, "count"))
        self._held.move_to_end(number)
        return self._held[number]


def _rows_of(file: Any, edges: list[int]) -> dict[tuple[str, str], Rows]:
    """Where each sequence lies, in the order of the rows."""
    import numpy as np

    found: dict[tuple[str, str], Rows] = {}
    last: tuple[str, str] | None = None
    for group, before in enumerate(edges[:-1]):
        read = file.read_row_group(group, columns=["chrom", "strand", "count"], use_threads=False)
        names = [read.column(name).combine_chunks() for name in ("chrom", "strand")]
        codes = [column.indices.to_numpy() for column in names]
        changes = np.flatnonzero((codes[0][1:] != codes[0][:-1]) | (codes[1][1:] != codes[1][:-1])) + 1
        starts = [0, *changes.tolist()] if read.num_rows else []
        count = read.column("count").to_numpy()
        for start, end in zip(starts, [*starts[1:], read.num_rows], strict=False):
            chrom, strand = (
                column.dictionary[int(code[start])].as_py() for column, code in zip(names, codes, strict=True)
            )
            key, reads = (chrom, strand), int(count[start:end].sum(dtype=np.int64))
            if key == last:
                found[key] = Rows(found[key].start, before + end, found[key].reads + reads)
            elif key in found:
                raise ValueError(f"rows of {chrom} {strand} do not lie together")
            else:
                found[key] = Rows(before + start, before + end, reads)
            last = key
    return found
