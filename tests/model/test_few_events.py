"""A fit with few events falls back towards clinical Cox, and says how far."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groprog_assets.compute.shards.risk_model import joined
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.ridge_cox import fit_blocks
from groprog_assets.methods.evaluation.baselines import baselines
from groprog_assets.methods.evaluation.evaluation import fallback_of
from groprog_assets.model.checkpoint import load_model, save_model
from groprog_assets.model.cross_validation import cross_validate, fit_model, fit_path
from groprog_assets.model.explain import explain
from groprog_assets.model.few_events import FALLBACK, Mixture, limits_of, share_of_model, toward_clinical_cox
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.model.vocabulary import statements
from groprog_assets.prognosis.scoring import _few_events
from groprog_assets.report.model_card import described_model, model_card
from groprog_assets.report.prognosis import _fallback
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell
from tests.model.cohorts import cohort, parameters


def with_events(events: int) -> tuple[ModelInputs, Outcomes]:
    """A cohort of which just so many patients have the event."""
    inputs, outcomes = cohort(120, seed=3)
    held = np.zeros(len(outcomes), bool)
    held[np.flatnonzero(outcomes.event)[:events]] = True
    return inputs, Outcomes(outcomes.time, held)


def shares(fitted) -> dict[str, float]:
    return {row["branch"]: row["share"] for row in fitted.branches}


@pytest.mark.parametrize(("limits", "expected"), [((12, 30), 0.5), ((12, 21), 1.0), ((21, 30), 0.0)])
def test_share_by_hand(limits, expected):
    assert share_of_model(21, limits) == expected


def test_with_least_events_the_order_is_that_of_the_fields_alone():
    inputs, outcomes = with_events(12)
    fitted = fit_model(inputs, outcomes, parameters())
    assert fitted.clinical_cox_share == 1.0
    assert shares(fitted)[FALLBACK] == pytest.approx(1.0)
    assert fitted.stacking[1] == 0.0
    assert inputs.expression is not None
    shuffled = replace(inputs, expression=inputs.expression[::-1])
    np.testing.assert_allclose(predict(fitted.model, shuffled).risk, predict(fitted.model, inputs).risk, atol=1e-12)
    alone = fit_model(*with_events(12), parameters(representation={"mode": "clinical"}))
    np.testing.assert_allclose(
        np.argsort(predict(alone.model, inputs).risk), np.argsort(predict(fitted.model, inputs).risk)
    )


def test_between_the_limits_the_score_is_the_mixture():
    inputs, outcomes = with_events(21)
    whole = {"training": {"calibration_prior": 1e12}}
    mixed = fit_model(inputs, outcomes, parameters(**whole))
    cox = fit_model(inputs, outcomes, parameters(linear_path={"fallback_events": [50.0, 60.0]}, **whole))
    model = fit_model(inputs, outcomes, parameters(linear_path={"fallback_events": [0.0, 1.0]}, **whole))
    assert (mixed.clinical_cox_share, cox.clinical_cox_share, model.clinical_cox_share) == (0.5, 1.0, 0.0)
    both = predict(cox.model, inputs).risk / 2 + predict(model.model, inputs).risk / 2
    np.testing.assert_allclose(predict(mixed.model, inputs).risk, both, atol=1e-9)
    np.testing.assert_allclose(mixed.out_of_fold, cox.out_of_fold / 2 + model.out_of_fold / 2, atol=1e-6)
    assert FALLBACK not in shares(model)
    assert 0 < shares(mixed)[FALLBACK] < 1
    found = explain(mixed.model, inputs.take(np.arange(5)))
    np.testing.assert_allclose(found.risk, predict(mixed.model, inputs).risk[:5], atol=1e-6)


def test_a_model_of_fields_alone_has_limits_of_its_own():
    inputs, outcomes = with_events(29)
    with_omics = fit_model(inputs, outcomes, parameters())
    of_fields = fit_model(inputs, outcomes, parameters(representation={"mode": "clinical"}))
    assert limits_of(with_omics.model.encoders, parameters()) == [12, 30]
    assert limits_of(of_fields.model.encoders, parameters()) == [30, 50]
    assert with_omics.clinical_cox_share == pytest.approx(1 / 18)
    assert of_fields.clinical_cox_share == 1.0


def test_without_a_field_there_is_nothing_to_fall_back_to():
    inputs, outcomes = with_events(14)
    fitted = fit_model(replace(inputs, fields=(), covariates={}), outcomes, parameters())
    assert fitted.clinical_cox_share == 0.0


def test_the_report_says_how_far():
    model = {"clinical_cox_share": 0.25, "events": 25, "model_from_events": 30.0}
    said = _fallback({"model_card": {"model": model}})
    assert "25 % of the score" in said.replace("\u202f", " ").replace("\u00a0", " ")
    assert "25 training events are fewer than the 30" in said
    assert _fallback({"model_card": {"model": model | {"clinical_cox_share": 0.0}}}) == ""


def test_the_report_and_the_card_say_how_far_the_folds_fell_back():
    model = {"clinical_cox_share": 0.0, "clinical_cox_share_of_folds": [0.0, 1 / 9, 1 / 18], "events": 42}
    said = _fallback({"model_card": {"model": model}})
    assert said == " Share of clinical Cox in the scores of folds with few events: 0 % to 11 %."
    card = model_card({"Model": described_model(model)})
    assert "- Share of clinical Cox in folds with few events: 0 % to 11 %\n" in card
    assert "values" not in card.split("## Limits")[0]


def test_the_card_tells_the_share_in_the_mixture_from_that_of_the_spread():
    rows = [{"branch": "omics", "share": 0.89}, {"branch": FALLBACK, "share": 0.11}]
    told = described_model({"clinical_cox_share": 0.44, "branches": rows})
    spread = "of the path's spread (SD of held-out scores)"
    assert told["branch of clinical Cox, because events are few"] == f"44 % of the log hazard, which is 11 % {spread}"
    assert told["branch of directions of expression"] == f"89 % {spread}"
    assert described_model({"branches": rows})["branch of directions of expression"] == "89 % of the linear path"


def test_every_fold_keeps_its_own_share():
    inputs, outcomes = with_events(42)
    everyone = np.arange(len(outcomes))
    held = np.isin(everyone, np.flatnonzero(outcomes.event)[:18]) | (everyone % 5 == 0)
    folds = [Fold(0, 0, everyone[~held], everyone[held]), Fold(0, 1, everyone[9:], everyone[:9])]
    crossed = cross_validate(inputs, outcomes, folds, parameters())
    trained = [int(outcomes.event[fold.train].sum()) for fold in folds]
    assert crossed.clinical_cox_shares == [1 - share_of_model(events, (12, 30)) for events in trained]
    assert crossed.clinical_cox_shares[0] > 0 == crossed.clinical_cox_shares[1]


def test_the_evaluation_tells_the_folds_where_any_fell_back():
    summary = {"clinical_cox_share": 0.0, "clinical_cox_share_of_folds": [0.1, 0.0]}
    assert fallback_of(summary) == {"fallback": {"final": 0.0, "folds": [0.1, 0.0]}}
    assert fallback_of({"clinical_cox_share": 0.0}) == {}


@pytest.mark.parametrize(("shares", "told"), [([0.0, 0.1], True), ([0.0, 0.0], False)])
def test_the_summary_of_the_asset_tells_the_folds(shares, told):
    table = {"risk": np.zeros(2)}
    frames: dict[str, Any] = dict.fromkeys(("stability", "agreement", "search"), pd.DataFrame(table))
    columns = dict.fromkeys(("out_of_fold", "uncalibrated", "history"), table)
    frames["left_out"] = {}
    folds = [{"kind": "folds", **frames, **columns, "transferred": [], "clinical_cox_share": share} for share in shares]
    final = {"kind": "final", **frames, **columns, "files": {}, "signature": {}, "transferred": {}}
    summary = joined([*folds, {"kind": "clinical", **columns}, {**final, "summary": {"events": 42}}])["summary"]
    assert summary == {"events": 42} | ({"clinical_cox_share_of_folds": shares} if told else {})


def test_a_score_notes_how_far_it_fell_back():
    (note,) = _few_events({"clinical_cox_share": 8 / 18, "events": 22})
    assert note == "44 % of the score is clinical Cox's: the model was trained on 22 events"
    assert _few_events({"clinical_cox_share": 0.0, "events": 42}) == []


def test_every_part_of_the_model_keeps_its_share():
    inputs, outcomes = with_events(21)
    chosen = parameters()
    encoders, path = fit_path(inputs, outcomes, chosen)
    assert path is not None
    inner = np.arange(len(outcomes)) % len(path.members)
    risk = np.where(np.arange(len(outcomes)) % 7 == 0, np.nan, path.out_of_fold)
    given = Mixture(encoders, encoders.transform(inputs), path, risk, np.array([0.8, 0.5]))
    mixed = toward_clinical_cox(given, inputs, outcomes, inner, chosen)
    assert (mixed.weights.tolist(), mixed.share) == ([1.0, 0.25], 0.5)
    assert mixed.path is not None
    cox, start = mixed.path.branches[-1], given.encoded.design.shape[1]
    columns = mixed.encoded.design[:, start:]
    own = np.s_[start : start + columns.shape[1]]

    def wide(vector: np.ndarray) -> np.ndarray:
        return np.concatenate([vector[:start], np.zeros(columns.shape[1]), vector[start:]])

    np.testing.assert_allclose(mixed.path.whole, 0.4 * wide(path.whole) + 0.5 * cox.whole)
    np.testing.assert_allclose(mixed.path.members[1], 0.4 * wide(path.members[1]) + 0.5 * cox.members[1])
    np.testing.assert_allclose(mixed.risk, 0.5 * risk + 0.5 * cox.out_of_fold)
    np.testing.assert_allclose(mixed.path.weights[:-1], 0.4 * path.weights)
    fit = inner != 1
    data = outcomes.time[fit], outcomes.event[fit]
    alone = fit_blocks([columns[fit]], *data, (cox.penalty * outcomes.event.sum(),))
    np.testing.assert_allclose(cox.members[1][own], alone, atol=2e-3)
    np.testing.assert_allclose(cox.out_of_fold[~fit], columns[~fit] @ cox.members[1][own])


def odd_cohort() -> tuple[ModelInputs, Outcomes]:
    """Fields where columns of the model and of the baseline differ: values beyond 3 and 5 SD, a categorical field that is often
    missing, one of equal values or none."""
    inputs, outcomes = cohort(150, seed=11)
    random = np.random.default_rng(5)
    held = inputs.covariates | {
        "marker": random.lognormal(0, 1.5, 150),
        "site": random.choice(["", "a", "b", "c"], 150, p=[0.2, 0.4, 0.3, 0.1]),
        "scanned": np.where(random.random(150) < 0.3, np.nan, 1.0),
    }
    fields = (*inputs.fields, FieldSpec("marker"), FieldSpec("site", "categorical"), FieldSpec("scanned"))
    return replace(inputs, fields=fields, covariates=held), outcomes


def baseline_risk(inputs: ModelInputs, outcomes: Outcomes, folds: list[Fold], chosen: Parameters) -> np.ndarray:
    """Out-of-fold risks (n,) of the baseline clinical_cox, from the tables that the asset gives it."""
    records = pd.DataFrame({"patient_id": inputs.patient_id, **inputs.covariates})
    columns = {"field": "name", "kind": "kind"}
    fields = pd.DataFrame({column: [getattr(spec, name) for spec in inputs.fields] for column, name in columns.items()})
    fields["levels"] = [json.dumps(list(spec.levels)) for spec in inputs.fields]
    ended = pd.DataFrame({"patient_id": inputs.patient_id, "time": outcomes.time, "event": outcomes.event})
    tested = [pd.DataFrame({"fold": fold.fold, "patient_id": inputs.patient_id[fold.test]}) for fold in folds]
    table = baselines(records, fields, ended, None, pd.concat(tested).assign(repeat=0), chosen).table
    return table[table["model"] == "clinical_cox"].set_index("patient_id")["risk"].loc[inputs.patient_id].to_numpy()


def test_where_the_model_is_clinical_cox_it_orders_held_out_patients_as_the_baseline_does():
    inputs, outcomes = odd_cohort()
    fold = np.arange(len(outcomes)) % 2
    rows = np.arange(len(outcomes))
    chosen = parameters(linear_path={"fallback_events": [200.0, 300.0]})
    folds = [Fold(0, number, rows[fold != number], rows[fold == number]) for number in range(2)]
    crossed = cross_validate(inputs, outcomes, folds, chosen)
    assert crossed.clinical_cox_shares == [1.0, 1.0]
    risks = baseline_risk(inputs, outcomes, folds, chosen)
    for place, number in enumerate(folds):
        held = predict(crossed.models[place], inputs.take(number.test)).risk
        slope = np.polyfit(risks[number.test], held, 1)
        np.testing.assert_allclose(held, np.polyval(slope, risks[number.test]), atol=1e-9)
        assert slope[0] > 0
        judged = outcomes.take(number.test)
        both = [harrell(risk, judged.time, judged.event).cindex for risk in (held, risks[number.test])]
        assert both[0] == both[1]


def test_a_model_that_fell_back_is_stored_explained_and_told_of():
    inputs, outcomes = odd_cohort()
    fitted = fit_model(inputs, outcomes, parameters(linear_path={"fallback_events": [0.0, 200.0]}))
    assert 0 < fitted.clinical_cox_share < 1
    loaded = load_model(save_model(fitted.model))
    np.testing.assert_array_equal(predict(loaded, inputs).risk, predict(fitted.model, inputs).risk)
    found = explain(loaded, inputs.take(np.arange(5)))
    assert "scanned" in found.fields
    assert np.abs(found.field[:, found.fields.index("scanned")]).max() > 0
    others = {name: values for name, values in inputs.covariates.items() if name != "scanned"}
    lacking = replace(inputs, fields=inputs.fields[:-1], covariates=others)
    nobody = replace(inputs, covariates=inputs.covariates | {"scanned": np.full(len(inputs), np.nan)})
    np.testing.assert_array_equal(predict(loaded, lacking).risk, predict(loaded, nobody).risk)
    far = replace(inputs, covariates=inputs.covariates | {"age": np.full(len(inputs), 110.0)})
    assert "age 110 is beyond 3 SD: counted as 3 SD, by clinical Cox as 5 SD at most" in statements(loaded, far)[0]


def test_a_fit_that_does_not_fall_back_has_no_columns_of_clinical_cox():
    inputs, outcomes = odd_cohort()
    fitted = fit_model(inputs, outcomes, parameters(linear_path={"fallback_events": [0.0, 1.0]}))
    assert "clinical_cox" not in fitted.model.encoders.document()
    assert fitted.model.widths[2] == fitted.model.encoders.clinical.transform(inputs).design.shape[1]
