"""Inputs of the model: covariates, expression, gene descriptors. Outcomes are a separate type.

Plain NumPy and dataclasses. Nothing here imports pandas, torch or Dagster; `from_columns` takes tables as mappings of arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from groprog_assets.errors import ModelError, Problem
from groprog_assets.fitting.covariates import FieldSpec, covariate_values, field_specs, numbers
from groprog_assets.model.assay_encoder import FurtherOmics
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    from groprog_assets.model.source_columns import SourceFits

BLOCKS = ("density", "pausing", "differential")


@dataclass(frozen=True)
class Outcomes:
    """Follow-up `time` (n,) float64 > 0 and `event` (n,) bool, True when the endpoint happened at `time`."""

    time: np.ndarray
    event: np.ndarray

    def __post_init__(self) -> None:
        time, event = np.asarray(self.time, dtype=np.float64), np.asarray(self.event)
        problems = []
        if time.ndim != 1 or event.shape != time.shape:
            problems.append(
                Problem("outcomes", f"time {time.shape}, event {event.shape}", "Both are one value a patient.", "")
            )
        elif not np.isfinite(time).all() or (time < 0).any():
            bad = int((~np.isfinite(time) | (time < 0)).sum())
            problems.append(
                Problem("outcomes.time", f"{bad} negative or missing", "Times are finite and >= 0.", "Exclude them.")
            )
        if not problems and not np.isin(event, (0, 1)).all():
            problems.append(Problem("outcomes.event", "values other than 0 and 1", "1 = event, 0 = censored.", ""))
        if problems:
            raise ModelError(problems)
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "event", event.astype(bool))

    def __len__(self) -> int:
        return int(self.time.size)

    def take(self, index: np.ndarray) -> Outcomes:
        """The outcomes of the patients at `index` (m,) integers."""
        return Outcomes(self.time[index], self.event[index])

    def stopped(self, share_of_events: float) -> Outcomes:
        """The same outcomes, censored when `share_of_events` (0, 1] of the events have happened; unchanged without events.

        A proportional-hazards fit to these outcomes orders risks up to that time, and later, smaller risk sets do not affect
        it (van Houwelingen 2007, doi:10.1111/j.1467-9469.2006.00529.x).
        """
        if share_of_events >= 1.0 or not self.event.any():
            return self
        end = float(np.quantile(self.time[self.event], share_of_events))
        return Outcomes(np.minimum(self.time, end), self.event & (self.time <= end))


@dataclass(frozen=True)
class Fold:
    """One split: row indices of the patients trained on and of those held out; they share no patient."""

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray

    def __post_init__(self) -> None:
        shared = np.intersect1d(self.train, self.test)
        if shared.size:
            raise ModelError(
                Problem(
                    f"fold {self.repeat}.{self.fold}",
                    f"{count_of(shared.size, 'patient')} both trained on and held out",
                    "Splits are by patient.",
                    "Make the folds anew.",
                )
            )


def infinite_as_missing(values: np.ndarray) -> np.ndarray:
    """Expression with NaN where it is infinite, such as the log of a count of 0; the same array where nothing is."""
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, values.dtype.type(np.nan))


@dataclass(frozen=True)
class ModelInputs:
    """Covariates and omics of n patients, without outcomes.

    patient_id (n,) str. covariates: name -> (n,) float64 with NaN missing (continuous), else str with "" missing;
    expression (n, K) float32 with NaN missing, or None (clinical mode, matched mode). genes: K names, the columns of expression.
    descriptors (K, J) float64 with NaN rows for genes without one; (n, K, J) in matched mode; None in clinical mode.
    blocks: block -> descriptor names, Table 5. batch (n,) str, "" where none is declared; None when the study declares none.
    matrices: further omics, each with the same n patients; beside matrices their assays.
    sources: what other cohorts say of the hazard, for training; None without any.
    """

    patient_id: np.ndarray
    fields: tuple[FieldSpec, ...]
    covariates: dict[str, np.ndarray]
    expression: np.ndarray | None = None
    genes: tuple[str, ...] = ()
    descriptors: np.ndarray | None = None
    descriptor_names: tuple[str, ...] = ()
    blocks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    batch: np.ndarray | None = None
    matrices: tuple[FurtherOmics, ...] = ()
    sources: SourceFits | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "patient_id", np.asarray(self.patient_id).astype(str))
        problems = _problems(self)
        if problems:
            raise ModelError(problems)
        covariates = {spec.name: covariate_values(spec, self.covariates[spec.name]) for spec in self.fields}
        object.__setattr__(self, "covariates", covariates)
        if self.expression is not None:
            values = np.asarray(self.expression, dtype=np.float32)
            object.__setattr__(self, "expression", infinite_as_missing(values))

    def __len__(self) -> int:
        return int(self.patient_id.size)

    @property
    def mode(self) -> str:
        """ "signature", "matched" or "clinical", depending on the arrays that are present."""
        if self.descriptors is not None and self.descriptors.ndim == 3:
            return "matched"
        return "clinical" if self.expression is None else "signature"

    def take(self, index: np.ndarray) -> ModelInputs:
        """The patients at `index` (m,) integers or a mask, in that order."""
        matched = self.mode == "matched"
        return replace(
            self,
            patient_id=self.patient_id[index],
            covariates={name: values[index] for name, values in self.covariates.items()},
            expression=None if self.expression is None else self.expression[index],
            descriptors=self.descriptors[index] if matched and self.descriptors is not None else self.descriptors,
            batch=None if self.batch is None else self.batch[index],
            matrices=tuple(matrix.take(index) for matrix in self.matrices),
        )

    def between_patient_variance(self) -> float | None:
        """Mean over genes (and features in matched mode) of the variance between patients; None in clinical mode.

        Genes that no patient has are left out. 0 when no value is known.
        """
        values = self.expression if self.mode == "signature" else self.descriptors if self.mode == "matched" else None
        if values is None:
            return None
        finite = np.isfinite(values)
        count = finite.sum(axis=0)
        mean = np.where(finite, values, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
        squares = np.where(finite, (values - mean) ** 2, 0.0).sum(axis=0, dtype=np.float64)
        seen = count > 0
        return float((squares[seen] / count[seen]).mean()) if seen.any() else 0.0

    def clinical_only(self) -> ModelInputs:
        """The same patients without omics, for the ablation."""
        bare = replace(self, expression=None, genes=(), descriptors=None, descriptor_names=(), blocks={})
        return replace(bare, matrices=())

    def without_matrix(self, name: str) -> ModelInputs:
        """The same patients without the matrix of this name."""
        return replace(self, matrices=tuple(matrix for matrix in self.matrices if matrix.name != name))

    def with_genes(self, genes: Sequence[str]) -> ModelInputs:
        """The expression columns in the order of `genes`; genes that the patients lack are missing (NaN)."""
        if tuple(genes) == self.genes:
            return self
        values = np.full((len(self), len(genes)), np.nan, dtype=np.float32)
        if self.expression is not None:
            at = {gene: column for column, gene in enumerate(self.genes)}
            pairs = [(new, at[gene]) for new, gene in enumerate(genes) if gene in at]
            if pairs:
                new, old = np.array(pairs).T
                values[:, new] = self.expression[:, old]
        return replace(self, expression=values, genes=tuple(genes), descriptors=None, descriptor_names=(), blocks={})

    @classmethod
    def from_columns(
        cls,
        records: Mapping[str, ArrayLike],
        fields: Mapping[str, ArrayLike] | Sequence[FieldSpec],
        expression: Mapping[str, ArrayLike] | None = None,
        features: Mapping[str, ArrayLike] | None = None,
        constants: Mapping[str, ArrayLike] | None = None,
        mode: Literal["signature", "matched", "clinical"] = "signature",
    ) -> ModelInputs:
        """Build inputs from plain columns.

        records: columns of table clinical_records (patient_id and covariates). fields: columns of table clinical_fields, or
        FieldSpecs; rows with used = False are left out. expression: Arrays "values" (patients, genes), "patient_id", "gene";
        patients without a row are missing. features: columns of normalized_features ("gene" and one a descriptor).
        constants: columns of normalization_constants, which give each descriptor its block.
        mode "clinical" ignores the omics; "matched" expects features["values"] (n, K, J) in the order of the records, with
        "gene" and "feature". Raises ModelError with every problem.
        """
        specs = tuple(fields) if not isinstance(fields, Mapping) else field_specs(fields)
        patient_id = np.asarray(records["patient_id"]).astype(str)
        covariates = {spec.name: np.asarray(records[spec.name]) for spec in specs if spec.name in records}
        if mode == "clinical" or (expression is None and mode == "signature"):
            return cls(patient_id, specs, covariates)
        if mode == "matched":
            if features is None or "values" not in features:
                raise ModelError(
                    Problem(
                        "representation.mode", "matched", "It needs one nascent library a patient.", "Use signature."
                    )
                )
            names = tuple(str(name) for name in np.asarray(features["feature"]))
            genes = tuple(str(gene) for gene in np.asarray(features["gene"]))
            return cls(
                patient_id,
                specs,
                covariates,
                None,
                genes,
                np.asarray(features["values"]),
                names,
                _blocks(names, constants),
            )
        assert expression is not None
        values = np.asarray(expression["values"], dtype=np.float32)
        genes = tuple(str(gene) for gene in np.asarray(expression["gene"]))
        rows = {str(patient): row for row, patient in enumerate(np.asarray(expression["patient_id"]))}
        order = np.array([rows.get(patient, -1) for patient in patient_id])
        aligned = np.full((patient_id.size, len(genes)), np.nan, dtype=np.float32)
        aligned[order >= 0] = values[order[order >= 0]]
        if features is None:
            return cls(patient_id, specs, covariates, aligned, genes)
        names = tuple(name for name in features if name != "gene")
        known = {str(gene): row for row, gene in enumerate(np.asarray(features["gene"]))}
        table = (
            np.column_stack([numbers(features[name]) for name in names])
            if names
            else np.empty((len(known), 0), dtype=np.float64)
        )
        descriptors = np.full((len(genes), len(names)), np.nan)
        for row, gene in enumerate(genes):
            if gene in known:
                descriptors[row] = table[known[gene]]
        return cls(patient_id, specs, covariates, aligned, genes, descriptors, names, _blocks(names, constants))


def folds_from_columns(columns: Mapping[str, ArrayLike], patient_id: Iterable[str]) -> list[Fold]:
    """Folds from the columns of table folds (repeat, fold, patient_id), as row indices into `patient_id`."""
    at = {str(patient): row for row, patient in enumerate(patient_id)}
    repeats = np.asarray(columns["repeat"]).astype(int)
    numbers_ = np.asarray(columns["fold"]).astype(int)
    named = np.asarray(columns["patient_id"]).astype(str)
    unknown = sorted({patient for patient in named if patient not in at})
    if unknown:
        raise ModelError(
            Problem(
                "folds",
                f"{count_of(len(unknown), 'unknown patient')}, first {unknown[0]}",
                "Folds name cohort patients.",
                "",
            )
        )
    rows = np.array([at[patient] for patient in named])
    folds = []
    for repeat in np.unique(repeats):
        inside = repeats == repeat
        everyone = np.sort(rows[inside])
        if np.unique(everyone).size != everyone.size:
            raise ModelError(Problem(f"folds, repeat {repeat}", "a patient stands twice", "Once a repeat.", ""))
        for fold in np.unique(numbers_[inside]):
            test = np.sort(rows[inside & (numbers_ == fold)])
            folds.append(Fold(int(repeat), int(fold), np.setdiff1d(everyone, test), test))
    return folds


def _blocks(names: Sequence[str], constants: Mapping[str, ArrayLike] | None) -> dict[str, tuple[str, ...]]:
    block_of: dict[str, str] = {}
    if constants is not None:
        for feature, block in zip(np.asarray(constants["feature"]), np.asarray(constants["block"])):
            block_of[str(feature)] = str(block)
    return {block: tuple(name for name in names if block_of.get(name, "density") == block) for block in BLOCKS}


def _problems(inputs: ModelInputs) -> list[Problem]:
    problems = []
    n = inputs.patient_id.size
    unique, counts = np.unique(inputs.patient_id, return_counts=True)
    if (counts > 1).any():
        problems.append(
            Problem("patient_id", f"{unique[counts > 1][0]} stands twice", "One row a patient.", "Remove duplicates.")
        )
    for spec in inputs.fields:
        if spec.name not in inputs.covariates:
            problems.append(Problem(f"covariate {spec.name}", "absent", "Every field needs its column.", "Add it."))
        elif np.shape(inputs.covariates[spec.name]) != (n,):
            shape = np.shape(inputs.covariates[spec.name])
            problems.append(Problem(f"covariate {spec.name}", f"shape {shape}", f"Expected ({n},).", ""))
        if spec.kind not in ("continuous", "ordinal", "categorical"):
            problems.append(Problem(f"covariate {spec.name}", spec.kind, "continuous, ordinal or categorical.", ""))
        if spec.kind == "ordinal" and not spec.levels:
            problems.append(Problem(f"covariate {spec.name}", "no levels", "An ordinal field lists its levels.", ""))
    if inputs.batch is not None and np.shape(inputs.batch) != (n,):
        problems.append(Problem("batch", f"shape {np.shape(inputs.batch)}", f"Expected ({n},).", ""))
    width = len(inputs.genes)
    if inputs.expression is not None and np.shape(inputs.expression) != (n, width):
        problems.append(
            Problem(
                "expression",
                f"shape {np.shape(inputs.expression)}",
                f"Patients x genes is ({n}, {width}).",
                "Is the matrix transposed?",
            )
        )
    if len(set(inputs.genes)) != width:
        problems.append(Problem("genes", "a gene stands twice", "One column a gene.", "Collapse duplicates first."))
    if inputs.descriptors is not None:
        expected: tuple[int, ...] = (width, len(inputs.descriptor_names))
        if np.ndim(inputs.descriptors) == 3:
            expected = (n, *expected)
        if np.shape(inputs.descriptors) != expected:
            problems.append(
                Problem("descriptors", f"shape {np.shape(inputs.descriptors)}", f"Expected {expected}.", "")
            )
    for matrix in inputs.matrices:
        if matrix.shape != (n, len(matrix.genes)):
            problems.append(Problem(f"matrix {matrix.name}", f"shape {matrix.shape}", f"Expected ({n}, genes).", ""))
    for block, names in inputs.blocks.items():
        if block not in BLOCKS or not set(names) <= set(inputs.descriptor_names):
            problems.append(Problem(f"block {block}", ", ".join(names), f"Blocks are {', '.join(BLOCKS)}.", ""))
    return problems
