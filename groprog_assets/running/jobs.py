"""The jobs that a person starts in the UI, and that `groprog run` runs in this order."""

from __future__ import annotations

import dagster as dg

from groprog_assets.graph.specification import LIBRARY_ASSETS

LIBRARIES = dg.AssetSelection.assets(*LIBRARY_ASSETS)
ANNOTATION = dg.AssetSelection.assets("gene_models")
COHORT = dg.AssetSelection.assets("clinical_records").downstream() | dg.AssetSelection.assets("lineage_snapshot")

ONE_AT_A_TIME = {"groprog/writes": "study"}
"""A run of one of these points at values that another reads; `dagster.yaml` lets one run after the other."""

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
    tags=ONE_AT_A_TIME,
    description="Everything after the libraries, to the report. Needs library_job for every library.",
)
cohort_job = dg.define_asset_job(
    "cohort_job",
    selection=COHORT,
    tags=ONE_AT_A_TIME,
    description="What depends on the clinical table: re-training on new records.",
)

omics_job = dg.define_asset_job(
    "study_job",
    selection=dg.AssetSelection.all(),
    tags=ONE_AT_A_TIME,
    description="All of a study of omics alone, to its report.",
)

JOBS = (annotation_job, library_job, study_job, cohort_job)
