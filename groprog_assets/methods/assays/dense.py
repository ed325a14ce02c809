"""From the cells of a file to a dense assay: rows of features, duplicate features, and the float type that holds the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import FEATURE_COLUMNS, AssayTable
from groprog_assets.methods.assays.columns import Cells
from groprog_assets.study.annotation_files import some
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

EXACT_IN_FLOAT32 = 1 << 24
"""Whole numbers up to this one are exact in float32."""
_TEXT = tuple(name for name in FEATURE_COLUMNS if name not in ("start", "end"))


def feature_rows(source_id: Sequence[str], **known: Sequence[object]) -> pd.DataFrame:
    """Features of the ids as read, with the columns FEATURE_COLUMNS; `known` gives further ones, None or "" = unknown."""
    frame = pd.DataFrame({"source_id": pd.Series(list(source_id), dtype="str")})
    for name in FEATURE_COLUMNS[1:]:
        given = list(known.get(name, [None] * len(frame)))
        if name in _TEXT:
            frame[name] = pd.Series([cell or None for cell in given], dtype="str")
        else:
            frame[name] = pd.Series(given, dtype="Int64")
    return frame


def dense_assay(
    path: Path,
    source: AssaySource,
    features: pd.DataFrame,
    samples: Sequence[str],
    values: NDArray[np.float64],
    *,
    lines: NDArray[np.int64] | None = None,
    flagged: NDArray[np.bool_] | None = None,
    counts: dict[str, int] | None = None,
    notices: Sequence[Problem] = (),
    identity: Sequence[str] | None = None,
    said: dict[str, str] | None = None,
) -> AssayTable:
    """The assay with one row a feature: several rows of one are refused or joined, as `source.duplicates` says.

    values: (features, samples) float64. lines: of the rows in the file, for messages. identity: what makes two rows one feature;
    their `source_id` where not given. The first row of a feature gives its description; a flag of any of them is kept.
    counts["merged_rows"]: rows that were joined into others. Raises AssayError for a feature without an id, for features that
    stand twice under duplicates: refuse, and for an assay without a feature or a sample.
    """
    names = list(features["source_id"]) if identity is None else list(identity)
    if not len(samples) or not names:
        what = "sample" if not len(samples) else "feature"
        rule = "An assay has features and samples."
        raise AssayError(
            Problem(str(path), f"no {what}", rule, "Is it the right file, and is its format stated right?")
        )
    nameless = [row for row, name in enumerate(names) if not name.strip()]
    if nameless:
        where = f"{path}:{lines[nameless[0]]}" if lines is not None else str(path)
        rule, remedy = "A row names its feature in the column of ids.", "Name the feature, or remove the row."
        raise AssayError(Problem(where, f"{count_of(len(nameless), 'row')} without an id", rule, remedy))
    found = dict(counts or {})
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        if source.duplicates == "refuse":
            raise AssayError(_duplicates(path, names, repeated, lines))
        first = ~pd.Series(names).duplicated().to_numpy()
        found["merged_rows"] = int((~first).sum())
        values, flagged = _joined(names, values, flagged, source.duplicates)
        features = features[first].reset_index(drop=True)
    stored = as_stored(values, (said or {}).get("scale") or source.scale)
    return AssayTable(features, tuple(samples), stored, flagged, found, tuple(notices), said or {})


def _duplicates(path: Path, names: list[str], repeated: list[str], lines: NDArray[np.int64] | None) -> Problem:
    rows = [row for row, name in enumerate(names) if name == repeated[0]]
    where = f"{path}:{lines[rows[1]]}" if lines is not None else str(path)
    first = f" (before on line {lines[rows[0]]})" if lines is not None else ""
    more = f"; {count_of(len(repeated), 'feature')} stand twice: {some(map(repr, repeated), 5)}"
    rule = "A feature has one row."
    remedy = "Remove the others, or set duplicates: sum (counts), mean (log values), max or first."
    return Problem(where, f"feature {repeated[0]!r} again{first}{more}", rule, remedy)


def _joined(
    names: list[str], values: NDArray[np.float64], flagged: NDArray[np.bool_] | None, how: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """One row a name, in the order of the first rows; a missing value takes no part, and all missing stays missing."""
    codes = pd.factorize(np.array(names, dtype=object))[0]
    rows = pd.DataFrame(values)
    flags = None if flagged is None else pd.DataFrame(flagged).groupby(codes).any().to_numpy(bool)
    groups = rows.groupby(codes)
    if how == "first":
        first = ~pd.Series(codes).duplicated().to_numpy()
        return values[first], None if flagged is None else flagged[first]
    joined = groups.sum(min_count=1) if how == "sum" else groups.mean() if how == "mean" else groups.max()
    return joined.to_numpy(np.float64), flags


def as_stored(values: NDArray[np.float64], scale: str | None) -> NDArray[np.floating]:
    """float32, or float64 where float32 would change a count or overflow."""
    largest, changed = 0.0, False
    for row in values:  # a row at a time: no copy of the whole
        known = row[np.isfinite(row)]
        largest = max(largest, float(np.abs(known).max(initial=0.0)))
        with np.errstate(over="ignore"):
            changed |= scale == "count" and bool((known != known.astype(np.float32)).any())
    if largest > float(np.finfo(np.float32).max) or (changed and largest >= EXACT_IN_FLOAT32):
        return values
    return values.astype(np.float32)


def trimmed_notice(cells: Cells) -> list[Problem]:
    """What is said of names that had space around them."""
    if not cells.trimmed:
        return []
    rule = "Names are read without the space around them."
    return [Problem(str(cells.path), count_of(cells.trimmed, "cell"), rule, "Nothing, or remove the space.")]
