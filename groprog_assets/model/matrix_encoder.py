"""Further omics of the patients (mutations, copy number, any other matrix) as columns of the linear path. NumPy only.

Each matrix is a branch of its own: fitted on the training patients who were measured, without outcomes. A patient who was not
measured counts as the average one in every column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict, cast

import numpy as np

from groprog_assets.model.assay_encoder import ASSAYS, AssayDocument, AssayEncoder, FurtherOmics
from groprog_assets.model.expression_encoder import ExpressionEncoder, standardise
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.patient_matrix import MUTATIONS, PatientMatrix, branch_loadings
from groprog_assets.study.model_parameters import MatrixParameters


class MatrixDocument(TypedDict):
    """The names of a MatrixEncoder as JSON; its arrays are stored beside it."""

    name: str
    kind: str
    genes: list[str]


@dataclass(frozen=True)
class MatrixEncoder:
    """Columns (n, r) = z @ loadings of a matrix, z (n, K) = (value - centre) / scale, 0 where missing.

    mutations: genes with at least `minimum_carriers` in training, z by mean and SD, divided by `mutation_divisor`; a column a
    gene, or the span of the patients where genes are many. Other kinds: centre, scale and leading directions of expression,
    `matrices.components` of them.
    """

    name: str
    kind: str
    genes: tuple[str, ...]
    centre: np.ndarray
    scale: np.ndarray
    loadings: np.ndarray

    @classmethod
    def fit(
        cls, matrix: PatientMatrix, inputs: ModelInputs, parameters: MatrixParameters, row_limit: int
    ) -> MatrixEncoder | None:
        """Fit on the training patients of `inputs` who were measured; None when no gene can be used."""
        rows = np.flatnonzero(matrix.measured())
        if rows.size < 2:
            return None
        held = matrix.take(rows)
        if matrix.kind != MUTATIONS:
            given = replace(inputs.take(rows).clinical_only(), expression=held.values, genes=held.genes)
            found = ExpressionEncoder.fit(given, parameters.components, row_limit)
            if not found.loadings.shape[1]:
                return None
            return cls(matrix.name, matrix.kind, found.genes, found.centre, found.scale, found.loadings)
        known = np.isfinite(held.values)
        count = np.maximum(known.sum(axis=0), 1)
        values = np.where(known, held.values, 0.0).astype(np.float64)
        carriers = values.sum(axis=0)
        mean = carriers / count
        # Carriers and others: a gene that all measured patients carry does not vary.
        kept = np.flatnonzero((carriers >= parameters.minimum_carriers) & (carriers < known.sum(axis=0)))
        if not kept.size:
            return None
        scale = np.sqrt(mean * (1.0 - mean))[kept] * parameters.mutation_divisor
        genes, centre = tuple(held.genes[place] for place in kept), mean[kept]
        z = np.where(known[:, kept], (values[:, kept] - centre) / scale, 0.0)
        return cls(matrix.name, matrix.kind, genes, centre, scale, branch_loadings(z, np.arange(kept.size)))

    def z(self, matrix: FurtherOmics | None, n: int) -> np.ndarray:
        """(n, K) of any patients: standardised values, 0 where missing; 0 everywhere without the matrix."""
        if matrix is None:
            return np.zeros((n, len(self.genes)))
        assert isinstance(matrix, PatientMatrix)
        values = matrix.aligned(self.genes)
        if self.kind != MUTATIONS:
            return standardise(values, self.centre, self.scale)[0].astype(np.float64)
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(values), (values - self.centre) / self.scale, 0.0)

    def columns(self, matrix: FurtherOmics | None, n: int) -> np.ndarray:
        """(n, r) float32 columns of the branch."""
        return (self.z(matrix, n) @ self.loadings).astype(np.float32)

    def reads(self, matrix: FurtherOmics) -> bool:
        """Whether the matrix has a gene of the encoder."""
        return bool(set(self.genes) & set(matrix.genes))

    def knows(self, matrix: FurtherOmics | None, n: int) -> np.ndarray:
        """(n,) bool: patients with a value of a gene of the encoder."""
        if matrix is None:
            return np.zeros(n, bool)
        assert isinstance(matrix, PatientMatrix)
        return np.asarray(np.isfinite(matrix.aligned(self.genes)).any(axis=1))

    def notes(self, matrix: FurtherOmics | None, n: int) -> list[str]:
        """For each patient, what is missing and how that was treated; empty where nothing is."""
        size, known = len(self.genes), np.zeros(n, np.int64)
        if matrix is not None:
            assert isinstance(matrix, PatientMatrix)
            known = np.isfinite(matrix.aligned(self.genes)).sum(axis=1)
        some = f"{self.name}: {{}} of {size} genes missing, counted as average"
        none = f"no {self.name.replace('_', ' ')}: counted as average"
        return ["" if count == size else some.format(size - count) if count else none for count in known.tolist()]

    def document(self) -> MatrixDocument:
        """The names; arrays are in `arrays`."""
        return {"name": self.name, "kind": self.kind, "genes": list(self.genes)}

    def arrays(self) -> dict[str, np.ndarray]:
        """matrix_<name>_centre (K,), _scale (K,) and _loadings (K, r)."""
        held = {"centre": self.centre, "scale": self.scale, "loadings": self.loadings}
        return {f"matrix_{self.name}_{part}": values for part, values in held.items()}

    @classmethod
    def restore(cls, document: MatrixDocument, arrays: dict[str, np.ndarray]) -> MatrixEncoder:
        """The encoder that `document()` and `arrays()` describe."""
        name = document["name"]
        held = (arrays[f"matrix_{name}_{part}"] for part in ("centre", "scale", "loadings"))
        return cls(name, document["kind"], tuple(document["genes"]), *held)


def fit_matrices(
    inputs: ModelInputs, parameters: MatrixParameters, row_limit: int
) -> tuple[MatrixEncoder | AssayEncoder, ...]:
    """The encoder of each matrix of `inputs` that has a usable gene, and of the assays, in their order."""
    found = (
        MatrixEncoder.fit(matrix, inputs, parameters, row_limit)
        if isinstance(matrix, PatientMatrix)
        else AssayEncoder.fit(matrix)
        for matrix in inputs.matrices
    )
    return tuple(encoder for encoder in found if encoder is not None)


def restore_matrix(
    document: MatrixDocument | AssayDocument, arrays: dict[str, np.ndarray]
) -> MatrixEncoder | AssayEncoder:
    """The encoder of a further matrix, or of the assays, that `document()` and `arrays()` describe."""
    if document["kind"] == ASSAYS:
        return AssayEncoder.restore(cast("AssayDocument", document), arrays)
    return MatrixEncoder.restore(document, arrays)
