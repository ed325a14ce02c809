"""The coordinator's part: sums of the sites become the next request or the result. JSON-able in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.federation.requests import Request
from groprog_assets.tables.values import Document

MOST_ROUNDS = 30
SMALLEST_STEP = 1e-12
SLACK = 1e-10
FLAT = 1e-9
"""Standard deviation over mean below which a column is taken for constant: sums of squares hold no more digits."""


class Merged(NamedTuple):
    """The next request, or the result; one of them is None."""

    request: Request | None
    result: Document | None


def merge_answers(asked: Request, answers: Mapping[str, Document]) -> Merged:
    """What follows from the answers {site: answer} to a request.

    A site that takes no part is left out of the rounds after. Raises CohortError where a site of the request is not there,
    where no site takes part, and where the columns are constant or depend on each other over all sites.
    """
    absent = [site for site in asked.sites if site not in answers]
    if absent:
        rule = "Every site of the request answers, also one that takes no part."
        raise CohortError(Problem("answers", f"none of {', '.join(absent)}", rule, "Wait for it."))
    if asked.coefficients != asked.before and any(answers[site]["too_far"] for site in asked.sites):
        return Merged(_halved(asked), None)
    refused = {site: answers[site]["reason"] for site in asked.sites if not answers[site]["takes_part"]}
    part = {site: answers[site]["payload"] for site in asked.sites if site not in refused}
    told = (*asked.left_out, *(f"{site}: {reason}" for site, reason in refused.items()))
    if not part:
        rule = f"None takes part: {'; '.join(told)}."
        raise CohortError(Problem("answers", "no sums", rule, "Ask for fewer fields, or wait for more subjects."))
    if asked.question == "counts":
        return Merged(None, _result(asked, part, told, fields=_counted(list(part.values()))))
    if asked.question == "moments":
        return Merged(None, _result(asked, part, told, fields=_moments(asked, list(part.values()))))
    if asked.stage == "first":
        return Merged(_with_grid(asked, part, told), None)
    if refused:
        rule = "The sums of a round are of the sites that made the grid."
        remedy = f"Ask again from the beginning without {', '.join(refused)}."
        raise CohortError(Problem("answers", "; ".join(told), rule, remedy))
    if asked.question == "kaplan-meier":
        return Merged(None, _result(asked, part, told, **_kaplan_meier(asked, list(part.values()))))
    return _cox(asked, part, told)


def event_grid(steps: np.ndarray, events: np.ndarray, least: int) -> list[int]:
    """Rising event times (g,) of which each has `least` events or more: earlier ones are merged into the next.

    steps (m,) rising, events (m,). Events left over at the end move the last grid time to theirs. Empty below `least` in all.

    >>> event_grid(np.array([1, 2, 3, 4]), np.array([3, 3, 5, 1]), 5)
    [2, 4]
    """
    grid: list[int] = []
    held = 0
    for step, count in zip(steps.tolist(), events.tolist()):
        held += count
        if held >= least:
            grid.append(step)
            held = 0
    if held and grid:
        grid[-1] = int(steps[-1])
    return grid


def _with_grid(asked: Request, part: Mapping[str, Document], told: tuple[str, ...]) -> Request:
    total: dict[int, int] = {}
    for payload in part.values():
        for step, count in zip(payload["steps"], payload["events"]):
            total[step] = total.get(step, 0) + count
    steps = sorted(total)
    grid = event_grid(np.array(steps), np.array([total[step] for step in steps]), asked.least)
    if asked.question == "kaplan-meier":
        return asked.next_round(sites=tuple(part), grid=tuple(grid), left_out=told)
    centre, spread = _centred(list(part.values()))
    varies = spread > FLAT * np.abs(centre)
    if not varies.all():
        constant = ", ".join(field for field, moves in zip(asked.fields, varies) if not moves)
        raise CohortError(Problem("answers", f"{constant} is constant", "A covariate varies.", "Leave it out."))
    zero = (0.0,) * len(asked.fields)
    return asked.next_round(
        sites=tuple(part),
        grid=tuple(grid),
        centre=tuple(centre.tolist()),
        scale=tuple(spread.tolist()),
        coefficients=zero,
        before=zero,
        left_out=told,
    )


def _cox(asked: Request, part: Mapping[str, Document], told: tuple[str, ...]) -> Merged:
    """One Newton step on the pooled sums; half the last step back where it lowered the likelihood."""
    now = np.array(asked.coefficients)
    likelihood, gradient, information = efron_newton(list(part.values()), now)
    if asked.likelihood is not None and likelihood < asked.likelihood - SLACK * (abs(asked.likelihood) + 1):
        return Merged(_halved(asked), None)
    if np.linalg.cond(information) > 1 / np.finfo(float).eps:
        rule = "Covariates do not depend on each other, over all sites together."
        raise CohortError(Problem("answers", f"{', '.join(asked.fields)} do", rule, "Leave one out."))
    step = np.linalg.solve(information, gradient)
    done = float(np.abs(step).max()) < SMALLEST_STEP
    if not done and asked.round < MOST_ROUNDS:
        after = tuple((now + step).tolist())
        return Merged(asked.next_round(coefficients=after, before=tuple(now.tolist()), likelihood=likelihood), None)
    scale = np.array(asked.scale)
    covariance = np.linalg.inv(information) / np.outer(scale, scale)
    coefficients, error = (now + step) / scale, np.sqrt(np.diag(covariance))
    events = int(sum(sum(payload["events"]) for payload in part.values()))
    rows = [
        {
            "field": field,
            "coefficient": float(value),
            "standard_error": float(se),
            "hazard_ratio": float(np.exp(value)),
            "lower_95": float(np.exp(value - 1.959963984540054 * se)),
            "upper_95": float(np.exp(value + 1.959963984540054 * se)),
            "p_value": float(2 * norm.sf(abs(value / se))),
        }
        for field, value, se in zip(asked.fields, coefficients, error)
    ]
    found = {"converged": done, "rounds": asked.round, "log_likelihood": likelihood, "events": events}
    return Merged(None, _result(asked, part, told, covariates=rows, covariance=covariance.tolist(), **found))


def _halved(asked: Request) -> Request:
    """Half of the last step back."""
    middle = (np.array(asked.coefficients) + np.array(asked.before)) / 2
    return asked.next_round(coefficients=tuple(middle.tolist()))


def efron_newton(payloads: list[Document], coefficients: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """(Efron log partial likelihood, its gradient (p,), its information (p, p)) at `coefficients` (p,) from the sites' sums."""
    p = len(coefficients)
    risk, dead, moved = (_pooled(payloads, name) for name in ("risk", "dead", "dead_x"))
    events = _pooled(payloads, "events")
    likelihood, gradient, information = 0.0, np.zeros(p), np.zeros((p, p))
    for at_risk, fallen, shift, count in zip(risk, dead, moved, events):
        likelihood += float(shift @ coefficients)
        gradient += shift
        for k in range(int(count)):
            left = at_risk - k / count * fallen
            mean, square = left[1 : p + 1] / left[0], left[p + 1 :].reshape(p, p) / left[0]
            likelihood -= float(np.log(left[0]))
            gradient -= mean
            information += square - np.outer(mean, mean)
    return likelihood, gradient, information


def _kaplan_meier(asked: Request, payloads: list[Document]) -> Document:
    at_risk, events = (_pooled(payloads, name) for name in ("at_risk", "events"))
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events).astype(float))))
    return {
        "months": [step * asked.months for step in asked.grid],
        "at_risk": at_risk.tolist(),
        "events": events.tolist(),
        "survival": survival.tolist(),
        "greenwood_error": [float(value) if np.isfinite(value) else None for value in survival * spread],
    }


def _centred(payloads: list[Document]) -> tuple[np.ndarray, np.ndarray]:
    """(mean, standard deviation with n - 1), each (p,)."""
    n = _subjects(payloads)
    total, squares = (_pooled(payloads, name) for name in ("sum", "squares"))
    mean = total / n
    return mean, np.sqrt(np.maximum(squares - n * mean**2, 0.0) / (n - 1))


def _moments(asked: Request, payloads: list[Document]) -> list[Document]:
    mean, spread = _centred(payloads)
    n = np.broadcast_to(_subjects(payloads), mean.shape)
    found = zip(asked.fields, n.tolist(), mean.tolist(), spread.tolist())
    return [{"field": field, "n": count, "mean": value, "standard_deviation": sd} for field, count, value, sd in found]


def _subjects(payloads: list[Document]) -> np.ndarray:
    """Subjects of all sites: a number, or (p,) where each field has its own."""
    return sum((np.asarray(payload["n"]) for payload in payloads), np.zeros((), dtype=np.int64))


def _counted(payloads: list[Document]) -> Document:
    found: Document = {}
    for payload in payloads:
        for field, counts in payload.items():
            held = found.setdefault(field, {"levels": {}, "other": 0})
            held["other"] += counts["other"]
            for level, count in counts["levels"].items():
                held["levels"][level] = held["levels"].get(level, 0) + count
    return found


def _pooled(payloads: list[Document], name: str) -> np.ndarray:
    """The sum of one array of all sites."""
    return np.sum([payload[name] for payload in payloads], axis=0)


def _result(asked: Request, part: Mapping[str, Document], told: tuple[str, ...], **found: object) -> Document:
    return {
        "form": "groprog-federated-result 1",
        "name": asked.name,
        "question": asked.question,
        "sites": list(part),
        "left_out": list(told),
        **found,
        "note": "Research use only.",
    }
