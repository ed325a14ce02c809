"""Gene sets, signatures and targets of drugs, as the study's files give them."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView

FILES = ("omics.gene_sets", "omics.drug_signatures", "omics.drug_targets")


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "gene_sets", "targets": "drug_target"},
    sections=FILES,
    files=FILES,
)
def gene_sets(study: StudyView) -> Materialized:
    """Genes of each set, what each drug does to them, and the genes that drugs act on."""
    from groprog_assets.methods.integration.gene_set_tables import gene_set_tables

    found = gene_set_tables(study.omics.gene_sets, study.omics.drug_signatures, study.omics.drug_targets)
    return materialized(found, genes=len(found.table), targets=len(found.targets))
