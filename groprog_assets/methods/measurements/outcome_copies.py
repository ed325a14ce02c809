"""Covariates of a batch correction that are the outcome under another name: the same levels coded otherwise, or the same order.

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

Column = Sequence[str | None]


def is_copy(values: Column, outcome: Column) -> bool:
    """Whether a column is a copy of the outcome, coded in any way.

    values, outcome (n,): texts, None where missing; samples that lack one are left aside. Numbers that are equal, and words in
    capital and small letters, are one level. Up to five levels: each level of the one is one level of the other or, with twice as
    many samples, tells the level of the outcome (cause of death, alive). More: both are numbers and have the same, or the
    reversed, order. False with fewer than ten samples, or where one of them is constant.
    """
    pairs = pd.DataFrame({"value": list(values), "outcome": list(outcome)}, dtype="str").dropna().map(_plain)
    distinct = pairs.nunique()
    if len(pairs) < LEAST_SAMPLES or distinct.min() < 2:
        return False
    if distinct.max() <= MOST_LEVELS:
        told = len(pairs.drop_duplicates()) == distinct["value"]
        return bool(told and (distinct["value"] == distinct["outcome"] or len(pairs) >= 2 * LEAST_SAMPLES))
    if distinct.min() <= MOST_LEVELS:
        return False
    numbers = pairs.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    return bool(np.isfinite(numbers).all() and abs(spearmanr(numbers[:, 0], numbers[:, 1]).statistic) >= SAME_ORDER)


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
