"""The tables of factors, networks, strata, biomarkers, gene sets and drugs, over all subjects of a study. Tables in, tables out.

What cannot be computed from the study's subjects (too few of them, nothing that varies) gives empty tables and its reason, for a
check to tell; the methods themselves raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError
from groprog_assets.methods.annotation.gmt import genes_of_sets
from groprog_assets.methods.evaluation.kaplan_meier import at_risk_table, whole_years
from groprog_assets.methods.integration.biomarkers import PanelOutcome, PanelSettings, biomarkers, target_candidates
from groprog_assets.methods.integration.factor_model import fit_factors
from groprog_assets.methods.integration.gene_set_tables import read_targets
from groprog_assets.methods.integration.moderated_tests import group_tests
from groprog_assets.methods.integration.over_representation import over_represented
from groprog_assets.methods.integration.pathway_scores import fit_pathway_scores, pathway_scores
from groprog_assets.methods.integration.ranked_sets import preranked
from groprog_assets.methods.integration.signature_reversal import signature_reversal, signatures_of
from groprog_assets.methods.integration.similarity_fusion import FusionSettings, fit_network
from groprog_assets.methods.integration.strata import StrataSettings, fit_strata, stratum_survival
from groprog_assets.methods.integration.subject_outcomes import SubjectOutcomes, comparisons
from groprog_assets.methods.omics.foreign_keys import broken_keys
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document

Frames = Mapping[str, pd.DataFrame]
"""By assay: features x subjects, missing = NaN."""
Found = TypeVar("Found")
LINKED = {
    "FactorTables": {"table": "factor_scores", "weights": "factor_weights", "variance": "factor_variance"},
    "NetworkTables": {"table": "network_neighbours"},
    "StrataTables": {"table": "subject_strata"},
    "BiomarkerTables": {"table": "biomarkers", "sets": "ranked_sets"},
    "ScoreTables": {"table": "pathway_scores", "sets": "scored_sets"},
    "ReversalTable": {"table": "drug_reversal"},
}
"""The members of each result that refer to subjects or assays, and the tables that they are."""


class FactorTables(NamedTuple):
    """Tables factor_scores, factor_weights, factor_variance; summary: factors, subjects, why there are none."""

    table: pd.DataFrame
    weights: pd.DataFrame
    variance: pd.DataFrame
    summary: Document


class NetworkTables(NamedTuple):
    """Table network_neighbours; network: arrays subject_id (n,), network (n, n); summary: subjects, why there is none."""

    table: pd.DataFrame
    network: dict[str, np.ndarray]
    summary: Document


class StrataTables(NamedTuple):
    """Tables subject_strata, stratum_numbers, stratum_survival; survival: curves, at risk and log-rank p; summary."""

    table: pd.DataFrame
    numbers: pd.DataFrame
    outcomes: pd.DataFrame
    survival: Document
    summary: Document


class BiomarkerTables(NamedTuple):
    """Tables biomarkers, panel_folds, target_candidates, ranked_sets; summary: performance and reasons by outcome."""

    table: pd.DataFrame
    folds: pd.DataFrame
    targets: pd.DataFrame
    sets: pd.DataFrame
    summary: Document


class ScoreTables(NamedTuple):
    """Tables pathway_scores and scored_sets; summary: sets scored by assay."""

    table: pd.DataFrame
    sets: pd.DataFrame
    summary: Document


class ReversalTable(NamedTuple):
    """Table drug_reversal; summary: drugs tested by outcome and assay."""

    table: pd.DataFrame
    summary: Document


def broken_links(
    found: NamedTuple, subjects: pd.DataFrame, assays: pd.DataFrame, features: pd.DataFrame | None = None
) -> list[str]:
    """What is wrong with the subjects, assays and features that the tables of a result refer to, in words; empty when nothing is.

    features: where the result names some.
    """
    names = LINKED[type(found).__name__]
    held = {name: getattr(found, member) for member, name in names.items()}
    known = {} if features is None else {"features": features}
    return broken_keys({**held, "subjects": subjects, "assays": assays, **known})


def read_integration_files(gene_sets: Path | None, drug_signatures: Path | None, drug_targets: Path | None) -> None:
    """Read the files of gene sets and drugs that are given, as a run does; raises with what is wrong with them."""
    if gene_sets is not None:
        genes_of_sets(gene_sets)
    if drug_signatures is not None:
        signatures_of(genes_of_sets(drug_signatures))
    read_targets(drug_targets)


def symbols_of(features: pd.DataFrame) -> dict[str, dict[str, str]]:
    """By assay, the symbol of each feature_id of the table `features`; where it has none, its id as read."""
    told = features["symbol"].fillna(features["source_id"]).astype(str)
    named = features.assign(told=told)
    return {str(assay): dict(zip(own["feature_id"], own["told"])) for assay, own in named.groupby("assay_id")}


def factor_tables(frames: Frames, features: pd.DataFrame, parameters: IntegrationParameters) -> FactorTables:
    """Factors of all assays, from values of which some may be missing; each subject counts with the assays that it has."""
    fitted, why = _tried(lambda: fit_factors(frames, parameters.factors, least_share=parameters.least_share))
    if fitted is None:
        scores, weights, variance = (_empty(name) for name in ("factor_scores", "factor_weights", "factor_variance"))
        return FactorTables(scores, weights, variance, {"factors": 0, "subjects": 0, "why_not": why})
    scores = (
        fitted.scores.rename_axis("subject_id").reset_index().melt("subject_id", var_name="factor", value_name="score")
    )
    weights = fitted.weights().rename(columns={"assay": "assay_id", "feature": "feature_id"})
    variance = fitted.variance().rename_axis("assay_id").reset_index()
    variance = variance.melt("assay_id", var_name="factor", value_name="share")
    return FactorTables(
        conform(scores, "factor_scores"),
        conform(_with_symbols(weights, features), "factor_weights"),
        conform(variance, "factor_variance"),
        {"factors": fitted.scores.shape[1], "subjects": len(fitted.scores), "why_not": why},
    )


def network_tables(frames: Frames, parameters: IntegrationParameters) -> NetworkTables:
    """The fused network of the subjects that have every assay, and each one's nearest."""
    fitted, why = _tried(lambda: fit_network(frames, fusion_settings(parameters)))
    if fitted is None:
        nothing = {"subject_id": np.array([], dtype=str), "network": np.zeros((0, 0))}
        return NetworkTables(_empty("network_neighbours"), nothing, {"subjects": 0, "why_not": why})
    n, names = len(fitted.samples), fitted.samples.to_numpy()
    others = np.where(np.eye(n, dtype=bool), -np.inf, fitted.network)
    near = np.argsort(-others, axis=1, kind="stable")[:, : min(parameters.neighbours, n - 1)]
    table = pd.DataFrame(
        {
            "subject_id": np.repeat(names, near.shape[1]),
            "other_id": names[near.ravel()],
            "rank": np.tile(np.arange(near.shape[1]) + 1, n),
            "similarity": np.take_along_axis(fitted.network, near, axis=1).ravel(),
        }
    )
    arrays = {"subject_id": names.astype(str), "network": fitted.network}
    return NetworkTables(conform(table, "network_neighbours"), arrays, {"subjects": n, "why_not": why})


def strata_tables(frames: Frames, outcomes: SubjectOutcomes, parameters: IntegrationParameters) -> StrataTables:
    """Strata of the fused network, how stable each number of them is, and their survival where the study names it."""
    fitted, why = _tried(
        lambda: fit_strata(fit_network(frames, fusion_settings(parameters)), strata_settings(parameters))
    )
    if fitted is None:
        table, numbers, told = (_empty(name) for name in ("subject_strata", "stratum_numbers", "stratum_survival"))
        return StrataTables(table, numbers, told, {}, {"strata": 0, "subjects": 0, "stability": None, "why_not": why})
    survival: Document = {}
    told = _empty("stratum_survival")
    if len(fitted.strata) and outcomes.time is not None and outcomes.event is not None:
        found = stratum_survival(fitted.strata, outcomes.time, outcomes.event, parameters.permutations, parameters.seed)
        told = conform(found.table.rename(columns={"samples": "subjects"}), "stratum_survival")
        inside = fitted.strata.index.intersection(outcomes.time.index)
        at, group = outcomes.time[inside].to_numpy(dtype=np.float64), fitted.strata[inside].to_numpy()
        if len(inside):
            marks = whole_years(float(at.max()))
            counts = at_risk_table(at, group, marks)
            survival = {
                "curves": found.curves.to_dict("list"),
                "at_risk": {"time": marks.tolist(), "counts": {str(k): row.tolist() for k, row in counts.iterrows()}},
                "log_rank": {
                    "p_value": _number(found.p_value),
                    "permutation_p_value": _number(found.permutation_p_value),
                },
            }
    chosen = fitted.numbers[fitted.numbers["chosen"]]
    summary = {
        "strata": int(chosen["strata"].iloc[0]) if len(chosen) else 0,
        "subjects": len(fitted.network.samples),
        "stability": _number(float(fitted.numbers["stability"].max())) if len(fitted.numbers) else None,
        "why_not": why,
    }
    table = fitted.strata.rename_axis("subject_id").reset_index()
    return StrataTables(
        conform(table, "subject_strata"), conform(fitted.numbers, "stratum_numbers"), told, survival, summary
    )


def biomarker_tables(
    frames: Frames,
    features: pd.DataFrame,
    outcomes: SubjectOutcomes,
    gene_sets: Path | None,
    drug_targets: Path | None,
    parameters: IntegrationParameters,
) -> BiomarkerTables:
    """Features that differ between groups or go with survival, panels chosen inside folds, targets and gene sets among them."""
    joined = pd.concat(
        [frame.set_axis([f"{assay}:{name}" for name in frame.index]) for assay, frame in frames.items()], axis=0
    )
    settings = PanelSettings(
        *(parameters.folds, parameters.repeats, parameters.significance),
        *(parameters.largest_panel, parameters.least_frequency, parameters.seed),
    )
    places = pd.DataFrame(
        [(f"{assay}:{name}", assay, str(name)) for assay, frame in frames.items() for name in frame.index],
        columns=["feature", "assay_id", "feature_id"],
    )
    named = _with_symbols(places, features)
    genes = dict(zip(named["feature"], named["symbol"]))
    given = None if drug_targets is None else read_targets(drug_targets)
    sought = {} if gene_sets is None else genes_of_sets(gene_sets)
    tables, folds, targets, sets = [], [], [], []
    summary: Document = {}
    for comparison in comparisons(outcomes):
        found, why = _tried(partial(biomarkers, joined, comparison.outcome, settings, places["assay_id"]))
        tested, reason = _tried(partial(_tested, joined, comparison.outcome, places["assay_id"]))
        told = summary[comparison.name] = {"performance": None, "biomarkers": 0, "why_not": why or reason}
        if tested is None:
            continue
        if found is not None:
            chosen = found.table.set_index("feature")[["statistic", "p_value", "q_value", "frequency", "biomarker"]]
            tested = tested.drop(columns=list(chosen.columns)).join(chosen, on="feature")
            told |= {"performance": _number(found.performance), "biomarkers": int(found.table["biomarker"].sum())}
            folds.append(found.folds.assign(outcome=comparison.name))
            if given is not None:
                targets.append(target_candidates(found.table, genes, given).assign(outcome=comparison.name))
        tested = tested.merge(named, on="feature").drop(columns="feature").assign(outcome=comparison.name)
        tables.append(tested)
        for assay, ranking in _rankings(tested) if sought else ():
            made = preranked(ranking, sought, parameters.set_members, parameters.set_permutations, parameters.seed)
            differing = tested[tested["assay_id"] == assay].set_index("symbol")["q_value"]
            over = over_represented(differing, sought, parameters.significance, parameters.set_members)
            made = made.merge(over, on="set")
            sets.append(made.rename(columns={"set": "set_id"}).assign(outcome=comparison.name, assay_id=assay))
    return BiomarkerTables(
        _joined(tables, "biomarkers"),
        _joined(folds, "panel_folds"),
        _joined(targets, "target_candidates"),
        _joined(sets, "ranked_sets"),
        summary,
    )


def score_tables(
    frames: Frames, features: pd.DataFrame, gene_sets: Path, parameters: IntegrationParameters
) -> ScoreTables:
    """Scores of the gene sets in each subject, assay by assay, where enough of a set's genes are measured."""
    tables, listed, summary = [], [], {}
    known, sought = symbols_of(features), genes_of_sets(gene_sets)
    for assay, frame in frames.items():
        values = frame.set_axis([_symbol(known, assay, str(name)) for name in frame.index])
        fitted = fit_pathway_scores(values, sought, parameters.set_members)
        scores = pathway_scores(fitted, values, parameters.set_members).rename_axis("set_id").reset_index()
        tables.append(scores.melt("set_id", var_name="subject_id", value_name="score").assign(assay_id=assay))
        listed.append(fitted.sets.rename(columns={"set": "set_id"}).assign(assay_id=assay))
        summary[assay] = {"scored": len(fitted.members), "sets": len(fitted.sets)}
    return ScoreTables(_joined(tables, "pathway_scores"), _joined(listed, "scored_sets"), {"assays": summary})


def reversal_table(biomarkers: pd.DataFrame, drug_signatures: Path, parameters: IntegrationParameters) -> ReversalTable:
    """Each drug's signature against the rankings of the table `biomarkers`, one for each outcome and assay."""
    signatures = signatures_of(genes_of_sets(drug_signatures))
    tables, tested = [], 0
    for outcome, own in biomarkers.groupby("outcome", sort=True):
        for assay, ranking in _rankings(own):
            found = signature_reversal(
                ranking, signatures, parameters.set_permutations, parameters.seed, parameters.signature_genes
            )
            tables.append(found.assign(outcome=str(outcome), assay_id=assay))
            tested += int(found["score"].notna().sum())
    return ReversalTable(_joined(tables, "drug_reversal"), {"drugs": len(signatures), "tested": tested})


def _tried(fit: Callable[[], Found]) -> tuple[Found | None, str]:
    try:
        return fit(), ""
    except CohortError as error:
        return None, str(error)


def _tested(values: pd.DataFrame, outcome: PanelOutcome, assays: pd.Series) -> pd.DataFrame:
    """The columns of `biomarkers` that need no panel."""
    if outcome.time is None:
        groups = outcome.event.map({True: "case", False: "other"})
        found = group_tests(values, groups, reference="other", blocks=assays).rename(columns={"t": "statistic"})
        return found.drop(columns=["group", "reference"]).assign(frequency=np.nan, biomarker=False)
    inside = values.columns.isin(outcome.event.index.intersection(outcome.time.index))
    seen = values.loc[:, inside].notna()
    empty = dict.fromkeys(("effect", "lower", "upper", "statistic", "p_value", "q_value", "frequency"), np.nan)
    return pd.DataFrame(
        {
            "feature": values.index.astype(str),
            **empty,
            "samples": seen.sum(axis=1).to_numpy(),
            "reference_samples": 0,
            "missing": 1 - seen.mean(axis=1).to_numpy(),
            "biomarker": False,
        }
    )


def _rankings(tested: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """(assay, statistic by symbol) of one outcome's rows of `biomarkers`, assays without a statistic left out."""
    known = tested.dropna(subset="statistic")
    return [(str(assay), own.set_index("symbol")["statistic"]) for assay, own in known.groupby("assay_id", sort=True)]


def fusion_settings(parameters: IntegrationParameters) -> FusionSettings:
    """How the study's parameters fuse networks."""
    return FusionSettings(parameters.neighbours, parameters.affinity_width, parameters.fusion_rounds)


def strata_settings(parameters: IntegrationParameters) -> StrataSettings:
    """How the study's parameters look for strata."""
    return StrataSettings(
        tuple(range(2, parameters.most_strata + 1)),
        *(parameters.subsamples, parameters.subsample_share, parameters.least_stability),
        *(parameters.smallest_stratum, parameters.seed),
    )


def _with_symbols(table: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    known = symbols_of(features)
    told = [_symbol(known, a, f) for a, f in zip(table["assay_id"], table["feature_id"])]
    return table.assign(symbol=pd.Series(told, index=table.index, dtype="str"))


def _symbol(known: Mapping[str, Mapping[str, str]], assay: str, feature: str) -> str:
    """The symbol of a feature; of several features of one name, which are numbered, that of the name."""
    own = known.get(assay, {})
    return own.get(feature) or own.get(feature.rpartition("#")[0]) or feature


def _empty(name: str) -> pd.DataFrame:
    return conform(pd.DataFrame(columns=TABLES[name].column_names), name)


def _joined(parts: list[pd.DataFrame], name: str) -> pd.DataFrame:
    return conform(pd.concat(parts, ignore_index=True), name) if parts else _empty(name)


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
