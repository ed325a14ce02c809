"""The annotation as read: chromosomes, transcripts, consensus intervals, masks."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="annotation",
    kinds={"parquet"},
    tables={"transcripts": "gene_models", "consensus": "consensus", "masks": "masks"},
    sections=("genome", "parameters.annotation"),
    files=("genome.chrom_sizes", "genome.annotation", "genome.blacklist", "genome.multi_copy"),
)
def gene_models(study: StudyView) -> Materialized:
    """Chromosome sizes, annotated transcripts, one consensus interval a gene, and the intervals masked (A32)."""
    from groprog_assets.methods.annotation import consensus as consensus_method
    from groprog_assets.methods.annotation import gene_models as method

    parameters = study.parameters.annotation
    chrom_sizes = method.read_chrom_sizes(study.genome.chrom_sizes)
    transcripts = method.read_annotation(study.genome.annotation, chrom_sizes)
    consensus = consensus_method.consensus_annotation(transcripts, parameters.minimum_gap, parameters.minimum_width)
    masks = method.read_masks(study.genome, chrom_sizes)
    value = Bundle(chrom_sizes=chrom_sizes, transcripts=transcripts, consensus=consensus, masks=masks)
    return materialized(value, chromosomes=len(chrom_sizes), genes=int(transcripts["gene"].nunique()))
