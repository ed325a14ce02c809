"""Scores of gene sets in each sample. Tables in, tables out; the fit sees the samples it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.integration.row_spread import row_spread

LEAST_PRESENT = 5
"""Genes of a set with a value that a sample's score needs."""


class FittedScores(NamedTuple):
    """mean and scale of each gene (g,) that varies; members: genes of each scored set; sets: a row a set of the file: set, size,
    present, share, scored."""

    mean: pd.Series
    scale: pd.Series
    members: dict[str, tuple[str, ...]]
    sets: pd.DataFrame


def fit_pathway_scores(
    values: pd.DataFrame, sets: Mapping[str, tuple[str, ...]], least: int = LEAST_PRESENT
) -> FittedScores:
    """Means and SDs of genes (rows of `values`, genes x samples, missing = NaN), and the genes of each set that are among them.

    Several rows of a gene are averaged. Genes that do not vary are absent. A set with fewer than `least` genes present is listed
    and not scored.
    """
    table = _by_gene(values)
    mean, scale, used = row_spread(table)
    known = set(table.index[used])
    rows, members = [], {}
    for name, genes in sets.items():
        distinct = tuple(dict.fromkeys(genes))
        held = tuple(gene for gene in distinct if gene in known)
        if len(held) >= least:
            members[name] = held
        rows.append((name, len(distinct), len(held), len(held) / max(len(distinct), 1), len(held) >= least))
    listed = pd.DataFrame(rows, columns=["set", "size", "present", "share", "scored"])
    return FittedScores(mean[used], scale[used], members, listed)


def pathway_scores(fitted: FittedScores, values: pd.DataFrame, least: int = LEAST_PRESENT) -> pd.DataFrame:
    """Scores (sets x samples): the mean of a set's standardised genes in a sample of `values`; nothing is fitted.

    A sample with fewer than `least` of the set's genes has no score. Genes that `values` lacks count as missing.
    """
    table = _by_gene(values).reindex(fitted.mean.index)
    standard = table.sub(fitted.mean, axis=0).div(fitted.scale, axis=0)
    scores = np.full((len(fitted.members), values.shape[1]), np.nan)
    for row, genes in enumerate(fitted.members.values()):
        own = standard.loc[list(genes)].to_numpy(dtype=np.float64)
        count = np.isfinite(own).sum(axis=0)
        enough = count >= least
        scores[row, enough] = np.nansum(own[:, enough], axis=0) / count[enough]
    return pd.DataFrame(scores, index=list(fitted.members), columns=values.columns)


def _by_gene(values: pd.DataFrame) -> pd.DataFrame:
    return values if values.index.is_unique else values.groupby(level=0, sort=True).mean()
