"""Tables as the columns that the model takes. No torch at the top, no Dagster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from groprog_assets.store.artifacts import Bundle

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.model.assay_encoder import FurtherOmics
    from groprog_assets.model.cross_validation import FoldTrialRow
    from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
    from groprog_assets.model.predict import Prediction
    from groprog_assets.model.source_columns import SourceFits

TRAINED_BY = tuple(
    f"parameters.{group}"
    for group in (
        "representation",
        "signature",
        "matrices",
        "network",
        "objective",
        "training",
        "linear_path",
        "transfer",
        "evaluation",
        "cohort",
        "search",
    )
)
"""What decides a trained model, for every asset that trains one."""


class HasTrials(Protocol):
    """A fit or a cross-validation: the rows of table search_log, or its columns."""

    @property
    def trials(self) -> list[FoldTrialRow] | dict[str, np.ndarray]: ...


def columns(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns of a DataFrame as arrays, by name."""
    return {name: frame[name].to_numpy() for name in frame.columns}


def model_inputs(
    cohort: Bundle,
    expression: Mapping[str, np.ndarray],
    features: Bundle,
    mode: str,
    sources: Mapping[str, Any] | None = None,
) -> ModelInputs:
    """ModelInputs of the cohort's patients in the order of its index: their batch, what the mode allows of their
    omics, and the further matrices among `expression`, the arrays of patient_expression.

    sources: value of the asset source_cohorts, for training.
    """
    from dataclasses import replace

    from groprog_assets.model.inputs import ModelInputs

    given = expression if expression["values"].size else None
    own = features.get("matched") if mode == "matched" else None
    described = columns(features.table) if own is None else _of_patients(own, cohort.records["patient_id"])
    inputs = ModelInputs.from_columns(
        columns(cohort.records),
        columns(cohort.fields),
        given if own is None else None,
        described,
        columns(features.constants),
        mode if given is not None or own is not None else "clinical",  # type: ignore[arg-type]
    )
    batch = cohort.index.set_index("patient_id")["batch"][inputs.patient_id].to_numpy(dtype=str)
    fits = None if sources is None else source_fits(sources)
    return replace(inputs, batch=batch, matrices=further_omics(expression, inputs.patient_id), sources=fits)


def further_omics(arrays: Mapping[str, np.ndarray], patient_id: np.ndarray) -> tuple[FurtherOmics, ...]:
    """The further matrices among the arrays of patient_expression, and the assays, in the order of `patient_id`."""
    from groprog_assets.methods.integration.patient_assays import assays_of
    from groprog_assets.model.patient_matrix import matrices_of

    return (*matrices_of(arrays, patient_id), *assays_of(arrays, patient_id))


def _of_patients(matched: Mapping[str, np.ndarray], patients: pd.Series) -> dict[str, np.ndarray]:
    """The features of the patients' own libraries in the order of `patients`; missing for those without a library."""
    import numpy as np

    place = {patient: row for row, patient in enumerate(matched["patient_id"].tolist())}
    values = np.full((len(patients), *matched["values"].shape[1:]), np.nan, np.float32)
    for row, patient in enumerate(patients):
        if patient in place:
            values[row] = matched["values"][place[patient]]
    return {"values": values, "gene": matched["gene"], "feature": matched["feature"]}


def labelled_genes(features: Bundle) -> dict[str, set[str]]:
    """{functional label: genes that carry it} of a value of normalized_features; labels without spread are not among them."""
    constants = features.constants
    names = constants.loc[(constants["rule"] == "label") & ~constants["dropped"], "feature"]
    return {name: set(features.table.loc[features.table[name] > 0, "gene"]) for name in names}


def source_fits(sources: Mapping[str, Any]) -> SourceFits | None:
    """What a value of the asset source_cohorts says of the hazard; None without sources."""
    from groprog_assets.model.source_columns import SourceFits

    return SourceFits.restore(sources["names"], sources["arrays"]) if sources["sources"] else None


def model_outcomes(cohort: Bundle) -> Outcomes:
    """Outcomes in the order of the cohort's records."""
    from groprog_assets.model.inputs import Outcomes

    outcomes = cohort.outcomes.set_index("patient_id").loc[cohort.records["patient_id"]]
    return Outcomes(outcomes["time"].to_numpy(), outcomes["event"].to_numpy())


def model_folds(folds: pd.DataFrame, cohort: Bundle) -> list[Fold]:
    """Folds as row indices into the cohort's records."""
    from groprog_assets.model.inputs import folds_from_columns

    return folds_from_columns(columns(folds), cohort.records["patient_id"])


def search_log(*made: HasTrials) -> pd.DataFrame:
    """Table search_log of cross-validations and fits, in their order; without rows when nothing was searched."""
    import pandas as pd

    from groprog_assets.tables import TABLES, conform

    names = [column.name for column in TABLES["search_log"].columns]
    parts = [pd.DataFrame(one.trials, columns=names) for one in made]
    log: pd.DataFrame = conform(pd.concat([part for part in parts if len(part)] or parts[:1]), "search_log")
    return log


def score_table(prediction: Prediction, out_of_fold: pd.DataFrame | None, version: str) -> pd.DataFrame:
    """Table risk_scores: every patient by the current model, beside the mean of the models that never saw him."""
    import pandas as pd

    table = pd.DataFrame(
        {
            "patient_id": prediction.patient_id,
            "risk": prediction.risk,
            "risk_lower": prediction.lower,
            "risk_upper": prediction.upper,
            "percentile": prediction.percentile,
            "genes_used": prediction.genes_used,
            "model_version": version,
        }
    )
    table["out_of_fold_risk"] = (
        float("nan")
        if out_of_fold is None
        else table["patient_id"].map(out_of_fold.groupby("patient_id")["risk"].mean()).astype("float64")
    )
    for place, horizon in enumerate(prediction.horizons):
        for name, values in (
            ("survival", prediction.survival),
            ("survival_lower", prediction.survival_lower),
            ("survival_upper", prediction.survival_upper),
        ):
            table[f"{name}_{horizon:g}"] = values[:, place]
    return table
