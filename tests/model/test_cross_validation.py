"""Cross-validation: planted signal found, nothing found in noise, held-out patients without a say, few patients, many genes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.model.cross_validation import Paths, cross_validate, fit_model, train_final
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.tables import TABLES
from groprog_kernels.concordance import harrell
from tests.model.cohorts import FIELDS, cohort, matched, parameters, split

QUICK = {"training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 1}}


def held_out_concordance(inputs: ModelInputs, outcomes: Outcomes) -> float:
    crossed = cross_validate(inputs, outcomes, split(len(inputs), 3), parameters())
    risk = np.empty(len(inputs))
    risk[crossed.out_of_fold["row"]] = crossed.out_of_fold["risk"]
    return harrell(risk, outcomes.time, outcomes.event).cindex


def test_planted_signal_is_found_and_omics_add_to_it():
    inputs, outcomes = cohort(160, signal=1.0)
    with_omics = held_out_concordance(inputs, outcomes)
    assert with_omics > 0.64
    assert with_omics > held_out_concordance(inputs.clinical_only(), outcomes) + 0.03


def test_what_happens_after_the_stop_has_no_say_in_the_path():
    inputs, outcomes = cohort(120)
    end = np.quantile(outcomes.time[outcomes.event], 0.9)
    late = outcomes.time > end
    later = Outcomes(np.where(late, outcomes.time[::-1].max() * 2 - outcomes.time, outcomes.time), outcomes.event)
    paths: list[Paths] = [{}, {}, {}]
    whole = parameters(**{**QUICK, "linear_path": {"stop_after_events": 1.0}})
    for held, told, chosen in zip(
        paths, (outcomes, later, outcomes), (parameters(**QUICK), parameters(**QUICK), whole), strict=True
    ):
        fit_model(inputs, told, chosen, paths=held)
    stopped, other, uncut = (held[-1, 0].whole for held in paths)
    np.testing.assert_array_equal(stopped, other)
    assert np.abs(stopped - uncut).max() > 1e-4


def test_curves_need_events():
    inputs, outcomes = cohort(120)
    coefficients = {}
    for events in (0, 10_000):
        paths: Paths = {}
        chosen = parameters(**{**QUICK, "linear_path": {"events_per_curve": events}})
        clinical = fit_model(inputs, outcomes, chosen, paths=paths).model.encoders.clinical
        width = clinical.transform(inputs).design.shape[1]
        assert clinical.curved_fields() > 0
        coefficients[events] = paths[-1, 0].whole[width - clinical.curve_columns() : width]
    assert coefficients[0].any()
    assert not coefficients[10_000].any()


def test_no_signal_gives_one_half():
    values = [held_out_concordance(*cohort(150, genes=10, seed=seed, signal=0.0)) for seed in (1, 2)]
    assert abs(np.mean(values) - 0.5) < 0.08


def test_columns_fit_the_tables():
    inputs, outcomes = cohort(60)
    rows: list[dict] = []
    crossed = cross_validate(inputs, outcomes, split(60, 2), parameters(**QUICK), progress=rows.append)
    declared = set(TABLES["out_of_fold"].column_names) - {"model"}
    assert declared <= set(crossed.out_of_fold)
    assert sorted(crossed.out_of_fold["patient_id"]) == sorted(inputs.patient_id)
    assert set(crossed.history) == set(TABLES["training_history"].column_names)
    assert crossed.history["epoch"].size == len(rows)
    survival = np.column_stack([crossed.out_of_fold[f"survival_{months}"] for months in range(6, 61, 6)])
    assert ((survival >= 0) & (survival <= 1)).all()
    assert (np.diff(survival, axis=1) <= 0).all()
    assert len(crossed.encoders) == len(crossed.models) == 2
    assert {"repeat", "fold", "branch", "penalty", "score"} == set(crossed.search)


def test_held_out_patients_have_no_say():
    inputs, outcomes = cohort(60)
    fold = split(60, 3)[0]
    changed = inputs.take(np.arange(60))
    changed.expression[fold.test] += 5.0
    time = outcomes.time.copy()
    time[fold.test] = time[fold.test][::-1]
    models = [
        cross_validate(given, held, [fold], parameters(**QUICK)).models[0]
        for given, held in ((inputs, outcomes), (changed, Outcomes(time, outcomes.event)))
    ]
    one, other = (predict(model, inputs).risk for model in models)
    np.testing.assert_array_equal(one, other)


def test_two_runs_and_a_resumed_one_agree(tmp_path: Path):
    inputs, outcomes = cohort(60)

    def kill(row: dict) -> None:
        if row["fold"] == 1 and row["epoch"] == 1:
            raise KeyboardInterrupt

    folds, settings = split(60, 2), parameters(**QUICK)
    whole = cross_validate(inputs, outcomes, folds, settings)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(inputs, outcomes, folds, settings, progress=kill, checkpoint_folder=tmp_path)
    resumed = cross_validate(inputs, outcomes, folds, settings, checkpoint_folder=tmp_path)
    np.testing.assert_array_equal(whole.out_of_fold["risk"], resumed.out_of_fold["risk"])


def test_ten_patients_with_many_genes_are_fitted():
    inputs, _ = cohort(10, genes=20_000)
    outcomes = Outcomes(np.arange(1.0, 11.0), np.array([1, 0] * 5, bool))
    fitted = train_final(inputs, outcomes, parameters(**QUICK))
    assert np.isfinite(predict(fitted.model, inputs).risk).all()


@pytest.mark.parametrize("time", [np.arange(1.0, 41.0), np.full(40, 3.0)])
def test_all_events_and_tied_times(time: np.ndarray):
    inputs, _ = cohort(40)
    fitted = train_final(inputs, Outcomes(time, np.ones(40, bool)), parameters(**QUICK))
    assert np.isfinite(predict(fitted.model, inputs).survival).all()


def test_too_few_events_and_mismatched_outcomes_are_refused():
    inputs, outcomes = cohort(40)
    with pytest.raises(ModelError, match="At least 4"):
        fit_model(inputs, Outcomes(outcomes.time, np.arange(40) < 3), parameters())
    with pytest.raises(ModelError, match="no event"):
        cross_validate(inputs, Outcomes(outcomes.time, np.zeros(40, bool)), split(40, 2), parameters())
    with pytest.raises(ModelError, match="39 for 40"):
        cross_validate(
            inputs, outcomes.take(np.arange(39)), [Fold(0, 0, np.arange(20), np.arange(20, 30))], parameters()
        )


def test_own_libraries_reach_the_linear_path():
    inputs, outcomes = matched(120)
    assert inputs.descriptors is not None
    inputs.descriptors[5] = np.nan
    paths: Paths = {}
    model = fit_model(inputs, outcomes, parameters(**QUICK), paths=paths).model
    gains = {branch.name: branch.gain for branch in paths[-1, 0].branches}
    assert gains["omics"] > 0
    encoded = model.encoders.transform(inputs)
    ends = encoded.design.shape[1], encoded.design.shape[1] + encoded.components.shape[1]
    risk = encoded.components @ paths[-1, 0].whole[slice(*ends)]
    assert harrell(risk, outcomes.time, outcomes.event).cindex > 0.6
    assert (encoded.components[5] == 0).all()
    assert risk[5] == 0
    without = model.encoders.transform(inputs.clinical_only())
    assert without.components.shape == encoded.components.shape
    assert not without.components.any()


def test_matched_and_clinical_modes_train():
    inputs, outcomes = matched(50)
    for held in (inputs, inputs.clinical_only()):
        fitted = train_final(held, outcomes, parameters(**QUICK))
        assert fitted.model.encoders.mode == held.mode
        assert np.isfinite(predict(fitted.model, held).risk).all()


def test_the_linear_path_can_be_switched_off():
    inputs, outcomes = cohort(60)
    fitted = train_final(inputs, outcomes, parameters(**QUICK, linear_path={"enabled": False}))
    assert fitted.stacking[0] == 0
    assert fitted.stacking[1] > 0
    assert fitted.search == []


def test_patients_without_expression_are_scored():
    inputs, outcomes = cohort(60)
    bare = ModelInputs(inputs.patient_id, FIELDS, inputs.covariates)
    fitted = train_final(inputs, outcomes, parameters(**QUICK))
    prediction = predict(fitted.model, bare)
    assert (prediction.genes_used == 0).all()
    assert np.isfinite(prediction.risk).all()
