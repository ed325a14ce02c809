"""Rules of a clinical field whose values were recorded at a time of each patient's own.

Study part in, findings out. Standard library only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from groprog_assets.study.finding import Finding
from groprog_assets.study.schema import ClinicalField


def recording_rules(
    field: ClinicalField, outcome: Collection[str | None], at: tuple[str | int, ...]
) -> Iterator[Finding]:
    """One finding for each broken rule between `recorded_column` and the other fields; outcome: columns of the endpoint."""
    if field.recorded_column is None:
        if field.until_recorded:
            rule = "It is the level of a patient whose value was recorded later."
            yield Finding(
                (*at, "until_recorded"), "no recorded_column", rule, "Name the column of the time, or remove it."
            )
        return
    if field.recorded_column in outcome:
        rule = "What is predicted may not be an input."
        yield Finding((*at, "recorded_column"), f"{field.recorded_column} is the outcome", rule, "Remove the field.")
    if field.until_recorded and field.kind == "continuous":
        rule = "A continuous value that was recorded later is missing."
        yield Finding((*at, "until_recorded"), field.until_recorded, rule, "Remove it.")
    if field.until_recorded and field.levels and field.until_recorded not in field.levels:
        rule = f"Levels of {field.name} are {', '.join(field.levels)}."
        yield Finding((*at, "until_recorded"), field.until_recorded, rule, "State one of them, or add it.")
