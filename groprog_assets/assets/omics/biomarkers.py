"""Features that differ between groups or go with survival."""

from __future__ import annotations

from groprog_assets.checks import integration as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle, paths_of
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "biomarkers", "folds": "panel_folds", "targets": "target_candidates", "sets": "ranked_sets"},
    sections=("omics.groups", "omics.survival", "omics.gene_sets", "omics.drug_targets", "parameters.integration"),
    files=("omics.gene_sets", "omics.drug_targets"),
    checks=("enough_subjects", "held_out"),
    blocking=("keys",),
)
def biomarkers(
    study: StudyView, subjects: Bundle, samples: Bundle, assay_raw: Bundle, assay_corrected: Bundle
) -> Materialized:
    """Moderated tests, panels chosen inside folds and judged outside, gene sets in the rankings, drugs of the biomarkers."""
    from groprog_assets.methods.integration import subject_tables as method
    from groprog_assets.methods.integration.subject_outcomes import subject_outcomes
    from groprog_assets.methods.measurements.assay_frames import assay_frames

    frames = assay_frames(paths_of(assay_corrected.matrices), assay_raw.features, assay_raw.samples, samples.table)
    outcomes = subject_outcomes(samples.table, samples.factors, study.omics.groups, study.omics.survival)
    asked = (study.omics.gene_sets, study.omics.drug_targets, study.parameters.integration)
    found = method.biomarker_tables(frames, assay_raw.features, outcomes, *asked)
    broken = method.broken_links(found, subjects.table, assay_raw.table, assay_raw.features)
    verdicts = [check.keys(broken), check.enough_subjects(found.summary), check.held_out(found.summary)]
    return materialized(found, verdicts=verdicts, biomarkers=int(found.table["biomarker"].sum()))
