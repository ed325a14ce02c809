"""Other cohorts that the model learns from."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.model_columns import TRAINED_BY
from groprog_assets.prognosis.source_cohorts import circumstances_of_sources, fitted_sources, who_withdrew
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Arrays


@study_asset(
    group="cohort",
    kinds={"numpy"},
    sections=("cohort", *TRAINED_BY),
    files=("cohort.sources.clinical", "cohort.sources.expression.file", "cohort.sources.sample_table"),
    extra_inputs=circumstances_of_sources,
)
def source_cohorts(study: StudyView, workspace: Workspace, cohort: Bundle, patient_expression: Arrays) -> Materialized:
    """Cox models of the fields and genes that other cohorts share with the study, and who was left out of them; nothing without
    `cohort.sources`."""
    made = fitted_sources(study.cohort, cohort, patient_expression, study.as_parameters(), who_withdrew(workspace))
    held = made.sources
    left_out = sum(sum(source["left_out"].values()) for source in held)
    patients, events = (sum(source[name] for source in held) for name in ("patients", "events"))
    return materialized(made, sources=len(held), patients=patients, events=events, left_out=left_out)
