"""Clinical covariates as numbers, with every constant fitted on training patients: what the baselines are given.

Tables in, arrays out; no Dagster, no torch.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import pandas as pd


class Column(NamedTuple):
    """One number a patient: `kind` "value" (z-scored), "level" (1 where the field has `level`) or "missing" (1 where
    it has none)."""

    field: str
    kind: str
    level: str
    order: tuple[str, ...]
    fill: float
    centre: float
    scale: float


class Covariates(NamedTuple):
    """The fitted columns, in order; JSON-able through `_asdict` of each."""

    columns: list[Column]

    @property
    def names(self) -> list[str]:
        """A name a column: field, field=level, or field missing."""
        words = {"value": "{0}", "level": "{0}={1}", "missing": "{0} missing"}
        return [words[column.kind].format(column.field, column.level) for column in self.columns]


def fit_covariates(records: pd.DataFrame, fields: pd.DataFrame, maximum_missing: float) -> Covariates:
    """Constants of the used `fields` (table clinical_fields) on training `records` (table clinical_records).

    Continuous and ordinal fields (their level's position): median fill, then z-score; categorical: one column a level
    that occurs, the most
    frequent left out as the reference; any field missing in more than `maximum_missing` of the patients gets a flag.
    Columns without variation in training are left out. Source: A48.
    """
    columns: list[Column] = []
    used = fields[fields["used"]] if "used" in fields else fields
    for row in used.itertuples():
        name = str(row.field)
        levels = tuple(str(level) for level in json.loads(str(row.levels) or "[]"))
        absent = _missing(records[name])
        if row.kind == "categorical":
            counts = records.loc[~absent, name].map(_text).value_counts()
            kept = sorted(counts.index[1:]) if len(counts) > 1 else []
            columns += [Column(name, "level", level, (), 0.0, 0.0, 1.0) for level in kept]
        elif not absent.all():
            values = _values(records[name], levels if row.kind == "ordinal" else ())
            fill = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
            filled = np.where(np.isnan(values), fill, values)
            if filled.std() > 0:
                order = levels if row.kind == "ordinal" else ()
                columns.append(Column(name, "value", "", order, fill, float(filled.mean()), float(filled.std())))
        if maximum_missing < absent.mean() < 1:
            columns.append(Column(name, "missing", "", (), 0.0, 0.0, 1.0))
    return Covariates(columns)


def apply_covariates(covariates: Covariates, records: pd.DataFrame) -> np.ndarray:
    """(patients, columns) float64 without NaN; levels not seen in training count as none of the known; values stop at 5 SD."""
    out = np.empty((len(records), len(covariates.columns)))
    for k, column in enumerate(covariates.columns):
        series = records[column.field]
        if column.kind == "missing":
            out[:, k] = _missing(series)
        elif column.kind == "level":
            out[:, k] = series.map(_text).to_numpy() == column.level
        else:
            values = _values(series, column.order)
            scaled = (np.where(np.isnan(values), column.fill, values) - column.centre) / column.scale
            out[:, k] = np.clip(scaled, -5.0, 5.0)
    return out


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _missing(series: pd.Series) -> np.ndarray:
    return series.map(_text).to_numpy(dtype=object) == ""


def _values(series: pd.Series, order: tuple[str, ...]) -> np.ndarray:
    """(n,) float64, NaN where missing: the position of the level in `order`, or the number itself."""
    if order:
        place = {level: float(position) for position, level in enumerate(order)}
        return np.array([place.get(_text(value), np.nan) for value in series], dtype=np.float64)
    values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)
