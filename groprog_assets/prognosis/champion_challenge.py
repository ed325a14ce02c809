"""The model in use on the current patients: its held-out risks, and the patients added since its training. No Dagster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import ArtifactError, GroProgError
from groprog_assets.prognosis.model_columns import model_inputs
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.model.predict import Prediction
    from groprog_kernels.cox import Baseline


class Challenged(NamedTuple):
    """cohort: what the champion was trained on; risks: held out, fits on one zero, by patient; absolute: risks on the scale of
    `baseline`."""

    cohort: Bundle
    risks: pd.Series
    absolute: pd.Series
    baseline: Baseline


class Unusable(NamedTuple):
    """Why the champion cannot score the patients of now."""

    reason: str


def champion_now(
    workspace: Workspace, behind: dict[str, str], cohort: Bundle, expression: dict[str, np.ndarray]
) -> Challenged | Unusable:
    """The champion (by the derivations `behind` it) on the present `cohort`; nothing is fitted.

    Unusable when its bytes are gone, or when it cannot read these patients (a covariate it needs is no longer a field).
    """
    from groprog_assets.methods.evaluation.promotion import held_out_risks
    from groprog_assets.model.checkpoint import load_model
    from groprog_assets.model.predict import predict

    try:
        record = workspace.derivations.read(behind["risk_model"])
        inputs = {item["asset"]: item["derivation"] for item in record["inputs"]}
        trained = _value(workspace, behind["risk_model"])
        features, then = (_value(workspace, inputs[name]) for name in ("normalized_features", "cohort"))
        model = load_model({name: blob.content for name, blob in trained.files.items()})
        prediction = predict(model, model_inputs(cohort, expression, features, trained.summary["mode"]))
    except ArtifactError:
        return Unusable("the champion's bytes are no longer in the store")
    except GroProgError as error:
        return Unusable(f"the champion cannot read the patients of now: {error}")
    final = _by_patient(prediction)
    seen = trained.out_of_fold.groupby("patient_id")["risk"].mean()
    absolute = final.where(~final.index.isin(seen.index), final.index.to_series().map(seen))
    return Challenged(then, held_out_risks(trained.out_of_fold, final), absolute, model.baseline)


def _by_patient(prediction: Prediction) -> pd.Series:
    import pandas as pd

    return pd.Series(prediction.risk, index=pd.Index(prediction.patient_id, name="patient_id"))


def _value(workspace: Workspace, derivation: str) -> Bundle:
    record = workspace.derivations.read(derivation)
    value: Bundle = workspace.store.get(derivations.output(record), record["asset"])
    return value
