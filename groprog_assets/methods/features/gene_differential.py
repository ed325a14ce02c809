"""Differential transcription of annotated genes, by the reads of their bodies. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from groprog_assets.methods.features.differential import Differential, compare
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.tables import conform


def gene_differential(
    gene_signal: pd.DataFrame,
    genes: pd.DataFrame,
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: DifferentialParameters,
    library_sizes: Mapping[str, float] | None = None,
) -> Differential:
    """Treatment against control for every gene, genes in the order of `genes`: table `gene_differential`; see `compare`.

    Counted are reads of the gene body (`gene_signal.body_count`), because reads at the promoter follow pausing as well as
    transcription. A gene without a body, at most as long as the promoter window, has no reads there and is missing.
    """
    wide = gene_signal.pivot(index="gene", columns="library", values="body_count").reindex(genes["gene"])
    compared = compare(wide, libraries, contrast, parameters, library_sizes)
    places = genes[["gene", "chrom", "start", "end", "strand"]].reset_index(drop=True)
    table = conform(pd.concat([places, compared.columns], axis=1), "gene_differential")
    return Differential(table, {**compared.summary, "genes": len(table)})
