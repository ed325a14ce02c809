"""The coefficients of other cohorts, and what they are in the columns of a training fold. NumPy only; no outcome of the study
enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.model.expression_encoder import ExpressionEncoder


class SourceDocument(TypedDict):
    """The names of SourceFits as JSON; arrays are stored beside them."""

    names: list[str]
    design: list[list[str]]
    genes: list[str]


@dataclass(frozen=True)
class SourceFits:
    """Coefficients of C sets of S sources; no patient can be recognised in them.

    names (S,); kept (C, S) bool: the sources of each set, all in the first. design (q,): (field, part) as
    `ClinicalEncoder.design_columns` has them; clinical (q, C): log hazard ratio of each column, a number in SD of its own cohort.
    genes (K,); molecular, adjusted (K, C): log hazard ratio of a robust SD of each gene, not adjusted, and adjusted for the
    covariates.
    """

    names: tuple[str, ...]
    kept: np.ndarray
    design: tuple[tuple[str, str], ...]
    clinical: np.ndarray
    genes: tuple[str, ...]
    molecular: np.ndarray
    adjusted: np.ndarray

    def document(self) -> SourceDocument:
        """The names; arrays are in `arrays`."""
        return {
            "names": list(self.names),
            "design": [list(column) for column in self.design],
            "genes": list(self.genes),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """kept, clinical, molecular, adjusted."""
        return {
            "kept": self.kept,
            "clinical": self.clinical,
            "molecular": self.molecular,
            "adjusted": self.adjusted,
        }

    @classmethod
    def restore(cls, document: SourceDocument, arrays: dict[str, np.ndarray]) -> SourceFits:
        """The fits that `document()` and `arrays()` describe."""
        held = (arrays[name] for name in ("molecular", "adjusted"))
        design = tuple((field, part) for field, part in document["design"])
        return cls(
            tuple(document["names"]), arrays["kept"], design, arrays["clinical"], tuple(document["genes"]), *held
        )

    def of_genes(self, genes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """molecular and adjusted (len(genes), C) in the order of `genes`; 0 for a gene that no source has."""
        at = {gene: place for place, gene in enumerate(self.genes)}
        places = np.array([at.get(gene, -1) for gene in genes], dtype=np.int64)
        known = (places >= 0)[:, None]
        if not len(self.genes):
            nothing = np.zeros((len(genes), len(self.kept)))
            return nothing, nothing
        return np.where(known, self.molecular[places], 0.0), np.where(known, self.adjusted[places], 0.0)

    def with_genes_permuted(self, seed: int) -> SourceFits:
        """The placebo: the weights of the genes dealt anew between the genes."""
        order = np.random.default_rng([seed, len(self.genes)]).permutation(len(self.genes))
        return replace(self, molecular=self.molecular[order], adjusted=self.adjusted[order])


class SourceColumnsDocument(TypedDict):
    """The names of SourceColumns as JSON; arrays are stored beside them."""

    names: list[str]


@dataclass(frozen=True)
class SourceColumns:
    """C sets of sources in the columns of a training fold with p design columns and r directions.

    names (S,); kept (C, S) bool as in SourceFits. clinical (p, C): coefficients of the design columns, 0 for what sources lack.
    adjusted (r, C): coefficients of the directions that come nearest to the sources' adjusted weights of genes. The scores of the
    sources' unadjusted weights are the last C columns of the components.
    """

    names: tuple[str, ...]
    kept: np.ndarray
    clinical: np.ndarray
    adjusted: np.ndarray

    @classmethod
    def fit(
        cls, fits: SourceFits, clinical: ClinicalEncoder, expression: ExpressionEncoder | None
    ) -> tuple[SourceColumns, ExpressionEncoder | None]:
        """The columns, and the expression encoder with the scores of the sources as further components."""
        at = {column: place for place, column in enumerate(fits.design)}
        columns = clinical.design_columns()
        rows = np.array([at.get(column, -1) for column in columns], dtype=np.int64)
        coefficients = np.zeros((len(columns), len(fits.kept)))
        coefficients[rows >= 0] = fits.clinical[rows[rows >= 0]]
        if expression is None:
            return cls(fits.names, fits.kept, coefficients, np.zeros((0, len(fits.kept)))), None
        molecular, adjusted = fits.of_genes(expression.genes)
        directions = expression.directions
        # The directions are orthogonal and of one length: z @ w is nearest to components @ (directions.T @ w / length^2).
        squared = float((directions[:, :1] ** 2).sum()) if directions.size else 1.0
        nearest = directions.T @ adjusted / squared
        return cls(fits.names, fits.kept, coefficients, nearest), expression.with_fixed(molecular)

    def of_fields(self) -> SourceColumns:
        """What the sources say of the fields alone."""
        return replace(self, adjusted=np.zeros((0, len(self.kept))))

    def document(self) -> SourceColumnsDocument:
        """The names; arrays are in `arrays`."""
        return {"names": list(self.names)}

    def arrays(self) -> dict[str, np.ndarray]:
        """source_kept, source_clinical, source_adjusted."""
        return {"source_kept": self.kept, "source_clinical": self.clinical, "source_adjusted": self.adjusted}

    @classmethod
    def restore(cls, document: SourceColumnsDocument | None, arrays: dict[str, np.ndarray]) -> SourceColumns | None:
        """The columns that `document()` and `arrays()` describe; None gives None."""
        if document is None:
            return None
        held = (arrays[f"source_{name}"] for name in ("kept", "clinical", "adjusted"))
        return cls(tuple(document["names"]), *held)
