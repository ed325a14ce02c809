"""Drugs whose signature runs against a ranking."""

from __future__ import annotations

from groprog_assets.checks import integration as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "drug_reversal"},
    sections=("omics.drug_signatures", "parameters.integration"),
    files=("omics.drug_signatures",),
    checks=("drugs_tested",),
    blocking=("keys",),
)
def reversal(study: StudyView, subjects: Bundle, assay_raw: Bundle, biomarkers: Bundle) -> Materialized:
    """Each drug's signature against the ranking of features by group or survival: hypotheses, no evidence of benefit."""
    from groprog_assets.methods.integration import subject_tables as method

    found = method.reversal_table(biomarkers.table, study.omics.drug_signatures, study.parameters.integration)
    broken = method.broken_links(found, subjects.table, assay_raw.table)
    verdicts = [check.keys(broken), check.drugs_tested(found.summary)]
    return materialized(found, verdicts=verdicts, drugs=found.summary["drugs"])
