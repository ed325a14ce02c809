"""Strata of samples: spectral clusters of the fused network, if they are stable; survival by stratum. Tables in, tables out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.linalg import eigh

from groprog_assets.methods.evaluation.kaplan_meier import log_rank, permutation_log_rank, survival_by_group
from groprog_assets.methods.integration.similarity_fusion import FusedNetwork, fused, new_affinities

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STARTS = 10
"""Starts of k-means, of which the closest clusters count."""
NEAREST = 10
"""Samples of the network by which a new sample is assigned."""


class StrataSettings(NamedTuple):
    """numbers of strata tried; subsamples and the share of samples in each; least stability; fewest samples of a stratum."""

    numbers: tuple[int, ...] = (2, 3, 4, 5, 6)
    subsamples: int = 100
    share: float = 0.8
    least_stability: float = 0.75
    smallest: int = 5
    seed: int = 1


class FittedStrata(NamedTuple):
    """strata: sample -> 1, 2, ..., the largest first; empty where no number of them is stable. numbers: a row a number tried:
    strata, stability, smallest (samples of the smallest), chosen."""

    strata: pd.Series
    numbers: pd.DataFrame
    network: FusedNetwork


class StratumSurvival(NamedTuple):
    """curves: Kaplan-Meier rows by stratum; table: stratum, samples, events, median; both p of equal hazards."""

    curves: pd.DataFrame
    table: pd.DataFrame
    p_value: float
    permutation_p_value: float


def fit_strata(network: FusedNetwork, settings: StrataSettings | None = None) -> FittedStrata:
    """Strata of the network's samples; their number is the one that subsamples agree on most.

    A number's stability is the median adjusted Rand index between the strata of all samples and those that a subsample gives when
    its network is fused anew. Numbers below `least_stability`, or with a stratum of fewer than `smallest` samples, are not
    chosen; of equally stable ones the smaller is. Without any, there are no strata. Samples along one gradient are also split
    stably into two: stability is no proof of distinct groups.
    """
    settings = settings or StrataSettings()
    n = len(network.samples)
    distances = [part.distances for part in network.parts.values()]
    numbers = [k for k in settings.numbers if k <= n // 2]
    whole = _clusters(network.network, numbers, settings.seed)
    agreement = np.empty((settings.subsamples, len(numbers)))
    random = np.random.default_rng(settings.seed)
    for turn in range(settings.subsamples):
        part = np.sort(random.choice(n, round(settings.share * n), replace=False))
        again = fused([given[np.ix_(part, part)] for given in distances], network.settings)
        found = _clusters(again, numbers, settings.seed)
        agreement[turn] = [adjusted_rand_index(whole[k][part], found[k]) for k in numbers]
    table = pd.DataFrame(
        {
            "strata": np.array(numbers, dtype=np.int64),
            "stability": np.median(agreement, axis=0) if numbers else np.empty(0),
            "smallest": np.array([np.bincount(whole[k]).min() for k in numbers], dtype=np.int64),
        }
    )
    fit = table[(table["stability"] >= settings.least_stability) & (table["smallest"] >= settings.smallest)]
    chosen = int(fit.sort_values("stability", ascending=False, kind="stable")["strata"].iloc[0]) if len(fit) else 0
    table["chosen"] = table["strata"] == chosen
    strata = pd.Series(whole[chosen] + 1, index=network.samples) if chosen else pd.Series(dtype=np.int64)
    return FittedStrata(strata.rename("stratum"), table, network)


def assigned_strata(fitted: FittedStrata, values: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Stratum of each sample of `values` (an assay's features x samples by its name) by the fitted network; nothing is fitted.

    In each assay that a sample has, its ten nearest samples of the network vote, weighted by affinity; the assays have equal
    weight. A row a sample: stratum, support (share of the votes), assays. A sample without any of the assays has no row; without
    strata there are none.
    """
    if fitted.strata.empty:
        return pd.DataFrame({"stratum": pd.Series(dtype=np.int64), "support": [], "assays": pd.Series(dtype=np.int64)})
    member = np.eye(int(fitted.strata.max()))[fitted.strata.to_numpy() - 1]
    votes: dict[str, list[Floats]] = {}
    for made in new_affinities(fitted.network, values).values():
        given = made.to_numpy()
        # Relative to the nearest: the densities of a far sample are too small to be summed.
        near = np.argsort(-given, axis=1, kind="stable")[:, :NEAREST]
        weight = np.take_along_axis(given, near, axis=1)
        weight = np.where(weight[:, :1] > 0, weight / np.maximum(weight[:, :1], 1e-300), 1.0)
        share = np.einsum("ma,mak->mk", weight, member[near]) / weight.sum(axis=1, keepdims=True)
        for name, row in zip(made.index, share, strict=True):
            votes.setdefault(name, []).append(row)
    samples = sorted(votes)
    mean = np.array([np.mean(votes[name], axis=0) for name in samples]).reshape(len(samples), member.shape[1])
    return pd.DataFrame(
        {
            "stratum": mean.argmax(axis=1) + 1,
            "support": mean.max(axis=1),
            "assays": np.array([len(votes[name]) for name in samples], dtype=np.int64),
        },
        index=pd.Index(samples),
    )


def stratum_survival(
    strata: pd.Series, time: pd.Series, event: pd.Series, permutations: int = 10_000, seed: int = 1
) -> StratumSurvival:
    """Survival of the samples that have a stratum and an outcome; p of the log-rank test, and by permutation of the outcomes.

    time, event: by sample; missing values leave the sample out. Both p are NaN with one stratum or no event.
    """
    # In the order of the strata: that of the names would give other permutations under another key of pseudonyms.
    joined = pd.DataFrame({"stratum": strata, "time": time.reindex(strata.index), "event": event.reindex(strata.index)})
    joined = joined.dropna()
    at, happened = joined["time"].to_numpy(dtype=np.float64), joined["event"].to_numpy(dtype=bool)
    group = joined["stratum"].to_numpy(dtype=np.int64)
    rows = []
    curves = survival_by_group(at, happened, group) if len(group) else pd.DataFrame()
    for stratum in np.unique(group):
        own = curves[curves["group"] == stratum]
        below = own.loc[own["survival"] <= 0.5, "time"]
        inside = group == stratum
        median = float(below.iloc[0]) if len(below) else float("nan")
        rows.append((int(stratum), int(inside.sum()), int(happened[inside].sum()), median))
    table = pd.DataFrame(rows, columns=["stratum", "samples", "events", "median"])
    p_value = permuted = float("nan")
    if len(table):
        p_value = log_rank(at, happened, group).p_value
        permuted = permutation_log_rank(at, happened, group, permutations, seed)
    return StratumSurvival(curves, table, p_value, permuted)


def spectral_clusters(network: Floats, k: int, seed: int = 1) -> Integers:
    """(n,) cluster 0 .. k - 1 of each sample of a symmetric network (n, n) >= 0, the largest first.

    k-means of the rows of the leading k eigenvectors of the normalised network, scaled to length 1; the closest of ten starts.
    Source: Ng, Jordan, Weiss 2001 (NIPS 14).
    """
    return _clusters(network, [k], seed)[k]


def adjusted_rand_index(first: Sequence[int] | Integers, second: Sequence[int] | Integers) -> float:
    """Agreement of two partitions (n,) of the same samples: 1 for equal ones, 0 by chance. Two partitions into one group: 1.

    Source: Hubert and Arabie 1985, doi:10.1007/BF01908075.
    """
    rows, columns = (np.unique(np.asarray(given), return_inverse=True) for given in (first, second))
    shape = (len(rows[0]), len(columns[0]))
    table = np.bincount(rows[1] * shape[1] + columns[1], minlength=shape[0] * shape[1]).reshape(shape)
    pairs = [float((given * (given - 1) / 2).sum()) for given in (table, table.sum(axis=0), table.sum(axis=1))]
    n = table.sum()
    expected = pairs[1] * pairs[2] / (n * (n - 1) / 2) if n > 1 else 0.0
    most = (pairs[1] + pairs[2]) / 2
    return 1.0 if most == expected else (pairs[0] - expected) / (most - expected)


def _clusters(network: Floats, numbers: Sequence[int], seed: int) -> dict[int, Integers]:
    if not numbers:
        return {}
    n, most = len(network), max(numbers)
    root = np.sqrt(network.sum(axis=1))
    scaled = network / root[:, None] / root[None, :]
    vectors = eigh((scaled + scaled.T) / 2, subset_by_index=(n - most, n - 1))[1][:, ::-1]
    found = {}
    for k in numbers:
        rows = vectors[:, :k]
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
        random = np.random.default_rng(seed)
        best, least = np.zeros(n, dtype=np.int64), np.inf
        for _ in range(STARTS):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a start that loses a cluster is not the closest
                centres, label = kmeans2(rows, k, minit="++", rng=random)
            error = float(((rows - centres[label]) ** 2).sum())
            if error < least * (1 - 1e-9):
                best, least = label.astype(np.int64), error
        size, first = np.bincount(best, minlength=k), np.array([np.argmax(best == c) for c in range(k)])
        rank = np.empty(k, dtype=np.int64)
        rank[np.lexsort((first, -size))] = np.arange(k)
        found[k] = rank[best]
    return found
