"""Gene features on one scale (eq. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "normalized_features", "constants": "normalization_constants"},
    sections=("parameters.normalization",),
)
def normalized_features(
    study: StudyView,
    gene_features: pd.DataFrame | None,
    sequence_descriptors: pd.DataFrame | None,
    patient_features: Arrays | None,
) -> Materialized:
    """Features on one scale (eq. 2), with the constants that put them there; patients' own by the same constants. A study without
    libraries has none, of no gene."""
    from groprog_assets.methods.features import normalized_features as method

    features = method.with_sequence(gene_features, sequence_descriptors)
    result = method.normalize(features, study.parameters.normalization)
    matched = method.matched_features(patient_features, result)
    value = Bundle(table=result.table, constants=result.constants, **({"matched": matched} if matched else {}))
    dropped, patients = int(result.constants["dropped"].sum()), len(matched.get("patient_id", ()))
    return materialized(value, features=result.table.shape[1] - 1, dropped=dropped, patients=patients)
