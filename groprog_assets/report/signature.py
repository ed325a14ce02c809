"""The report's words on the signature branch: what it weighs, and the weight of a gene against its descriptor."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, percent
from groprog_assets.report.blocks import Block, member, paragraph
from groprog_assets.report.genomics import picture
from groprog_assets.tables.values import Values

NOTHING = "The signature branch weighs nothing: on held-out patients, what the gene descriptors say added nothing."
CAPTIONS: dict[str, tuple[str, str]] = {
    "signature": (
        "Weight of a gene in the linear path as a function of its nascent descriptor, as the final model fitted it: curves for a "
        "gene that responds to the perturbation, relative to no response, no significance or no density; on the right what a "
        "pausing class, a label, a key locus or the range of a mark adds. Bands and bars: 95 % intervals of the ridge fit.",
        "Curves of gene weight against fold change, significance and density, and a dot plot of labels and marks.",
    )
}


def blocks(context: Values) -> list[Block]:
    """The branch's weight with its figure; one sentence where it weighs nothing; nothing where there is no branch."""
    document = context.get("signature")
    if not document:
        return []
    if not document["weight"]:
        return [paragraph(NOTHING)]
    told = paragraph(
        "The signature branch, which weighs each gene by its nascent descriptor, has a log hazard ratio of "
        f"{fixed(document['weight'], 2)} per standard deviation of its held-out score, {percent(document['share'])} of the "
        "linear path."
    )
    drawn = member(context.get("figures"), "signature")
    return [told, picture(context, "signature", CAPTIONS)] if drawn else [told]
