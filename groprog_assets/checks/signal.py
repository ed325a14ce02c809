"""Is there any signal, and on every strand and chromosome that is expected to hold some?"""

from __future__ import annotations

from typing import Any

from groprog_assets.results import Verdict


def any_signal(table: Any, what: str) -> Verdict:
    """Fails when nothing is left; everything downstream would be zeros."""
    reads = int(table["count"].sum())
    remedy = "" if reads else " Look at the filter funnel: which step removed the reads?"
    return Verdict("has_signal", reads > 0, f"{reads} {what}.{remedy}", {"reads": reads}, blocking=True)


def both_strands(table: Any, chrom_names: list[str]) -> Verdict:
    """Fails, without blocking, when a chromosome of the study has no read on a strand."""
    present = set(zip(table["chrom"].astype(str), table["strand"].astype(str), strict=True))
    empty = [f"{chrom} {strand}" for chrom in chrom_names for strand in "+-" if (chrom, strand) not in present]
    shown = ", ".join(empty[:12]) + (f" and {len(empty) - 12} more" if len(empty) > 12 else "")
    return Verdict(
        "both_strands",
        not empty,
        f"no reads on {shown}" if empty else f"reads on both strands of {len(chrom_names)} chromosomes",
        {"empty": len(empty)},
    )
