"""Check that there are enough spike-in reads for a comparison of libraries."""

from __future__ import annotations

from typing import Any

from groprog_assets.checks.verdict import Verdict

ENOUGH_READS = 1_000
"""Spike-in reads from which on counting error moves a library's scale by about 3 % or less."""


def spike_in(sizes: Any) -> Verdict:
    """Fails, without blocking, when a library on the spike-in's scale has fewer spike-in reads than that takes."""
    if sizes["basis"].iloc[0] != "spike-in":
        return Verdict("spike_in", True, "libraries are compared by their reads; no spike-in genome is named", {})
    fewest = int(sizes["spike_in_reads"].min())
    few = sizes.loc[sizes["spike_in_reads"] < ENOUGH_READS, "library"].tolist()
    seen = (
        f"{', '.join(few)}: under {ENOUGH_READS:,} spike-in reads, so the scale itself is uncertain by more than 3 %"
        if few
        else f"at least {fewest:,} spike-in reads in every library"
    )
    return Verdict("spike_in", not few, seen, {"fewest": fewest})
