"""The layout of measurements: one Parquet file per assay and stage, a row a feature, a list of the samples' values.

Columns: feature_ix int32, ascending, and `values`, a list of float32 (float64 where float32 cannot hold a count) whose element i
is the sample at position i. Groups of 512 features, zstd, no dictionary. NaN is the only sign of a missing value, infinities are
refused. A reader takes one feature, a block or the whole matrix, and decodes only the groups it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.study.text_tables import count_of

GROUP = 512
"""Features of a row group."""
FEATURE, VALUES = "feature_ix", "values"


def write_measurements(path: Path, feature_ix: NDArray[np.integer], values: NDArray[np.floating]) -> Path:
    """Write `values` (features, samples), NaN = missing, under the ascending numbers `feature_ix` (features,); the path.

    float32 stays float32, any other float becomes float64. Raises AssayError for infinities, ValueError for shapes that do not
    fit and numbers out of order.
    """
    held = np.ascontiguousarray(values, dtype=values.dtype if values.dtype == np.float32 else np.float64)
    numbers = np.asarray(feature_ix, dtype=np.int32)
    if held.ndim != 2 or held.shape[0] != numbers.size or held.shape[1] == 0:
        raise ValueError(
            f"values {held.shape} of {numbers.size} features; (features, samples) with a sample is needed."
        )
    if (np.diff(numbers) <= 0).any():
        raise ValueError("feature_ix must ascend without repeats.")
    infinite = np.isinf(held)
    if infinite.any():
        row, place = np.argwhere(infinite)[0]
        where = f"feature {numbers[row]}, position {place}"
        rule = "A value is finite or missing (NaN)."
        raise AssayError(
            Problem(where, count_of(int(infinite.sum()), "infinite value"), rule, "Was a 0 put into a logarithm?")
        )
    with _Writer(path, held.shape[1], held.dtype == np.float32) as writer:
        for at in range(0, max(len(numbers), 1), GROUP):
            writer.write(numbers[at : at + GROUP], held[at : at + GROUP])
    return path


class _Writer:
    """A file of measurements of `samples` samples, written by groups of features; single: of float32."""

    def __init__(self, path: Path, samples: int, single: bool):
        self._kind = pa.list_(pa.float32() if single else pa.float64(), samples)
        fields = [pa.field(FEATURE, pa.int32(), nullable=False), pa.field(VALUES, self._kind, nullable=False)]
        self._schema = pa.schema(fields)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # what a killed run left may be a link to a file that stays as it is
        options = {"compression": "zstd", "use_dictionary": False, "write_statistics": [FEATURE]}
        self._file = pq.ParquetWriter(path, self._schema, **options)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, numbers: NDArray[np.int32], values: NDArray[np.floating]) -> None:
        """One group: (features,) and (features, samples), values contiguous."""
        lists = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
        self._file.write_table(pa.table([pa.array(numbers), lists.cast(self._kind)], schema=self._schema))


class Narrowed(NamedTuple):
    """Values of a file that was written with fewer samples: how many there are, how many of them are known, the smallest and the
    largest known one (NaN without any)."""

    values: int
    known: int
    smallest: float
    largest: float


def write_narrowed(source: Path, path: Path, positions: Sequence[int]) -> Narrowed:
    """Write the measurements of `source` at the ascending `positions` alone (at least one), a group of features at a time.

    The bytes are those of `write_measurements` for these values.
    """
    kept = np.asarray(positions, dtype=np.int64)
    runs = [(int(run[0]), int(run[-1]) + 1) for run in np.split(kept, np.flatnonzero(np.diff(kept) != 1) + 1)]
    known, ends = 0, [np.nan, np.nan]
    with Measurements(source) as stored, _Writer(path, kept.size, stored.dtype == np.float32) as writer:
        for numbers, values in stored.groups():
            held = np.concatenate([values[:, first:last] for first, last in runs], axis=1)
            known += held.size - int(np.isnan(held).sum())
            # fmin and fmax pass over NaN where there is a number.
            ends = [
                float(np.fmin(ends[0], np.fmin.reduce(held, None))),
                float(np.fmax(ends[1], np.fmax.reduce(held, None))),
            ]
            writer.write(numbers, held)
        return Narrowed(len(stored.features) * kept.size, known, *ends)


class Measurements:
    """A stored matrix of values, read in parts. features: its feature numbers; samples: the number of positions."""

    def __init__(self, path: Path):
        self._file = pq.ParquetFile(path)
        self.samples: int = self._file.schema_arrow.field(VALUES).type.list_size
        self.dtype = np.dtype(
            np.float32 if self._file.schema_arrow.field(VALUES).type.value_type == pa.float32() else float
        )
        self._features: NDArray[np.int32] | None = None

    def __enter__(self) -> Measurements:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    @property
    def features(self) -> NDArray[np.int32]:
        """(features,) ascending numbers; some may be left out of a stage."""
        if self._features is None:
            self._features = self._file.read(columns=[FEATURE]).column(0).to_numpy()
        return self._features

    def feature(self, number: int) -> NDArray[np.floating]:
        """(samples,) values of one feature; KeyError when the stage has none of this number."""
        group = self._group(number)
        if group is not None:
            numbers, values = self._decoded(group)
            row = int(np.searchsorted(numbers, number))
            if row < len(numbers) and numbers[row] == number:
                return values[row]
        raise KeyError(f"feature {number}")

    def block(self, features: Sequence[int] | NDArray[np.integer], positions: Sequence[int]) -> NDArray[np.floating]:
        """(features, positions) values in the order asked for; KeyError when the stage lacks a feature, IndexError a position."""
        wanted = np.asarray(features, dtype=np.int64)
        found = np.empty((len(wanted), len(positions)), self.dtype)
        groups: dict[int, list[int]] = {}
        for place, number in enumerate(wanted.tolist()):
            group = self._group(number)
            if group is None:
                raise KeyError(f"feature {number}")
            groups.setdefault(group, []).append(place)
        for group, places in groups.items():
            numbers, values = self._decoded(group)
            rows = np.searchsorted(numbers, wanted[places])
            if (rows >= len(numbers)).any() or (numbers[rows] != wanted[places]).any():
                raise KeyError(f"one of the features {wanted[places].tolist()[:5]}")
            found[places] = values[np.ix_(rows, np.asarray(positions, dtype=np.int64))]
        return found

    def matrix(self) -> NDArray[np.floating]:
        """(features, samples): all of it, in the order of `features`."""
        found = np.empty((self._file.metadata.num_rows, self.samples), self.dtype)
        at, numbers = 0, []
        for held, values in self.groups():
            found[at : at + len(held)] = values
            numbers.append(held)
            at += len(held)
        self._features = np.concatenate(numbers) if numbers else np.empty(0, np.int32)
        return found

    def groups(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.floating]]]:
        """(feature numbers, values (features, samples)) of each row group, in order."""
        for group in range(self._file.num_row_groups):
            yield self._decoded(group)

    def _group(self, number: int) -> int | None:
        """The row group whose range of numbers holds `number`."""
        low, high = 0, self._file.num_row_groups - 1
        while low <= high:
            middle = (low + high) // 2
            known = self._file.metadata.row_group(middle).column(0).statistics
            if number < known.min:
                high = middle - 1
            elif number > known.max:
                low = middle + 1
            else:
                return middle
        return None

    def _decoded(self, group: int) -> tuple[NDArray[np.int32], NDArray[np.floating]]:
        table = self._file.read_row_group(group, use_threads=False)
        flat = table.column(1).combine_chunks().flatten().to_numpy(zero_copy_only=True)
        return table.column(0).to_numpy(), flat.reshape(-1, self.samples)


def read_measurements(path: Path) -> tuple[NDArray[np.int32], NDArray[np.floating]]:
    """(feature numbers (features,), values (features, samples)) of a whole file."""
    with Measurements(path) as stored:
        values = stored.matrix()
        return stored.features, values


def long_rows(source: str) -> str:
    """SQL for DuckDB: feature_ix, position, value of the stored measurements that `source` (SQL) names, a row a value.

    Missing values have no row: DuckDB takes NaN for the largest number, so that a mean or a maximum would be NaN.
    """
    rows = f'SELECT {FEATURE}, unnest(range(len("{VALUES}"))) AS position, unnest("{VALUES}") AS value FROM {source}'
    return f"SELECT * FROM ({rows}) WHERE NOT isnan(value)"
