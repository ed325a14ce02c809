"""Distributions of values in groups of subjects, for readers who may not see a subject. Numbers in, numbers out.

A box is told of a group whose noisy number of subjects is large enough, and each of its five lines is the mean of several
neighbouring values, so that no line, and no point beside the box, is the value of one subject. Microaggregation: Domingo-Ferrer
and Mateo-Sanz, IEEE Trans. Knowl. Data Eng. 14, 2002, doi:10.1109/69.979982.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from groprog_assets.methods.omics.disclosure import Secret, Shown, noisy_count, shown
from groprog_assets.study.omics_parameters import DisclosureParameters

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


class GroupBox(NamedTuple):
    """A group: its name, what is told of its size, and the lines of its box at QUANTILES; None where none is told."""

    group: str
    size: Shown
    lines: tuple[float, ...] | None


def box_lines(values: Sequence[float], averaged: int) -> tuple[float, ...] | None:
    """At each of QUANTILES the mean of the `averaged` values that lie nearest in rank; None for fewer values than that.

    values: finite or NaN for missing, in any order. The values below the 10 % and above the 90 % line are not told.
    """
    held = np.asarray(values, dtype=np.float64)
    ordered = np.sort(held[np.isfinite(held)])
    if len(ordered) < averaged:
        return None
    lines = []
    for share in QUANTILES:
        first = round(share * (len(ordered) - 1) - (averaged - 1) / 2)
        first = min(max(first, 0), len(ordered) - averaged)
        lines.append(float(ordered[first : first + averaged].mean()))
    return tuple(lines)


def group_boxes(
    secret: Secret,
    question: str,
    groups: Mapping[str, Sequence[float]],
    parameters: DisclosureParameters,
) -> list[GroupBox]:
    """The box of each group {name: a value a subject, NaN where it has none}, by name.

    How many subjects a group has is told with noise of scale 1 / listing_epsilon, drawn once for the data and `question`, which
    names the grouping and not what is measured: it is the same for every feature. A group whose noisy number is below
    `listing_fewest` has no box, and neither has one in which, by the same noise, too few have a value: its lines would be of the
    extremes.
    """
    boxes = []
    for group, values in sorted(groups.items()):
        noisy = noisy_count(secret, f"{question} {group!r}", len(values), parameters.listing_epsilon)
        enough = noisy >= parameters.listing_fewest
        words = shown(noisy, noisy + parameters.fewest, parameters)
        size = words if enough else Shown(False, None, f"under {parameters.listing_fewest}")
        known = int(np.isfinite(np.asarray(values, dtype=np.float64)).sum())
        valued = noisy - len(values) + known >= parameters.listing_fewest
        boxes.append(GroupBox(group, size, box_lines(values, parameters.fewest) if valued else None))
    return boxes
