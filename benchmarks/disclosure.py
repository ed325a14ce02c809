"""What a reader learns of one person from counts: exact, rounded, refused, noisy, and as this project answers.

`python -m benchmarks.disclosure` (ten seconds of CPU). The attack: a population of 400 with six attributes, a target whom five
known attributes single out, and a reader who wants the sixth. The reader asks in pairs, "P with the sixth attribute" and "the
same but not the target", for random P that the target fulfils, and weighs every answer and refusal by how likely the policy gives
it either way. The figure is the balanced accuracy over 150 populations: 0.5 where nothing is learnt, 1 where all is; its standard
error is about 0.04. The interface of this project offers no "but not", so the attack is granted more than a reader has.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.omics.disclosure import Budgets, Secret, noisy_count, shown
from groprog_assets.study.omics_parameters import DisclosureParameters

PEOPLE, LEVELS = 400, (2, 3, 4, 5, 8)
ASKED = (2, 20, 100)
POPULATIONS, SIMULATED = 150, 200
Mask = NDArray[np.bool_]
Answer = int | str
"""A number, or the reason why there is none."""


class Population(NamedTuple):
    """known (n, 5): what the reader knows of everybody; hidden (n,): the sixth attribute; target: whose is wanted."""

    known: NDArray[np.int64]
    hidden: Mask
    target: int


class Policy(ABC):
    """How one reader is answered over a session."""

    def __init__(self, name: str):
        """name: of the population, from which all randomness is drawn."""
        self.name = name
        self.questions = 0

    @abstractmethod
    def answer(self, question: str, members: Mask) -> Answer:
        """What the reader is told when `members` (n,) fulfil the question."""

    @classmethod
    @abstractmethod
    def told(cls, count: int) -> dict[Answer, float]:
        """{answer: how likely it is} when `count` people fulfil a question."""

    @classmethod
    def chances(cls, count: int, hidden: bool) -> dict[tuple[Answer, Answer], float]:
        """{(answer with the target, answer without): how likely}; hidden: the target is one of the `count`."""
        second = cls.told(count - hidden)
        return {(a, b): p * q for a, p in cls.told(count).items() for b, q in second.items()}


class Exact(Policy):
    def answer(self, question: str, members: Mask) -> Answer:
        return next(iter(self.told(int(members.sum()))))

    @classmethod
    def told(cls, count: int) -> dict[Answer, float]:
        return {count if count >= 5 else "few": 1.0}


class RoundedDown(Exact):
    @classmethod
    def told(cls, count: int) -> dict[Answer, float]:
        return {count // 5 * 5: 1.0}


class RandomlyRounded(Policy):
    """Up or down to a multiple of 5, unbiased; the same for the same set of people."""

    def answer(self, question: str, members: Mask) -> Answer:
        low, left = divmod(int(members.sum()), 5)
        digest = hashlib.sha256(self.name.encode() + members.tobytes()).digest()
        return 5 * (low + (int.from_bytes(digest[:8], "big") % 1000 < 200 * left))

    @classmethod
    def told(cls, count: int) -> dict[Answer, float]:
        low, left = divmod(count, 5)
        return {5 * low: 1 - left / 5, **({5 * low + 5: left / 5} if left else {})}

    @classmethod
    def chances(cls, count: int, hidden: bool) -> dict[tuple[Answer, Answer], float]:
        same = {(told, told): chance for told, chance in cls.told(count).items()}
        return super().chances(count, hidden) if hidden else same


class NoSmallDifferences(Exact):
    """Exact, but refused where the set differs from an answered one by one to four people."""

    def __init__(self, name: str):
        super().__init__(name)
        self.answered: list[Mask] = []

    def answer(self, question: str, members: Mask) -> Answer:
        if any(0 < int((members ^ other).sum()) < 5 for other in self.answered):
            return "refused"
        self.answered.append(members)
        return super().answer(question, members)

    @classmethod
    def chances(cls, count: int, hidden: bool) -> dict[tuple[Answer, Answer], float]:
        (told,) = cls.told(count)
        return {(told, "refused" if hidden else told): 0.9, ("refused", "refused"): 0.1}


class Noisy(Policy):
    """Geometric noise, the same for the same question."""

    epsilon = 0.5

    def answer(self, question: str, members: Mask) -> Answer:
        return noisy_count(Secret(b"benchmark", self.name), question, int(members.sum()), self.epsilon)

    @classmethod
    def told(cls, count: int) -> dict[Answer, float]:
        return {count + step: chance for step, chance in noise_chances(cls.epsilon).items()}


class MoreNoisy(Noisy):
    epsilon = 0.2


class Ours(Policy):
    """As this project answers: noise, small counts, rounding, the budget of one reader."""

    readers = 1
    parameters = DisclosureParameters()

    def __init__(self, name: str):
        super().__init__(name)
        self.secret = Secret(b"benchmark", name)
        self.budgets = Budgets(self.parameters)

    def answer(self, question: str, members: Mask) -> Answer:
        reader = f"reader {self.questions // 20 % self.readers}"
        self.questions += 1
        cost = self.budgets.cost(reader, question)
        if not self.budgets.allows(reader, cost):
            return "spent"
        self.budgets.pay(reader, question, cost)
        return self.shown(noisy_count(self.secret, question, int(members.sum()), self.parameters.epsilon))

    @classmethod
    def shown(cls, noisy: int) -> Answer:
        found = shown(noisy, PEOPLE, cls.parameters).number
        return "few" if found is None else found

    @classmethod
    def told(cls, count: int) -> dict[Answer, float]:
        found: dict[Answer, float] = {}
        for step, chance in noise_chances(cls.parameters.epsilon).items():
            told = cls.shown(count + step)
            found[told] = found.get(told, 0.0) + chance
        return found


class OursShared(Ours):
    """Ten readers who share their answers."""

    readers = 10


@cache
def noise_chances(epsilon: float) -> dict[int, float]:
    """{noise: how likely}, from the formula, not from what draws it."""
    base = math.exp(-epsilon)
    reach = math.ceil(12 / epsilon)
    return {step: (1 - base) / (1 + base) * base ** abs(step) for step in range(-reach, reach + 1)}


POLICIES: dict[str, type[Policy]] = {
    "exact, at least 5": Exact,
    "rounded down to 5": RoundedDown,
    "rounded at random to 5, the same for the same people": RandomlyRounded,
    "refused where answered sets differ by fewer than 5": NoSmallDifferences,
    "noise of epsilon 0.5 without a budget": Noisy,
    "noise of epsilon 0.2 without a budget": MoreNoisy,
    "as here: epsilon 0.2, rounded to 5, budget of 20 questions": Ours,
    "as here, ten readers who share their answers": OursShared,
}


def population(random: np.random.Generator) -> Population:
    """400 people; one whom the five known attributes single out is the target."""
    known = np.column_stack([random.integers(0, level, PEOPLE) for level in LEVELS])
    _, place, count = np.unique(known, axis=0, return_index=True, return_counts=True)
    return Population(known, random.random(PEOPLE) < 0.5, int(random.choice(place[count == 1])))


def pair(people: Population, random: np.random.Generator) -> tuple[tuple[str, Mask], tuple[str, Mask]]:
    """("P with the sixth attribute", "the same but not the target") with who they are; P is random, the target fulfils it."""
    members = people.hidden.copy()
    text = []
    for k, level in enumerate(LEVELS):
        own = int(people.known[people.target, k])
        if random.random() < 0.5:
            chosen = {own, *random.choice(level, size=max(1, level // 2), replace=False).tolist()}
            members &= np.isin(people.known[:, k], list(chosen))
            text.append(f"{k} in {sorted(chosen)}")
    others = members.copy()
    others[people.target] = False
    question = " and ".join(text)
    return (question, members), (f"{question}, not the target", others)


def weights(kind: type[Policy], random: np.random.Generator, simulated: int) -> Callable[[Answer, Answer], float]:
    """ln of how much likelier a pair of answers is when the target has the attribute: exact but for how often each number of
    people fulfils P, which is taken from simulated populations."""
    often: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for _ in range(simulated):
        people = population(random)
        for _ in range(20):
            (_, _members), (_, others) = pair(people, random)
            count = int(others.sum())
            often[0][count] += 1
            often[1][count + 1] += 1
    chances: list[dict[tuple[Answer, Answer], float]] = [{}, {}]
    for hidden in (0, 1):
        for count, times in often[hidden].items():
            for answers, chance in kind.chances(count, bool(hidden)).items():
                chances[hidden][answers] = chances[hidden].get(answers, 0.0) + times * chance
    least = 1e-9 * sum(often[0].values())
    return lambda first, second: math.log(
        (chances[1].get((first, second), 0.0) + least) / (chances[0].get((first, second), 0.0) + least)
    )


def attacked(
    kind: type[Policy], populations: int = POPULATIONS, simulated: int = SIMULATED, seed: int = 20251129
) -> dict[int, float]:
    """{questions asked: balanced accuracy about the sixth attribute of the target}."""
    random = np.random.default_rng(seed)
    weigh = weights(kind, random, simulated)
    right: dict[int, list[list[float]]] = {asked: [[], []] for asked in ASKED}
    for k in range(populations):
        people = population(random)
        people.hidden[people.target] = bool(k % 2)
        policy, sum_of_weights = kind(f"population {k}"), 0.0
        for number in range(1, max(ASKED) // 2 + 1):
            (asked, members), (again, others) = pair(people, random)
            sum_of_weights += weigh(policy.answer(asked, members), policy.answer(again, others))
            if 2 * number in right:
                told = 0.5 if abs(sum_of_weights) < 1e-12 else float((sum_of_weights > 0) == bool(k % 2))
                right[2 * number][k % 2].append(told)
    return {asked: float(np.mean([np.mean(part) for part in parts])) for asked, parts in right.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--populations", type=int, default=POPULATIONS)
    parser.add_argument("--simulated", type=int, default=SIMULATED)
    given = parser.parse_args()
    print("| policy | " + " | ".join(f"{asked} questions" for asked in ASKED) + " |")
    print("| --- |" + " --- |" * len(ASKED))
    for name, kind in POLICIES.items():
        found = attacked(kind, given.populations, given.simulated)
        print(f"| {name} | " + " | ".join(f"{found[asked]:.2f}" for asked in ASKED) + " |", flush=True)


if __name__ == "__main__":
    main()
