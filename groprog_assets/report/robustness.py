"""The report's part on disturbed omics and on how far the ensemble's members agree. The report's context in, blocks out."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, interval, percent
from groprog_assets.report.blocks import Block, member, paragraph
from groprog_assets.report.genomics import picture
from groprog_assets.tables.values import Values

CAPTIONS: dict[str, tuple[str, str]] = {
    "robustness": (
        "Held-out risks when the omics are disturbed: rank correlation with the undisturbed risk, and concordance lost. Noise is "
        "in SD of each gene; lost genes are the same for all patients; another's omics: shuffled patients. Points "
        "are means, lines 2.5 to 97.5 % over folds and draws. CKA: how alike two members of the ensemble represent the patients.",
        "Dot plot of rank correlation and lost concordance under noise, gene loss and permutation.",
    ),
}


def disturbed(context: Values) -> list[Block]:
    """The figure of disturbed omics, and the agreement of the members; empty where nothing was disturbed.

    An evaluation that an earlier version made has no agreement of the terms that make the score.
    """
    found = member(context.get("evaluation"), "robustness") or {}
    if not found.get("perturbations") or member(context.get("figures"), "robustness") is None:
        return []
    blocks = [picture(context, "robustness", CAPTIONS)]
    held = found.get("members")
    if not held:
        return blocks
    told = (
        ("of the terms that make the score", held.get("score_cka")),
        ("of the network's last layer, whatever it weighs,", held["cka"]),
    )
    alike = [
        f"{what} {fixed(one['mean'], 2)} ({interval(one['lower'], one['upper'], 2)})"
        for what, one in told
        if one is not None
    ]
    ranks, spread = held["spearman"], found.get("seed_spread")
    share = "" if spread is None else f" Their spread is {percent(spread)} of that between patients."
    text = (
        f"Members of the ensemble, trained from other seeds on other parts, agree on held-out patients: CKA {', '.join(alike)}, "
        f"rank correlation of risks {fixed(ranks['mean'], 2)} ({interval(ranks['lower'], ranks['upper'], 2)}).{share}"
    )
    return [*blocks, paragraph(text)]
