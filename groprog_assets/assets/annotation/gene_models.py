"""The annotation as read: chromosomes, transcripts, consensus intervals, masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
def gene_models(study: StudyView, progress: Callable[[str], Any]) -> Materialized:
    """Chromosome sizes, annotated transcripts, one consensus interval a gene, and the intervals masked (A32).

    What was left out of either file is said while it is read, and stands in the headline.
    """
    from groprog_assets.methods.annotation import consensus as consensus_method
    from groprog_assets.methods.annotation import gene_models as method
    from groprog_assets.methods.annotation import masks as mask_method

    parameters = study.parameters.annotation
    chrom_sizes = method.read_chrom_sizes(study.genome.chrom_sizes)
    annotation = (study.genome.annotation, chrom_sizes, parameters.maximum_intron)
    transcripts = method.read_annotation(*annotation)
    consensus = consensus_method.consensus_annotation(transcripts, parameters.minimum_gap, parameters.minimum_width)
    masks = mask_method.read_masks(study.genome, chrom_sizes)
    said = [*method.annotation_notices(*annotation), *mask_method.mask_notices(study.genome, chrom_sizes)]
    for notice in said:
        progress(str(notice))
    value = Bundle(chrom_sizes=chrom_sizes, transcripts=transcripts, consensus=consensus, masks=masks)
    genes = int(transcripts["gene"].nunique())
    return materialized(value, chromosomes=len(chrom_sizes), genes=genes, read=[notice.value for notice in said])
