"""Checks of what the assays say together: whether there are subjects enough, how stable strata are, which sets are scored."""

from __future__ import annotations

from groprog_assets.checks.omics import keys
from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

__all__ = ["drugs_tested", "enough_subjects", "held_out", "keys", "sets_scored", "stability"]


def enough_subjects(summary: Document) -> Verdict:
    """Fails when a method refused the study's subjects, with its reason. summary: of `subject_tables`, by outcome or plain."""
    parts = summary.items() if all(isinstance(part, dict) for part in summary.values()) else [("", summary)]
    wrong = [f"{name}: {part['why_not']}" if name else str(part["why_not"]) for name, part in parts if part["why_not"]]
    told = "; ".join(wrong) or "the subjects are enough"
    return Verdict("enough_subjects", not wrong, told, {"refused": len(wrong)})


def stability(summary: Document) -> Verdict:
    """Fails when no number of strata is stable; then none are reported."""
    best = summary["stability"]
    told = (
        "no network, no strata" if best is None else f"{summary['strata']} strata; the most stable agree by {best:.2f}"
    )
    note = "" if summary["strata"] else "; none is stable with enough subjects in each, so none is reported"
    return Verdict("stability", bool(summary["strata"]), told + note, {"strata": summary["strata"], "stability": best})


def held_out(summary: Document) -> Verdict:
    """Fails when a panel foretells held-out subjects no better than chance; without panels there is nothing to judge."""
    known = {name: part["performance"] for name, part in summary.items() if part["performance"] is not None}
    wrong = [name for name, value in known.items() if value <= 0.5]
    told = ", ".join(f"{name} {value:.2f}" for name, value in known.items()) or "no panel was judged"
    note = f"; no better than chance: {', '.join(wrong)}" if wrong else ""
    return Verdict("held_out", not wrong, f"AUC or C on held-out subjects: {told}{note}", {"panels": len(known)})


def sets_scored(summary: Document) -> Verdict:
    """Fails when no assay measures enough genes of any set: do both name genes alike?"""
    held = summary["assays"]
    total = sum(part["scored"] for part in held.values())
    told = ", ".join(f"{name} {part['scored']:,} of {part['sets']:,}" for name, part in held.items())
    remedy = "" if total else "; do the sets and the features name genes alike?"
    return Verdict("sets_scored", total > 0, f"sets with enough genes: {told}{remedy}", {"scored": total})


def drugs_tested(summary: Document) -> Verdict:
    """Fails when no signature has enough genes in any ranking."""
    told = f"{count_of(summary['tested'], 'ranking')} of {summary['drugs']:,} signatures were tested"
    remedy = "" if summary["tested"] else "; do the signatures and the features name genes alike?"
    return Verdict("drugs_tested", summary["tested"] > 0, told + remedy, {"tested": summary["tested"]})
