"""The assays with their missing values filled."""

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
    kinds={"parquet"},
    tables={"table": "assay_stages"},
    sections=("omics.assays", "parameters.measurements"),
    blocking=("keys",),
)
def assay_filled(
    study: StudyView, samples: Bundle, assay_raw: Bundle, assay_corrected: Bundle, progress: Progress, scratch: Path
) -> Materialized:
    """Missing values drawn below the limit or predicted by factors, as the assay's kind of missing says; not for tests."""
    from groprog_assets.methods.measurements import stages as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    files = paths_of(assay_corrected.matrices)
    held = method.held_assays(assay_corrected.table, assay_raw.samples, samples.factors, files, study.omics.assays)
    found = method.filled_in(held, study.parameters.measurements, scratch, progress)
    broken = broken_keys({"assay_stages": found.table, "assays": assay_raw.table})
    return materialized(stored_stage(found), verdicts=[check.keys(broken)], seed=study.parameters.measurements.seed)
