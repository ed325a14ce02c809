"""A further omics matrix of the patients, as the model takes it. NumPy only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

MUTATIONS = "mutations"
"""The kind of a matrix of 0 and 1; the others are encoded by their leading directions."""

LONG = 0.6
"""Above this many columns per training patient, they are written in the span of the patients: the ridge fit is the same."""


class PatientMatrix(NamedTuple):
    """A matrix of n patients: name and kind in the study, genes (K), values (n, K) float32 with NaN for missing."""

    name: str
    kind: str
    genes: tuple[str, ...]
    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, K)."""
        return self.values.shape

    def take(self, index: np.ndarray) -> PatientMatrix:
        """The patients at `index`."""
        return self._replace(values=self.values[index])

    def measured(self) -> np.ndarray:
        """(n,) bool: patients with a value of any gene."""
        return np.asarray(np.isfinite(self.values).any(axis=1))

    def aligned(self, genes: tuple[str, ...]) -> np.ndarray:
        """(n, len(genes)) float32: the columns of `genes`, missing where the matrix has none."""
        if genes == self.genes:
            return self.values
        at = {gene: place for place, gene in enumerate(self.genes)}
        values = np.full((len(self.values), len(genes)), np.nan, np.float32)
        for place, gene in enumerate(genes):
            if gene in at:
                values[:, place] = self.values[:, at[gene]]
        return values


def branch_loadings(z: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """(K, r): a column of a branch for each of the columns `kept` of z (n, K), or the span of the patients where these are many.

    Columns of z that are not kept are 0.
    """
    if kept.size <= LONG * len(z):
        return np.eye(z.shape[1])[:, kept]
    spread, directions = np.linalg.svd(z, full_matrices=False)[1:]
    return np.asarray(directions[spread > 1e-9 * spread.max(initial=0.0)].T)


def matrices_of(arrays: Mapping[str, np.ndarray], patient_id: Iterable[str]) -> tuple[PatientMatrix, ...]:
    """The further matrices among the arrays of patient_expression, in the order of `patient_id`; missing for other patients.

    arrays: see `methods.cohort.patient_matrices`.
    """
    found = []
    wanted = list(patient_id)
    for key in arrays:
        name, dot, part = key.rpartition(".")
        if not dot or part != "values":
            continue
        rows = {str(patient): row for row, patient in enumerate(arrays[f"{name}.patient_id"].tolist())}
        order = np.array([rows.get(patient, -1) for patient in wanted], dtype=np.int64)
        genes = tuple(arrays[f"{name}.gene"].tolist())
        values = np.full((len(wanted), len(genes)), np.nan, np.float32)
        values[order >= 0] = arrays[key][order[order >= 0]]
        found.append(PatientMatrix(name, str(arrays[f"{name}.kind"][0]), genes, values))
    return tuple(found)
