"""Ablation variants: the inputs and parameters of a model that is trained without one part."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from groprog_assets.model.inputs import BLOCKS, ModelInputs
from groprog_assets.model.signature import PRETRAINED, SEQUENCE
from groprog_assets.study.parameters import Parameters

FEW = ("sources", "sequence", "pretrained", "signature", "ranking", "modality_dropout")
CHANGES: dict[str, dict[str, dict[str, object]]] = {
    "signature": {"signature": {"enabled": False}},
    "perceptron": {"network": {"form": "paper"}},
    "columns": {"representation": {"pooling": "tokens"}},
    "gene_deviation": {"representation": {"gene_deviation": False}},
    "modality_dropout": {"representation": {"modality_dropout": 0.0}},
    "coupling": {"network": {"attention": "none"}},
    "balance": {"network": {"energy_clamp": [0.5, 0.5]}},
    "ranking": {"objective": {"ranking_weight": 0.0}},
    "coherence": {"objective": {"coherence_weight": 0.0}},
    "gradient_rates": {"training": {"rate_balance": 0.0}},
    "event_weights": {"objective": {"event_weight": 0.0}},
    "moving_average": {"training": {"ema_decay": 1e-9}},
}
OF_OMICS = (
    "signature",
    "columns",
    "gene_deviation",
    "modality_dropout",
    "coupling",
    "balance",
    "coherence",
    "gradient_rates",
)
"""Parts that do nothing without omics."""
OF_PAPER, OF_TOKENS, OF_PERCEPTRON, OF_COLUMNS = (
    ("coupling", "balance"),
    ("gene_deviation",),
    ("perceptron",),
    ("columns",),
)
"""Parts of one form of the network, and of one form of its genomic branch."""


class Variant(NamedTuple):
    """The inputs and parameters of a model that is trained without one part. own_path: whether its linear path differs."""

    inputs: ModelInputs
    parameters: Parameters
    own_path: bool = False


def variants(inputs: ModelInputs, parameters: Parameters) -> dict[str, Variant]:
    """{part: variant} of the parts `ablation.parts` asks for that this study has; empty for "none".

    Only what changes the descriptors or the further matrices changes the linear path; the other variants share one linear path
    per fold. Three parts need no training of their own and are not listed (omics, network, linear path): their risks are columns
    of the out-of-fold table.
    """
    if parameters.ablation.parts == "none":
        return {}
    found = {}
    if inputs.sources is not None:
        found["sources"] = Variant(replace(inputs, sources=None), parameters, own_path=True)
    if inputs.mode == "signature" and inputs.descriptors is not None:
        bare = replace(inputs, descriptors=None, descriptor_names=(), blocks={})
        found["descriptors"] = Variant(bare, parameters, own_path=True)
    if inputs.descriptors is not None:
        for block in BLOCKS:
            if inputs.blocks.get(block):
                found[block] = Variant(without(inputs, inputs.blocks[block]), parameters, own_path=True)
        of_sequence = [name for name in inputs.descriptor_names if name.startswith(SEQUENCE)]
        pretrained = tuple(name for name in of_sequence if name.startswith(PRETRAINED))
        if own := tuple(name for name in of_sequence if name not in pretrained):
            found["sequence"] = Variant(without(inputs, own), parameters, own_path=True)
        if pretrained:
            found["pretrained"] = Variant(without(inputs, pretrained), parameters, own_path=True)
    for matrix in inputs.matrices:
        found[matrix.name] = Variant(inputs.without_matrix(matrix.name), parameters, own_path=True)
    for part, changes in CHANGES.items():
        if inputs.mode == "clinical" and part in OF_OMICS:
            continue
        if part == "signature" and inputs.descriptors is None:
            continue
        if part in (OF_PERCEPTRON if parameters.network.form == "paper" else OF_PAPER):
            continue
        if part in (OF_COLUMNS if parameters.representation.pooling == "tokens" else OF_TOKENS):
            continue
        if part == "gene_deviation" and inputs.mode != "signature":
            continue
        changed = {group: getattr(parameters, group).model_copy(update=values) for group, values in changes.items()}
        found[part] = Variant(inputs, parameters.model_copy(update=changed), own_path=part == "signature")
    few = (*(matrix.name for matrix in inputs.matrices), *FEW)
    chosen = few if parameters.ablation.parts == "few" else tuple(found)
    return {part: found[part] for part in chosen if part in found}


def without(inputs: ModelInputs, names: tuple[str, ...]) -> ModelInputs:
    """The inputs with the descriptors `names` unknown for every gene."""
    assert inputs.descriptors is not None
    kept = np.array([name not in names for name in inputs.descriptor_names])
    return replace(inputs, descriptors=np.where(kept, inputs.descriptors, np.nan))
