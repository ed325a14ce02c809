"""The request that a coordinator sends to every site: which sums of which fields, at which point of the analysis."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from groprog_assets.errors import CohortError, Problem
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

FORM = "groprog-federation 1"
Question = Literal["counts", "moments", "kaplan-meier", "cox"]
Stage = Literal["first", "sums"]
SMALLEST_CELL = 5
MOST_FIELDS = 30
REMEDY = "docs/omics.md shows a request."


@dataclass(frozen=True)
class Request:
    """What the sites are asked.

    `fields` are columns of the cohort: `age`, or `sex=female` for the indicator of a level; `counts` names categorical fields.
    `months` is the width to which times are rounded up, `least` the smallest number of events of a grid point and of subjects
    of a cell. What follows is written by `merge`: the grid of event times in steps of `months`, centre and scale of each field,
    the coefficients on that scale with those before them, and the number of the round.
    """

    name: str
    question: Question
    sites: tuple[str, ...]
    fields: tuple[str, ...] = ()
    months: int = 1
    least: int = SMALLEST_CELL
    stage: Stage = "first"
    round: int = 0
    grid: tuple[int, ...] = ()
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    coefficients: tuple[float, ...] = ()
    before: tuple[float, ...] = ()
    likelihood: float | None = None
    left_out: tuple[str, ...] = ()

    def document(self) -> Document:
        """The request as JSON holds it."""
        return {"form": FORM, **{name: _plain(value) for name, value in asdict(self).items()}}

    def next_round(self, **changes: Any) -> Request:
        """The same question one round later."""
        return replace(self, stage="sums", round=self.round + 1, **changes)


def read_request(path: Path) -> Request:
    """The request in a JSON file. Raises CohortError with every rule that it breaks."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CohortError(Problem(str(path), f"no JSON: {error}", "A request is a JSON object.", REMEDY)) from None
    return request_of(document, str(path))


def request_of(document: object, where: str) -> Request:
    """The request that a document states. Raises CohortError with every rule that it breaks."""
    if not isinstance(document, dict) or document.get("form") != FORM:
        rule = f'A request is a JSON object with "form": "{FORM}".'
        raise CohortError(Problem(where, "another form", rule, REMEDY))
    known = [item.name for item in fields(Request)]
    problems = [
        Problem(where, f"unknown field {name}", f"The fields are {', '.join(known)}.", "Remove or rename it.")
        for name in document
        if name not in (*known, "form")
    ]
    given: dict[str, Any] = {}
    for name in known:
        if name in document:
            value = document[name]
            given[name] = tuple(value) if isinstance(value, list) else value
    missing = [name for name in ("name", "question", "sites") if not given.get(name)]
    problems += [Problem(where, f"no {name}", "A request states it.", "Add it.") for name in missing]
    if not problems:
        problems = [Problem(where, *told) for told in _broken(Request(**given))]
    if problems:
        raise CohortError(problems)
    return Request(**given)


def _broken(asked: Request) -> list[tuple[str, str, str]]:
    """(value, rule, remedy) of each rule that a request breaks."""
    found = []
    texts = [asked.name, *_items(asked.sites), *_items(asked.fields)]
    if not all(isinstance(text, str) and text for text in texts):
        found.append(("name, sites or fields that are no text", "They are text.", "Correct them."))
        return found
    if asked.question not in get_args(Question):
        found.append((f"question {asked.question!r}", f"It is one of {', '.join(get_args(Question))}.", "Choose one."))
    if asked.stage not in get_args(Stage):
        found.append((f"stage {asked.stage!r}", "`groprog omics merge` writes it.", "Leave it out of a first request."))
    if len(set(asked.sites)) != len(asked.sites) or not asked.sites:
        found.append(("a site twice, or none", "Sites are told apart by name.", "Name each once."))
    if len(set(asked.fields)) != len(asked.fields) or len(asked.fields) > MOST_FIELDS:
        found.append(("fields", f"At most {MOST_FIELDS} fields, each once.", "Remove some."))
    if (asked.question == "kaplan-meier") == bool(asked.fields):
        rule = "kaplan-meier is of all subjects; every other question names fields."
        found.append((count_of(len(asked.fields), "field"), rule, "Add or remove them."))
    for name, value, least in (("months", asked.months, 1), ("least", asked.least, SMALLEST_CELL)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            found.append((f"{name}: {value!r}", f"It is a whole number, {least} or more.", "Correct it."))
    wide = {"centre": asked.centre, "scale": asked.scale, "coefficients": asked.coefficients}
    for name, values in wide.items():
        finite = all(isinstance(item, int | float) and np.isfinite(item) for item in values)
        expected = len(asked.fields) if asked.stage == "sums" and asked.question == "cox" else len(values)
        if not finite or len(values) != expected:
            found.append((f"{name} of {len(values)}", "One finite number a field.", "Take the file that merge wrote."))
    if asked.stage == "sums" and (not asked.grid or list(asked.grid) != sorted(set(asked.grid))):
        found.append(("grid", "Rising event times.", "Take the file that merge wrote."))
    return found


def _items(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (None,)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
