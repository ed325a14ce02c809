"""Check that no two libraries hold the same reads."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.wording import count_of


def distinct_libraries(groups: list[list[str]], libraries: int) -> Verdict:
    """Fails where libraries hold the same reads (groups of their names): a copy counts one sample as two."""
    shown = "; ".join(" = ".join(group) for group in groups)
    return Verdict(
        "distinct_libraries",
        not groups,
        f"The same reads stand under several names: {shown}. A copy is no replicate and shows no change: p-values would be too "
        "small, or all fold changes 1. Name the right file for each of them, or remove the copies from the study."
        if groups
        else f"{count_of(libraries, 'library', 'libraries')}, no two with the same reads",
        {"groups": len(groups)},
        blocking=True,
    )
