"""Parts of a change: against the definition over all orders, and the axioms that only one split fulfils."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from groprog_assets.methods.evaluation.shapley import coalitions, shapley_values

PLAYERS = ("a", "b", "c", "d")


@some.composite
def games(draw):
    players = PLAYERS[: draw(some.integers(0, 4))]
    return players, {chosen: float(draw(some.integers(-4, 4))) for chosen in coalitions(players)}


def by_orders(players, worth):
    parts = dict.fromkeys(players, 0.0)
    orders = list(permutations(players))
    for order in orders:
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            parts[player] += (worth[before | {player}] - worth[before]) / len(orders)
    return parts


@given(games())
def test_parts_are_the_mean_over_all_orders_and_sum_to_the_change(game):
    players, worth = game
    parts = shapley_values(players, worth)
    assert parts == pytest.approx(by_orders(players, worth))
    assert sum(parts.values()) == pytest.approx(worth[frozenset(players)] - worth[frozenset()])


@given(games())
def test_who_changes_nothing_gets_nothing(game):
    players, worth = game
    larger = {chosen: worth[chosen - {"idle"}] for chosen in coalitions((*players, "idle"))}
    parts = shapley_values((*players, "idle"), larger)
    assert parts.pop("idle") == 0
    assert parts == pytest.approx(shapley_values(players, worth))


def test_an_interaction_is_shared_evenly():
    worth = {frozenset(): 0.0, frozenset("a"): 0.0, frozenset("b"): 0.0, frozenset("ab"): 1.0}
    assert shapley_values("ab", worth) == {"a": 0.5, "b": 0.5}


def test_a_factor_twice_or_too_many_are_refused():
    with pytest.raises(ValueError, match="different"):
        coalitions(["a", "a"])
    with pytest.raises(ValueError, match="At most"):
        coalitions([str(k) for k in range(11)])
