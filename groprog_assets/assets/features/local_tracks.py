"""The local track tensor of the genes and key loci."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"numpy"},
    sections=("contrast", "marks", "parameters.descriptors"),
    files=("marks.bigwig",),
)
def local_tracks(study: StudyView, tss_profile: Bundle, genes: pd.DataFrame, loci: Bundle) -> Materialized:
    """Nascent signal and marks in windows around each start and over each key locus; empty where the study asks for no tracks."""
    from groprog_assets.methods.features import local_tracks as method

    asked = study.parameters.descriptors
    if not (asked.tracks or asked.coordination):
        return materialized({}, genes=0, windows=0)
    arrays = method.local_tracks(tss_profile.heat_maps, genes, loci.tracks, study.contrast, study.marks, asked.windows)
    return materialized(arrays, genes=len(arrays["gene"]), windows=asked.windows)
