"""Functions over-represented among changed genes (figure 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(group="features", kinds={"parquet"}, tables={"table": "enrichment"}, sections=("parameters.enrichment",))
def enrichment(
    study: StudyView, differential_transcription: Bundle, genes: pd.DataFrame, ontology: Bundle
) -> Materialized:
    """Hypergeometric over-representation against the tested genes, and the functional labels of each gene."""
    from groprog_assets.methods.features import enrichment as method

    result = method.enrichment(
        differential_transcription.table, genes, ontology.terms, ontology.annotations, study.parameters.enrichment
    )
    bound = study.parameters.enrichment.significance
    return materialized(
        result,
        plot=plots.enrichment(result, bound),
        terms_tested=len(result.table),
        significant=int((result.table["adjusted_p_value"] < bound).sum()),
    )
