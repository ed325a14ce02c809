"""The report's words on the signature branch: what it weighs, and the weight of a gene against its descriptor."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, interval, percent
from groprog_assets.report.blocks import Block, member, paragraph
from groprog_assets.report.genomics import picture
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of

SEQUENCE = "sequence_"
"""How the names of descriptors from sequence begin."""
NOTHING = "The signature branch weighs nothing: on held-out patients, what the gene descriptors say added nothing."
CAPTIONS: dict[str, tuple[str, str]] = {
    "signature": (
        "Weight of a gene in the linear path as a function of its nascent descriptor, as the final model fitted it: curves for a "
        "gene that responds to the perturbation, relative to no response, no significance or no density; on the right what a "
        "pausing class, a label, a key locus or the range of a mark adds; where the study asks for descriptors from sequence, "
        "beside it what the range of each adds. Bands and bars: 95 % intervals of the ridge fit.",
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
    shown = [told, picture(context, "signature", CAPTIONS)] if drawn else [told]
    return [*shown, *_from_sequence(context, document)]


def _from_sequence(context: Values, document: Values) -> list[Block]:
    """What the descriptors from sequence are and what they add; nothing in a study that does not ask for them."""
    names = [row["function"] for row in document.get("functions", []) if row["descriptor"].startswith(SEQUENCE)]
    if not names:
        return []
    predicted = sum(name.startswith(f"{SEQUENCE}predicted_") for name in names)
    axes = sum(name.startswith(f"{SEQUENCE}axis_") for name in names)
    text = (
        f"{count_of(len(names), 'of its functions comes', 'of its functions come')} from the sequence around each gene: "
        f"{count_of(predicted, 'prediction')} by models that never saw the gene, {count_of(axes, 'axis', 'axes')} of its k-mers."
    )
    parts = member(context.get("ablation"), "parts") or []
    left_out = next((row for row in parts if row["part"] == "sequence"), None)
    if left_out is not None and left_out["difference"] is not None:
        text += (
            f" Without them, held-out concordance changes by {fixed(left_out['difference'])} "
            f"({interval(left_out['lower'], left_out['upper'])})."
        )
    return [paragraph(text)]
