"""The days of the experiment, from the wet-lab record of the libraries (figure 1). Records in, a figure out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from groprog_assets.figures.style import GRID, INK, SOFT_INK, condition_colours, new_figure, say_empty, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAY = re.compile(r"day[_ ]?(\d+)", re.IGNORECASE)
"""A key of the record that tells what was done on a day: day_1, day 2, Day3."""
LINE = 26
"""Characters of a line in a box."""


def days_of(record: Mapping[str, Any]) -> dict[int, list[str]]:
    """{day: steps} of a wet-lab record, in the order of days; a list, or text with steps divided by ";"."""
    found = {}
    for key, told in record.items():
        if (day := DAY.fullmatch(str(key).strip())) is not None:
            steps = told if isinstance(told, list) else str(told).split(";")
            found[int(day[1])] = [str(step).strip() for step in steps if str(step).strip()]
    return dict(sorted(found.items()))


def wet_lab_days(
    records: Mapping[str, Mapping[str, Any]], conditions: Mapping[str, str], control: str, treatment: str
) -> Figure:
    """A box a day from left to right, a row for each course of the experiment, its libraries named by condition at the left.

    records: {library: its wet-lab record}, of which the keys `day_1`, `day_2`, ... are drawn; conditions: {library: condition}.
    Libraries with equal days share a row. Without such a key the figure says how to state one. Source: paper 4.1, figure 1.
    """
    courses: dict[tuple[tuple[int, tuple[str, ...]], ...], list[str]] = {}
    for library, record in records.items():
        held = tuple((day, tuple(steps)) for day, steps in days_of(record).items())
        if held:
            courses.setdefault(held, []).append(library)
    with style():
        if not courses:
            figure, axes = new_figure()
            say_empty(axes, "The wet-lab record names no days. State them as metadata: {day_1: ..., day_2: ...}.")
            return figure
        days = sorted({day for course in courses for day, _ in course})
        wrapped = [{day: _box(steps) for day, steps in course} for course in courses]
        tall = [max(text.count("\n") + 1 for text in row.values()) * 0.155 + 0.3 for row in wrapped]
        figure, axes = new_figure((1.6 + 2.05 * len(days), sum(tall) + 0.55))
        axes.set_axis_off()
        axes.set(xlim=(-1.6, 2.05 * len(days)), ylim=(sum(tall) + 0.4, -0.15))
        colours = condition_colours(sorted(set(conditions.values())), control, treatment)
        for place, day in enumerate(days):
            axes.text(2.05 * place + 0.9, 0.1, f"Day {day}", ha="center", va="center", weight="bold")
        top = 0.3
        for (_, libraries), texts, height in zip(courses.items(), wrapped, tall, strict=True):
            middle = top + height / 2
            by_condition: dict[str, list[str]] = {}
            for library in libraries:
                by_condition.setdefault(conditions[library], []).append(library)
            for line, (condition, names) in enumerate(by_condition.items()):
                offset = (line - (len(by_condition) - 1) / 2) * 0.34
                told = textwrap.shorten(f"{condition}: {', '.join(names)}", 46, placeholder=" …")
                axes.text(
                    -1.55, middle + offset, textwrap.fill(told, 23), color=colours[condition], va="center", fontsize=7.5
                )
            shown = [place for place, day in enumerate(days) if day in texts]
            for place, following in pairwise(shown):
                axes.annotate(
                    "",
                    (2.05 * following - 0.02, middle),
                    (2.05 * place + 1.82, middle),
                    arrowprops={"arrowstyle": "->", "color": SOFT_INK, "linewidth": 1.0},
                )
            for place in shown:
                axes.text(
                    2.05 * place + 0.9,
                    middle,
                    texts[days[place]],
                    ha="center",
                    va="center",
                    multialignment="left",
                    fontsize=7.5,
                    color=INK,
                    bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": GRID, "linewidth": 1.0},
                )
            top += height
        return figure


def _box(steps: tuple[str, ...]) -> str:
    return "\n".join(textwrap.fill(step, LINE, initial_indent="\u2022 ", subsequent_indent="  ") for step in steps)
