"""Checks of what explains the sequence models: contributions, motifs."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Document
from groprog_assets.wording import count_of

LARGEST_GAP = 0.01
"""Share of the spread of predictions that the sum of contributions may miss."""


def attributions(summary: Document) -> Verdict:
    """The contributions of a window sum to its prediction less that of the background."""
    if not summary["explained"]:
        told = f"{summary['rung']}, the model in use of view {summary['view']}, does not explain itself"
        return Verdict("contributions_sum_to_prediction", True, told, {"genes": 0})
    told = (
        f"the sums miss the predictions of {count_of(summary['genes'], 'gene')} by {summary['largest_gap']:.2g} at most, "
        f"{summary['gap_share']:.2g} of their standard deviation"
    )
    return Verdict(
        "contributions_sum_to_prediction", summary["gap_share"] <= LARGEST_GAP, told, {"gap": summary["largest_gap"]}
    )


def motifs(summary: Document) -> Verdict:
    """Most motifs have the sign of their effect in measured values of genes that the model never saw."""
    found, same = summary["motifs"], summary["same_sign"]
    told = f"{same} of {found} motifs have the sign of their effect on held-out genes" if found else "no motif"
    return Verdict("motifs_hold_elsewhere", same >= found / 2, told, {"motifs": found})


def embedding(summary: Document) -> Verdict:
    """The vectors tell no more of the genes' measured values than predictions by models that never saw them."""
    worst = max(summary["tasks"], key=lambda name: summary["tasks"][name]["excess"], default="")
    told = "no task"
    if worst:
        held = summary["tasks"][worst]
        told = f"{worst}: r {held['r']:.3f} by the vectors, cross-validated, {held['r_predicted']:.3f} by the predictions alone"
    return Verdict(
        "embedding_does_not_repeat_targets",
        summary["excess"] <= summary["tolerance"],
        told,
        {"excess": summary["excess"]},
    )
