"""Eq. 2."""

from __future__ import annotations

from typing import Any

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "normalized_features", "constants": "normalization_constants"},
    sections=("parameters.normalization",),
)
def normalized_features(study: StudyView, gene_features: Any, patient_features: dict[str, Any]) -> Materialized:
    """Features on one scale (eq. 2, A7, A8), with the constants that put them there; patients' own by the same constants."""
    from groprog_assets.methods.features import normalized_features as method
    from groprog_assets.store.artifacts import Bundle

    result = method.normalize(gene_features, study.parameters.normalization)
    value = Bundle(table=result.table, constants=result.constants)
    if len(patient_features["patient_id"]):
        own = method.normalize_patients(patient_features["values"], patient_features["feature"].tolist(), result)
        feature = result.table.columns.drop("gene").to_numpy(dtype=str)
        value["matched"] = {
            "values": own,
            "gene": patient_features["gene"],
            "feature": feature,
            "patient_id": patient_features["patient_id"],
        }
    return materialized(
        value,
        features=result.table.shape[1] - 1,
        dropped=int(result.constants["dropped"].sum()),
        patients=len(patient_features["patient_id"]),
    )
