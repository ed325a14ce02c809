"""The assays without the effects of their batches."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.checks import assays as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle, paths_of, stored_stage
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Progress


@study_asset(
    group="omics",
    kinds={"parquet", "numpy"},
    tables={"table": "assay_stages", "effects": "batch_effects"},
    sections=("omics.assays", "parameters.measurements"),
    checks=("batch_association", "biology_kept"),
    blocking=("keys", "confounding"),
)
def assay_corrected(
    study: StudyView, samples: Bundle, assay_raw: Bundle, assay_normalised: Bundle, progress: Progress, scratch: Path
) -> Materialized:
    """Batches removed by ComBat with the study's covariates, and the shares of variance of batch and biology before and after."""
    from groprog_assets.methods.measurements import stages as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    files = paths_of(assay_normalised.matrices)
    held = method.held_assays(assay_normalised.table, assay_raw.samples, samples.factors, files, study.omics.assays)
    found, effects, forbidden = method.corrected(held, study.parameters.measurements, scratch, progress)
    broken = broken_keys({"assay_stages": found.table, "batch_effects": effects, "assays": assay_raw.table})
    verdicts = check.of_batches(broken, effects, forbidden, study.parameters.measurements)
    value = Bundle({**stored_stage(found), "effects": effects})
    return materialized(value, verdicts=verdicts, corrected=int(effects["corrected"].sum()))
