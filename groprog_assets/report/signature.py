"""The report's words on the signature branch: what it weighs, and the weight of a gene against its descriptor."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, interval, percent
from groprog_assets.report.blocks import Block, member, paragraph
from groprog_assets.report.genomics import picture, settings
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of

SEQUENCE = "sequence_"
"""How the names of descriptors from sequence begin."""
PRETRAINED = f"{SEQUENCE}pretrained_"
"""How those of them begin that another model computed."""
NOTHING = "The signature branch weighs nothing: on held-out patients, what the gene descriptors say added nothing."
CAPTIONS: dict[str, tuple[str, str]] = {
    "signature": (
        "Weight of a gene in the linear path as a function of its nascent descriptor, as the final model fitted it: curves for a "
        "gene that responds to the perturbation, relative to no response, no significance or no density; on the right what a "
        "pausing class, a label, a key locus or the range of a mark or of the number of enhancers adds; where the study asks "
        "for descriptors from sequence, beside it what the range of each adds. Bands and bars: 95 % intervals of the ridge fit.",
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
    return [*shown, *_of_enhancers(context, document), *_from_sequence(context, document)]


def _of_enhancers(context: Values, document: Values) -> list[Block]:
    """What the candidate enhancers near a gene add to its weight; nothing in a study without them."""
    weights = {
        row["descriptor"]: f"{fixed(row['coefficient'])} ({interval(row['lower'], row['upper'])})"
        for row in document.get("functions", [])
    }
    asked = settings(context).initiation
    told = [
        f"{what} {weights[name]}"
        for name, what in (
            ("enhancers_near", "their number"),
            ("enhancer_response", f"the mean log₂ fold change of the {asked.response_neighbours} nearest"),
        )
        if name in weights
    ]
    if not told:
        return []
    return [
        paragraph(
            f"Candidate enhancers within {asked.gene_distance / 1000:g} kb of a gene's start add to its weight, as log hazard "
            f"ratio per standard deviation: {', '.join(told)}. A candidate enhancer near a gene need not act on it."
        )
    ]


def _from_sequence(context: Values, document: Values) -> list[Block]:
    """What the descriptors from sequence are and what they add; nothing in a study that does not ask for them."""
    names = [row["function"] for row in document.get("functions", []) if row["descriptor"].startswith(SEQUENCE)]
    if not names:
        return []
    predicted = sum(name.startswith(f"{SEQUENCE}predicted_") for name in names)
    axes = sum(name.startswith(f"{SEQUENCE}axis_") for name in names)
    pretrained = [name for name in names if name.startswith(PRETRAINED)]
    models = list(dict.fromkeys(name.removeprefix(PRETRAINED).split("_")[0] for name in pretrained))
    told = []
    if own := len(names) - len(pretrained):
        told.append(
            f"{count_of(own, 'of its functions comes', 'of its functions come')} from the sequence around each gene: "
            f"{count_of(predicted, 'prediction')} by models that never saw the gene, {count_of(axes, 'axis', 'axes')} of its "
            f"k-mers.{_without(context, 'sequence')}"
        )
    if pretrained:
        told.append(
            f"{count_of(len(pretrained), 'of its functions is an axis', 'of its functions are axes')} of vectors that other "
            f"models computed ({', '.join(models)})."
            f"{_without(context, 'pretrained')}"
        )
    return [paragraph(text) for text in told]


def _without(context: Values, part: str) -> str:
    """What leaving a part out changes, as a sentence; empty where the ablation does not say it."""
    parts = member(context.get("ablation"), "parts") or []
    left_out = next((row for row in parts if row["part"] == part), None)
    if left_out is None or left_out["difference"] is None:
        return ""
    change = f"{fixed(left_out['difference'])} ({interval(left_out['lower'], left_out['upper'])})"
    return f" Without them, held-out concordance changes by {change}."
