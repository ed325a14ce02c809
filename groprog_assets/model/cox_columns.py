"""The columns of clinical Cox as a part of the model's design, where a fit with few events falls back to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.fitting.covariates import HasCovariates
from groprog_assets.fitting.dummy_coding import DummyCoding


class CoxColumnsDocument(TypedDict):
    """CoxColumns as JSON; the constants of the fields are those of the clinical encoder."""

    flagged: list[str]
    means: list[float]


@dataclass(frozen=True)
class CoxColumns:
    """The dummy coding of the baseline clinical_cox, each column less its training mean, so that a contribution is a difference
    from the average patient. Its fields are limited to 5 SD and its levels have a reference level, other than in the rest of the
    design."""

    coding: DummyCoding
    means: tuple[float, ...]

    @classmethod
    def of(cls, coding: DummyCoding, columns: np.ndarray) -> CoxColumns:
        """columns (n, p): those of `coding` for the training patients."""
        return cls(coding, tuple(map(float, columns.mean(axis=0))))

    def transform(self, given: HasCovariates) -> np.ndarray:
        """(n, p) float64; fields that the patients lack count as missing."""
        return self.coding.transform(given) - np.array(self.means)

    def document(self) -> CoxColumnsDocument:
        """What the clinical encoder does not hold."""
        return {"flagged": sorted(self.coding.flagged), "means": list(self.means)}

    @classmethod
    def restore(cls, document: CoxColumnsDocument | None, clinical: ClinicalEncoder) -> CoxColumns | None:
        """The columns that `document()` describes, with the constants of the clinical encoder; None without a document."""
        if document is None:
            return None
        return cls(DummyCoding(clinical, frozenset(document["flagged"])), tuple(document["means"]))
