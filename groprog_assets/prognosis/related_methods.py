"""Published forms of survival models on a study's own folds. Tables and settings in, out-of-fold risks out. No Dagster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import CohortError, Problem
from groprog_assets.prognosis.model_columns import model_folds, model_inputs, model_outcomes
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Ontology

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.model.inputs import Outcomes
    from groprog_assets.model.related_work.views import Views

    Score = Callable[[Views], np.ndarray]

BOOSTED_DIRECTIONS, FOREST_DIRECTIONS, INNER_FOLDS = 40, 30, 5
FEWEST_SET_GENES, MOST_SET_GENES, MOST_SETS = 5, 300, 200


class Related(NamedTuple):
    """table: out_of_fold of every method; left_out: {method: why it was not run}; sets: number of gene sets used."""

    table: pd.DataFrame
    left_out: dict[str, str]
    sets: int


def gene_sets(ontology: Ontology | None, genes: set[str]) -> dict[str, set[str]]:
    """{set: its genes among `genes`} of the study's GMT or ontology: sets of FEWEST_SET_GENES to MOST_SET_GENES of them, the
    MOST_SETS largest. Chosen without outcomes, from the names of the genes alone."""
    from groprog_assets.methods.annotation.ontology import read_ontology

    if ontology is None or not genes:
        return {}
    rows = read_ontology(ontology, sorted(genes)).annotations
    held = {str(term): set(map(str, part)) for term, part in rows.groupby("term", observed=True)["gene"]}
    fitting = [name for name, part in held.items() if FEWEST_SET_GENES <= len(part) <= MOST_SET_GENES]
    chosen = sorted(fitting, key=lambda name: (-len(held[name]), name))[:MOST_SETS]
    return {name: held[name] for name in chosen}


def shared_set_problems(ontology: Ontology | None, genes: set[str], parameters: Parameters) -> list[Problem]:
    """One problem where the pathway method is asked for and no gene set has enough of the patients' genes."""
    asked = parameters.related_work
    if not asked.enabled or "pathways" not in asked.methods or gene_sets(ontology, genes):
        return []
    what = (
        "no ontology"
        if ontology is None
        else f"no set with {FEWEST_SET_GENES} to {MOST_SET_GENES} of the patients' genes"
    )
    rule = "The method `pathways` needs gene sets that share symbols with expression or further matrices."
    remedy = "Give ontology.gmt with the same gene symbols, or remove pathways from parameters.related_work.methods."
    return [Problem("parameters.related_work.methods", f"pathways, {what}", rule, remedy)]


def related_risks(
    cohort: Bundle,
    expression: Mapping[str, np.ndarray],
    features: Bundle,
    folds: pd.DataFrame,
    ontology: Ontology | None,
    parameters: Parameters,
    progress: Callable[[str], object],
) -> Related:
    """Out-of-fold risks of every asked method. Encoders and methods see the training fold alone; a held-out patient's score does
    not depend on the others held out. Without `related_work.enabled` the table is empty."""
    import numpy as np
    import pandas as pd

    from groprog_assets.model.encoders import Encoders
    from groprog_assets.model.related_work.views import views_of
    from groprog_assets.tables import TABLES, conform

    asked = parameters.related_work
    names = [column.name for column in TABLES["out_of_fold"].columns]
    empty = conform(pd.DataFrame(columns=names), "out_of_fold")
    if not asked.enabled:
        return Related(empty, {}, 0)
    inputs = model_inputs(cohort, expression, features, parameters.representation.mode)
    outcomes = model_outcomes(cohort)
    genes = set(inputs.genes).union(*(matrix.genes for matrix in inputs.matrices))
    sets = gene_sets(ontology, genes) if "pathways" in asked.methods else {}
    parts: list[pd.DataFrame] = []
    left_out: dict[str, str] = {}
    for fold in model_folds(folds, cohort):
        progress(f"related work, repeat {fold.repeat} fold {fold.fold}")
        encoders = Encoders.fit(inputs.take(fold.train), parameters)
        train, test = (views_of(encoders, inputs.take(rows)) for rows in (fold.train, fold.test))
        known = outcomes.take(fold.train)
        seed = parameters.training.seed + 7919 * (fold.repeat + 1) + 104729 * fold.fold
        for method in asked.methods:
            score = fit_method(method, train, known, seed, sets)
            if score is None:
                left_out[method] = "no gene set shares a gene" if method == "pathways" else "no omics"
                continue
            risk = score(test)
            if not np.isfinite(risk).all():
                rule = "A risk is finite."
                raise CohortError(
                    Problem(f"related work, {method}", "a risk that is not finite", rule, "Leave it out.")
                )
            patients = inputs.patient_id[fold.test]
            rows = {"model": method, "repeat": fold.repeat, "fold": fold.fold, "patient_id": patients, "risk": risk}
            parts.append(pd.DataFrame(rows))
    table = conform(pd.concat(parts, ignore_index=True), "out_of_fold") if parts else empty
    return Related(table, left_out, len(sets))


def fit_method(method: str, views: Views, outcomes: Outcomes, seed: int, sets: Mapping[str, set[str]]) -> Score | None:
    """The scorer of one method, fitted on the views of training patients; None where it has nothing to read."""
    import numpy as np

    from groprog_assets.fitting.stratified_folds import stratified_folds
    from groprog_assets.methods.evaluation.boosting import choose_rounds, fit_boosted_cox, predict_boosted_cox
    from groprog_assets.methods.evaluation.late_fusion import fit_late_fusion
    from groprog_assets.methods.evaluation.survival_forest import fit_survival_forest, predict_survival_forest
    from groprog_assets.model.related_work.bilinear import fit_bilinear
    from groprog_assets.model.related_work.graph_attention import fit_graph_attention
    from groprog_assets.model.related_work.graph_convolution import fit_graph_convolution
    from groprog_assets.model.related_work.pathways import fit_pathways

    random = np.random.default_rng(seed)
    data = (outcomes.time, outcomes.event)
    inner = stratified_folds(outcomes.event, min(INNER_FOLDS, max(2, int(outcomes.event.sum()))), random)
    if method == "boosted":
        columns = views.flat(BOOSTED_DIRECTIONS)
        boosted = fit_boosted_cox(columns, *data, choose_rounds(columns, *data, inner))
        return lambda given: predict_boosted_cox(boosted, given.flat(BOOSTED_DIRECTIONS))
    if method == "forest":
        forest = fit_survival_forest(views.flat(FOREST_DIRECTIONS), *data, random)
        return lambda given: predict_survival_forest(forest, given.flat(FOREST_DIRECTIONS))
    if method == "pathways":
        return fit_pathways(views, outcomes, seed, sets)
    if not views.omics:
        return None
    if method == "late_fusion":
        fused = fit_late_fusion(views.clinical, np.hstack([*views.omics.values()]), *data, inner)
        return lambda given: fused(given.clinical, np.hstack([*given.omics.values()]))
    networks = {
        "bilinear": fit_bilinear,
        "graph_convolution": fit_graph_convolution,
        "graph_attention": fit_graph_attention,
    }
    return networks[method](views, outcomes, seed)
