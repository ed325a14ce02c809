"""Strata of the subjects."""

from __future__ import annotations

from groprog_assets.checks import integration as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle, paths_of
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "subject_strata", "numbers": "stratum_numbers", "outcomes": "stratum_survival"},
    sections=("omics.groups", "omics.survival", "parameters.integration"),
    checks=("enough_subjects", "stability"),
    blocking=("keys",),
)
def strata(
    study: StudyView, subjects: Bundle, samples: Bundle, assay_raw: Bundle, assay_filled: Bundle
) -> Materialized:
    """Clusters of the fused network, if subsamples give them again, and the survival of each."""
    from groprog_assets.methods.integration import subject_tables as method
    from groprog_assets.methods.integration.subject_outcomes import subject_outcomes
    from groprog_assets.methods.measurements.assay_frames import assay_frames

    frames = assay_frames(paths_of(assay_filled.matrices), assay_raw.features, assay_raw.samples, samples.table)
    outcomes = subject_outcomes(samples.table, samples.factors, study.omics.groups, study.omics.survival)
    found = method.strata_tables(frames, outcomes, study.parameters.integration)
    broken = method.broken_links(found, subjects.table, assay_raw.table)
    verdicts = [check.keys(broken), check.enough_subjects(found.summary), check.stability(found.summary)]
    return materialized(found, verdicts=verdicts, strata=found.summary["strata"])
