"""Initiation regions: promoters and enhancers by where transcription starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from groprog_assets.checks import initiation as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, held_in_sequences
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
    with_controls=True,
    unread=("filtered_alignments",),
)
def initiation_regions(
    study: StudyView, filtered_alignments: dict[str, Stored], gene_models: Bundle, library_sizes: pd.DataFrame
) -> Materialized:
    """Pairs of starts on opposite strands, with their false discovery rate, and single starts; their reads in every
    library, and the profile of signal around starts by which they were found."""
    from groprog_assets.methods.initiation import study_regions as method

    given = (study.libraries, gene_models, library_sizes, study.parameters.initiation)
    # read whole, as several threads go over all of it many times
    filtered = held_in_sequences(filtered_alignments, "positions", "summary")
    called = method.study_regions(filtered, *given, threads=len(os.sched_getaffinity(0)))
    candidates = int((called.table["claim"] == "candidate enhancer").sum())
    plot, verdicts = plots.initiation_regions(called), check.verdicts(called.summary)
    return materialized(called, plot=plot, verdicts=verdicts, regions=len(called.table), candidate_enhancers=candidates)
