"""One trunk for profile and values: kept where neither falls, by scripted and by real scores; values in their own unit."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.compute.compute_pool import NOWHERE
from groprog_assets.compute.shards.sequence_profile import compute
from groprog_assets.model.sequence import shared_trunk
from groprog_assets.model.sequence.profile import ProfileExamples, fit_profile, margin, restored_profile
from groprog_assets.model.sequence.shared_trunk import ValueLesson, ValueNetwork, fit_trunks, values
from groprog_assets.study.sequence_net_parameters import NetParameters

OWN = NetParameters(
    profile_width=6,
    profile_layers=2,
    profile_output=60,
    profile_counts=5,
    shift=4,
    epochs=8,
    batch=16,
    learning_rate=5e-3,
)
LENGTH = 60 + 2 * margin(2) + 8


def genes(count=120, seed=0):
    """Windows whose reads lie behind a word; with it the value is 5 higher, on top of 100."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (count, LENGTH)).astype(np.uint8)
    holds = random.random(count) < 0.5
    profile = random.poisson(0.3, (count, 2, 68)).astype(np.float32)
    middle = LENGTH // 2
    codes[holds, middle - 6 : middle + 6] = [1, 0, 2, 3] * 3
    profile[holds, 0, 36:40] += 20
    values = np.column_stack([100 + 5 * holds + 0.3 * random.normal(size=count), random.normal(size=count)])
    values[:5, 1] = np.nan
    return ProfileExamples(codes, profile, profile.sum(axis=2).astype(float)), values


@pytest.fixture(scope="module")
def fitted():
    (train, y), (validation, z) = genes(), genes(40, 1)
    return fit_trunks(train, validation, (y, z), OWN, 1)


def test_the_choice_is_that_of_the_scores_and_the_values_are_in_their_unit(fitted):
    choice = fitted.choice
    falls = [choice[f"{part}_shared"] < choice[f"{part}_alone"] for part in ("profile", "values")]
    assert choice["shared"] == (not any(falls))
    assert isinstance(fitted.profile.network, ValueNetwork) == choice["shared"]
    test, truth = genes(60, 2)
    found = values(fitted.values, test.codes, OWN.shift)
    assert np.corrcoef(found[:, 0], truth[:, 0])[0, 1] > 0.6
    assert abs(found[:, 0].mean() - 102.5) < 2
    inner = test.codes[:, OWN.shift : LENGTH - OWN.shift]
    again = restored_profile(fitted.profile.arrays())
    assert np.array_equal(again.predict(inner).profile, fitted.profile.predict(inner).profile)


@pytest.mark.parametrize(
    ("of_profile", "of_values", "shared"), [(0.1, 0.1, True), (-0.1, 0.5, False), (0.5, -0.1, False)]
)
def test_a_trunk_is_shared_only_where_neither_score_falls(monkeypatch, of_profile, of_values, shared):
    short = OWN.model_copy(update={"epochs": 1})
    (train, y), (validation, z) = genes(40), genes(20, 1)
    made = []
    trained = shared_trunk.train_network

    def remembered(*given):
        found = trained(*given)
        made.append(found.network)
        return found

    def lift(of):
        return lambda lesson, network: of if len(made) > 1 and network is made[1] else 0.0

    monkeypatch.setattr(shared_trunk, "train_network", remembered)
    monkeypatch.setattr(ValueLesson, "profile_score", lift(of_profile))
    monkeypatch.setattr(ValueLesson, "score", lift(of_values))
    found = fit_trunks(train, validation, (y, z), short, 1)
    assert found.choice["shared"] is shared
    assert found.values is made[1 if shared else 0]
    assert (found.profile.network is made[1]) is shared


def test_without_the_setting_the_profile_net_is_as_before():
    (train, y), (validation, _) = genes(40), genes(20, 1)
    short = OWN.model_copy(update={"epochs": 1})
    both = ProfileExamples(*(np.concatenate(parts) for parts in zip(train, validation, strict=True)))
    rows = {"train": np.arange(40), "validation": np.arange(40, 60), "test": np.arange(40, 60)}
    shared = {"examples": both._asdict(), "settings": short.model_dump_json(), "seed": 1}
    made = compute(shared, {"fold": 0, "rows": rows}, NOWHERE)
    assert set(made) == {"weights", "predicted"}
    usual = fit_profile(train, validation, short, 1).arrays()
    assert all(np.array_equal(value, made["weights"][name]) for name, value in usual.items())
    told = np.concatenate([y, y[:20]])
    asked = {
        **shared,
        "settings": short.model_copy(update={"shared_trunk": True}).model_dump_json(),
        "targets": {"targets": told},
    }
    more = compute(asked, {"fold": 0, "rows": rows}, NOWHERE)
    assert more["values"].shape == (20, 2)
    if not more["choice"]["shared"]:
        assert all(np.array_equal(value, more["weights"][name]) for name, value in usual.items())
