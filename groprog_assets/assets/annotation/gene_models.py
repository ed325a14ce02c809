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
    """Chromosome sizes, annotated transcripts, one consensus interval a gene, and the intervals masked.

    What was left out of either file is said while it is read, and stands in the headline.
    """
    from groprog_assets.methods.annotation import gene_models as method

    read = method.read_genome(study.genome, study.parameters.annotation)
    for notice in read.notices:
        progress(str(notice))
    value = Bundle(
        chrom_sizes=read.chrom_sizes, transcripts=read.transcripts, consensus=read.consensus, masks=read.masks
    )
    return materialized(value, **read.counts)
