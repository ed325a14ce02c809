"""The estimators give the platform's own results and keep scikit-learn's contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from groprog_assets.errors import ModelError
from groprog_assets.estimators import RiskModelEstimator, TranscriptionHMM, survival_outcomes
from groprog_assets.methods.transcription.transcript_hmm import (
    fit_transcript_hmm,
    model_of,
    pooled_sequences,
    unit_intervals,
)
from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.device import single_threaded
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters, TranscriptionParameters
from groprog_assets.tables import conform
from groprog_kernels import hmm
from groprog_kernels.concordance import harrell
from tests.model.planted import BLOCKS, FIELDS, NAMES, planted

LITTLE = Parameters.model_validate(
    {
        "training": {
            "genomic_warmup_epochs": 1,
            "clinical_warmup_epochs": 1,
            "joint_epochs": 2,
            "ensemble_seeds": 1,
        },
        "linear_path": {"penalties": [1.0]},
    }
)


@pytest.fixture(scope="module")
def cohort():
    """(X, y, the same as the platform's own types): 150 patients of a planted signature."""
    inputs, outcomes = planted("signature", patients=160)
    inputs, outcomes = inputs.take(np.arange(150)), outcomes.take(np.arange(150))
    frame = pd.DataFrame(inputs.expression, columns=inputs.genes).assign(**inputs.covariates)
    features = pd.DataFrame(inputs.descriptors, columns=NAMES).assign(gene=inputs.genes).dropna()
    blocks = [(name, block) for block, names in BLOCKS.items() for name in names]
    constants = pd.DataFrame(blocks, columns=["feature", "block"])
    return frame, survival_outcomes(outcomes.time, outcomes.event), inputs, outcomes, features, constants


def test_the_risk_model_is_that_of_the_platform(cohort):
    frame, y, inputs, outcomes, features, constants = cohort
    estimator = RiskModelEstimator(list(inputs.genes), FIELDS, features, constants, LITTLE).fit(frame[:100], y[:100])
    with single_threaded():  # as a study is run
        own = train_final(inputs.take(np.arange(100)), outcomes.take(np.arange(100)), LITTLE).model
    expected = predict(own, inputs.take(np.arange(100, 150)))
    np.testing.assert_array_equal(estimator.predict(frame[100:]), expected.risk)
    survival = estimator.predict_survival(frame[100:], expected.horizons)
    np.testing.assert_array_equal(survival, expected.survival)
    held = outcomes.take(np.arange(100, 150))
    assert estimator.score(frame[100:], y[100:]) == harrell(expected.risk, held.time, held.event).cindex > 0.5


def test_a_patients_risk_depends_on_no_name_or_order(cohort):
    frame, y, *_ = cohort
    frame = frame[[spec.name for spec in FIELDS]]
    estimator = RiskModelEstimator(fields=FIELDS, parameters=LITTLE).fit(frame, y)
    turned = frame.iloc[::-1].set_axis(["same"] * len(frame))
    np.testing.assert_allclose(estimator.predict(turned)[::-1], estimator.predict(frame), rtol=1e-12)
    assert estimator.n_features_in_ == len(FIELDS)


def test_covariates_are_told_by_their_types(cohort):
    frame, y, *_ = cohort
    estimator = RiskModelEstimator(parameters=LITTLE).fit(frame[["age", "stage", "albumin"]], y)
    assert [(spec.name, spec.kind) for spec in estimator.fields_] == [
        ("age", "continuous"),
        ("stage", "categorical"),
        ("albumin", "continuous"),
    ]


def test_the_risk_model_drops_into_scikit_learn(cohort):
    frame, y, *_ = cohort
    numbers = frame[["age", "albumin"]].fillna(40.0)
    pipeline = make_pipeline(StandardScaler(), RiskModelEstimator(parameters=LITTLE))
    scores = cross_val_score(pipeline, numbers, y, cv=KFold(2), error_score="raise")
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    assert (scores > 0.5).any()


def test_what_is_not_an_outcome_or_a_gene_is_refused(cohort):
    frame, y, *_ = cohort
    with pytest.raises(ModelError, match="survival_outcomes"):
        RiskModelEstimator(parameters=LITTLE).fit(frame[["age"]], y["time"])
    with pytest.raises(ModelError, match="Every gene is a column of X"):
        RiskModelEstimator(genes=["NOGENE"], parameters=LITTLE).fit(frame, y)
    with pytest.raises(NotFittedError):
        RiskModelEstimator().predict(frame)


@pytest.fixture(scope="module")
def windows():
    """(coverage tables of one library, the same counts as sequences by strand) with planted units."""
    rng = np.random.default_rng(0)
    rows, dense = [], []
    for strand in "+-":
        rate = np.full(4_000, 0.02)
        for start in rng.choice(38, 8, replace=False) * 100:
            rate[start : start + 80] = 3.0
        count = rng.poisson(rate)
        dense.append(count)
        at = np.flatnonzero(count)
        rows.append(pd.DataFrame({"chrom": "chr1", "window": at, "strand": strand, "count": count[at]}))
    return {"one": conform(pd.concat(rows), "coverage")}, dense


def test_the_hmm_is_that_of_the_platform(windows):
    coverage, dense = windows
    parameters = TranscriptionParameters(tune=False)
    bin_size, sizes = 50, {"chr1": 200_000}
    own = model_of(fit_transcript_hmm(coverage, sizes, pd.DataFrame(), bin_size, parameters).fit)
    estimator = TranscriptionHMM(
        parameters.log_prob_enter_transcribed,
        parameters.log_prob_leave_transcribed,
        parameters.untranscribed_shape,
        parameters.transcribed_shape,
        parameters.transcribed_scale,
        parameters.em_tolerance,
    ).fit(dense)
    np.testing.assert_array_equal(estimator.parameters_.log_transmat, own.log_transmat)
    assert estimator.parameters_[1:] == own[1:]
    units = unit_intervals(pooled_sequences(coverage, sizes, bin_size), own, bin_size)
    assert len(units) > 4
    for strand, states in zip("+-", estimator.predict(dense), strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], states, [0]]))) * bin_size
        mine = units[units["strand"] == strand]
        np.testing.assert_array_equal(edges.reshape(-1, 2), mine[["start", "end"]])


def test_the_hmm_scores_held_out_sequences_and_searches_parameters(windows):
    _, dense = windows
    matrix = np.stack(dense)
    model = TranscriptionHMM().fit(matrix)
    by_hand = sum(
        hmm.statistics(hmm.sequence(np.arange(4_000), one, 4_000), model.parameters_).log_likelihood for one in dense
    )
    assert model.score(matrix) == pytest.approx(by_hand / matrix.size, rel=1e-12)
    chance = model.predict_proba(matrix)
    assert chance.shape == matrix.shape
    assert ((chance > 0.5) == model.predict(matrix)).mean() > 0.99
    assert cross_val_score(TranscriptionHMM(), matrix, cv=KFold(2), error_score="raise").shape == (2,)
    search = GridSearchCV(TranscriptionHMM(), {"untranscribed_shape": [0.5, 5.0]}, cv=KFold(2), error_score="raise")
    assert search.fit(matrix).best_params_["untranscribed_shape"] in (0.5, 5.0)
    pipeline = make_pipeline(FunctionTransformer(np.round), TranscriptionHMM())
    np.testing.assert_array_equal(pipeline.fit(matrix).predict(matrix), model.predict(matrix))


def test_windows_that_were_not_observed_say_nothing():
    count = np.array([0.0, 4.0, np.nan, 9.0, 0.0])
    assert np.isfinite(TranscriptionHMM().fit([count, count[:3]]).score([count]))
    with pytest.raises(ValueError, match="one dimension"):
        TranscriptionHMM().fit([[[1, 2]]])


@pytest.mark.parametrize(
    "estimator", [RiskModelEstimator(genes=("A",), fields=FIELDS, parameters=LITTLE), TranscriptionHMM(tolerance=0.5)]
)
def test_parameters_are_set_and_cloned_as_scikit_learn_does(estimator):
    given = estimator.get_params()
    copy = clone(estimator)
    assert type(copy) is type(estimator)
    assert copy.get_params() == given
    name, value = next(iter(given.items()))
    assert copy.set_params(**{name: value}) is copy
    with pytest.raises(ValueError, match="Invalid parameter"):
        copy.set_params(nothing=1)
    assert repr(copy).startswith(type(estimator).__name__)


def test_outcomes_of_scikit_survivals_form_are_taken(cohort):
    *_, outcomes, _, _ = cohort
    theirs = np.array(list(zip(outcomes.event, outcomes.time)), dtype=[("cens", "?"), ("survival_in_days", "<f8")])
    from groprog_assets.estimators.risk_model import _outcomes

    found = _outcomes(theirs)
    assert isinstance(found, Outcomes)
    np.testing.assert_array_equal(found.time, outcomes.time)
    np.testing.assert_array_equal(found.event, outcomes.event)
