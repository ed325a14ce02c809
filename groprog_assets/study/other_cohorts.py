"""The rules of cohorts beside the study's own: those that it learns from, and those that its finished model scores.

Study in, findings out. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator

from groprog_assets.study.finding import Finding, closest, repeated
from groprog_assets.study.plausible_ranges import plain_unit
from groprog_assets.study.schema import Cohort, OtherCohort, Study


def other_cohort_rules(study: Study) -> Iterator[Finding]:
    """Other cohorts, to be scored or to learn from, speak of the fields of the study's own, and there must be one."""
    if study.cohort is None:
        if study.validation:
            rule = "Patients of other centres are scored by a model of the study's own."
            yield Finding(("validation",), "no cohort", rule, "Add a cohort, or remove validation.")
        return
    yield from repeated([cohort.name for cohort in study.validation], ("validation",), "name", "External cohorts")
    sources = study.cohort.sources
    yield from repeated([cohort.name for cohort in sources], ("cohort", "sources"), "name", "Sources")
    for k, source in enumerate(sources):
        endpoint, own = source.endpoint.name, study.cohort.endpoint.name
        if endpoint != own:
            rule = f"A source has the study's endpoint, {own}: another one has another hazard."
            remedy = f"Name the columns of {own} in {source.name}, or remove the source."
            yield Finding(("cohort", "sources", k, "endpoint", "name"), endpoint, rule, remedy)
        if source.matrices:
            rule, remedy = "Fields and expression are learned from sources, no further matrix.", "Remove matrices."
            yield Finding(("cohort", "sources", k, "matrices"), source.matrices[0].name, rule, remedy)
        yield from _fields_of_another(source, study.cohort, ("cohort", "sources", k))
    for k, cohort in enumerate(study.validation):
        yield from _fields_of_another(cohort, study.cohort, ("validation", k))


def _fields_of_another(other: OtherCohort, own: Cohort, part: tuple[str | int, ...]) -> Iterator[Finding]:
    """The fields of another cohort are those of the study's, of the same kind and in a unit that becomes theirs."""
    known = {field.name: field for field in own.fields}
    for j, field in enumerate(other.fields):
        at = (*part, "fields", j)
        if field.name not in known:
            rule = "Another cohort gives the fields of the study's cohort, under the same names."
            yield Finding((*at, "name"), field.name, rule, closest(field.name, known))
        elif field.kind != known[field.name].kind:
            rule = f"{field.name} is {known[field.name].kind} in the study's cohort."
            yield Finding((*at, "kind"), field.kind, rule, "A field is of one kind everywhere.")
        elif field.unit and (unit := known[field.name].unit) and plain_unit(field.unit) != plain_unit(unit):
            rule = f"The model reads {field.name} in {unit}, the unit of the study's cohort."
            remedy = (
                f"Set unit: {unit}, and state how the file's values become it: "
                f"units: [{{unit: {field.unit}, lowest: ..., highest: ..., factor: {unit} in one {field.unit}}}]."
            )
            yield Finding((*at, "unit"), field.unit, rule, remedy)


def other_cohorts(study: Study) -> Iterator[tuple[tuple[str | int, ...], OtherCohort]]:
    """(where in the study, the cohort) of the external cohorts and the sources."""
    for k, other in enumerate(study.validation):
        yield ("validation", k), other
    for k, source in enumerate(study.cohort.sources if study.cohort is not None else []):
        yield ("cohort", "sources", k), source
