"""Clinical covariates of patients as arrays: numbers with NaN where missing, texts with "" where missing.

Tables come in as mappings of columns. NumPy only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

Kind = Literal["continuous", "ordinal", "categorical"]


class Columns(Protocol):
    """Columns by name, each (n,): a dict of arrays, or a DataFrame."""

    def __getitem__(self, name: str, /) -> ArrayLike: ...

    def __contains__(self, name: object, /) -> bool: ...


@dataclass(frozen=True)
class FieldSpec:
    """One covariate: its kind, unit, levels in order, Table 5 block ("state" or "treatment"), when it is known (days), the
    column it is read from, and whether the study vouches for a name like that of an outcome."""

    name: str
    kind: Kind = "continuous"
    unit: str = ""
    levels: tuple[str, ...] = ()
    block: Literal["state", "treatment"] = "state"
    known_at_days: float = 0.0
    column: str = ""
    baseline_despite_name: bool = False


class HasCovariates(Protocol):
    """n patients with `fields` and, by field name, their values as `covariate_values` gives them."""

    @property
    def fields(self) -> tuple[FieldSpec, ...]: ...

    @property
    def covariates(self) -> dict[str, np.ndarray]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Covariates:
    """The covariates of n patients, without other data."""

    fields: tuple[FieldSpec, ...]
    covariates: dict[str, np.ndarray]
    patients: int

    def __len__(self) -> int:
        return self.patients

    @classmethod
    def from_columns(cls, records: Columns, fields: Columns) -> Covariates:
        """From the columns of tables clinical_records (n rows, one column a field) and clinical_fields, which hold missing values
        as missing: a level may be called "none"."""
        specs = field_specs(fields)
        return cls(specs, {spec.name: covariate_values(spec, records[spec.name]) for spec in specs}, _rows(records))

    def take(self, index: np.ndarray) -> Covariates:
        """The patients at `index` (m,) integers, in that order."""
        taken = {name: values[index] for name, values in self.covariates.items()}
        return replace(self, covariates=taken, patients=len(index))


def _rows(records: Columns) -> int:
    return int(np.size(records["patient_id"]))


def field_specs(columns: Columns) -> tuple[FieldSpec, ...]:
    """FieldSpecs from the columns of table clinical_fields; `levels` is a JSON list of `texts`; rows not `used` are left out."""
    specs = []
    for row, name in enumerate(np.asarray(columns["field"])):
        if "used" in columns and not bool(np.asarray(columns["used"])[row]):
            continue
        levels = json.loads(str(np.asarray(columns["levels"])[row]) or "[]") if "levels" in columns else []
        specs.append(
            FieldSpec(
                str(name),
                str(np.asarray(columns["kind"])[row]),  # type: ignore[arg-type]
                str(np.asarray(columns["unit"])[row]) if "unit" in columns else "",
                tuple(_text(level) for level in levels),
                str(np.asarray(columns["block"])[row]) if "block" in columns else "state",  # type: ignore[arg-type]
                float(np.asarray(columns["known_at_days"])[row]) if "known_at_days" in columns else 0.0,
                str(np.asarray(columns["column"])[row]) if "column" in columns else "",
                bool(np.asarray(columns["baseline_despite_name"])[row])
                if "baseline_despite_name" in columns
                else False,
            )
        )
    return tuple(specs)


def covariate_values(spec: FieldSpec, values: ArrayLike) -> np.ndarray:
    """Values (n,) of a field: float64 with NaN where missing (continuous), else `texts` with "" where missing."""
    return numbers(values) if spec.kind == "continuous" else texts(values)


def numbers(values: ArrayLike) -> np.ndarray:
    """float64 (n,), with NaN for everything that is not a finite number."""
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        result = array.astype(np.float64)
    else:
        result = np.full(array.shape, np.nan)
        for row, value in enumerate(array):
            try:
                result[row] = float(value)
            except (TypeError, ValueError):
                continue
    return np.where(np.isfinite(result), result, np.nan)


def texts(values: ArrayLike) -> np.ndarray:
    """str (n,), stripped, with missing values as "" and whole numbers without a decimal point.

    None, NaN and pandas' NA are missing. A text never is: a level may be called "none". Which words of a file mean a missing
    value is decided where the file is read.
    """
    return np.array([_text(value) for value in np.asarray(values, dtype=object)], dtype=str)


def _text(value: object) -> str:
    if value is None or value is np.ma.masked or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return "" if text in ("<NA>", "NaT") and not isinstance(value, str) else text
