"""Counts of subjects for readers who may not see the subjects: noise that is the same for the same question, rounding, budgets.

An answer is the count plus two-sided geometric noise of scale 1 / epsilon (Ghosh, Roughgarden and Sundararajan, SIAM J. Comput.
2012), drawn from an HMAC of the data's digest and the canonical question: who asks again gets the same answer. What is told,
and what is refused, follows from the noisy count, the question and the budget alone, never from the count itself.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from groprog_assets.study.omics_parameters import DisclosureParameters
from groprog_assets.tables.values import Document

SLACK = 1e-9
"""Of a comparison of sums of epsilons."""


class Secret(NamedTuple):
    """What the noise is drawn from: a key that no reader has, and the digest of the data of the subjects."""

    key: bytes
    data: str


class Shown(NamedTuple):
    """What is told of a noisy count. exists: the noisy count is no small one; number: rounded, None where it is small; words: the
    same as text."""

    exists: bool
    number: int | None
    words: str


class Spending(NamedTuple):
    """What a question costs an actor, and what all actors together; 0 where it was paid before."""

    actor: float
    total: float


class TwoWay(NamedTuple):
    """A table of noisy counts. cells (r, c), rows (r,), columns (c,), total: the margins are sums of the noisy cells."""

    cells: list[list[int]]
    rows: list[int]
    columns: list[int]
    total: int


def noise(secret: Secret, question: str, epsilon: float) -> int:
    """A draw of P(x) = (1 - a) / (1 + a) * a ** abs(x), a = exp(-epsilon); always the same for the same arguments.

    The difference of two geometric draws, each the floor of ln u / ln a of 64 bits of the HMAC.
    """
    text = "\0".join((secret.data, question, repr(float(epsilon))))
    digest = hmac.new(secret.key, b"disclosure\0" + text.encode(), hashlib.sha256).digest()
    one, other = (int.from_bytes(digest[at : at + 8], "big") for at in (0, 8))
    return _geometric(one, epsilon) - _geometric(other, epsilon)


def noisy_count(secret: Secret, question: str, count: int, epsilon: float) -> int:
    """`count` with the noise of `question`; it may be below 0."""
    return count + noise(secret, question, epsilon)


def shown(noisy: int, everybody: int, parameters: DisclosureParameters) -> Shown:
    """What is told of a noisy count out of `everybody`, itself a noisy count.

    Fewer than `fewest` are told as that, and so is a count that leaves fewer than that: it is told as all.
    """
    fewest = parameters.fewest
    if noisy < fewest:
        return Shown(False, None, f"fewer than {fewest}")
    if everybody - noisy < fewest:
        number = nearest(max(everybody, fewest), parameters.rounding)
        return Shown(True, number, f"about {number:,}: all, or all but fewer than {fewest}")
    number = nearest(noisy, parameters.rounding)
    return Shown(True, number, f"about {number:,}")


def nearest(number: int, multiple: int) -> int:
    """The multiple of `multiple` that is nearest to `number`; of two, the larger."""
    return (2 * number + multiple) // (2 * multiple) * multiple


def listed(secret: Secret, counts: Mapping[str, int], parameters: DisclosureParameters) -> dict[str, int]:
    """{name: noisy count} of what may be asked by: the names whose noisy count, drawn once for these data, is large enough.

    counts {name: subjects}, names without subjects included: a name must not show by its absence that nobody has it.
    """
    drawn = {
        name: noisy_count(secret, f"listed {name}", count, parameters.listing_epsilon) for name, count in counts.items()
    }
    return {name: noisy for name, noisy in drawn.items() if noisy >= parameters.listing_fewest}


def two_way(
    secret: Secret, question: str, counts: Sequence[Sequence[int]], names: Sequence[Sequence[str]], epsilon: float
) -> TwoWay:
    """A table with noise in every cell. counts (r, c); names: those of the rows and of the columns.

    Every subject is in one cell, so the whole table costs `epsilon` once. Exact margins are never formed.
    """
    cells = [
        [
            noisy_count(secret, f"{question} cell {row!r} {column!r}", count, epsilon)
            for column, count in zip(names[1], line, strict=True)
        ]
        for row, line in zip(names[0], counts, strict=True)
    ]
    rows = [sum(line) for line in cells]
    columns = [sum(line[k] for line in cells) for k in range(len(names[1]))]
    return TwoWay(cells, rows, columns, sum(rows))


class Budgets:
    """What was spent, by actor and by all, over every snapshot of a study: it does not return with new data.

    The same question on the same data is paid once by an actor, and once in the sum of all.
    """

    def __init__(self, parameters: DisclosureParameters, granted: Mapping[str, float] | None = None):
        """granted {actor: budget} where it is not `actor_budget`."""
        self._parameters = parameters
        self._granted = dict(granted or {})
        self._paid: dict[str, set[str]] = {}
        self._spent: dict[str, float] = {}
        self._total = 0.0

    def cost(self, actor: str, question: str) -> Spending:
        """What `question` (canonical, with the digest of the data) would cost now."""
        epsilon = self._parameters.epsilon
        known = any(question in paid for paid in self._paid.values())
        return Spending(0.0 if question in self._paid.get(actor, ()) else epsilon, 0.0 if known else epsilon)

    def allows(self, actor: str, cost: Spending) -> bool:
        """Whether actor and all can still pay it; what was paid before is always allowed."""
        enough = self.spent(actor) + cost.actor <= self.of(actor) + SLACK
        return enough and self._total + cost.total <= self._parameters.total_budget + SLACK

    def pay(self, actor: str, question: str, cost: Spending) -> None:
        self._paid.setdefault(actor, set()).add(question)
        self._spent[actor] = self.spent(actor) + cost.actor
        self._total += cost.total

    def of(self, actor: str) -> float:
        """The budget of an actor."""
        return self._granted.get(actor, self._parameters.actor_budget)

    def spent(self, actor: str) -> float:
        return self._spent.get(actor, 0.0)

    def left(self, actor: str) -> float:
        """What an actor may still spend; never below 0, whatever was taken from the budget since."""
        return max(self.of(actor) - self.spent(actor), 0.0)

    @property
    def total(self) -> float:
        """Spent by all."""
        return self._total

    def replay(self, rows: Iterable[Document]) -> None:
        """Spend again what the rows of a query log say was spent."""
        for row in rows:
            if row["epsilon"] or row["total"]:
                question = f"{row['data']} {row['canonical']}"
                self.pay(str(row["actor"]), question, Spending(float(row["epsilon"]), float(row["total"])))


def _geometric(bits: int, epsilon: float) -> int:
    """The draw of P(g) = (1 - a) * a ** g to 64 uniform bits."""
    uniform = (bits + 0.5) / 2.0**64
    return math.floor(-math.log(uniform) / epsilon) if uniform < 1.0 else 0
