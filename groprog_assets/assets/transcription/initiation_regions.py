"""Initiation regions: promoters and enhancers by where transcription starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from groprog_assets.checks import initiation as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="transcription",
    kinds={"parquet", "numba"},
    tables={
        "table": "initiation_regions",
        "scores": "initiation_scores",
        "profile": "initiation_profile",
        "counts": "initiation_counts",
        "metaplot": "initiation_metaplot",
    },
    sections=("libraries", "parameters.initiation"),
    checks=("initiation_signal", "initiation_depth", "start_profile"),
)
def initiation_regions(
    study: StudyView, filtered_alignments: dict[str, Bundle], gene_models: Bundle, library_sizes: pd.DataFrame
) -> Materialized:
    """Pairs of starts that face away from each other, with their false discovery rate, and single starts; their reads in every
    library, and the profile of signal around starts by which they were found."""
    from groprog_assets.methods.initiation import initiation_regions as method
    from groprog_assets.methods.initiation.surroundings import surroundings

    called = method.initiation_regions(
        {library: item.positions for library, item in filtered_alignments.items()},
        study.libraries,
        gene_models.chrom_sizes,
        gene_models.transcripts,
        study.parameters.initiation,
        {library: item.summary["spliced_share"] for library, item in filtered_alignments.items()},
        threads=len(os.sched_getaffinity(0)),
    )
    around = surroundings(
        called.table,
        {library: filtered_alignments[library].positions for library in called.summary["libraries"]},
        study.libraries,
        dict(zip(library_sizes["library"], library_sizes["size"].astype(float), strict=True)),
        study.parameters.initiation.pair_false_discovery_rate,
    )
    value = Bundle({**called._asdict(), **around._asdict()})
    return materialized(
        value,
        plot=plots.initiation_regions(value),
        verdicts=[
            check.initiation_signal(called.summary),
            check.initiation_depth(called.summary),
            check.start_profile(called.summary),
        ],
        regions=len(called.table),
        candidate_enhancers=int((called.table["claim"] == "candidate enhancer").sum()),
    )
