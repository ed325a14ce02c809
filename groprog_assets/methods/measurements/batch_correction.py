"""Batches of an assay: what forbids a correction, the correction itself (ComBat), and what it did to the variance.

Arrays and columns in, arrays out: values are (features, samples), NaN = missing. Constants come from training samples.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import BatchCorrection
from groprog_assets.study.text_tables import count_of
from groprog_kernels.combat import Combat, apply_combat, fit_combat

Floats = NDArray[np.floating]
Column = Sequence[str | None]
Columns = Mapping[str, Column]


class Encoding(NamedTuple):
    """How one covariate becomes numbers: levels beside the first are indicators; no level = a number, taken as it is."""

    name: str
    levels: tuple[str, ...]

    def knows(self, value: str | None) -> bool:
        """Whether a sample with this value can be encoded: a level that is known, or a finite number."""
        return value is not None and (value in self.levels if self.levels else is_finite(value))


class BatchFit(NamedTuple):
    """Constants of a correction: batch names (b,), sorted; encodings of the covariates; the kernel's constants."""

    batches: tuple[str, ...]
    encodings: tuple[Encoding, ...]
    constants: Combat


class Confounding(NamedTuple):
    """How far batch and a factor are one: the factor, and Cramer's V; 0 independent, 1 each tells the other."""

    factor: str
    association: float


def batch_problems(
    assay: str,
    batch: Column,
    columns: Columns,
    correction: BatchCorrection,
    parameters: MeasurementParameters,
    numbers: Collection[str] | None = None,
) -> list[Problem]:
    """What forbids the correction: samples without batch or covariate, a batch of one sample, covariates that batches tell, an
    unknown reference batch, and an outcome or covariate that is nearly one with the batch. Where there is one batch, nothing but
    an unknown reference batch. numbers: covariates that are numbers; None: `number_columns` of `columns`."""
    where = f"assay {assay}"
    without = sum(name is None for name in batch)
    names = sorted({name for name in batch if name is not None})
    problems = []
    if not names:
        return []
    if correction.reference_batch and correction.reference_batch not in names:
        rule = f"The reference is one of the batches {', '.join(names[:8])}."
        problems.append(Problem(where, f"reference_batch {correction.reference_batch!r}", rule, "Correct it."))
    if len(names) == 1 and not without:
        return problems
    if without:
        rule = "Every sample of an assay has a batch, or none has."
        remedy = "Fill the column batch of the sample table, or set batch_correction.method: none."
        problems.append(Problem(where, f"{count_of(without, 'sample')} without a batch", rule, remedy))
    single = [name for name in names if sum(item == name for item in batch) == 1]
    if single and not correction.mean_only:
        rule = "The spread of a batch is estimated from at least two samples."
        remedy = (
            "Join batches that were processed alike, leave the sample out, or set batch_correction.mean_only: true."
        )
        problems.append(Problem(where, f"batch {', '.join(single)} has one sample", rule, remedy))
    for name in correction.covariates:
        lost = sum(value is None for value in columns[name])
        if lost:
            rule = "A covariate has a value for every sample."
            problems.append(
                Problem(where, f"{name} is missing in {count_of(lost, 'sample')}", rule, "Fill it, or remove it.")
            )
    if problems:
        return problems
    for found in confoundings(batch, columns, correction, numbers):
        if found.association >= parameters.confounding_refused:
            rule = f"Batch and {found.factor} are nearly one: nothing tells the effect of one from that of the other."
            remedy = f"Set batch_correction.method: none, or measure samples of each {found.factor} in each batch."
            problems.append(
                Problem(where, f"Cramer's V of batch and {found.factor} {found.association:.2f}", rule, remedy)
            )
    code = np.array([names.index(str(name)) for name in batch])
    design = np.concatenate(
        [np.eye(len(names))[code], _design(encodings(columns, correction, numbers), columns, len(batch))], axis=1
    )
    rank = int(np.linalg.matrix_rank(design))
    if rank < design.shape[1] and not problems:
        rule = f"Batches and covariates ({', '.join(correction.covariates)}) determine each other: the fit has no one answer."
        value = f"rank {rank} of {design.shape[1]} columns"
        problems.append(Problem(where, value, rule, "Remove a covariate, or join batches."))
    return problems


def confoundings(
    batch: Column, columns: Columns, correction: BatchCorrection, numbers: Collection[str] | None = None
) -> list[Confounding]:
    """Cramer's V of batch with each covariate that is not a number and with the outcome, over samples that have both."""
    names = [*correction.covariates, *([correction.outcome] if correction.outcome else [])]
    held = number_columns(columns, names) if numbers is None else numbers
    kinds = [name for name in dict.fromkeys(names) if name not in held]
    return [Confounding(name, cramers_v(batch, columns[name])) for name in kinds]


def cramers_v(first: Column, second: Column) -> float:
    """Cramer's V of two columns of names over the rows that have both; 0 where one of them has a single name."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    rows, columns = sorted({a for a, _ in pairs}), sorted({b for _, b in pairs})
    if min(len(rows), len(columns)) < 2:
        return 0.0
    table = np.zeros((len(rows), len(columns)))
    for a, b in pairs:
        table[rows.index(a), columns.index(b)] += 1
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    squares = float(((table - expected) ** 2 / expected).sum())
    return float(np.sqrt(squares / table.sum() / (min(table.shape) - 1)))


def fit_batches(
    values: Floats,
    batch: Column,
    columns: Columns,
    correction: BatchCorrection,
    parameters: MeasurementParameters,
    numbers: Collection[str] | None = None,
) -> BatchFit:
    """Constants of the training samples `values` (f, n) with their batches and covariates; `batch_problems` gave none.

    numbers: covariates that are numbers; None: `number_columns` of `columns`.
    """
    names = tuple(sorted({str(name) for name in batch}))
    code = np.array([names.index(str(name)) for name in batch])
    held = encodings(columns, correction, numbers)
    constants = fit_combat(
        values.T,
        code,
        len(names),
        _design(held, columns, len(batch)),
        reference=names.index(correction.reference_batch) if correction.reference_batch else -1,
        mean_only=correction.mean_only,
        tolerance=parameters.combat_tolerance,
    )
    return BatchFit(names, held, constants)


def correct(values: Floats, batch: Column, columns: Columns, fit: BatchFit) -> Floats:
    """`values` (f, n) of any samples of known batches without the batches' effects; NaN stays.

    Raises AssayError for a batch, or a level of a covariate, that the training samples did not have.
    """
    strange = sorted({str(name) for name in batch} - set(fit.batches))
    if strange:
        rule = f"Batches of the training samples are {', '.join(fit.batches)}; of another nothing is known."
        remedy = "Train with samples of this batch, or use the values before the correction."
        raise AssayError(Problem("batch", ", ".join(strange), rule, remedy))
    for encoding in fit.encodings:
        levels = {str(value) for value in columns[encoding.name]} - {*encoding.levels}
        if encoding.levels and levels:
            rule = f"Levels of {encoding.name} in the training samples are {', '.join(encoding.levels)}."
            raise AssayError(
                Problem(encoding.name, ", ".join(sorted(levels)), rule, "Train with samples of this level.")
            )
    code = np.array([fit.batches.index(str(name)) for name in batch])
    return np.ascontiguousarray(
        apply_combat(values.T, code, fit.constants, _design(fit.encodings, columns, len(batch))).T
    )


def encodings(
    columns: Columns, correction: BatchCorrection, numbers: Collection[str] | None = None
) -> tuple[Encoding, ...]:
    """How the covariates of the correction become numbers: a column of numbers is one, any other has its levels, sorted.

    numbers: covariates that are numbers; None: `number_columns` of `columns`.
    """
    held = number_columns(columns, correction.covariates) if numbers is None else numbers
    return tuple(Encoding(name, () if name in held else _levels(columns[name])) for name in correction.covariates)


def number_columns(columns: Columns, names: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` whose column is numbers: each given value is finite, and there are more than two."""
    given = {name: _levels(columns[name]) for name in names}
    return tuple(name for name, levels in given.items() if len(levels) > 2 and all(map(is_finite, levels)))


def is_finite(value: str) -> bool:
    """Whether `value` is a finite number."""
    try:
        return bool(np.isfinite(float(value)))
    except ValueError:
        return False


def without_batches(values: Floats, batch: Column, kept: Column | None = None) -> Floats:
    """`values` (f, n) less the linear effect of batches, with the differences between the names of `kept` (n,) left in: for
    figures, not for tests, as limma's removeBatchEffect does it.

    Batches are contrasts that sum to 0, so the mean over batches stays; each feature is fitted over its known values.
    """
    names = sorted({str(name) for name in batch})
    code = np.array([names.index(str(name)) for name in batch])
    contrasts = np.concatenate([np.eye(len(names) - 1), -np.ones((1, len(names) - 1))])[code]
    levels = sorted({str(name) for name in kept}) if kept is not None else []
    own = np.array([[float(str(name) == level) for level in levels[1:]] for name in kept]) if kept is not None else None
    base = np.ones((values.shape[1], 1)) if own is None else np.concatenate([np.ones((len(own), 1)), own], axis=1)
    design = np.concatenate([base, contrasts], axis=1)
    result = values.astype(np.float64)
    known = np.isfinite(result)
    patterns, place = np.unique(known, axis=0, return_inverse=True)
    for k, rows in enumerate(patterns):
        features = place.reshape(-1) == k
        solved = np.linalg.lstsq(design[rows], result[np.ix_(features, rows)].T, rcond=None)[0]
        result[features] -= (contrasts @ solved[base.shape[1] :]).T
    return result


def explained_share(values: Floats, names: Column) -> float:
    """Median over features of the share of variance between the names (R squared), over samples that have a value and a name.

    NaN with fewer than two names. A feature without variance, or with fewer known values than names plus one, does not count.
    """
    held = np.array([name is not None for name in names])
    levels = sorted({str(name) for name in names if name is not None})
    if len(levels) < 2:
        return float("nan")
    member = np.array([[str(name) == level for name in np.array(names, object)[held]] for level in levels], float)
    inside = values[:, held].astype(np.float64)
    known = np.isfinite(inside)
    filled = np.where(known, inside, 0.0)
    counts = known.astype(float) @ member.T  # (f, levels)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (filled @ member.T) / counts
        grand = filled.sum(axis=1) / known.sum(axis=1)
        total = np.where(known, (inside - grand[:, None]) ** 2, 0.0).sum(axis=1)
        between = np.where(counts > 0, counts * (means - grand[:, None]) ** 2, 0.0).sum(axis=1)
        shares = np.where((total > 0) & (known.sum(axis=1) > len(levels)), between / total, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmedian(shares))


def _levels(column: Column) -> tuple[str, ...]:
    """The values of a column, each once, sorted."""
    return tuple(sorted({str(value) for value in column if value is not None}))


def _design(held: Sequence[Encoding], columns: Columns, samples: int) -> Floats:
    """(samples, c) numbers of the covariates."""
    parts = [np.empty((samples, 0))]
    for encoding in held:
        column = columns[encoding.name]
        if encoding.levels:
            levels = encoding.levels[1:]
            parts.append(
                np.array([[float(value == level) for level in levels] for value in column]).reshape(samples, -1)
            )
        else:
            parts.append(np.array([[float(str(value))] for value in column]))
    return np.concatenate(parts, axis=1)
