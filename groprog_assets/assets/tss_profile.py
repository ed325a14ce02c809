"""Mean signal around transcription starts."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(group="features", kinds={"parquet"}, table="tss_profile", sections=("libraries", "parameters.tss_profile"))
def tss_profile(study: StudyView, filtered_alignments: dict[str, Bundle], genes: Any) -> Materialized:
    """Sense and antisense signal in true base pairs around the dominant starts, per condition (A34)."""
    from groprog_assets.methods import tss_profile as method

    positions = {library: item.positions for library, item in filtered_alignments.items()}
    return materialized(method.profile(positions, study.libraries, genes, study.parameters.tss_profile))
