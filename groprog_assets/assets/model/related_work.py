"""Published forms of survival models on the study's own folds."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.model_columns import TRAINED_BY
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays, Progress


@study_asset(
    group="model",
    kinds={"parquet", "torch"},
    tables={"table": "out_of_fold"},
    sections=(*TRAINED_BY, "parameters.related_work", "ontology"),
    files=("ontology.obo", "ontology.gaf", "ontology.gmt"),
)
def related_work(
    study: StudyView,
    progress: Progress,
    cohort: Bundle,
    patient_expression: Arrays,
    normalized_features: Bundle,
    encoded_tensors: Bundle,
    risk_model: Bundle,
    baselines: Bundle,
) -> Materialized:
    """Out-of-fold risks of the forms of related work that the study asks for, and the model's paired difference from each; empty
    when it asks for none."""
    from groprog_assets.methods.evaluation import related_work as method
    from groprog_assets.prognosis.related_methods import related_risks

    parameters = study.as_parameters()
    folds = encoded_tensors.folds
    given = (cohort, patient_expression, normalized_features)
    made = related_risks(*given, folds, study.ontology, parameters, progress)
    beside = [risk_model.out_of_fold, baselines.table]
    seed = parameters.training.seed
    document = method.compare_related(made.table, beside, cohort.outcomes, folds, parameters.evaluation, seed)
    document |= {"left_out": made.left_out, "gene_sets": made.sets}
    return materialized(Bundle(table=made.table, document=document), methods=len(document["rows"]))
