"""Check that the reads of a library have the declared strandedness."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Values


def strandedness(summary: Values) -> Verdict:
    """Fails when the reads lie on the other strand than declared, or on no strand more than the other; says what to do."""
    found = summary["strandedness"]
    passed = found["status"] == "ok"
    seen = f"declared {found['declared']}, inferred {found['inferred']}, {count_of(found['reads'], 'genic read')}"
    remedy = "" if passed else f" {found['remedy']}"
    return Verdict(
        "strandedness",
        passed,
        f"{seen}.{remedy}",
        {"sense_fraction": found.get("sense_fraction"), "status": found["status"]},
        blocking=True,
    )
