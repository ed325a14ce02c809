"""Groups and survival of the subjects, from the factors of their samples. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.sample_table import SampleRows
from groprog_assets.methods.integration.biomarkers import PanelOutcome
from groprog_assets.study.omics_integration import SubjectGroups, SubjectSurvival

HAPPENED = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
"""How an event may be written, in any case."""


class SubjectOutcomes(NamedTuple):
    """Each by subject, or None where the study does not ask for it: group (text), reference; time (months) with event (bool)."""

    group: pd.Series | None = None
    reference: str | None = None
    time: pd.Series | None = None
    event: pd.Series | None = None


class Comparison(NamedTuple):
    """What features are compared with: its name, and a panel's outcome."""

    name: str
    outcome: PanelOutcome


def subject_outcomes(
    samples: pd.DataFrame, factors: pd.DataFrame, groups: SubjectGroups | None, survival: SubjectSurvival | None
) -> SubjectOutcomes:
    """The outcomes of the subjects of `samples` (tables samples and sample_factors); subjects without one are left out.

    AssayError for a subject whose samples disagree, times that are no number of at least 0, and events other than 1, 0, yes, no,
    true, false.
    """
    problems: list[Problem] = []

    def by_subject(column: str, lower: bool = False) -> pd.Series:
        values = factors[factors["factor"] == column].set_index("sample_id")["value"]
        values = values.str.lower() if lower else values
        joined = samples.set_index("sample_id")["subject_id"].to_frame().join(values).dropna()
        distinct = joined.groupby("subject_id")["value"].nunique()
        for subject in distinct.index[distinct > 1][:5]:
            said = f"samples of {subject} differ: {', '.join(joined.loc[joined['subject_id'] == subject, 'value'].unique())}"
            problems.append(
                Problem(f"omics.samples, column {column}", said, "A subject has one outcome.", "Correct them.")
            )
        return joined.groupby("subject_id")["value"].first()

    group = None if groups is None else by_subject(groups.column)
    time = event = None
    if survival is not None:
        stated, happened = by_subject(survival.time), by_subject(survival.event, lower=True)
        time = pd.to_numeric(stated, errors="coerce")
        for subject in time.index[~(time >= 0) | np.isinf(time)][:5]:
            rule = "A time is a number of months of at least 0."
            where = f"omics.samples, column {survival.time}"
            problems.append(Problem(where, f"{stated[subject]!r} of {subject}", rule, "Correct it, or leave it empty."))
        event = happened.map(HAPPENED)
        for subject in event.index[event.isna()][:5]:
            rule = "An event is 1 or 0, yes or no, true or false."
            where = f"omics.samples, column {survival.event}"
            problems.append(
                Problem(where, f"{happened[subject]!r} of {subject}", rule, "Correct it, or leave it empty.")
            )
        both = time.index.intersection(event.index)
        time, event = time[both], event[both]
    if problems:
        raise AssayError(problems)
    reference = groups.reference or None if groups is not None else None
    return SubjectOutcomes(group, reference, time, event if event is None else event.astype(bool))


def stated_outcomes(
    read: SampleRows, groups: SubjectGroups | None, survival: SubjectSurvival | None
) -> SubjectOutcomes:
    """`subject_outcomes` of a sample table as read, whose subjects have no pseudonyms yet; for a check before a run."""
    rows = np.arange(len(read.rows))
    samples = pd.DataFrame({"sample_id": rows, "subject_id": read.rows["subject"].to_numpy()})
    parts = [
        pd.DataFrame({"sample_id": rows, "factor": name, "value": pd.Series(values, dtype="str")})
        for name, values in read.factors.items()
    ]
    factors = pd.concat(parts) if parts else pd.DataFrame(columns=["sample_id", "factor", "value"])
    return subject_outcomes(samples, factors, groups, survival)


def comparisons(outcomes: SubjectOutcomes) -> Iterator[Comparison]:
    """Every comparison of features: of two groups the one with the reference, of more each with the others; then survival."""
    if outcomes.group is not None:
        names = sorted(outcomes.group.unique(), key=lambda name: (name != outcomes.reference, name))
        for name in names[1:] if len(names) == 2 else names:
            other = names[0] if len(names) == 2 else "others"
            yield Comparison(f"{name} against {other}", PanelOutcome(outcomes.group == name))
    if outcomes.time is not None and outcomes.event is not None:
        yield Comparison("survival", PanelOutcome(outcomes.event, outcomes.time))
