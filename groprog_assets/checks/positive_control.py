"""Checks of the positive control, which the perturbation must raise, and of the initiation regions that the study file names."""

from __future__ import annotations

from collections.abc import Mapping

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Values


def positive_control(summary: Values) -> Verdict:
    """Fails when the signature target did not rise; passes, and says so, when the study names none."""
    target = summary.get("positive_control") or summary.get("signature_target")
    if not target:
        return Verdict("positive_control", True, "The study names no signature_target; the perturbation is unchecked.")
    if isinstance(target, Mapping) and target.get("region", target) is None:
        where = f"No initiation region is called at {target['interval']}, so the target could not be measured."
        return Verdict("positive_control", False, f"{where} Give the interval itself as signature_target.")
    change = target.get("log2_fold_change") if isinstance(target, Mapping) else None
    if change is None:
        return Verdict("positive_control", False, f"The target could not be measured: {target}.")
    return Verdict(
        "positive_control",
        change > 0,
        f"log2 fold change of the target {change:.2f}; it must rise",
        {"log2_fold_change": change},
    )


def named_regions(summary: Values) -> Verdict:
    """Fails when no initiation region is called at a place that a key locus names; passes, and says so, when none names one."""
    named = {name: locus for name, locus in summary["loci"].items() if "region" in locus}
    if not named:
        return Verdict("named_regions", True, "No key locus is given as an initiation region.")
    lost = [f"{name} ({locus['place']})" for name, locus in named.items() if locus["region"] is None]
    if not lost:
        told = [f"{name} is {locus['region']['name']}, {locus['region']['interval']}" for name, locus in named.items()]
        return Verdict("named_regions", True, f"{'; '.join(told)}.")
    remedy = "Look for the region near it in initiation_regions.tsv, or give the place as interval."
    return Verdict("named_regions", False, f"No initiation region is called at {', '.join(lost)}. {remedy}")
