"""The assays on the scale of their kind."""

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
    tables={"table": "assay_stages"},
    sections=("omics.assays", "parameters.measurements"),
    checks=("missing_kind",),
    blocking=("keys",),
)
def assay_normalised(
    study: StudyView, samples: Bundle, assay_raw: Bundle, progress: Progress, scratch: Path
) -> Materialized:
    """Values normalised by kind and scale, with the constants that did it; features missing too often are left out."""
    from groprog_assets.methods.measurements import stages as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    files = paths_of(assay_raw.matrices)
    held = method.held_assays(assay_raw.table, assay_raw.samples, samples.factors, files, study.omics.assays)
    found = method.normalised(held, study.parameters.measurements, scratch, progress)
    broken = broken_keys({"assay_stages": found.table, "assays": assay_raw.table})
    verdicts = [check.keys(broken), check.missing_kind(found.summary, study.parameters.measurements)]
    return materialized(stored_stage(found), verdicts=verdicts, assays=len(found.table))
