"""The clinical table as a validated, immutable snapshot."""

from __future__ import annotations

from groprog_assets.checks import cohort as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="cohort",
    kinds={"parquet"},
    tables={
        "records": "clinical_records",
        "outcomes": "outcomes",
        "fields": "clinical_fields",
        "exclusions": "exclusions",
    },
    sections=("cohort", "parameters.cohort"),
    files=("cohort.clinical",),
    checks=("outcome_coding", "exclusions_by_event"),
)
def clinical_records(study: StudyView) -> Materialized:
    """Covariates and outcomes in separate tables, who was left out and why; its digest names the clinical snapshot."""
    from groprog_assets.methods.cohort import clinical_records as method
    from groprog_assets.methods.cohort import outcomes

    read = method.read_clinical(study.cohort, study.parameters.cohort)
    lost = outcomes.Dependence(**read.summary["excluded_by_event"])
    return materialized(
        read,
        verdicts=[
            check.outcome_coding(outcomes.asked(read.summary), outcomes.how_read(read.summary)),
            check.exclusions_by_event(lost.p_value, lost.told(), study.parameters.cohort),
        ],
        patients=len(read.records),
        events=int(read.outcomes["event"].sum()),
        excluded=len(read.exclusions),
    )
