"""Gene features from a patient's own nascent library, u_ik (matched mode). Tables in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from groprog_assets.methods.features.gene_signal import gene_signal, gene_windows
from groprog_assets.study.parameters import PausingParameters
from groprog_assets.study.schema import Library

FEATURES = (
    "tss_density",
    "body_density",
    "upstream_density",
    "pausing_index",
    "log2_fold_change",
    "expression_level",
)
PSEUDOCOUNT = 0.5


def patient_features(
    positions: Mapping[str, pd.DataFrame],
    libraries: Sequence[Library],
    patients: Mapping[str, str],
    genes: pd.DataFrame,
    control: pd.DataFrame,
    parameters: PausingParameters,
    sizes: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Arrays values (n, g, 6) float32 in the units of table gene_features, patient_id (n,), gene (g,), feature (6,).

    patients: {patient: library}; those whose library is not among `libraries` are left out. control: rows of gene_signal of the
    experiment's control libraries. sizes {library id: reads}: on the experiment's spike-in scale; without, a library's reads.
    Densities and windows are those of the experiment's genes. The pausing index is missing where
    the body holds fewer than `minimum_body_reads`; the fold change compares the body's count with what the
    control's mean density expects of this library, half a read added to both; without control it is missing.
    """
    held = {library.id: library for library in libraries}
    chosen = {patient: held[library] for patient, library in sorted(patients.items()) if library in held}
    names = genes["gene"].to_numpy(dtype=np.str_)
    expected = control.groupby("gene", sort=False)["body_density"].mean().reindex(names).to_numpy(np.float64)
    length = gene_windows(genes, parameters).length("body") / 1e3
    values = np.empty((len(chosen), len(names), len(FEATURES)), np.float32)
    for row, library in enumerate(chosen.values()):
        signal = gene_signal({library.id: positions[library.id]}, [library], genes, parameters, sizes=sizes)
        reads = int(positions[library.id]["count"].sum()) if sizes is None else sizes[library.id]
        millions = reads / 1e6
        values[row] = np.column_stack(
            list(_features(signal, length * millions, millions, expected, parameters).values())
        )
    return {
        "values": values,
        "patient_id": np.array(list(chosen), dtype=np.str_),
        "gene": names,
        "feature": np.array(FEATURES, dtype=np.str_),
    }


def _features(
    signal: pd.DataFrame, exposure: np.ndarray, millions: float, expected: np.ndarray, parameters: PausingParameters
) -> dict[str, np.ndarray]:
    promoter, body = signal["promoter_density"].to_numpy(), signal["body_density"].to_numpy()
    count = signal["body_count"].to_numpy(np.float64)
    usable = (count >= parameters.minimum_body_reads) & (body > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        pausing = np.where(usable, promoter / body, np.nan)
        change = np.log2((count + PSEUDOCOUNT) / (expected * exposure + PSEUDOCOUNT))
    level = np.log2((count + PSEUDOCOUNT) / max(millions, 1e-6))
    held = (promoter, body, signal["upstream_density"].to_numpy(), pausing, change, level)
    return dict(zip(FEATURES, held))
