"""`--purpose` and `--studied`: what people's data are used for, which decides whose are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groprog_assets.errors import Problem, StudyError

if TYPE_CHECKING:
    from groprog_assets.study.schema import Study

PURPOSES = click.Choice(["none", "health", "disease", "ancestry"])
COUNTED_FOR = click.option(
    "--purpose",
    type=PURPOSES,
    default=None,
    help="What the counts are for, else the study's purpose: who does not allow it is left out.",
)
STUDIED = click.option("--studied", multiple=True, help="With purpose disease: the MONDO classes studied.")


def stated_purpose(study: Study, purpose: str | None, studied: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """(purpose, MONDO classes studied) as given, else the study's own; "" where none is stated.

    StudyError where purpose disease names no class, or another one does.
    """
    stated: tuple[str, tuple[str, ...]]
    if purpose is None and study.omics is not None:
        given = study.omics.consents
        stated = given.purpose, studied or tuple(given.diseases)
    else:
        stated = (purpose or "").replace("none", ""), studied
    if (stated[0] == "disease") != bool(stated[1]):
        rule, remedy = (
            "Purpose disease names what is studied, and no other does.",
            "Add --studied MONDO:…, or leave it out.",
        )
        raise StudyError(Problem("--studied", ", ".join(stated[1]) or "not given", rule, remedy))
    return stated
