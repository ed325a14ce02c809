"""The report's survival curves by risk group, with as many groups as the evaluation has. The report's context in, a block out."""

from __future__ import annotations

from groprog_assets.figures.evaluation import MODEL
from groprog_assets.report.blocks import Block, member
from groprog_assets.report.genomics import picture
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of

GROUPS = {
    2: ("in the low and high half", "two"),
    3: ("in the low, middle and high third", "three"),
}
"""Number of groups: name of one group, and the number as a word."""


def curves(context: Values) -> Block:
    """The Kaplan-Meier figure; the caption counts the groups of the evaluation's strata."""
    found = member(member(context.get("evaluation"), "strata"), MODEL)
    groups = len(set(found["curves"]["group"])) if found else 3
    return picture(context, "kaplan_meier", {"kaplan_meier": caption(groups)})


def caption(groups: int) -> tuple[str, str]:
    """(caption, alternative text) of curves of so many risk groups."""
    parts, word = GROUPS.get(groups, (f"in {count_of(groups, 'equal group')}, from low to high,", str(groups)))
    return (
        f"Kaplan–Meier curves of patients {parts} of out-of-fold risk. Wide separation "
        "means that the score orders patients it has not seen. Shaded: 95 % intervals; below: patients at risk.",
        f"Kaplan-Meier survival curves of {word} risk groups with confidence bands.",
    )


CAPTIONS: dict[str, tuple[str, str]] = {"kaplan_meier": caption(3)}
