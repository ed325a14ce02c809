"""Similarity of the libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "library_components", "correlation": "library_correlation", "stabilized": "stabilized_counts"},
    sections=("libraries", "parameters.differential"),
)
def library_similarity(
    study: StudyView, transcript_counts: pd.DataFrame, differential_transcription: Bundle, library_sizes: pd.DataFrame
) -> Materialized:
    """Variance-stabilised counts of units, the libraries' principal components, and their correlations."""
    from groprog_assets.methods.features import library_similarity as method
    from groprog_assets.methods.reads.library_sizes import spike_in_sizes

    trend = differential_transcription.summary["dispersion_trend"]
    parameters, sizes = study.parameters.differential, spike_in_sizes(library_sizes)
    result = method.library_similarity(transcript_counts, study.libraries, trend, parameters, sizes)
    return materialized(result, plot=plots.library_similarity(result), libraries=len(study.libraries))
