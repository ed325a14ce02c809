"""Scores of gene sets in the subjects."""

from __future__ import annotations

from groprog_assets.checks import integration as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle, paths_of
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "pathway_scores", "sets": "scored_sets"},
    sections=("omics.gene_sets", "parameters.integration"),
    files=("omics.gene_sets",),
    checks=("sets_scored",),
    blocking=("keys",),
)
def pathway_scores(
    study: StudyView, subjects: Bundle, samples: Bundle, assay_raw: Bundle, assay_corrected: Bundle
) -> Materialized:
    """The mean of each set's standardised genes in each subject, assay by assay, where enough of them are measured."""
    from groprog_assets.methods.integration import subject_tables as method
    from groprog_assets.methods.measurements.assay_frames import assay_frames

    frames = assay_frames(paths_of(assay_corrected.matrices), assay_raw.features, assay_raw.samples, samples.table)
    found = method.score_tables(frames, assay_raw.features, study.omics.gene_sets, study.parameters.integration)
    broken = method.broken_links(found, subjects.table, assay_raw.table)
    verdicts = [check.keys(broken), check.sets_scored(found.summary)]
    return materialized(found, verdicts=verdicts, rows=len(found.table))
