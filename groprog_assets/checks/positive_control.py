"""Check of the positive control: the perturbation must raise its target."""

from __future__ import annotations

from collections.abc import Mapping

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Values


def positive_control(summary: Values) -> Verdict:
    """Fails when the signature target did not rise; passes, and says so, when the study names none."""
    target = summary.get("positive_control") or summary.get("signature_target")
    if not target:
        return Verdict("positive_control", True, "The study names no signature_target; the perturbation is unchecked.")
    change = target.get("log2_fold_change") if isinstance(target, Mapping) else None
    if change is None:
        return Verdict("positive_control", False, f"The target could not be measured: {target}.")
    return Verdict(
        "positive_control",
        change > 0,
        f"log2 fold change of the target {change:.2f}; it must rise",
        {"log2_fold_change": change},
    )
