"""The numbers of the sequence nets, each with unit, source and reason. Standard library and pydantic only."""

from __future__ import annotations

from typing import Literal

from groprog_assets.study.citation import ParameterGroup, cited


class NetParameters(ParameterGroup):
    """Numbers of the nets that a study may change under `sequence.parameters.nets`."""

    encoder: Literal["one_hot", "ordinal", "kmer_vectors"] = cited(
        "one_hot",
        unit="way to read bases",
        source="unstated",
        why="of cnn, cnn_bilstm and hybrid; ordinal: a number a base; kmer_vectors: learned vectors of 6-mers",
    )
    width: int = cited(
        64, unit="channels", source="unstated", why="half of it trains three times as fast", ge=4, le=256
    )
    blocks: int = cited(3, unit="residual blocks", source="unstated", why="dilations 1, 2, 4", ge=1, le=8)
    reach: float = cited(
        1.0,
        unit="share of the window on each side of the start, and of the end",
        source="unstated",
        why="what a net reads; bases further away are unknown to it",
        gt=0,
        le=1,
    )
    promoter_alone: bool = cited(
        False, unit="flag", source="unstated", why="whether a net of the view locus reads what promoter shows alone"
    )
    dropout: float = cited(0.1, unit="fraction", source="unstated", why="within blocks", ge=0, lt=1)
    head_dropout: float = cited(0.3, unit="fraction", source="unstated", why="before the last layers", ge=0, lt=1)
    learning_rate: float = cited(
        1.5e-3,
        unit="step",
        source="unstated",
        why="the highest of one cycle; 4e-3 ended in constant predictions",
        gt=0,
        le=0.1,
    )
    weight_decay: float = cited(0.02, unit="fraction", source="unstated", why="AdamW", ge=0, le=1)
    batch: int = cited(64, unit="genes", source="unstated", why="a gradient from genes of every level", ge=2)
    epochs: int = cited(60, unit="epochs", source="unstated", why="at most; the cycle is planned for all of them", ge=1)
    patience: int = cited(8, unit="epochs", source="unstated", why="without a better validation r training ends", ge=1)
    shift: int = cited(16, unit="bp", source="unstated", why="training windows move by up to that much", ge=0, le=200)
    density_weights: bool = cited(
        False, unit="flag", source="unstated", why="whether genes with rare values of the targets weigh more (0.5 to 2)"
    )
    device: Literal["cpu", "cuda", "auto"] = cited(
        "cpu",
        unit="device",
        source="unstated",
        why="nets are trained there; CPU by default, the same code runs on CUDA",
    )
    seeds: int = cited(
        1, unit="nets a fold", source="unstated", why="their mean predicts, their SD is the uncertainty", ge=1, le=20
    )
    trials: int = cited(
        0,
        unit="settings",
        source="unstated",
        why="tried on the validation genes before a net is trained, view and window among them; 0 takes these",
        ge=0,
    )
    profile_width: int = cited(64, unit="channels", source="unstated", why="of the profile net", ge=4, le=256)
    profile_output: int = cited(
        1000, unit="bp", source="unstated", why="half on each side of the TSS", ge=50, le=10_000
    )
    profile_layers: int = cited(8, unit="dilated layers", source="unstated", why="dilations 2 to 256", ge=1, le=10)
    shared_trunk: bool = cited(
        False,
        unit="flag",
        source="unstated",
        why="whether profile and values are tried with one trunk, kept where neither is worse on the validation genes",
    )
    profile_counts: int = cited(
        100, unit="reads", source="unstated", why="a profile of fewer says too little to be judged", ge=1
    )
    count_weight: float = cited(
        0.1, unit="weight", source="unstated", why="of the counts' error beside the profile's", ge=0
    )
    motif_stretch: int = cited(100, unit="bp", source="unstated", why="of motif_net: the best place in each", ge=10)
    fragments: int = cited(
        8, unit="fragments", source="unstated", why="most contacts of a gene that are read", ge=1, le=64
    )
    fragment_width: int = cited(3000, unit="bp", source="unstated", why="around the centre of the other anchor", ge=520)
    anchor_distance: int = cited(
        2500, unit="bp", source="unstated", why="from the TSS to an anchor that is the gene's", ge=0
    )
