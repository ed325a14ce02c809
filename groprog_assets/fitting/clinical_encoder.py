"""Encoder of clinical covariates: numbers and level indices (eq. 3 without the label), fitted on training patients.

A fitted encoder holds numbers, strings and tuples only. It never sees outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple, TypedDict, cast

import numpy as np
from numpy.typing import DTypeLike

from groprog_assets.fitting.covariates import HasCovariates
from groprog_assets.fitting.spline import Spline, SplineDocument, fit_spline, restore_spline, spline_columns

# The best of 2, 2.5, 3, 5 and 10 on the inner folds of TCGA-LIHC; its expression reaches 3965 SD.
Z_LIMIT = 3.0
# A field with fewer distinct values has no curve; with more, its curve has this many columns of a spline with so many knots.
CURVED_VALUES = 10
CURVE_COLUMNS = 4
CURVE_KNOTS = 17
# Standard deviation of a curve's first column beside its straight line's 1, so that one penalty shrinks bends more than slopes.
CURVE_SCALE = 0.5


class FieldDocument(TypedDict):
    """A FieldEncoding as JSON."""

    name: str
    kind: str
    block: str
    median: float
    mean: float
    scale: float
    spline: SplineDocument | None
    flag: bool
    flag_mean: float
    levels: Sequence[str]
    level_means: Sequence[float]
    most_frequent: int
    dropped: str


@dataclass(frozen=True)
class FieldEncoding:
    """The fitted constants of one covariate. `dropped` holds the reason when the column is not used.

    mean, scale: of the median-filled values, for z-scores. spline: the field's curve over z, None without one.
    flag: whether so many numbers are missing that a column marks them; flag_mean: the share that is missing.
    level_means: share of each level, missing values counted as `most_frequent`, the code of the most frequent level; 0 where a
    field has one level, so that a missing value is the contrast to it.
    """

    name: str
    kind: str
    block: str
    median: float = 0.0
    mean: float = 0.0
    scale: float = 1.0
    spline: Spline | None = None
    flag: bool = False
    flag_mean: float = 0.0
    levels: tuple[str, ...] = ()
    level_means: tuple[float, ...] = ()
    most_frequent: int = 0
    dropped: str = ""

    def document(self) -> FieldDocument:
        """The constants as JSON."""
        # A plain tuple, as whoever writes documents may write a named one as a mapping.
        return cast(FieldDocument, {**asdict(self), "spline": None if self.spline is None else tuple(self.spline)})

    @classmethod
    def restore(cls, document: FieldDocument) -> FieldEncoding:
        """The encoding that `document()` describes."""
        return cls(
            name=document["name"],
            kind=document["kind"],
            block=document["block"],
            median=document["median"],
            mean=document["mean"],
            scale=document["scale"],
            spline=None if document["spline"] is None else restore_spline(document["spline"]),
            flag=document["flag"],
            flag_mean=document["flag_mean"],
            levels=tuple(document["levels"]),
            level_means=tuple(document["level_means"]),
            most_frequent=document["most_frequent"],
            dropped=document["dropped"],
        )

    def codes(self, values: np.ndarray) -> np.ndarray:
        """(n,) int64 code of each value (n,) str: 1 for the first level, 0 for a missing or unknown one."""
        return _codes(values, self.levels)

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """(n,) float64, NaN where missing: the number itself, or the index of an ordinal level."""
        return values if self.kind == "continuous" else _level_index(values, self.levels)

    def z(self, number: np.ndarray) -> np.ndarray:
        """z-scores of values (n,), or of level indices, without a limit."""
        return (number - self.mean) / self.scale


class EncodedClinical(NamedTuple):
    """state, treatment: (n, .) float32 numbers; *_codes: (n, .) int64 level indices, 0 = unknown; design: (n, p) float64, the
    curves last."""

    state: np.ndarray
    state_codes: np.ndarray
    treatment: np.ndarray
    treatment_codes: np.ndarray
    design: np.ndarray


@dataclass(frozen=True)
class ClinicalEncoder:
    """eq. 3 without the label: psi(c_num) by z-score, level indices for the embeddings E_r."""

    fields: tuple[FieldEncoding, ...]

    @classmethod
    def fit(cls, given: HasCovariates, flag_above: float, known_by_days: float = 0.0) -> ClinicalEncoder:
        """Constants from the training patients.

        Continuous: median fill, z-score, a spline beside the linear term, a missing flag where more than `flag_above`
        (fraction) is missing. Ordinal: the level's index as a number and as an embedding index. Categorical: the
        levels seen; anything else is the unknown level 0 of the embedding and the most frequent level in `design`. A constant
        column, and one known later than `known_by_days`, is dropped with the reason.
        """
        encodings = []
        for spec in given.fields:
            values = given.covariates[spec.name]
            if spec.known_at_days > known_by_days:
                reason = f"known {spec.known_at_days:g} days after baseline"
                encodings.append(FieldEncoding(spec.name, spec.kind, spec.block, dropped=reason))
            elif spec.kind == "categorical":
                encodings.append(_fit_categorical(spec.name, spec.block, values))
            else:
                levels = spec.levels if spec.kind == "ordinal" else ()
                number = _level_index(values, levels) if levels else values
                encodings.append(_fit_number(spec.name, spec.kind, spec.block, number, levels, flag_above))
        return cls(tuple(encodings))

    def transform(self, given: HasCovariates) -> EncodedClinical:
        """Numbers, level indices and the linear path's design of any patients; fields they lack count as missing."""
        n = len(given)
        state: dict[str, list[np.ndarray]] = {"state": [], "treatment": []}
        codes: dict[str, list[np.ndarray]] = {"state": [], "treatment": []}
        design: list[np.ndarray] = []
        curves: list[np.ndarray] = []
        for encoding in self.fields:
            if encoding.dropped:
                continue
            values = given.covariates.get(encoding.name)
            if values is None:
                values = np.full(n, np.nan) if encoding.kind == "continuous" else np.full(n, "")
            if encoding.kind == "categorical":
                code = encoding.codes(values)
                codes[encoding.block].append(code)
                counted = np.where(code > 0, code, encoding.most_frequent)
                for level, mean in enumerate(encoding.level_means):
                    design.append((counted == level + 1) - mean)
                continue
            number = encoding.numbers(values)
            missing = np.isnan(number)
            number = np.where(missing, encoding.median, number)
            z = np.clip(encoding.z(number), -Z_LIMIT, Z_LIMIT)
            if encoding.spline is not None:
                curves.extend(CURVE_SCALE * spline_columns(encoding.spline, z).T)
            columns = [z]
            if encoding.flag:
                columns.append(missing - encoding.flag_mean)
            state[encoding.block].extend(columns)
            design.extend(columns)
            if encoding.kind == "ordinal":
                codes[encoding.block].append(encoding.codes(values))
        return EncodedClinical(
            _columns(state["state"], n, np.float32),
            _columns(codes["state"], n, np.int64),
            _columns(state["treatment"], n, np.float32),
            _columns(codes["treatment"], n, np.int64),
            _columns([*design, *curves], n, np.float64),
        )

    def level_counts(self, block: str) -> list[int]:
        """Embedding rows (levels and the unknown) of each coded field of `block`, in the order of the codes."""
        return [
            len(encoding.levels) + 1
            for encoding in self.fields
            if encoding.block == block and not encoding.dropped and encoding.kind != "continuous"
        ]

    def design_fields(self) -> list[str]:
        """The field each column of `design` belongs to."""
        names = []
        for encoding in self.fields:
            if not encoding.dropped:
                width = len(encoding.levels) if encoding.kind == "categorical" else 1 + encoding.flag
                names.extend([encoding.name] * width)
        return names + [encoding.name for encoding in self.fields for _ in range(_curve_width(encoding))]

    def design_columns(self) -> list[tuple[str, str]]:
        """The (field, part) each column of `design` is: a level, or "value", "missing", "curve 1", ..."""
        found: list[tuple[str, str]] = []
        for encoding in self.fields:
            if not encoding.dropped:
                numbers = ("value", "missing")[: 1 + encoding.flag]
                parts = encoding.levels if encoding.kind == "categorical" else numbers
                found += [(encoding.name, part) for part in parts]
        for encoding in self.fields:
            found += [(encoding.name, f"curve {place + 1}") for place in range(_curve_width(encoding))]
        return found

    def curved_fields(self) -> int:
        """The number of fields with a curve. Their columns are the last `curve_columns()` columns of `design`."""
        return sum(_curve_width(encoding) > 0 for encoding in self.fields)

    def curve_columns(self) -> int:
        """How many of the last columns of `design` are curves."""
        return sum(_curve_width(encoding) for encoding in self.fields)

    def number_fields(self, block: str) -> list[str]:
        """The field each column of `state` or `treatment` belongs to."""
        names = []
        for encoding in self.fields:
            if encoding.block == block and not encoding.dropped and encoding.kind != "categorical":
                names.extend([encoding.name] * (1 + encoding.flag))
        return names

    def code_fields(self, block: str) -> list[str]:
        """The field each column of the level indices belongs to."""
        return [
            encoding.name
            for encoding in self.fields
            if encoding.block == block and not encoding.dropped and encoding.kind != "continuous"
        ]


def _fit_number(
    name: str, kind: str, block: str, number: np.ndarray, levels: tuple[str, ...], flag_above: float
) -> FieldEncoding:
    known = number[np.isfinite(number)]
    if known.size == 0 or np.all(known == known[0]):
        reason = "no value in training" if known.size == 0 else "constant in training"
        return FieldEncoding(name, kind, block, levels=levels, dropped=reason)
    median = float(np.median(known))
    filled = np.where(np.isnan(number), median, number)
    missing = float(np.isnan(number).mean())
    encoding = FieldEncoding(
        name,
        kind,
        block,
        median,
        float(filled.mean()),
        float(filled.std()),
        flag=missing > flag_above,
        flag_mean=missing,
        levels=levels,
    )
    if kind != "continuous" or np.unique(known).size < CURVED_VALUES:
        return encoding
    z = np.clip(encoding.z(filled), -Z_LIMIT, Z_LIMIT)
    return replace(encoding, spline=fit_spline(z, CURVE_KNOTS, CURVE_COLUMNS))


def _curve_width(encoding: FieldEncoding) -> int:
    return 0 if encoding.dropped or encoding.spline is None else len(encoding.spline.line[0])


def _fit_categorical(name: str, block: str, values: np.ndarray) -> FieldEncoding:
    levels = tuple(str(level) for level in np.unique(values) if level != "")
    if np.unique(values).size < 2:
        reason = "constant in training" if levels else "no value in training"
        return FieldEncoding(name, "categorical", block, levels=levels, dropped=reason)
    code = _codes(values, levels)
    counts = np.bincount(code, minlength=len(levels) + 1)[1:]
    most_frequent = int(counts.argmax()) + 1 if len(levels) > 1 else 0
    if most_frequent:
        counts[most_frequent - 1] += int((code == 0).sum())
    means = tuple(float(count) / values.size for count in counts)
    return FieldEncoding(name, "categorical", block, levels=levels, level_means=means, most_frequent=most_frequent)


def _codes(values: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    at = {level: index + 1 for index, level in enumerate(levels)}
    return np.array([at.get(str(value), 0) for value in values], dtype=np.int64)


def _level_index(values: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    codes = _codes(values, levels)
    return np.where(codes > 0, codes - 1.0, np.nan)


def _columns(columns: list[np.ndarray], n: int, dtype: DTypeLike) -> np.ndarray:
    if not columns:
        return np.zeros((n, 0), dtype)
    return np.ascontiguousarray(np.column_stack(columns).astype(dtype))
