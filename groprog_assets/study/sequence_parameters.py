"""The numbers of the sequence half, each with unit, source and reason. Standard library and pydantic only."""

from __future__ import annotations

from pydantic import Field

from groprog_assets.study.citation import ParameterGroup, cited
from groprog_assets.study.sequence_net_parameters import NetParameters


class SequenceParameters(ParameterGroup):
    """Numbers that a study may change under `sequence.parameters`."""

    promoter_end: int = cited(
        50,
        unit="bp downstream of the TSS",
        source="unstated",
        why="sequence further down predicts by codon use and UTRs of highly transcribed genes, which is no regulation",
        ge=0,
    )
    maximum_unknown: float = cited(
        0.1, unit="fraction of the window", source="unstated", why="a window of unknown bases tells nothing", gt=0, le=1
    )
    kmer_length: int = cited(
        4, unit="bases", source="unstated", why="256 counts a stretch; 5-mers gain nothing", ge=1, le=6
    )
    penalties: list[float] = cited(
        [1e3, 1e4, 5e4],
        unit="ridge penalty",
        source="unstated",
        why="chosen between on the validation blocks",
        min_length=1,
    )
    word_length: int = cited(7, unit="bases", source="unstated", why="length of a core binding site", ge=4, le=8)
    word_window: int = cited(300, unit="bp upstream of the TSS", source="unstated", why="core promoter", ge=20)
    word_z: float = cited(
        4.9,
        unit="standard errors",
        source="unstated",
        why="Bonferroni at .01 of 8,192 words; the best 247 words without a threshold lose .05 of r",
        gt=0,
    )
    word_genes: int = cited(30, unit="training genes", source="unstated", why="fewer give no reliable mean", ge=2)
    word_penalty: float = cited(
        1e3, unit="ridge penalty", source="unstated", why="a tenth of that of the k-mers beside them", gt=0
    )
    words_kmer_penalty: float = cited(
        1e4, unit="ridge penalty", source="unstated", why="that of ridge_kmer, fixed", gt=0
    )
    motif_bin: int = cited(100, unit="bp", source="unstated", why="places of motifs to within a nucleosome", ge=10)
    boosting_rounds: list[int] = cited(
        [120, 180, 240, 300],
        unit="trees",
        source="unstated",
        why="chosen between on the validation blocks",
        min_length=1,
    )
    boosting_rate: float = cited(0.07, unit="fraction", source="unstated", why="shrinks each tree", gt=0, le=1)
    boosting_features: float = cited(
        0.1,
        unit="fraction of the features at a split",
        source="unstated",
        why="neighbouring k-mers repeat each other",
        gt=0,
        le=1,
    )
    seqlet_level: float = cited(
        0.01,
        unit="share of spans of one length and sign",
        source="tangermeme 1.6.0, recursive_seqlets",
        why="its default",
        gt=0,
        lt=1,
    )
    motif_p: float = cited(
        1e-3,
        unit="p of Tomtom",
        source="unstated",
        why="pairs of chance among hundreds of seqlets stay apart",
        gt=0,
        lt=1,
    )
    motif_seqlets: int = cited(20, unit="seqlets", source="unstated", why="fewer give no reliable matrix", ge=3)
    motif_backgrounds: int = cited(
        500, unit="shuffled promoters", source="unstated", why="two digits of a mean effect", ge=10
    )
    site_controls: int = cited(
        5,
        unit="windows a hit",
        source="unstated",
        why="more make the odds of the controls no surer than the hits'",
        ge=1,
    )
    site_flank: int = cited(
        50,
        unit="bp on both sides of a hit",
        source="unstated",
        why="the motif itself says nothing of its surroundings",
        ge=10,
    )
    site_gc: float = cited(
        0.05,
        unit="share of G and C",
        source="unstated",
        why="control windows differ from their hit by no more",
        gt=0,
        lt=1,
    )
    explanation_references: int = cited(
        20,
        unit="shuffles of each window",
        source="tangermeme 1.6.0, deep_lift_shap",
        why="its default; a net is explained against them",
        ge=1,
    )
    shared_kmer_length: int = cited(20, unit="bases", source="unstated", why="not shared by chance", ge=12, le=31)
    shared_kmers_per_kb: float = cited(
        100, unit="distinct k-mers per kb of window", source="unstated", why="homologous windows", gt=0
    )
    shared_kmer_holders: int = cited(
        1000,
        unit="windows",
        source="unstated",
        why="a k-mer that more windows hold is a repeat and joins no genes; without a limit the pairs grow with its square",
        ge=2,
    )
    maximum_folds: int = cited(10, unit="folds", source="unstated", why="whole chromosomes, balanced by genes", ge=2)
    block_gap: int = cited(
        100_000, unit="bp", source="unstated", why="between folds of one chromosome, beyond regulation", ge=0
    )
    validation_fraction: float = cited(
        0.12, unit="fraction of a chromosome's genes", source="unstated", why="enough for a penalty", gt=0, lt=0.5
    )
    validation_gap: int = cited(10_000, unit="bp", source="unstated", why="beyond overlapping windows", ge=0)
    bootstrap_samples: int = cited(1000, unit="resamples", source="unstated", why="two digits of an interval", ge=100)
    bootstrap_block: int = cited(
        100_000, unit="bp", source="unstated", why="neighbouring genes are not independent", ge=1
    )
    minimum_ceiling: float = cited(
        0.5,
        unit="Pearson r of two replicates",
        source="unstated",
        why="a target that replicates do not agree on cannot be predicted",
        ge=0,
        le=1,
    )
    seed: int = cited(1, unit="seed", source="unstated", why="any", ge=0)
    nets: NetParameters = Field(default_factory=NetParameters)
