"""The sample index: patients that a model can use, with their data."""

from __future__ import annotations

from groprog_assets.checks import cohort as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays


@study_asset(
    group="cohort",
    kinds={"parquet"},
    tables={
        "index": "cohort_index",
        "records": "clinical_records",
        "fields": "clinical_fields",
        "outcomes": "outcomes",
        "exclusions": "exclusions",
        "funnel": "patient_funnel",
    },
    sections=("cohort", "parameters.cohort"),
    blocking=("enough_events",),
)
def cohort(study: StudyView, clinical_records: Bundle, patient_expression: Arrays) -> Materialized:
    """Patients with a usable outcome and covariates known at baseline or the landmark; outcomes stay a table apart."""
    from groprog_assets.methods.cohort import cohort as method
    from groprog_assets.methods.cohort.patient_funnel import told

    assembled = method.assemble_cohort(
        clinical_records.records,
        clinical_records.outcomes,
        clinical_records.fields,
        clinical_records.exclusions,
        patient_expression,
        study.cohort,
        study.parameters.cohort,
        units=clinical_records.summary["units"],
        left_out=clinical_records.summary["left_out"],
    )
    parameters = study.parameters.cohort
    return materialized(
        assembled,
        plot=plots.cohort(assembled),
        verdicts=[check.enough_events(assembled.outcomes, parameters)],
        patients=len(assembled.index),
        events=int(assembled.outcomes["event"].sum()),
        with_expression=int(assembled.index["has_expression"].sum()),
        funnel=told(assembled.funnel),
    )
