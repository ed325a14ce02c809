"""The unified sample index: who is in the study, with which covariates, known when; outcomes in a table of their own.

Tables in, tables out; no Dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.cohort.clinical_records import describe_fields
from groprog_assets.methods.cohort.cohort_summary import summarise
from groprog_assets.methods.cohort.patient_expression import shared_genes
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import Cohort
from groprog_assets.tables import conform


class AssembledCohort(NamedTuple):
    """index (cohort_index), records, fields, outcomes and exclusions: the same patients in the same order in the first,
    second and fourth; summary: the cohort page's numbers, JSON-able."""

    index: pd.DataFrame  # type: ignore[assignment]  # hides tuple.index, which nobody asks for
    records: pd.DataFrame
    fields: pd.DataFrame
    outcomes: pd.DataFrame
    exclusions: pd.DataFrame
    summary: dict[str, Any]


def assemble_cohort(
    records: pd.DataFrame,
    outcomes: pd.DataFrame,
    fields: pd.DataFrame,
    exclusions: pd.DataFrame,
    expression: dict[str, np.ndarray] | None,
    cohort: Cohort,
    parameters: CohortParameters,
    genes: Iterable[str] | None = None,
    units: Mapping[str, Any] | None = None,
) -> AssembledCohort:
    """Patients with a usable outcome, in the order of `records`.

    Landmark mode (`landmark_months` = t0): patients with time <= t0 are dropped and listed, time restarts at t0, fields known
    by t0 are used (A1, A3). Without it only fields known at baseline are. Fields are judged again on the patients left, so
    one that became constant is not used. With `genes` (symbols of the experiment) the expression must share
    `minimum_shared_genes` with them. Patients without expression stay; the index says so. `units`, of
    `clinical_records.recorded_units`, goes into the summary as it is.

    Raises CohortError when fewer than `minimum_events` events or no usable field are left, or the genes do not match.
    Source: paper 3.1, 3.2; S1-D05, A1, A3, A5.
    """
    problems: list[Problem] = []
    joined = records.merge(outcomes, on="patient_id", how="inner", validate="one_to_one")
    known_out = set(zip(exclusions["what"], exclusions["id"]))
    left_out: list[tuple[str, str, str]] = []
    landmark = parameters.landmark_months
    if landmark is not None:
        early = joined["time"] <= landmark
        for patient, event in joined.loc[early, ["patient_id", "event"]].itertuples(index=False):
            what = "event" if event else "follow-up ended"
            left_out.append(("patient", patient, f"{what} by the landmark at {landmark:g} months"))
        joined = joined[~early].assign(time=joined["time"] - landmark)
    joined = joined.reset_index(drop=True)
    events = int(joined["event"].sum())
    if events < parameters.minimum_events:
        where = "cohort" if landmark is None else f"cohort after the landmark at {landmark:g} months"
        problems.append(
            Problem(
                where,
                f"{events} events among {len(joined)} patients",
                f"At least {parameters.minimum_events} events are needed.",
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
    if problems:
        raise CohortError(problems)
    with_expression = set() if expression is None else set(expression["patient_id"].tolist())
    index = pd.DataFrame(
        {
            "patient_id": joined["patient_id"],
            "has_expression": joined["patient_id"].isin(with_expression),
            "has_nascent": joined["patient_id"].isin(cohort.nascent_libraries),
            "batch": joined["batch"] if cohort.batch_column else "",
        }
    )
    unused = described.loc[~described["used"], ["field", "reason"]]
    left_out += [("column", field, reason) for field, reason in unused.itertuples(index=False)]
    new = [row for row in left_out if row[:2] not in known_out]
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
    return AssembledCohort(index, covariates, described, outcomes, exclusions, summary)
