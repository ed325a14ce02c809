"""One network of samples from several assays, and the affinity of new samples to it. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.integration.row_spread import row_spread
from groprog_assets.study.text_tables import count_of
from groprog_kernels.similarity_fusion import affinity, fuse, local_distance

Floats = NDArray[np.float64]
LEAST_SAMPLES = 10
"""Samples with every assay that a network needs."""


class FusionSettings(NamedTuple):
    """neighbours: samples that are near. width: of the affinity's normal density, in local distances. rounds: of diffusion."""

    neighbours: int = 20
    width: float = 0.5
    rounds: int = 20


class NetworkPart(NamedTuple):
    """What a fit keeps of one assay: mean and SD of its features, their standardised values (n, d), distances (n, n)."""

    features: pd.Index
    mean: Floats
    scale: Floats
    standardised: Floats
    distances: Floats


class FusedNetwork(NamedTuple):
    """network (n, n) of the samples that have every assay, and the parts by assay."""

    samples: pd.Index
    network: Floats
    parts: dict[str, NetworkPart]
    settings: FusionSettings


def fit_network(values: Mapping[str, pd.DataFrame], settings: FusionSettings | None = None) -> FusedNetwork:
    """The fused network of `values`, an assay's features x samples by its name, missing = NaN.

    Features are standardised; those that do not vary are left out. A distance is Euclidean; where values are missing, it is that
    of the features which both samples have, scaled to all. Samples that lack an assay are not in the network; the others are in
    the order of the first assay. CohortError for fewer than ten samples, an assay without a feature that varies, two samples of
    an assay without a feature in common.
    """
    settings = settings or FusionSettings()
    common = [[str(name) for name in table.columns[table.notna().any()]] for table in values.values()]
    shared = set.intersection(*map(set, common)) if common else set()
    samples = pd.Index([name for name in common[0] if name in shared] if common else [])
    if len(samples) < LEAST_SAMPLES:
        said = f"{count_of(len(samples), 'sample has', 'samples have')} every one of {', '.join(values) or 'no assays'}"
        rule = f"A fused network needs {LEAST_SAMPLES}."
        raise CohortError(Problem("assays", said, rule, "Leave out the assay that the fewest samples have."))
    parts = {
        assay: _part(assay, table.set_axis(table.columns.astype(str), axis=1)[samples])
        for assay, table in values.items()
    }
    network = fused([part.distances for part in parts.values()], settings)
    return FusedNetwork(samples, network, parts, settings)


def fused(distances: Sequence[Floats], settings: FusionSettings) -> Floats:
    """(n, n) network of the assays' distances, each (n, n), at the given settings; n may be any part of the samples."""
    near = [local_distance(given, settings.neighbours) for given in distances]
    made = [affinity(given, close, close, settings.width) for given, close in zip(distances, near, strict=True)]
    return fuse([(given + given.T) / 2 for given in made], settings.neighbours, settings.rounds)


def new_affinities(fitted: FusedNetwork, values: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """By assay, affinities of the samples of `values` to those of the network (new x n); nothing is fitted.

    Assays that `values` lacks are missing; so are samples without a value of an assay. Features that it lacks count as missing.
    """
    found = {}
    for assay, part in fitted.parts.items():
        if assay not in values:
            continue
        given = values[assay].reindex(part.features)
        given = given.loc[:, given.notna().any()]
        standard = (
            ((given.to_numpy(dtype=np.float64).T - part.mean) / part.scale)
            if given.shape[1]
            else np.empty((0, len(part.mean)))
        )
        apart = _distances(assay, standard, part.standardised)
        count = fitted.settings.neighbours
        near = local_distance(apart, count, own=False), local_distance(part.distances, count)
        made = affinity(apart, *near, fitted.settings.width) if len(apart) else apart
        found[assay] = pd.DataFrame(made, index=given.columns.astype(str), columns=fitted.samples)
    return found


def _part(assay: str, table: pd.DataFrame) -> NetworkPart:
    mean, scale, used = row_spread(table)
    if not used.any():
        said = f"{count_of(len(table), 'feature')}, none varies over {table.shape[1]} samples"
        raise CohortError(
            Problem(f"assay {assay}", said, "A network needs features that vary.", "Leave the assay out.")
        )
    centre, spread = (given[used].to_numpy(dtype=np.float64) for given in (mean, scale))
    standard = (table[used].to_numpy(dtype=np.float64).T - centre) / spread
    distances = _distances(assay, standard, standard)
    distances = (distances + distances.T) / 2
    np.fill_diagonal(distances, 0.0)
    return NetworkPart(table.index[used], centre, spread, standard, distances)


def _distances(assay: str, first: Floats, second: Floats) -> Floats:
    """(m, n) Euclidean distances over the features that both have, scaled to all."""
    seen = [np.isfinite(given).astype(np.float64) for given in (first, second)]
    filled = [np.where(np.isfinite(given), given, 0.0) for given in (first, second)]
    shared = seen[0] @ seen[1].T
    if shared.size and shared.min() == 0:
        rule = "Two samples of an assay have a feature in common."
        raise CohortError(Problem(f"assay {assay}", "two samples have none", rule, "Fill the missing values."))
    square = filled[0] ** 2 @ seen[1].T + seen[0] @ (filled[1] ** 2).T - 2 * filled[0] @ filled[1].T
    # Distances of equal samples come out as rounding errors of either sign.
    square[square < 1e-10 * first.shape[1]] = 0.0
    return np.asarray(np.sqrt(square * first.shape[1] / shared)) if shared.size else np.zeros((len(first), len(second)))
