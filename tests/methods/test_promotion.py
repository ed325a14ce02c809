"""The promotion rule: margin, failed checks, first model, a decision taken once."""

from __future__ import annotations

import pytest

from groprog_assets.methods.promotion import METRIC, decide


def evaluation(estimate: float | None) -> dict:
    return {"models": {"groprog": {METRIC: {"estimate": estimate, "lower": 0.5, "upper": 0.7}}}}


def test_the_first_model_is_champion_unless_a_check_failed():
    assert decide("a", evaluation(0.6), [], None, 0.01)["model_version"] == "a"
    refused = decide("a", evaluation(0.6), ["cohort.enough_events"], None, 0.01)
    assert refused["model_version"] is None
    assert "enough_events" in refused["reason"]


@pytest.mark.parametrize(
    ("estimate", "promoted"), [(0.61, True), (0.6, True), (0.595, True), (0.58, False), (None, False)]
)
def test_a_challenger_may_lose_by_the_margin_and_no_more(estimate, promoted):
    champion = decide("a", evaluation(0.6), [], None, 0.01)
    found = decide("b", evaluation(estimate), [], champion, 0.01)
    assert found["promoted"] is promoted
    assert found["model_version"] == ("b" if promoted else "a")
    assert found["previous"]["model_version"] == "a"


def test_a_decision_about_a_model_is_taken_once():
    first = decide("a", evaluation(0.6), [], None, 0.01)
    assert decide("a", evaluation(0.1), ["later.check"], first, 0.01) == first
