"""What a study compares its subjects by, and the gene sets and drugs that it asks about. Standard library and pydantic only."""

from __future__ import annotations

from pydantic import Field

from groprog_assets.study.part import StudyPart


class SubjectGroups(StudyPart):
    """Groups whose features are compared: a column of the sample table."""

    column: str = Field(min_length=1, description="column that names the group of a sample's subject")
    reference: str = Field("", description="of two groups the one compared with; empty: the first by name")


class SubjectSurvival(StudyPart):
    """Outcome of the subjects: two columns of the sample table."""

    time: str = Field(min_length=1, description="column of the time to the event or to the end of follow-up, in months")
    event: str = Field(min_length=1, description="column that says whether the event happened: 1 or 0, yes or no")


def outcome_columns(groups: SubjectGroups | None, survival: SubjectSurvival | None) -> tuple[str, ...]:
    """The columns of the sample table that groups and survival name."""
    return (*((groups.column,) if groups else ()), *((survival.time, survival.event) if survival else ()))
