"""What the related methods read: the same encoded columns as the model, split by kind of measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from groprog_assets.model.encoders import Encoders
from groprog_assets.model.inputs import ModelInputs

Scorer = Callable[["Views"], np.ndarray]
"""Log-risk (n,) of any patients; higher is worse."""


class Views(NamedTuple):
    """clinical (n, p); omics: {name: (n, K) standardised values, 0 where missing}; genes: {name: its K names}; directions (n, r):
    leading directions of expression."""

    clinical: np.ndarray
    omics: dict[str, np.ndarray]
    genes: dict[str, tuple[str, ...]]
    directions: np.ndarray

    def __len__(self) -> int:
        return len(self.clinical)

    def take(self, rows: np.ndarray) -> Views:
        """The patients at `rows`."""
        omics = {name: values[rows] for name, values in self.omics.items()}
        return Views(self.clinical[rows], omics, self.genes, self.directions[rows])

    def flat(self, directions: int) -> np.ndarray:
        """(n, p + r + K): clinical columns, the first directions of expression, and every further matrix; for trees."""
        further = [values for name, values in self.omics.items() if name != "expression"]
        return np.hstack([self.clinical, self.directions[:, :directions], *further])

    def kinds(self) -> dict[str, np.ndarray]:
        """{"clinical" and each omic: its columns}."""
        return {"clinical": self.clinical, **self.omics}


def views_of(encoders: Encoders, inputs: ModelInputs) -> Views:
    """The views of any patients, by encoders fitted on training patients."""
    encoded = encoders.transform(inputs)
    omics: dict[str, np.ndarray] = {}
    genes: dict[str, tuple[str, ...]] = {}
    if encoders.expression is not None and inputs.mode == "signature":
        omics["expression"] = encoders.encoded_expression(inputs).z.astype(np.float64)
        genes["expression"] = encoders.expression.genes
    held = {matrix.name: matrix for matrix in inputs.matrices}
    for encoder in encoders.matrices:
        omics[encoder.name] = encoder.z(held.get(encoder.name), len(inputs))
        genes[encoder.name] = encoder.genes
    return Views(encoded.design.astype(np.float64), omics, genes, encoded.components.astype(np.float64))
