"""Expression as the model reads it: per-gene centre and scale of the training fold, and the leading directions. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, TypedDict

import numpy as np

from groprog_assets.fitting.clinical_encoder import Z_LIMIT
from groprog_assets.model.inputs import ModelInputs

ROWS_AT_ONCE = 4096


class ExpressionDocument(TypedDict):
    """The constants of an ExpressionEncoder as JSON, without the loadings."""

    genes: list[str]
    centre: list[float]
    scale: list[float]
    dropped: dict[str, str]
    fixed: int


class EncodedExpression(NamedTuple):
    """z (n, K) float32 with 0 where missing; present (n, K) bool; components (n, r) float32."""

    z: np.ndarray
    present: np.ndarray
    components: np.ndarray


@dataclass(frozen=True)
class ExpressionEncoder:
    """Per-gene centre and scale of the training fold, and the leading directions of the standardised matrix.

    genes: the vocabulary (K). centre, scale (K,): median and interquartile range / 1.349 (mean and SD where the quartiles
    coincide), because a few extreme patients do not change them. loadings (K, r): unit directions times a common factor that
    gives the first component unit variance, so that later components keep their smaller variance; with a prior of the genes,
    directions of the expression times its factor, times the factor. fixed: how many of the last
    columns are no directions but weights of genes that other cohorts gave (`SourceFits`).
    """

    genes: tuple[str, ...]
    centre: np.ndarray
    scale: np.ndarray
    loadings: np.ndarray
    dropped: dict[str, str]
    fixed: int = 0

    @property
    def directions(self) -> np.ndarray:
        """(K, r) the loadings that are directions of the training expression."""
        return self.loadings[:, : self.loadings.shape[1] - self.fixed]

    def with_fixed(self, weights: np.ndarray) -> ExpressionEncoder:
        """The same with gene weights (K, C) as further columns of the components."""
        return replace(self, loadings=np.hstack([self.loadings, weights]), fixed=self.fixed + weights.shape[1])

    @classmethod
    def fit(
        cls, inputs: ModelInputs, components: int, row_limit: int, prior: np.ndarray | None = None
    ) -> ExpressionEncoder:
        """Fit the constants on the training fold. Genes that are constant or mostly missing there are dropped with a reason.

        Mostly missing means in over half of the patients. Above `row_limit` patients, quartiles and directions are estimated
        on an evenly spaced subset of that size. prior (genes of the inputs,): factor of each gene before directions are taken.
        """
        assert inputs.expression is not None
        values = inputs.expression
        count, mean, scale = _moments(values)
        rare, constant = unusable(count, mean, scale, len(inputs))
        dropped = {}
        for column in np.flatnonzero(rare | constant):
            reason = "missing in over half of the training patients" if rare[column] else "constant in training"
            dropped[inputs.genes[column]] = reason
        kept = np.flatnonzero(~(rare | constant))
        genes = tuple(inputs.genes[column] for column in kept)
        mean, scale = mean[kept], scale[kept]
        if not genes:
            return cls((), mean, scale, np.zeros((0, 0)), dropped)
        seen = values[np.ix_(spaced(len(inputs), row_limit), kept)]
        centre, scale = robust(seen, mean, scale)
        z = standardise(seen, centre, scale)[0].astype(np.float64)
        if prior is None:
            return cls(genes, centre, scale, leading_directions(z, components), dropped)
        factor = prior[kept]
        return cls(genes, centre, scale, factor[:, None] * leading_directions(z * factor, components), dropped)

    def transform(self, inputs: ModelInputs) -> EncodedExpression:
        """Standardised expression over the vocabulary; genes the patients lack are masked."""
        aligned = inputs.with_genes(self.genes).expression
        assert aligned is not None
        z, present = standardise(aligned, self.centre, self.scale)
        return EncodedExpression(z, present, product(z, self.loadings))

    def standardised(self, inputs: ModelInputs, row_limit: int) -> np.ndarray:
        """z (m, K) of an evenly spaced subset of at most `row_limit` patients."""
        aligned = inputs.take(spaced(len(inputs), row_limit)).with_genes(self.genes).expression
        assert aligned is not None
        return standardise(aligned, self.centre, self.scale)[0]

    def document(self) -> ExpressionDocument:
        """The fitted constants without the loadings, which are a separate array."""
        return {
            "genes": list(self.genes),
            "centre": self.centre.tolist(),
            "scale": self.scale.tolist(),
            "dropped": self.dropped,
            "fixed": self.fixed,
        }

    @classmethod
    def restore(cls, document: ExpressionDocument | None, loadings: np.ndarray | None) -> ExpressionEncoder | None:
        """The encoder that a `document()` and its loadings describe; None gives None."""
        if document is None:
            return None
        assert loadings is not None
        centre, scale = np.array(document["centre"]), np.array(document["scale"])
        fixed = document.get("fixed", 0)
        return cls(tuple(document["genes"]), centre, scale, loadings, document["dropped"], fixed)


def unusable(count: np.ndarray, mean: np.ndarray, scale: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two (K,) bool of genes with `count` known values among n patients, mean and SD: missing in over half; constant."""
    rare = count < max(2, 0.5 * n * (count.max(initial=0) > 0))
    return rare, ~rare & (scale <= 1e-8 * np.maximum(1.0, np.abs(mean)))


def spaced(n: int, limit: int) -> np.ndarray:
    """Evenly spaced rows of n, at most `limit`."""
    return np.unique(np.linspace(0, n - 1, min(n, limit)).astype(int))


def robust(values: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and IQR / 1.349 (K,) of values (n, K); mean and SD where the quartiles coincide or fewer than 4 patients have it."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(values).sum(axis=0)
    quartiles = []
    for quantile in (0.25, 0.5, 0.75):
        place = np.maximum(count - 1, 0) * quantile
        low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
        columns = np.arange(values.shape[1])
        part = ordered[low, columns].astype(np.float64)
        quartiles.append(part + (place - low) * (ordered[high, columns] - part))
    scale = (quartiles[2] - quartiles[0]) / 1.349
    usable = (count >= 4) & (scale > 1e-6 * np.maximum(spread, 1e-30)) & (scale > 1e-8 * np.abs(quartiles[1]))
    return np.where(usable, quartiles[1], mean), np.where(usable, scale, spread)


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # Known values, mean and SD of each gene (K,), a block of rows at a time.
    blocks = [values[start : start + ROWS_AT_ONCE] for start in range(0, len(values), ROWS_AT_ONCE)]
    count = sum((np.isfinite(block).sum(axis=0) for block in blocks), np.zeros(values.shape[1], np.int64))
    sums = (np.where(np.isfinite(block), block, 0.0).sum(axis=0, dtype=np.float64) for block in blocks)
    mean = sum(sums, np.zeros(values.shape[1])) / np.maximum(count, 1)
    centre = mean.astype(np.float32)
    squares = (
        np.where(np.isfinite(block), (block - centre) ** 2, 0.0).sum(axis=0, dtype=np.float64) for block in blocks
    )
    return count, mean, np.sqrt(sum(squares, np.zeros(values.shape[1])) / np.maximum(count - 1, 1))


def standardise(values: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z float32, limited and 0 where missing, and where a value is known, of (n, K); a block of rows at a time."""
    z, present = np.empty(values.shape, np.float32), np.isfinite(values)
    centre, spread = mean.astype(np.float32), scale.astype(np.float32)
    for start in range(0, len(values), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        block = np.clip((values[rows] - centre) / spread, -Z_LIMIT, Z_LIMIT)
        z[rows] = np.where(present[rows], block, np.float32(0.0))
    return z, present


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """left (n, K) @ right (K, r) as float32: in float64 and blockwise, so that neither precision nor memory depends on n."""
    result = np.empty((left.shape[0], right.shape[1]), np.float32)
    wide = right.astype(np.float64)
    for start in range(0, left.shape[0], ROWS_AT_ONCE):
        result[start : start + ROWS_AT_ONCE] = left[start : start + ROWS_AT_ONCE].astype(np.float64) @ wide
    return result


def leading_directions(z: np.ndarray, components: int) -> np.ndarray:
    """The leading principal directions (K, r) of z (rows, K), times a common factor that gives the first unit variance.

    Through the smaller Gram matrix; signs are fixed by the largest entry.
    """
    rows, genes = z.shape
    small = z @ z.T if rows <= genes else z.T @ z
    values, vectors = np.linalg.eigh(small)
    keep = np.argsort(values)[::-1][: min(components, rows - 1 if rows > 1 else 1, genes)]
    values, vectors = np.maximum(values[keep], 0.0), vectors[:, keep]
    usable = values > values.max(initial=0.0) * 1e-9
    values, vectors = values[usable], vectors[:, usable]
    directions = z.T @ vectors / np.sqrt(values) if rows <= genes else vectors
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(directions.shape[1])])
    return directions * np.sqrt(rows / values.max(initial=1.0)) if values.size else directions
