"""The patients' own nascent libraries (matched mode)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import equal_libraries as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"numpy"},
    sections=("libraries", "contrast", "cohort.nascent_libraries", "genome", "parameters.pausing"),
    blocking=("distinct_libraries",),
    of_patients=True,
)
def patient_features(
    study: StudyView,
    filtered_alignments: dict[str, Bundle],
    genes: pd.DataFrame,
    gene_signal: pd.DataFrame,
    library_sizes: pd.DataFrame,
) -> Materialized:
    """Densities, pausing and change against the control of each gene in each patient's own library, where there are such."""
    from groprog_assets.methods.features import patient_features as method
    from groprog_assets.methods.reads.equal_libraries import equal_libraries
    from groprog_assets.methods.reads.library_sizes import sizes_of_others

    positions = {library: item.positions for library, item in filtered_alignments.items()}
    arrays = method.patient_features(
        positions,
        study.libraries,
        study.cohort.nascent_libraries or {},
        genes,
        gene_signal[gene_signal["condition"] == study.contrast.control],
        study.parameters.pausing,
        sizes_of_others(
            library_sizes,
            {library: item.summary["spike_in_reads"] for library, item in filtered_alignments.items()},
            study.genome.spike_in_prefix or "",
        ),
    )
    return materialized(
        arrays,
        verdicts=[check.distinct_libraries(equal_libraries(positions, "position"), len(positions))],
        patients=len(arrays["patient_id"]),
        genes=len(arrays["gene"]),
    )
