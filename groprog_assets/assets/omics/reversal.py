"""Drugs whose signature runs against a ranking."""

from __future__ import annotations

from groprog_assets.checks import integration as check
from groprog_assets.checks.omics import keys
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
def reversal(study: StudyView, assay_raw: Bundle, biomarkers: Bundle) -> Materialized:
    """Each drug's signature against the ranking of features by group or survival: hypotheses, no evidence of benefit."""
    from groprog_assets.methods.integration import subject_tables as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    found = method.reversal_table(biomarkers.table, study.omics.drug_signatures, study.parameters.integration)
    broken = broken_keys({"drug_reversal": found.table, "assays": assay_raw.table})
    return materialized(found, verdicts=[keys(broken), check.drugs_tested(found.summary)], drugs=found.summary["drugs"])
