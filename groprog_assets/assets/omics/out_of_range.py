"""Values of subjects that lie out of the range of the reference samples."""

from __future__ import annotations

from groprog_assets.checks import omics as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle, paths_of
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "out_of_range", "judged": "judged_samples"},
    sections=("parameters.measurements",),
    blocking=("keys",),
)
def out_of_range(
    study: StudyView, subjects: Bundle, samples: Bundle, assay_raw: Bundle, assay_corrected: Bundle
) -> Materialized:
    """Each value whose robust z score against the reference samples of its assay is large; without references there is none."""
    from groprog_assets.methods.measurements import reference_ranges as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    files = paths_of(assay_corrected.matrices)
    found = method.range_tables(files, assay_raw.samples, samples.table, "corrected", study.parameters.measurements)
    linked = {"assays": assay_raw.table, "features": assay_raw.features}
    linked |= {"samples": samples.table, "subjects": subjects.table}
    broken = broken_keys({"out_of_range": found.table, "judged_samples": found.judged, **linked})
    return materialized(found, verdicts=[check.keys(broken)], outside=len(found.table))
