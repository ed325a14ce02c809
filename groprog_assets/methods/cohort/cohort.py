"""The sample index: patients of the study, their covariates, and when each covariate is known. Outcomes are a separate table.

Tables in, tables out; no Dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.cohort.clinical_records import describe_fields
from groprog_assets.methods.cohort.cohort_summary import summarise
from groprog_assets.methods.cohort.identity import identical_profiles, identical_rows, joined_groups
from groprog_assets.methods.cohort.patient_expression import shared_genes
from groprog_assets.methods.cohort.patient_funnel import Step, patient_funnel
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import Cohort
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document, Values


class AssembledCohort(NamedTuple):
    """index (cohort_index), records, fields, outcomes and exclusions: the same patients in the same order in the first,
    second and fourth; funnel (patient_funnel); summary: numbers for the report, JSON-able."""

    index: pd.DataFrame  # type: ignore[assignment]  # hides tuple.index, which nobody asks for
    records: pd.DataFrame
    fields: pd.DataFrame
    outcomes: pd.DataFrame
    exclusions: pd.DataFrame
    funnel: pd.DataFrame
    summary: Document


def assemble_cohort(
    records: pd.DataFrame,
    outcomes: pd.DataFrame,
    fields: pd.DataFrame,
    exclusions: pd.DataFrame,
    expression: dict[str, np.ndarray] | None,
    cohort: Cohort,
    parameters: CohortParameters,
    genes: Iterable[str] | None = None,
    units: Values | None = None,
    left_out: Mapping[str, Mapping[str, int]] | None = None,
) -> AssembledCohort:
    """Patients with a usable outcome, in the order of `records`.

    Landmark mode (`landmark_months` = t0): patients with time <= t0 are dropped and listed, time restarts at t0, fields known
    by t0 are used. Without it only fields known at baseline are. Fields are checked again on the remaining patients, so a
    field that became constant is not used. With `genes` (symbols of the experiment) the expression must share
    `minimum_shared_genes` with them. Patients without expression stay; the index says so. `units`, of
    `clinical_records.recorded_units`, is copied into the summary; `left_out`, of `outcomes.left_out_by_reason`, gives the
    number of patients in `exclusions` with the event.

    Patients alike in outcome and every covariate, or in every gene, are named in the index (`twin_of`) and stay in one fold.

    Raises CohortError when fewer than `minimum_events` events or no usable field are left, the genes do not match, or patients
    are alike beyond chance (`chance_of_identical_rows`).
    Source: paper 3.1, 3.2.
    """
    problems: list[Problem] = []
    joined = records.merge(outcomes, on="patient_id", how="inner", validate="one_to_one")
    known_out = set(zip(exclusions["what"], exclusions["id"]))
    new_exclusions: list[tuple[str, str, str]] = []
    landmark = parameters.landmark_months
    steps = _steps(exclusions, left_out)
    if landmark is not None:
        early = joined["time"] <= landmark
        for patient, event in joined.loc[early, ["patient_id", "event"]].itertuples(index=False):
            what = "event" if event else "follow-up ended"
            new_exclusions.append(("patient", patient, f"{what} by the landmark at {landmark:g} months"))
        lost = int(joined.loc[early, "event"].sum())
        asks = f"time beyond {landmark:g} months"
        steps.append(Step(f"by the landmark at {landmark:g} months", lost, int(early.sum()) - lost, 0, asks))
        joined = joined[~early].assign(time=joined["time"] - landmark)
    joined = joined.reset_index(drop=True)
    events = int(joined["event"].sum())
    if events < parameters.minimum_events:
        where = "cohort" if landmark is None else f"cohort after the landmark at {landmark:g} months"
        problems.append(
            Problem(
                where,
                f"{count_of(events, 'event')} among {count_of(len(joined), 'patient')}",
                f"At least {count_of(parameters.minimum_events, 'event is', 'events are')} needed.",
                "Add patients or follow-up" + ("." if landmark is None else ", or set an earlier landmark."),
            )
        )
    described = describe_fields(joined, cohort.fields, landmark)
    if not described["used"].any():
        why = "; ".join(f"{row.field}: {row.reason}" for row in described.itertuples())
        problems.append(
            Problem("cohort.fields", f"no usable covariate ({why})", "The model needs one at least.", "Add covariates.")
        )
    if expression is not None and genes is not None:
        try:
            shared_genes(expression["gene"].tolist(), genes, parameters)
        except CohortError as error:
            problems += error.problems
    twin_of, found = _twins(joined, [field.name for field in cohort.fields], expression, parameters)
    problems += found
    if problems:
        raise CohortError(problems)
    with_expression = set() if expression is None else set(expression["patient_id"].tolist())
    index = pd.DataFrame(
        {
            "patient_id": joined["patient_id"],
            "has_expression": joined["patient_id"].isin(with_expression),
            "has_nascent": joined["patient_id"].isin(cohort.nascent_libraries),
            "batch": joined["batch"] if cohort.batch_column else "",
            "twin_of": twin_of,
        }
    )
    unused = described.loc[~described["used"], ["field", "reason"]]
    new_exclusions += [("column", field, reason) for field, reason in unused.itertuples(index=False)]
    new = [row for row in new_exclusions if row[:2] not in known_out]
    exclusions = pd.concat(
        [exclusions, pd.DataFrame(new, columns=["what", "id", "reason"]).astype("str")], ignore_index=True
    )
    index = conform(index, "cohort_index")
    covariates = conform(joined[["patient_id", *described["field"]]], "clinical_records")
    described = conform(described, "clinical_fields")
    outcomes = conform(joined[["patient_id", "time", "event"]], "outcomes")
    exclusions = conform(exclusions, "exclusions")
    summary = summarise(index, covariates, described, outcomes, exclusions)
    summary |= {"endpoint": cohort.endpoint.name, "landmark_months": landmark, "units": dict(units or {})}
    if expression is not None and len(expression["gene"]):
        summary["expression"] = {"genes": len(expression["gene"]), "unit": str(expression["unit"][0])}
    has, event = index["has_expression"].to_numpy(), outcomes["event"].to_numpy(bool)
    matched = (int((has & event).sum()), int((has & ~event).sum())) if expression is not None and has.any() else None
    funnel = patient_funnel(events, len(outcomes) - events, steps, matched)
    return AssembledCohort(index, covariates, described, outcomes, exclusions, funnel, summary)


def _steps(exclusions: pd.DataFrame, left_out: Mapping[str, Mapping[str, int]] | None) -> list[Step]:
    """The steps that left out patients without an outcome; without `left_out`, their events are unknown."""
    if left_out is None:
        counts = exclusions.loc[exclusions["what"] == "patient", "reason"].value_counts(sort=False)
        left_out = {str(reason): {"event": 0, "censored": 0, "unknown": int(count)} for reason, count in counts.items()}
    return [
        Step(reason, lost["event"], lost["censored"], lost["unknown"], "a time and an event for the endpoint")
        for reason, lost in left_out.items()
    ]


def _twins(
    joined: pd.DataFrame, fields: list[str], expression: dict[str, np.ndarray] | None, parameters: CohortParameters
) -> tuple[list[str], list[Problem]]:
    """(for each patient the first identical one, "" for none; a problem for each kind of identity beyond chance)."""
    profiles: dict[str, int] = {}
    groups_of_profiles: list[list[int]] = []
    own = np.full(len(joined), -1)
    values = None if expression is None else expression.get("values")
    if expression is not None and values is not None and values.size:
        place = {str(patient): row for row, patient in enumerate(expression["patient_id"].tolist())}
        own = np.array([place.get(str(patient), -1) for patient in joined["patient_id"]])
        rows = np.flatnonzero(own >= 0)
        found = identical_profiles(values[own[rows]])
        groups_of_profiles = [[int(rows[member]) for member in group] for group in found.groups]
        profiles = {str(member): k for k, group in enumerate(groups_of_profiles) for member in group}
    compared = joined[["time", "event", *fields]]
    alike = identical_rows(compared)
    # patients whose expression differs are two people, however alike their records
    alike_groups = [part for group in alike.groups for part in _same_profile(group, own, profiles) if len(part) > 1]
    patients = joined["patient_id"].astype(str).tolist()
    problems = []
    for groups, expected, what in (
        (groups_of_profiles, 0.0, "every gene of the expression"),
        (alike_groups, alike.expected, f"follow-up, event and {count_of(len(fields), 'covariate')}"),
    ):
        if groups and expected < parameters.chance_of_identical_rows:
            shown = "; ".join(" and ".join(patients[row] for row in group) for group in groups[:3])
            problems.append(
                Problem(
                    "cohort, patients",
                    f"{count_of(sum(map(len, groups)), 'patient is', 'patients are')} alike in {what} "
                    f"({shown}{'; ...' if len(groups) > 3 else ''})",
                    f"By chance {expected:.2g} pairs would be: one patient stands under several identifiers, and would be "
                    "trained on and tested on.",
                    "Keep one row a patient. If they are different people, set parameters.cohort.chance_of_identical_rows: 0; "
                    "they then stay in one fold.",
                )
            )
    first = joined_groups(len(joined), groups_of_profiles, alike_groups)
    return ["" if row == k else patients[row] for k, row in enumerate(first)], problems


def _same_profile(group: list[int], own: np.ndarray, profiles: Mapping[str, int]) -> list[list[int]]:
    """The rows of a group of identical records, split where both have expression and it differs."""
    without = [row for row in group if own[row] < 0]
    parts: dict[object, list[int]] = {}
    for row in group:
        if own[row] >= 0:
            parts.setdefault(profiles.get(str(row), f"alone {row}"), []).append(row)
    several = list(parts.values()) or [[]]
    return [sorted([*several[0], *without]), *several[1:]]
