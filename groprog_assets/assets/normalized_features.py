"""Eq. 2."""

from __future__ import annotations

from typing import Any

from groprog_assets.asset_definition import study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "normalized_features", "constants": "normalization_constants"},
    sections=("parameters.normalization",),
)
def normalized_features(study: StudyView, gene_features: Any) -> Materialized:
    """Features on one scale (eq. 2, A7, A8), with the constants that put them there."""
    from groprog_assets.methods import normalized_features as method

    result = method.normalize(gene_features, study.parameters.normalization)
    return materialized(result, features=result.table.shape[1] - 1, dropped=int(result.constants["dropped"].sum()))
