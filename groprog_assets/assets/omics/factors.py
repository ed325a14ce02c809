"""Factors of all assays."""

from __future__ import annotations

from groprog_assets.checks import integration as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle, paths_of
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "factor_scores", "weights": "factor_weights", "variance": "factor_variance"},
    sections=("parameters.integration",),
    checks=("enough_subjects",),
    blocking=("keys",),
)
def factors(
    study: StudyView, subjects: Bundle, samples: Bundle, assay_raw: Bundle, assay_corrected: Bundle
) -> Materialized:
    """What varies together over features and subjects, and how much of each assay it explains; missing values stay missing."""
    from groprog_assets.methods.integration import subject_tables as method
    from groprog_assets.methods.measurements.assay_frames import assay_frames

    frames = assay_frames(paths_of(assay_corrected.matrices), assay_raw.features, assay_raw.samples, samples.table)
    found = method.factor_tables(frames, assay_raw.features, study.parameters.integration)
    broken = method.broken_links(found, subjects.table, assay_raw.table, assay_raw.features)
    verdicts = [check.keys(broken), check.enough_subjects(found.summary)]
    return materialized(found, verdicts=verdicts, factors=found.summary["factors"])
