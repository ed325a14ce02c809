"""Sets of genes in a ranking: the weighted running sum of gene set enrichment analysis. Arrays in, arrays out.

Source: Subramanian et al. 2005, doi:10.1073/pnas.0506580102.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.features.multiple_testing import benjamini_hochberg

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PERMUTATIONS_AT_ONCE = 100


def enrichment_scores(places: Integers, weights: Floats) -> Floats:
    """(r,) largest deviation from 0 of the running sum of each of r sets of m genes: > 0 where the set comes early.

    places (r, m): ranks of the genes, 0 first, in any order, distinct within a row. weights (n,) >= 0 by rank. A gene of the set
    raises the sum by its share of the set's weight, another lowers it by 1 / (n - m). A set without weight counts its genes
    alike; the set of all genes has the score 1.
    """
    held = np.sort(places, axis=1)
    m, n = held.shape[1], len(weights)
    weight = weights[held]
    total = weight.sum(axis=1, keepdims=True)
    weight = np.where(total > 0, weight / np.where(total > 0, total, 1.0), 1.0 / m)
    up = np.cumsum(weight, axis=1)
    # The sum is largest at a gene of the set, and smallest just before one.
    missed = (held - np.arange(m)) / max(n - m, 1)
    high, low = (up - missed).max(axis=1), (up - weight - missed).min(axis=1)
    return np.where(high >= -low, high, low)


def ranked(statistic: pd.Series) -> pd.Series:
    """The ranking of genes by `statistic`, largest first, missing values left out; of several values of a gene the most extreme.

    Equal statistics are ranked by name, so that the order of the rows does not matter.
    """
    known = statistic.dropna()
    known = known.iloc[np.lexsort((known.index.astype(str), -known.abs()))]
    known = known[~known.index.duplicated()]
    return known.iloc[np.lexsort((known.index.astype(str), -known))]


def present(ranking: pd.Series, genes: list[str] | tuple[str, ...]) -> Integers:
    """(m,) ranks of those of `genes` that are in the ranking, rising."""
    found = ranking.index.get_indexer(pd.Index(list(dict.fromkeys(genes))))
    return np.sort(found[found >= 0]).astype(np.int64)


def permuted_ranks(genes: int, permutations: int, seed: int) -> Iterator[Integers]:
    """Random orders of the ranking, (r, n) at a time: the rank that each of n genes has in each; the same for the same seed."""
    random = np.random.default_rng(seed)
    for start in range(0, permutations, PERMUTATIONS_AT_ONCE):
        count = min(PERMUTATIONS_AT_ONCE, permutations - start)
        yield np.argsort(random.random((count, genes)), axis=1)


def preranked(
    statistic: pd.Series, sets: Mapping[str, tuple[str, ...]], least: int = 5, permutations: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Sets that come early or late in the ranking of genes by `statistic` (gene -> t): a row a set, by p.

    Columns: set, size, present, share (of the set that is in the ranking), score, normalised (by the mean score of the same sign
    among random sets of its size), p_value, q_value (Benjamini-Hochberg over the tested sets). p is among scores of the same
    sign, (1 + as extreme) / (1 + drawn), so that none is 0. Sets with fewer than `least` genes present are listed untested.
    """
    ranking = ranked(statistic)
    weights = ranking.abs().to_numpy(dtype=np.float64)
    places = {name: present(ranking, genes) for name, genes in sets.items()}
    tested = [name for name in sets if len(places[name]) >= least and len(places[name]) < len(ranking)]
    drawn: dict[str, list[Floats]] = {name: [] for name in tested}
    for orders in permuted_ranks(len(ranking), permutations, seed) if tested else ():
        for name in tested:
            drawn[name].append(enrichment_scores(orders[:, places[name]], weights))
    rows = []
    for name, genes in sets.items():
        size, found = len(set(genes)), len(places[name])
        score = normalised = p_value = float("nan")
        if name in drawn:
            score = float(enrichment_scores(places[name][None, :], weights)[0])
            null = np.concatenate(drawn[name])
            null = np.abs(null[null > 0] if score > 0 else null[null < 0])
            p_value = float((1 + (null >= abs(score) * (1 - 1e-12)).sum()) / (1 + len(null)))
            normalised = score / float(null.mean()) if len(null) else float("nan")
        rows.append((name, size, found, found / max(size, 1), score, normalised, p_value))
    columns = ["set", "size", "present", "share", "score", "normalised", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=np.float64))
    return table.sort_values(["p_value", "set"], kind="stable", ignore_index=True)
