"""The reference sequence of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence as checks
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"json"},
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta", "sequence.aliases"),
    checks=("chromosomes", "sequence_fits_annotation"),
)
def reference_sequence(
    study: StudyView, workspace: Workspace, gene_models: Bundle, genes: pd.DataFrame
) -> Materialized:
    """The FASTA under the study's chromosome names, its unknown and masked share, and whether starts of genes lie on
    initiators."""
    from groprog_assets.methods.sequence import reference as method

    fasta = workspace.resolve(study.genome.fasta)
    sha256, _ = workspace.file_digest(fasta)
    opened = method.open_reference(fasta, sha256, workspace.state, gene_models.chrom_sizes, study.sequence.aliases)
    document = method.reference_document(fasta, sha256, opened, method.initiation(genes, opened))
    return materialized(document, verdicts=checks.reference(document), bases=document["bases"])
