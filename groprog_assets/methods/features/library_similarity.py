"""Similarity of libraries: variance-stabilised counts, principal components, correlations. Tables in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.features.abundance import size_factors
from groprog_assets.methods.features.dispersion_trend import trend_of
from groprog_assets.methods.features.variance_stabilizing import variance_stabilized
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.study.schema import Library
from groprog_assets.tables import conform
from groprog_assets.tables.values import Values


class LibrarySimilarity(NamedTuple):
    """table: `library_components`; correlation: `library_correlation`; stabilized: `stabilized_counts`."""

    table: pd.DataFrame
    correlation: pd.DataFrame
    stabilized: pd.DataFrame


class Components(NamedTuple):
    """score (l, c) log2; variance_fraction (c,) of the total variance, falling."""

    score: NDArray[np.float64]
    variance_fraction: NDArray[np.float64]


def library_similarity(
    counts: pd.DataFrame,
    libraries: Sequence[Library],
    dispersion_trend: Values,
    parameters: DifferentialParameters,
    library_sizes: Mapping[str, float] | None = None,
) -> LibrarySimilarity:
    """Similarity of all `libraries` by the counts of units.

    counts: `transcript_counts`; dispersion_trend: document of the test's trend, or of the assumed dispersion. The transform uses
    the study's design through that trend (DESeq2's blind=FALSE). Size factors are by the median of ratios over all libraries, or
    in proportion to `library_sizes` {library: reads}. Components are of the `principal_component_units` units of largest
    variance.
    """
    ids = [library.id for library in libraries]
    wide = counts.pivot(index="transcript", columns="library", values="count").reindex(columns=ids).fillna(0)
    wide = wide.loc[counts["transcript"].drop_duplicates()]
    matrix = wide.to_numpy(np.int64)
    if library_sizes is None:
        factors = size_factors(matrix)
    else:
        sizes = np.array([library_sizes[library] for library in ids])
        factors = sizes / np.exp(np.log(sizes).mean())
    stable = variance_stabilized(matrix, factors, trend_of(dispersion_trend))
    found = principal_components(stable, parameters.principal_component_units)
    order = range(found.score.shape[1])
    table = pd.DataFrame(
        [
            (library.id, library.condition, k + 1, found.score[row, k], found.variance_fraction[k])
            for k in order
            for row, library in enumerate(libraries)
        ],
        columns=["library", "condition", "component", "score", "variance_fraction"],
    )
    correlation = correlations(stable[matrix.any(axis=1)])
    pairs = pd.DataFrame(
        {"library": np.repeat(ids, len(ids)), "other": np.tile(ids, len(ids)), "correlation": correlation.ravel()}
    )
    long = pd.DataFrame(
        {
            "transcript": np.repeat(wide.index.to_numpy(), len(ids)),
            "library": np.tile(ids, len(wide)),
            "signal": stable.ravel(),
        }
    )
    return LibrarySimilarity(
        conform(table, "library_components"),
        conform(pairs, "library_correlation"),
        conform(long, "stabilized_counts"),
    )


def principal_components(stable: NDArray[np.float64], units: int) -> Components:
    """Principal components of the libraries by the `units` units of largest variance.

    stable (u, l) log2; ties of variance keep the order of units. Units are centred, not scaled, as in DESeq2's plotPCA. One
    component less than libraries; none for one library or where nothing varies. The sign of a component is that of the library
    furthest from zero, which is positive.
    """
    variance = stable.var(axis=1)
    chosen = stable[np.argsort(-variance, kind="stable")[:units]]
    centred = (chosen - chosen.mean(axis=1, keepdims=True)).T  # (l, u)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    kept = max(min(len(centred) - 1, len(size)), 0)
    total = float((size**2).sum())
    if kept == 0 or total <= 1e-20:
        return Components(np.zeros((len(centred), 0)), np.zeros(0))
    score = (left * size)[:, :kept]
    furthest = score[np.abs(score).argmax(axis=0), np.arange(kept)]
    return Components(score * np.where(furthest < 0, -1.0, 1.0), size[:kept] ** 2 / total)


def correlations(stable: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson correlation of every two libraries (l, l) over units; stable (u, l) log2. NaN for a library that does not vary."""
    if len(stable) < 2:
        return np.full((stable.shape[1], stable.shape[1]), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.atleast_2d(np.corrcoef(stable.T))
