"""Jobs by plain names: what a person starts in the UI, and what `groprog run` runs in this order."""

from __future__ import annotations

import dagster as dg

from groprog_assets.asset_definition import LIBRARY_ASSETS

LIBRARIES = dg.AssetSelection.assets(*LIBRARY_ASSETS)
ANNOTATION = dg.AssetSelection.assets("gene_models")
COHORT = dg.AssetSelection.assets("clinical_records").downstream() | dg.AssetSelection.assets("lineage_snapshot")

annotation_job = dg.define_asset_job(
    "annotation_job", selection=ANNOTATION, description="Read the annotation; the libraries need it."
)
library_job = dg.define_asset_job(
    "library_job",
    selection=LIBRARIES,
    description="One library from its files to windows. Needs annotation_job.",
    executor_def=dg.in_process_executor,
)
study_job = dg.define_asset_job(
    "study_job",
    selection=dg.AssetSelection.all() - LIBRARIES - ANNOTATION,
    description="Everything after the libraries, to the report. Needs library_job for every library.",
)
cohort_job = dg.define_asset_job(
    "cohort_job",
    selection=COHORT,
    description="What depends on the clinical table: re-training on new records.",
)

JOBS = (annotation_job, library_job, study_job, cohort_job)
