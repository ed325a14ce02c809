"""Shapley values: how much of a change each of a few factors causes, from the worth of every coalition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial

MOST = 10
"""Largest number of factors: 2**10 coalitions."""


def coalitions(players: Sequence[str]) -> list[frozenset[str]]:
    """Every subset of `players`, small ones first, those of one size in the order of `players`. ValueError above `MOST`."""
    if len(players) > MOST or len(set(players)) != len(players):
        raise ValueError(f"At most {MOST} different factors, not {', '.join(players)}.")
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def shapley_values(players: Sequence[str], worth: Mapping[frozenset[str], float]) -> dict[str, float]:
    """{player: its part}; the parts sum to worth(all) - worth(none).

    The part of a player is the mean change of the worth when the player joins, over all orders of the players. Without
    players: {}. KeyError when a coalition is not in `worth`. Source: Shapley 1953, doi:10.1515/9781400881970-018.
    """
    count = len(players)
    parts = dict.fromkeys(players, 0.0)
    for before in coalitions(players):
        weight = (
            factorial(len(before)) * factorial(count - len(before) - 1) / factorial(count) if len(before) < count else 0
        )
        for player in players:
            if player not in before:
                parts[player] += weight * (worth[before | {player}] - worth[before])
    return parts
