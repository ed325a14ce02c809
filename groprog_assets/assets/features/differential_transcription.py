"""Units that change between the conditions (figure 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "differential"},
    sections=("libraries", "contrast", "parameters.differential"),
)
def differential_transcription(
    study: StudyView,
    transcript_counts: pd.DataFrame,
    transcripts: pd.DataFrame,
    genes: pd.DataFrame,
    library_sizes: pd.DataFrame,
) -> Materialized:
    """Fold change and significance of each unit; without replicates the p-values are labelled exploratory."""
    from groprog_assets.methods.features import differential as method
    from groprog_assets.methods.reads.library_sizes import spike_in_sizes

    result = method.differential_transcription(
        transcript_counts,
        transcripts,
        genes,
        study.libraries,
        study.contrast,
        study.parameters.differential,
        spike_in_sizes(library_sizes),
    )
    directions = result.table["direction"].value_counts()
    return materialized(
        result,
        plot=plots.differential_transcription(result, study.parameters.differential.absolute_log2_fold_change),
        up=int(directions.get("up", 0)),
        down=int(directions.get("down", 0)),
        dispersion_trend=result.summary["dispersion_trend"]["fit"],
        dispersion_trend_asked=result.summary["dispersion_trend"]["asked"],
    )
