"""Biomarker panels: features chosen inside training folds, judged on held-out samples. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata

from groprog_assets.errors import CohortError, Problem
from groprog_assets.fitting.ridge_cox import choose_penalties, fit_blocks
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.integration.moderated_tests import LEAST_SAMPLES, moderated_fit
from groprog_assets.wording import count_of
from groprog_kernels.concordance import harrell

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
PENALTIES = (100.0, 20.0, 5.0, 1.0)
"""Ridge penalties of a survival panel, from which inner folds choose."""
INNER_FOLDS = 5


class PanelOutcome(NamedTuple):
    """What a panel foretells, by sample: an event with its time; or, without times, whether a sample is a case."""

    event: pd.Series
    time: pd.Series | None = None


class PanelSettings(NamedTuple):
    """folds and their repeats; q below which a feature may be chosen; most features of a panel; share of the folds that must
    choose a biomarker."""

    folds: int = 5
    repeats: int = 10
    q: float = 0.05
    largest: int = 20
    least_frequency: float = 0.6
    seed: int = 1


class Panel(NamedTuple):
    """The chosen features, with the mean, scale and weight (m,) of each; none is a panel that says nothing."""

    features: pd.Index
    mean: Floats
    scale: Floats
    weight: Floats


class Biomarkers(NamedTuple):
    """How panels did on held-out samples.

    table: a row a feature: feature, statistic, p_value, q_value (of all samples), frequency, biomarker. folds: a row a held-out
    fold: repeat, fold, chosen, performance. scores: out-of-fold score of each sample, mean of the repeats. panel: of all samples.
    performance: mean of the folds: AUC of cases, or Harrell's C; 0.5 by chance.
    """

    table: pd.DataFrame
    folds: pd.DataFrame
    scores: pd.Series
    panel: Panel
    performance: float


def fit_panel(
    values: pd.DataFrame,
    outcome: PanelOutcome,
    settings: PanelSettings | None = None,
    blocks: ArrayLike | None = None,
) -> Panel:
    """A panel from the samples that `values` (features x samples, missing = NaN) and the outcome share.

    Features are those with the largest moderated t between cases and others (survival: score statistic of a Cox model), at
    most `largest`, each with q below `settings.q`. Weights: difference of means over variance, feature by feature (diagonal
    linear discriminant); survival: ridge Cox, its penalty from inner folds. Missing values count as the feature's mean.
    blocks (features,): the assay of each feature, as of `moderated_fit`.
    """
    settings = settings or PanelSettings()
    y, time, event, _ = _arrays(values, outcome)
    return _panel(values.index, y, time, event, settings, blocks)


def panel_scores(panel: Panel, values: pd.DataFrame) -> pd.Series:
    """Score of each sample of `values`, higher for cases or a higher hazard; nothing is fitted. Missing features add nothing."""
    given = values.reindex(panel.features).to_numpy(dtype=np.float64).T
    return pd.Series(_score(given, panel.mean, panel.scale, panel.weight), index=values.columns)


def biomarkers(
    values: pd.DataFrame,
    outcome: PanelOutcome,
    settings: PanelSettings | None = None,
    blocks: ArrayLike | None = None,
) -> Biomarkers:
    """How well panels foretell held-out samples, and which features they choose.

    In each of `repeats` times `folds` folds a panel is chosen and fitted on the other folds alone, and judged on the fold. A
    feature is a biomarker when `least_frequency` of these panels have it. CohortError for fewer than `folds` cases or others
    (survival: events), or fewer than two folds. blocks: as of `fit_panel`.
    """
    settings = settings or PanelSettings()
    y, time, event, samples = _arrays(values, outcome)
    fewest = int(event.sum()) if time is not None else int(min(event.sum(), (~event).sum()))
    if settings.folds < 2 or fewest < max(settings.folds, LEAST_SAMPLES):
        said = f"{fewest} {'events' if time is not None else 'samples on the smaller side'}, {count_of(settings.folds, 'fold')}"
        rule = "Each of two folds or more needs one, and a comparison three."
        raise CohortError(Problem("outcome", said, rule, "Use fewer folds, or another outcome."))
    chosen = np.zeros(len(y))
    total = np.zeros(len(samples))
    rows = []
    for repeat in range(settings.repeats):
        fold_of = stratified_folds(event, settings.folds, np.random.default_rng([settings.seed, repeat]))
        for fold in range(settings.folds):
            test = fold_of == fold
            others = None if time is None else time[~test]
            panel = _panel(values.index, y[:, ~test], others, event[~test], settings, blocks)
            place = values.index.get_indexer(panel.features)
            chosen[place] += 1
            score = _score(y[place][:, test].T, panel.mean, panel.scale, panel.weight)
            total[test] += score
            measured = _performance(score, None if time is None else time[test], event[test])
            rows.append((repeat, fold, len(place), measured))
    statistic, p_value = _screen(y, time, event, blocks)
    table = pd.DataFrame(
        {
            "feature": values.index.astype(str),
            "statistic": statistic,
            "p_value": p_value,
            "q_value": benjamini_hochberg(p_value),
            "frequency": chosen / max(len(rows), 1),
        }
    )
    table["biomarker"] = table["frequency"] >= settings.least_frequency
    folds = pd.DataFrame(rows, columns=["repeat", "fold", "chosen", "performance"])
    scores = pd.Series(total / settings.repeats, index=samples)
    panel = _panel(values.index, y, time, event, settings, blocks)
    return Biomarkers(table, folds, scores, panel, float(folds["performance"].mean()))


def target_candidates(table: pd.DataFrame, genes: Mapping[str, str], targets: pd.DataFrame) -> pd.DataFrame:
    """Biomarkers of `table` whose gene is a drug's target, a row a drug and biomarker, by |statistic| times frequency.

    genes: gene of a feature, as the targets name genes. targets: drug_id, name, gene_id, action, source, version. Columns:
    rank (of the biomarker), feature, gene_id, statistic, frequency, weight, and what the target's row says.
    """
    found = table[table["biomarker"]].assign(gene_id=lambda rows: rows["feature"].map(genes))
    found = found.assign(weight=found["statistic"].abs() * found["frequency"]).merge(targets, on="gene_id")
    found = found.sort_values(["weight", "feature", "drug_id"], ascending=[False, True, True], ignore_index=True)
    order = {feature: k + 1 for k, feature in enumerate(found["feature"].drop_duplicates())}
    found["rank"] = found["feature"].map(order).astype("int64")
    columns = ["rank", "feature", "gene_id", "statistic", "frequency", "weight", "drug_id", "name", "action"]
    return found[[*columns, "source", "version"]]


def cox_score_statistics(values: Floats, time: Floats, event: Bools) -> Floats:
    """(f,) score statistics of Cox models with one of the features (f, n) each: standard normal where it has no effect.

    Ties as Breslow's; > 0 where higher values have a higher hazard. Missing values count as the mean. NaN for a feature that does
    not vary within the risk sets. For two groups and no ties its square is the log-rank statistic.
    """
    order = np.argsort(-time, kind="stable")
    held = np.where(np.isfinite(values), values - np.nanmean(values, axis=1, keepdims=True), 0.0)[:, order]
    at, happened = time[order], event[order]
    last = np.searchsorted(-at, -at[happened], side="right") - 1
    first, second = np.cumsum(held, axis=1)[:, last], np.cumsum(held**2, axis=1)[:, last]
    mean = first / (last + 1)
    variance = np.maximum(second / (last + 1) - mean**2, 0.0).sum(axis=1)
    varies = variance > 1e-12 * np.maximum((held**2).sum(axis=1), 1e-300)
    pull = held[:, happened].sum(axis=1) - mean.sum(axis=1)
    return np.where(varies, pull / np.sqrt(np.where(varies, variance, 1.0)), np.nan)


def _arrays(values: pd.DataFrame, outcome: PanelOutcome) -> tuple[Floats, Floats | None, Bools, pd.Index]:
    known = outcome.event.dropna().index
    if outcome.time is not None:
        known = known.intersection(outcome.time.dropna().index)
    samples = values.columns[values.columns.isin(known) & values.notna().any().to_numpy()]
    time = None if outcome.time is None else outcome.time[samples].to_numpy(dtype=np.float64)
    return values[samples].to_numpy(dtype=np.float64), time, outcome.event[samples].to_numpy(dtype=bool), samples


def _screen(y: Floats, time: Floats | None, event: Bools, blocks: ArrayLike | None) -> tuple[Floats, Floats]:
    """Statistic and p (f,) of each feature."""
    seen = np.isfinite(y)
    if time is not None:
        given = np.where((seen.sum(axis=1) >= 2 * LEAST_SAMPLES)[:, None], y, 0.0)
        statistic = cox_score_statistics(given, time, event)
        return statistic, 2 * norm.sf(np.abs(statistic))
    enough = np.minimum(seen[:, event].sum(axis=1), seen[:, ~event].sum(axis=1)) >= LEAST_SAMPLES
    design = np.column_stack([np.ones(len(event)), event])
    fit = moderated_fit(np.where(enough[:, None], y, np.nan), design, [0, 1], blocks)
    return fit.t, fit.p_value


def _panel(
    features: pd.Index,
    y: Floats,
    time: Floats | None,
    event: Bools,
    settings: PanelSettings,
    blocks: ArrayLike | None,
) -> Panel:
    statistic, p_value = _screen(y, time, event, blocks)
    q_value = benjamini_hochberg(p_value)
    order = np.argsort(np.where(np.isfinite(statistic), -np.abs(statistic), np.inf), kind="stable")
    order = order[(q_value < settings.q)[order]][: settings.largest]
    mean, scale = np.nanmean(y[order], axis=1), np.nanstd(y[order], axis=1)
    order, mean, scale = order[scale > 0], mean[scale > 0], scale[scale > 0]
    columns = _standardised(y[order].T, mean, scale)
    if not len(order):
        weight = np.empty(0)
    elif time is None:
        halves = columns[event], columns[~event]
        within = sum(((half - half.mean(axis=0)) ** 2).sum(axis=0) for half in halves) / (len(event) - 2)
        weight = (halves[0].mean(axis=0) - halves[1].mean(axis=0)) / np.maximum(within, 1e-6)
    else:
        folds = min(INNER_FOLDS, max(2, int(event.sum())))
        inner = stratified_folds(event, folds, np.random.default_rng(settings.seed))
        choice = choose_penalties([columns], time, event, [(penalty,) for penalty in PENALTIES], inner)
        weight = fit_blocks([columns], time, event, choice.penalties)
    return Panel(features[order], mean, scale, weight)


def _standardised(given: Floats, mean: Floats, scale: Floats) -> Floats:
    """(n, m), missing values at the mean."""
    return np.where(np.isfinite(given), (given - mean) / scale, 0.0)


def _score(given: Floats, mean: Floats, scale: Floats, weight: Floats) -> Floats:
    return np.asarray(_standardised(given, mean, scale) @ weight)


def _performance(score: Floats, time: Floats | None, event: Bools) -> float:
    if time is not None:
        return float(harrell(score, time, event).cindex)
    cases, others = int(event.sum()), int((~event).sum())
    return float((rankdata(score)[event].sum() - cases * (cases + 1) / 2) / (cases * others))
