"""Out-of-fold risks of the model without each of its parts. Tables and settings in, tables out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.prognosis.model_columns import model_folds, model_inputs, model_outcomes
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.parameters import Parameters

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.model.cross_validation import Paths
    from groprog_assets.model.inputs import ModelInputs

KEYS = ["repeat", "fold", "patient_id"]


def risks_without_parts(
    cohort: Bundle,
    expression: dict[str, np.ndarray],
    features: Bundle,
    sources: Bundle,
    folds: pd.DataFrame,
    parameters: Parameters,
    trained: Bundle,
    progress: Callable[[str], object],
    scratch: Path,
) -> dict[str, pd.DataFrame]:
    """{part: table of repeat, fold, patient_id, risk} and "whole", on the table `folds` (of the first repeats).

    Omics, network and linear path need no training: the risks of the clinical model and of the model's two halves stand in
    `trained`, the value of the asset risk_model. The others are trained again on the same folds and seeds, and but for the
    descriptors and the signature branch on the same linear paths. With
    `ablation.parts` "none" there is "whole" alone.
    """
    import pandas as pd

    from groprog_assets.model.ablation import variants
    from groprog_assets.model.cross_validation import cross_validate

    repeats = int(folds["repeat"].max()) + 1
    inputs = model_inputs(cohort, expression, features, parameters.representation.mode, sources)
    outcomes, rows = model_outcomes(cohort), model_folds(folds, cohort)
    # A search would give each variant settings of its own, so all are compared under the settings as they stand.
    plain = parameters.model_copy(update={"search": parameters.search.model_copy(update={"trials": 0})})
    paths: Paths = {}

    def trained_on(given: ModelInputs, settings: Parameters, name: str, shared: Paths | None) -> pd.DataFrame:
        progress(f"training {name.replace('_', ' ')}")
        place = scratch / name.replace(" ", "-")
        crossed = cross_validate(
            given, outcomes, rows, settings, checkpoint_folder=place, keep_models=False, paths=shared
        )
        return pd.DataFrame(
            {name: crossed.out_of_fold[name] for name in (*KEYS, "risk", "linear_risk", "network_risk")}
        )

    if parameters.search.trials and parameters.ablation.parts != "none":
        own = trained_on(inputs, plain, "the whole model", paths)
        clinical = trained_on(inputs.clinical_only(), plain, "without omics", None)
    else:
        own, clinical = trained.out_of_fold, trained.clinical_out_of_fold
    own, clinical = own[own["repeat"] < repeats], clinical[clinical["repeat"] < repeats]
    found = {"whole": own[[*KEYS, "risk"]]}
    if parameters.ablation.parts == "none":
        return found
    if inputs.mode != "clinical" or inputs.matrices:
        found["omics"] = clinical[[*KEYS, "risk"]]
    if parameters.linear_path.enabled:
        found["network"] = own[KEYS].assign(risk=own["linear_risk"])
        found["linear_path"] = own[KEYS].assign(risk=own["network_risk"])
    for part, variant in variants(inputs, plain).items():
        shared = None if variant.own_path else paths
        found[part] = trained_on(variant.inputs, variant.parameters, f"without {part}", shared)[[*KEYS, "risk"]]
    return found
