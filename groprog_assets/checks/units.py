"""Check that transcription units are of single genes, as everything that is counted in them assumes."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Values

COMPACT = (
    "Where genes are close, as in yeast, the published parameters of unit calling join them. Set parameters.coverage.bin_size: "
    "10 and let the grid choose: parameters.transcription with tuning_log_prob_leave_transcribed: [-2, -5, -10, -20, -50], "
    "tuning_untranscribed_shape: [1, 5, 15], use_tuned: true, tuned_by: dice."
)


def units_follow_genes(agreement: Values, most_merged: float) -> Verdict:
    """Fails, without blocking, when more than the share `most_merged` of the units lies over two or more genes.

    agreement: `summary` of transcript_density. Nothing is asked of no units and of no genes.
    """
    units, merged = agreement["units"], agreement["merged"]
    passed = merged <= most_merged * units
    told = f"{merged:,} of {units:,} units lie over two or more genes; Dice coefficient {agreement['dice']:.3f}."
    values = {"units": units, "merged": merged, "dice": agreement["dice"]}
    return Verdict("units_follow_genes", passed, told if passed else f"{told} {COMPACT}", values)
