"""Factors of several assays: what varies together over samples and features. Tables in, tables out.

The fit sees the samples it is given; `factor_scores` places any sample among them, from whatever assays it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import CohortError, Problem
from groprog_assets.study.text_tables import count_of
from groprog_kernels.factor_model import FactorModel, fit_factor_model, posterior_scores

ONE_BATCH = "all"
"""Name of the batch where none are given."""


class AssayPart(NamedTuple):
    """What a fit keeps of one assay: its features and their means in each batch (features x batches)."""

    features: pd.Index
    means: pd.DataFrame


class FittedFactors(NamedTuple):
    """k factors. scores: samples x factors. parts by assay, in the order of `model`'s views."""

    scores: pd.DataFrame
    parts: dict[str, AssayPart]
    model: FactorModel

    def weights(self) -> pd.DataFrame:
        """A row a factor, assay and feature: factor, assay, feature, weight, included (probability that it is not 0)."""
        frames = []
        for view, (assay, part) in enumerate(self.parts.items()):
            for k, factor in enumerate(self.scores.columns):
                columns = {"weight": self.model.weights[view][:, k], "included": self.model.included[view][:, k]}
                names = {"factor": factor, "assay": assay, "feature": part.features.astype(str)}
                frames.append(pd.DataFrame({**names, **columns}))
        empty = pd.DataFrame({"factor": [], "assay": [], "feature": [], "weight": [], "included": []})
        return pd.concat(frames, ignore_index=True) if frames else empty

    def variance(self) -> pd.DataFrame:
        """Share of each assay's variance that a factor alone explains: assays x factors."""
        return pd.DataFrame(self.model.explained, index=list(self.parts), columns=self.scores.columns)


def fit_factors(
    values: Mapping[str, pd.DataFrame],
    factors: int,
    batches: Mapping[str, pd.Series] | None = None,
    least_share: float = 0.01,
) -> FittedFactors:
    """Factors of `values`, an assay's features x samples by its name, missing = NaN, on a scale where noise is additive.

    factors: the most that are looked for; at most half of the samples are. Those that explain less than `least_share` of every
    assay are dropped. batches: for an assay its samples' batches, whose means are taken from each feature, so that no factor
    describes them; a sample without one is refused. Features that do not vary, or have fewer than two values, are left out.
    Every assay's samples count, whichever others they have. CohortError for no assay, an assay without a feature, fewer than four
    samples.
    """
    samples = _samples(values)
    if len(samples) < 4:
        rule = "A factor model needs an assay and four samples."
        raise CohortError(
            Problem(
                "assays", f"{count_of(len(values), 'assay')}, {count_of(len(samples), 'sample')}", rule, "Add samples."
            )
        )
    parts, views = {}, []
    for assay, table in values.items():
        batch = _batches(assay, table, batches)
        with np.errstate(invalid="ignore"):
            means = table.T.groupby(batch.to_numpy()).mean().T
            overall = table.mean(axis=1)
        means = means.apply(lambda column, overall=overall: column.fillna(overall))
        part = AssayPart(table.index, means)
        centred = _centred(table, part, batch, samples)
        counts, square = np.isfinite(centred).sum(axis=0), np.nansum(centred**2, axis=0)
        used = (counts >= 2) & (square > 1e-20 * np.maximum(counts * overall.fillna(0).to_numpy() ** 2, 1e-280))
        if not used.any():
            rule = "A factor needs features that vary."
            raise CohortError(
                Problem(
                    f"assay {assay}", f"{count_of(len(table), 'feature')}, none varies", rule, "Leave the assay out."
                )
            )
        parts[assay] = AssayPart(table.index[used], means[used])
        views.append(centred[:, used])
    model = fit_factor_model(views, max(1, min(factors, len(samples) // 2)), least_share=least_share)
    names = [f"factor_{k + 1}" for k in range(model.scores.shape[1])]
    return FittedFactors(pd.DataFrame(model.scores, index=samples, columns=names), parts, model)


def factor_scores(
    fitted: FittedFactors, values: Mapping[str, pd.DataFrame], batches: Mapping[str, pd.Series] | None = None
) -> pd.DataFrame:
    """Scores (samples x factors) of the samples of `values` by the assays and features that they have; nothing is fitted.

    Assays of the fit that `values` lacks are missing, other assays and features are ignored. A batch that the fit has not seen
    is refused with a CohortError.
    """
    samples = _samples(values)
    views = []
    for assay, part in fitted.parts.items():
        table = values.get(assay, pd.DataFrame(index=part.features))
        views.append(_centred(table.reindex(part.features), part, _batches(assay, table, batches), samples))
    model = fitted.model
    scores = posterior_scores(views, model.weights, model.squares, model.precision)
    return pd.DataFrame(scores, index=samples, columns=fitted.scores.columns)


def predicted_values(fitted: FittedFactors, scores: pd.DataFrame, assay: str, batch: str = ONE_BATCH) -> pd.DataFrame:
    """Values (features x samples) of an assay that `scores` (samples x factors) lead to expect, for samples of one batch."""
    part, view = fitted.parts[assay], list(fitted.parts).index(assay)
    made = fitted.model.weights[view] @ scores.to_numpy().T + part.means[batch].to_numpy()[:, None]
    return pd.DataFrame(made, index=part.features, columns=scores.index)


def _samples(values: Mapping[str, pd.DataFrame]) -> pd.Index:
    """The samples of all assays, in the order in which the assays have them."""
    return pd.Index(list(dict.fromkeys(str(name) for table in values.values() for name in table.columns)))


def _batches(assay: str, table: pd.DataFrame, batches: Mapping[str, pd.Series] | None) -> pd.Series:
    if batches is None or assay not in batches:
        return pd.Series(ONE_BATCH, index=table.columns)
    found = batches[assay].reindex(table.columns)
    if found.isna().any():
        said = f"sample {found.index[found.isna()][0]} has no batch"
        raise CohortError(Problem(f"assay {assay}", said, "Every sample has a batch, or none.", "State its batch."))
    return found.astype(str)


def _centred(table: pd.DataFrame, part: AssayPart, batch: pd.Series, samples: pd.Index) -> NDArray[np.float64]:
    """(samples, features) less the means of each batch; NaN for samples without the assay."""
    unknown = sorted(set(batch) - set(part.means.columns))
    if unknown:
        rule = "A new sample is of a batch that the fit has seen."
        raise CohortError(Problem("batch", unknown[0], rule, "Fit the factors with samples of that batch."))
    made = np.full((len(samples), len(table)), np.nan)
    if len(table.columns):
        given = table.to_numpy(dtype=np.float64) - part.means[batch.to_numpy()].to_numpy()
        made[samples.get_indexer(table.columns.astype(str))] = given.T
    return made
