"""One network of the subjects from all assays."""

from __future__ import annotations

from groprog_assets.checks import integration as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle, paths_of
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet", "numpy"},
    tables={"table": "network_neighbours"},
    sections=("parameters.integration",),
    checks=("enough_subjects",),
    blocking=("keys",),
)
def fused_network(
    study: StudyView, subjects: Bundle, samples: Bundle, assay_raw: Bundle, assay_filled: Bundle
) -> Materialized:
    """Similarity network fusion of the subjects that have every assay; each one's nearest."""
    from groprog_assets.methods.integration import subject_tables as method
    from groprog_assets.methods.measurements.assay_frames import assay_frames

    frames = assay_frames(paths_of(assay_filled.matrices), assay_raw.features, assay_raw.samples, samples.table)
    found = method.network_tables(frames, study.parameters.integration)
    broken = method.broken_links(found, subjects.table, assay_raw.table)
    verdicts = [check.keys(broken), check.enough_subjects(found.summary)]
    return materialized(found, verdicts=verdicts, subjects=found.summary["subjects"])
