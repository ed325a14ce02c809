"""Covariates of a batch correction that are the outcome under another name: the same levels coded otherwise, the same order,
parts of that order, or nearly one of these.

A covariate's effect is kept while batches are removed, so a copy of the outcome would write the outcome into every value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from groprog_assets.errors import Problem
from groprog_assets.study.omics_assays import AssaySource

LEAST_SAMPLES = 10
"""Samples with both values, below which equal columns say nothing."""
MOST_LEVELS = 5
"""Distinct values above which a column counts as numbers, whose order is compared, and not as levels."""
SAME_ORDER = 0.999
"""Spearman correlation from which two columns of numbers have the same order."""
ENOUGH_SAMPLES = 20
"""Samples with both values from which a column that is nearly the outcome is no coincidence."""
ENOUGH_A_LEVEL = 4
"""Samples a level, on average, from which a column of more levels than MOST_LEVELS that tells the outcome is no coincidence."""
NEARLY_ALL = 0.9
"""From so much of the levels told, or of the order shared, a column is nearly the outcome. Stage or grade reach .5."""
MOST_COMPARED = 2000
"""Samples of which every pair is compared."""

Column = Sequence[str | None]


def is_copy(values: Column, outcome: Column) -> bool:
    """Whether a column is a copy of the outcome, coded in any way, or nearly one.

    values, outcome (n,): texts, None where missing; samples that lack one are left aside. Numbers that are equal, and words in
    capital and small letters, are one level. Up to five levels: each level of the one is one level of the other or, with twice as
    many samples, tells the level of the outcome (cause of death, alive). More: both are numbers and have the same, or the
    reversed, order. From twenty samples also nearly so: levels that tell the outcome's with nine tenths of the errors gone
    (`_told`), levels that are parts of its order (quartiles of time), or the same order but for a few; more than five levels
    (time and event in one) where there are four samples a level. False with fewer than ten samples, or where one of them is
    constant.
    """
    pairs = pd.DataFrame({"value": list(values), "outcome": list(outcome)}, dtype="str").dropna().map(_plain)
    distinct = pairs.nunique()
    if len(pairs) < LEAST_SAMPLES or distinct.min() < 2:
        return False
    enough = len(pairs) >= ENOUGH_SAMPLES
    if distinct.max() <= MOST_LEVELS:
        told = len(pairs.drop_duplicates()) == distinct["value"]
        return bool(
            (told and (distinct["value"] == distinct["outcome"] or enough)) or (enough and _told(pairs) >= NEARLY_ALL)
        )
    many = enough and len(pairs) >= ENOUGH_A_LEVEL * distinct["value"]
    if distinct["outcome"] <= MOST_LEVELS:
        return bool(many and _told(pairs) >= NEARLY_ALL)
    numbers = pd.to_numeric(pairs["outcome"], errors="coerce")
    if not np.isfinite(numbers).all():
        return False
    if distinct["value"] <= MOST_LEVELS:
        return enough and _parts_of_the_order(pairs["value"], numbers) >= NEARLY_ALL
    given = pd.to_numeric(pairs["value"], errors="coerce")
    if not np.isfinite(given).all():
        return bool(many and _parts_of_the_order(pairs["value"], numbers) >= NEARLY_ALL)
    return bool(abs(spearmanr(given, numbers).statistic) >= (NEARLY_ALL if enough else SAME_ORDER))


def _told(pairs: pd.DataFrame) -> float:
    """Share of the errors of guessing each outcome's commonest level that the value's levels take away, in [0, 1].

    Source: the lambda of Goodman and Kruskal 1954, doi:10.1080/01621459.1954.10501231.
    """
    counts = pd.crosstab(pairs["value"], pairs["outcome"]).to_numpy()
    commonest = counts.sum(axis=0).max()
    return float((counts.max(axis=1).sum() - commonest) / (counts.sum() - commonest))


def _parts_of_the_order(levels: pd.Series, numbers: pd.Series) -> float:
    """Concordant less discordant share of the pairs of samples in different levels, levels in the order of their medians; of
    MOST_COMPARED samples, evenly taken, where there are more.

    Source: the gamma of Goodman and Kruskal 1954, doi:10.1080/01621459.1954.10501231.
    """
    rank = levels.map(numbers.groupby(levels).median().rank()).to_numpy()
    held = numbers.to_numpy(dtype=float)
    some = np.unique(np.linspace(0, len(held) - 1, min(len(held), MOST_COMPARED)).astype(int))
    rank, held = rank[some], held[some]
    agreement = np.sign(rank[:, None] - rank) * np.sign(held[:, None] - held)
    apart = np.abs(agreement).sum()
    return float(agreement.sum() / apart) if apart else 0.0


def _plain(text: str) -> str:
    # one text for a number however it is written, decimal comma included, and for a word in capital and small letters
    try:
        return repr(float(text.replace(",", ".")) + 0.0)
    except ValueError:
        return text.strip().casefold()


def copied_outcomes(
    assays: Iterable[AssaySource], factors: Mapping[str, Column], outcomes: Mapping[str, Column]
) -> list[Problem]:
    """A problem for each covariate or biological factor of a correction that is a copy of one of `outcomes` ({name: (rows,)}).

    factors: {column of the sample table: (rows,)}.
    """
    problems = []
    for source in assays:
        correction = source.batch_correction
        named = [
            *(("covariates", name) for name in correction.covariates),
            ("biological_factor", correction.biological_factor),
        ]
        own = {correction.outcome: factors[correction.outcome]} if correction.outcome in factors else {}
        for field, name in named:
            copied = [
                other
                for other, held in (own | dict(outcomes)).items()
                if name in factors and is_copy(factors[name], held)
            ]
            if copied:
                rule = "What is to be predicted may not be a covariate, under no name: the corrected values would carry it."
                where = f"omics.assays, {source.name}: batch_correction.{field}"
                problems.append(Problem(where, f"{name!r} holds the same as {copied[0]!r}", rule, "Remove it."))
    return problems
