"""The coefficients of other cohorts in the columns of a training fold. NumPy only; no outcome of the study enters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.model.expression_encoder import ExpressionEncoder
from groprog_assets.model.source_fits import SourceFits


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
