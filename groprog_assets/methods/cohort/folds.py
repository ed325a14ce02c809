"""Test folds: repeated, by patient, stratified by event, or read from a splits file.

Tables in, tables out; no Dagster. Source: docs/methods.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem, why_unreadable
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.study.files import open_regular
from groprog_assets.study.parameters import EvaluationParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

MOST_FOLDS = 1_000_000
"""Largest number that names a repeat or a fold in a splits file."""


def make_folds(
    outcomes: pd.DataFrame,
    splits_path: Path | None,
    parameters: EvaluationParameters,
    seed: int,
    index: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """`folds` table: in every repeat each patient of `outcomes` is tested in exactly one fold.

    Without `splits_path`, folds are drawn per repeat from `seed`, stratified by event, so that their event counts differ by
    at most one; the same outcomes and seed give the same folds, whatever the row order. A splits file is JSON with `ids` and
    `splits` [{rep, fold, test: [index into ids]}]; its patients who are not in `outcomes` are ignored, because they were
    excluded from the cohort. Patients whom `index` (cohort_index) marks as identical (`twin_of`) are tested in one fold.
    Raises CohortError, with every problem at once: repeated patient ids, a patient in two folds of a repeat or in none, an
    unknown id, fewer events than folds, identical patients in two folds of a splits file.
    """
    duplicated = outcomes["patient_id"][outcomes["patient_id"].duplicated()].unique()
    if len(duplicated):
        raise CohortError(
            Problem(
                "outcomes, patient_id",
                f"{count_of(len(duplicated), 'id stands', 'ids stand')} twice; first {duplicated[0]}",
                "A patient in two folds would be tested on what was trained on.",
                "Keep one row a patient.",
            )
        )
    known = index is not None and "twin_of" in index
    pairs = zip(index["patient_id"], index["twin_of"]) if index is not None and known else ()
    twins = {str(patient): str(other) for patient, other in pairs if other}
    if splits_path is None:
        frame = _drawn(outcomes, parameters, seed, twins)
    else:
        frame = _read(outcomes, Path(splits_path), twins)
    return conform(frame.sort_values(["repeat", "patient_id"]), "folds")


def _drawn(
    outcomes: pd.DataFrame, parameters: EvaluationParameters, seed: int, twins: Mapping[str, str]
) -> pd.DataFrame:
    followers = outcomes["patient_id"].isin(list(twins))
    everyone, outcomes = outcomes, outcomes[~followers]
    events = int(outcomes["event"].sum())
    if events < parameters.folds:
        raise CohortError(
            Problem(
                "outcomes, event",
                count_of(events, "event"),
                f"Each of the {parameters.folds} folds needs one to be tested on.",
                "Set evaluation.folds lower, or use a longer follow-up or another endpoint.",
            )
        )
    ordered = outcomes.sort_values("patient_id")
    patients, event = ordered["patient_id"].to_numpy(), ordered["event"].to_numpy(dtype=bool)
    rows = []
    for repeat in range(parameters.repeats):
        random = np.random.default_rng([seed, repeat])
        fold = stratified_folds(event, parameters.folds, random).tolist()
        of = dict(zip(patients.tolist(), fold))
        follow = everyone.loc[followers, "patient_id"].tolist()
        place = [*fold, *(of[twins[patient]] for patient in follow)]
        rows.append(pd.DataFrame({"repeat": repeat, "fold": place, "patient_id": [*patients.tolist(), *follow]}))
    return pd.concat(rows)


def _read(outcomes: pd.DataFrame, path: Path, twins: Mapping[str, str]) -> pd.DataFrame:
    problems: list[Problem] = []
    try:
        with open_regular(path) as file:
            document = json.loads(file.read().decode())
        ids = [str(one) for one in document["ids"]]
        splits = [(int(one["rep"]), int(one["fold"]), [int(i) for i in one["test"]]) for one in document["splits"]]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        said = f"cannot be read: {why_unreadable(error)}"[:200]
        raise CohortError(_problem(path, said, "It must hold `ids` and `splits`.")) from error
    numbers = {number for repeat, fold, _ in splits for number in (repeat, fold)}
    if not splits or not all(0 <= number <= MOST_FOLDS for number in numbers):
        said = "no split" if not splits else f"rep or fold {min(numbers) if min(numbers) < 0 else max(numbers)}"
        rule = f"`splits` lists folds; `rep` and `fold` are numbers from 0 to {MOST_FOLDS:,}."
        raise CohortError(_problem(path, said[:80], rule))
    for patient, count in Counter(ids).items():
        if count > 1:
            problems.append(_problem(path, f"id {patient} stands {count} times", "An id names one patient."))
    outside = sorted({i for *_, test in splits for i in test if not 0 <= i < len(ids)})
    if outside:
        problems.append(_problem(path, f"index {outside[0]} has no id", f"Indices run from 0 to {len(ids) - 1}."))
        raise CohortError(problems)
    known = set(outcomes["patient_id"].astype(str))
    unknown = sorted(known - set(ids))
    if unknown:
        problems.append(
            _problem(
                path,
                f"{count_of(len(unknown), 'patient has', 'patients have')} no fold; first {unknown[0]}",
                "Every patient is tested once.",
            )
        )
    for repeat in sorted({repeat for repeat, *_ in splits}):
        tested = Counter(ids[i] for r, _, test in splits if r == repeat for i in test)
        twice = [patient for patient, count in tested.items() if count > 1]
        never = sorted((known & set(ids)) - set(tested))
        if twice:
            problems.append(
                _problem(path, f"repeat {repeat}: {twice[0]} is in {tested[twice[0]]} folds", "It must be in one.")
            )
        if never:
            problems.append(
                _problem(path, f"repeat {repeat}: {never[0]} is in no fold", "Every patient is tested once.")
            )
        where = {ids[i]: fold for r, fold, test in splits if r == repeat for i in test}
        apart = [patient for patient, other in twins.items() if where.get(patient) != where.get(other)]
        if apart:
            said = (
                f"repeat {repeat}: {count_of(len(apart), 'patient is', 'patients are')} "
                f"in another fold than one who is alike in every column"
            )
            problems.append(
                _problem(path, f"{said}; first {apart[0]} and {twins[apart[0]]}", "Such a pair may be one patient.")
            )
    if not known & set(ids):
        problems.append(
            _problem(path, f"no id of it is in the cohort; first {ids[0] if ids else 'none'}", "Ids must match.")
        )
    if problems:
        raise CohortError(problems)
    rows: list[Document] = [
        {"repeat": repeat, "fold": fold, "patient_id": ids[i]}
        for repeat, fold, test in splits
        for i in test
        if ids[i] in known
    ]
    return pd.DataFrame(rows)


def _problem(path: Path, value: str, rule: str) -> Problem:
    return Problem(
        f"splits file {path}", value, rule, "Make the file for this cohort, or leave it out to have folds drawn."
    )
