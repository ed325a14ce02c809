"""The risk model as a scikit-learn estimator: the fit of `groprog run` on covariates and expression of any DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from groprog_assets.errors import ModelError, Problem
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell
from groprog_kernels.cox import survival_probability

OUTCOME = np.dtype([("event", bool), ("time", np.float64)])


def survival_outcomes(time: ArrayLike, event: ArrayLike) -> NDArray[Any]:
    """Follow-up `time` (n,) and `event` (n,), 1 = event and 0 = censored, as the one array `y` that scikit-learn splits.

    A structured array with the fields event and time, as scikit-survival has it.

    >>> survival_outcomes([2.0, 5.0], [1, 0]).tolist()
    [(True, 2.0), (False, 5.0)]
    """
    held = Outcomes(np.asarray(time, dtype=np.float64), np.asarray(event))
    made = np.empty(len(held), OUTCOME)
    made["event"], made["time"] = held.event, held.time
    return made


class RiskModelEstimator(BaseEstimator):
    """Risk of an event from covariates and, where they are given, expression and the genes' nascent-transcription features.

    genes: names of the columns of X that are expression; all other columns are covariates. None: no omics, a clinical model.
    fields: the covariates, in order (`FieldSpec`); None takes numbers as continuous and all else as categorical. features: table
    `normalized_features`, a row a gene; constants: table `normalization_constants`, which gives each feature its block; None for
    both: expression without features. parameters: those of a study, None for the published ones; `parameters.training.seed`
    decides every random number.

    After `fit`: `model_` (`groprog_assets.model.risk_model.RiskModel`), `fields_`, `n_features_in_`, `feature_names_in_` of a
    DataFrame.
    """

    def __init__(
        self,
        genes: Sequence[str] | None = None,
        fields: Sequence[FieldSpec] | None = None,
        features: pd.DataFrame | None = None,
        constants: pd.DataFrame | None = None,
        parameters: Parameters | None = None,
    ):
        self.genes = genes
        self.fields = fields
        self.features = features
        self.constants = constants
        self.parameters = parameters

    def fit(self, X: pd.DataFrame | ArrayLike, y: ArrayLike) -> RiskModelEstimator:
        """Train the final model of a study on these patients: encoders, linear path, network and baseline hazard.

        X (n, p): a row a patient; a DataFrame, or numbers alone, whose columns are then named x0, x1, ... Missing values may
        stand anywhere. y (n,): as `survival_outcomes` makes it, or any structured array with one field of truth values and one of
        times. ModelError when they differ in number, a gene is no column, or there are too few events.
        """
        from groprog_assets.model.cross_validation import train_final
        from groprog_assets.model.device import single_threaded

        frame = _frame(X)
        genes = set(self.genes or ())
        missing = sorted(genes - set(frame.columns))
        if missing:
            told = ", ".join(missing[:3])
            raise ModelError(Problem("genes", told, "Every gene is a column of X.", "Leave out those that are not."))
        fields = self.fields
        if fields is None:
            fields = [_field(frame[name]) for name in frame.columns if name not in genes]
        self.fields_ = tuple(fields)
        self.n_features_in_ = frame.shape[1]
        if isinstance(X, pd.DataFrame):
            self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        parameters = self.parameters or Parameters()
        if not genes:
            clinical = parameters.representation.model_copy(update={"mode": "clinical"})
            parameters = parameters.model_copy(update={"representation": clinical})
        with single_threaded():
            self.model_ = train_final(self._inputs(frame), _outcomes(y), parameters).model
        return self

    def predict(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Log relative hazard of each patient (n,): higher is worse. The score of a patient does not depend on the others."""
        return np.asarray(self._prediction(X).risk)

    def predict_survival(self, X: pd.DataFrame | ArrayLike, times: ArrayLike) -> NDArray[np.float64]:
        """Probability to be free of the event at `times` (t,), in the unit of `y`: (n, t)."""
        risk = self.predict(X)
        return survival_probability(self.model_.baseline, risk, np.asarray(times, dtype=np.float64))

    def score(self, X: pd.DataFrame | ArrayLike, y: ArrayLike) -> float:
        """Harrell's C of the predicted risks: 0.5 for random ones, 1 where every comparable pair is in the right order.

        NaN without a comparable pair. On patients that the model was fitted on it is too high; `cross_val_score` holds out.
        """
        held = _outcomes(y)
        return float(harrell(self.predict(X), held.time, held.event).cindex)

    def _prediction(self, X: pd.DataFrame | ArrayLike) -> Any:
        from groprog_assets.model.predict import predict

        check_is_fitted(self, "model_")
        return predict(self.model_, self._inputs(_frame(X)))

    def _inputs(self, frame: pd.DataFrame) -> ModelInputs:
        patients = np.array([f"row {row}" for row in range(len(frame))])
        names = [spec.name for spec in self.fields_ if spec.name in frame]
        records = {"patient_id": patients, **{name: frame[name].to_numpy() for name in names}}
        if not self.genes:
            return ModelInputs.from_columns(records, self.fields_, mode="clinical")
        genes = np.array([str(gene) for gene in self.genes])
        values = frame.reindex(columns=list(self.genes)).to_numpy(np.float32)
        expression = {"values": values, "patient_id": patients, "gene": genes}
        features, constants = (
            None if table is None else {str(name): table[name].to_numpy() for name in table.columns}
            for table in (self.features, self.constants)
        )
        return ModelInputs.from_columns(records, self.fields_, expression, features, constants)


def _frame(X: pd.DataFrame | ArrayLike) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X
    values = np.asarray(X)
    if values.ndim != 2:
        raise ModelError(Problem("X", f"shape {values.shape}", "A row a patient, a column a covariate or gene.", ""))
    return pd.DataFrame({f"x{place}": values[:, place] for place in range(values.shape[1])})


def _field(column: pd.Series) -> FieldSpec:
    """A covariate as its dtype tells: numbers and truth values are continuous, all else is categorical with the levels seen."""
    if pd.api.types.is_numeric_dtype(column):
        return FieldSpec(str(column.name))
    return FieldSpec(str(column.name), "categorical")


def _outcomes(y: ArrayLike) -> Outcomes:
    """Times and events of a structured array, by the types of its two fields."""
    held = np.asarray(y)
    names = held.dtype.names or ()
    events = [name for name in names if held.dtype[name].kind == "b"]
    times = [name for name in names if np.issubdtype(held.dtype[name], np.number)]
    if len(names) != 2 or len(events) != 1 or len(times) != 1:
        rule = "One field of truth values (the event) and one of numbers (the time)."
        raise ModelError(Problem("y", str(held.dtype), rule, "y = survival_outcomes(time, event)"))
    return Outcomes(held[times[0]].astype(np.float64), held[events[0]])
