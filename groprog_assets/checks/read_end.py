"""Check that every read counts one base, as the defaults of unit calling assume."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Values


def one_base_a_read(summary: Values) -> Verdict:
    """Fails, without blocking, when a library counts every base of its reads; tells what that was measured to do."""
    passed = summary["read_end"] != "coverage"
    warned = next((text for text in summary["warnings"] if text.startswith("Coverage mode")), "")
    description = f"one base a read, {summary['counted_base']}" if passed else warned or "bases are counted, not reads"
    return Verdict("one_base_a_read", passed, description, {"mean_read_length": summary["mean_read_length"]})
