"""The assays as their files hold them."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.checks import assays as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.intake import omics_subjects as who
from groprog_assets.store.artifacts import Bundle, stored_files
from groprog_assets.store.readings import Earlier
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Progress


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={
        "table": "assays",
        "samples": "assay_samples",
        "features": "features",
        "flagged": "flagged_values",
        "variants": "variants",
        "genotypes": "genotypes",
        "consequences": "variant_consequences",
        "intervals": "intervals",
    },
    sections=("omics.samples", "omics.assays", "omics.genes", "parameters.assay_reading"),
    files=(
        *("omics.samples", "omics.assays.path", "omics.assays.fasta", "omics.assays.chrom_sizes"),
        *("omics.assays.detection_p", "omics.genes"),
    ),
    blocking=("keys", "units", "builds", "finite_values", "consent_coverage"),
)
def assay_raw(
    study: StudyView, workspace: Workspace, samples: Bundle, progress: Progress, scratch: Path, earlier: Earlier | None
) -> Materialized:
    """Each assay: a Parquet file of its values, or tables of variants and intervals; features, and samples with consent alone."""
    from groprog_assets.methods.assays.assay_tables import assay_tables
    from groprog_assets.methods.assays.formats import reading_aids
    from groprog_assets.methods.assays.narrowed_assays import earlier_assays
    from groprog_assets.methods.assays.sample_table import read_sample_table

    read = read_sample_table(study.omics.samples, study.omics.assays)
    ids = who.sample_ids(workspace, read.named)
    permitted = set(samples.table["sample_id"])
    aids = reading_aids(study.parameters.assay_reading, study.omics.genes)
    before = None if earlier is None else earlier_assays(earlier.value, earlier.inputs["samples"])
    found = assay_tables(study.omics.assays, read, ids, permitted, scratch, progress, aids, before)
    value = Bundle(**found.tables, matrices=stored_files(found.matrices, ".parquet"), summary=found.summary)
    return materialized(
        value,
        verdicts=check.of_assays(found.table, found.features, found.summary, found.broken(samples.table)),
        assays=len(found.table),
    )
