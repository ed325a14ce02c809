"""Noisy counts: the noise is what its formula says and the same for the same question; budgets do not return."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from groprog_assets.methods.omics.disclosure import (
    Budgets,
    Secret,
    listed,
    nearest,
    noise,
    noisy_count,
    shown,
    two_way,
)
from groprog_assets.study.omics_parameters import DisclosureParameters

SECRET = Secret(b"k" * 32, "data")
GIVEN = DisclosureParameters()


@pytest.mark.parametrize("epsilon", [0.2, 0.5, 2.0])
def test_noise_is_two_sided_geometric(epsilon: float):
    drawn = Counter(noise(SECRET, f"question {k}", epsilon) for k in range(20_000))
    base = math.exp(-epsilon)
    for step in range(-4, 5):
        expected = (1 - base) / (1 + base) * base ** abs(step)
        error = math.sqrt(expected * (1 - expected) / 20_000)
        assert abs(drawn[step] / 20_000 - expected) < 4.5 * error, step
    assert abs(sum(step * count for step, count in drawn.items())) / 20_000 < 4.5 * math.sqrt(2) / epsilon / 141


def test_the_same_question_has_the_same_noise_and_another_has_its_own():
    assert noise(SECRET, "a", 0.2) == noise(Secret(b"k" * 32, "data"), "a", 0.2)
    for other in (Secret(b"l" * 32, "data"), Secret(b"k" * 32, "other")):
        assert [noise(SECRET, str(k), 0.2) for k in range(50)] != [noise(other, str(k), 0.2) for k in range(50)]
    ours = np.array([noise(SECRET, str(k), 0.2) for k in range(2000)])
    assert abs(np.corrcoef(ours, [noise(SECRET, str(k), 0.4) for k in range(2000)])[0, 1]) < 0.1, "no scaled draw"


@pytest.mark.parametrize(("noisy", "number"), [(-3, None), (4, None), (5, 5), (7, 5), (8, 10), (195, 195), (197, 200)])
def test_small_counts_are_told_as_such_at_both_ends(noisy: int, number: int | None):
    told = shown(noisy, 200, GIVEN)
    assert told.number == number
    assert told.exists == (number is not None)
    assert ("all" in told.words) == (noisy > 195)


def test_the_nearest_multiple():
    for number in range(-20, 40):
        for multiple in (1, 2, 5, 10):
            assert abs(nearest(number, multiple) - number) <= multiple / 2
            assert nearest(number, multiple) % multiple == 0


def test_rare_terms_are_not_listed_and_the_list_is_drawn_once():
    counts = {f"HP:{k}": k for k in range(200)} | {f"HP:none{k}": 0 for k in range(5000)}
    found = listed(SECRET, counts, GIVEN)
    assert found == listed(SECRET, counts, GIVEN)
    assert all(counts[name] > 0 for name in found), "noise of 0.5 leads nobody from 0 to 20 in five thousand draws"
    assert {f"HP:{k}" for k in range(40, 200)} <= set(found)
    assert not {f"HP:{k}" for k in range(5)} & set(found)
    assert any(found[name] != counts[name] for name in found)


def test_margins_are_sums_of_noisy_cells():
    counts = [[5, 0, 12], [40, 3, 7]]
    made = two_way(SECRET, "sex by source", counts, (("female", "male"), ("a", "b", "c")), 0.2)
    assert made.cells != counts
    assert made.rows == [sum(line) for line in made.cells]
    assert made.columns == [sum(column) for column in zip(*made.cells, strict=True)]
    assert made.total == sum(made.rows)


def test_a_question_is_paid_once_and_budgets_end():
    budgets = Budgets(GIVEN)
    for k in range(20):
        cost = budgets.cost("a", f"q{k}")
        assert budgets.allows("a", cost)
        budgets.pay("a", f"q{k}", cost)
    assert not budgets.allows("a", budgets.cost("a", "q20"))
    assert budgets.allows("a", budgets.cost("a", "q3")), "an answer that was paid stays"
    assert budgets.cost("b", "q3").actor == GIVEN.epsilon
    assert budgets.cost("b", "q3").total == 0.0
    for actor in range(9):
        for k in range(20):
            question = f"{actor} {k}"
            assert budgets.allows(f"c{actor}", budgets.cost(f"c{actor}", question))
            budgets.pay(f"c{actor}", question, budgets.cost(f"c{actor}", question))
    assert not budgets.allows("b", budgets.cost("b", "new")), "forty over all actors are spent"
    assert budgets.allows("b", budgets.cost("b", "q3")), "what another paid adds nothing to the sum"


def test_a_budget_is_read_back_from_what_was_logged():
    budgets = Budgets(GIVEN, {"a": 0.4})
    rows: list[dict[str, object]] = []
    for question in ("x", "y", "x", "z"):
        cost = budgets.cost("a", f"data {question}")
        if budgets.allows("a", cost):
            budgets.pay("a", f"data {question}", cost)
            paid = {"epsilon": cost.actor, "total": cost.total}
            rows.append({"actor": "a", "data": "data", "canonical": question, **paid})
    again = Budgets(GIVEN, {"a": 0.4})
    again.replay(rows)
    assert again.spent("a") == pytest.approx(0.4) == again.total
    assert not again.allows("a", again.cost("a", "data z"))
    assert again.allows("a", again.cost("a", "data y"))


def test_noise_may_lead_below_zero():
    assert min(noisy_count(SECRET, str(k), 0, 0.2) for k in range(200)) < 0
