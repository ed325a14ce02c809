"""Base-resolution profiles of a study: what the profile net is given, and how near its held-out profiles are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.genome_codes import GenomeCodes
from groprog_assets.methods.sequence.metrics import block_weights, interval, task_metrics
from groprog_assets.methods.sequence.profiles import (
    ProfileScores,
    fit_initiator,
    mean_profile,
    profile_scores,
    stranded_profiles,
    summarised,
)
from groprog_assets.methods.sequence.splits import Splits
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.model.sequence.profile import ProfileExamples, ProfilePredictor, margin, restored_profile
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.schema import Library
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

NET, MEAN, INITIATOR = "profile", "mean profile", "initiator motif x mean profile"
FLANK = 12
"""bp on both sides of a base that the motif of the initiator reads: 25 with it."""


EXAMPLES = (10, 50, 90)
"""Percentiles of the JSD whose genes are shown, so that none is picked by eye."""


class ProfileInputs(NamedTuple):
    """examples of all genes; replicates: (g, 2, output) reads of each library of the condition; counted: what each column of
    the counts is, `<condition>, sense` or `<condition>, antisense`."""

    examples: ProfileExamples
    replicates: list[NDArray[np.int64]]
    counted: list[str]


def profile_inputs(
    genes: pd.DataFrame,
    genome: GenomeCodes,
    names: Mapping[str, str],
    positions: Mapping[str, pd.DataFrame],
    libraries: Sequence[Library],
    condition: str,
    settings: NetParameters,
) -> ProfileInputs:
    """Windows and reads around the TSS of genes; the profile is that of the libraries of `condition`, counts are of
    all conditions.

    genes: chrom, strand, tss; positions: one library's positions table by id.
    """
    half, shift = settings.profile_output // 2, settings.shift
    reach = half + margin(settings.profile_layers) + shift
    codes = gene_codes(genes, genome, names, Layout((reach, reach)))
    profile = np.zeros((len(genes), 2, 2 * (half + shift)), np.float32)
    replicates: list[NDArray[np.int64]] = []
    counts: dict[str, NDArray[np.int64]] = {}
    for library in libraries:
        wide = stranded_profiles(positions, [library.id], genes, half + shift)
        inner = wide[:, :, shift : shift + 2 * half]
        counts[library.condition] = counts.get(library.condition, 0) + inner.sum(axis=2)
        if library.condition == condition:
            profile += wide
            replicates.append(inner)
    counted = [f"{name}, {side}" for name in counts for side in ("sense", "antisense")]
    return ProfileInputs(
        ProfileExamples(codes, profile, np.hstack([*counts.values()]).astype(float)), replicates, counted
    )


class HeldOutNets(NamedTuple):
    """The profile nets of all folds; reach: bp on each side of the TSS that they read."""

    nets: list[ProfilePredictor]
    reach: int

    def profile(self, codes: NDArray[np.uint8], fold: int) -> NDArray[np.float64]:
        """(n, 2, output) profiles of windows (n, 2 * reach) by the net that never saw the fold."""
        return self.nets[fold].predict(codes).profile


def held_out_nets(stored: Bundle) -> HeldOutNets:
    """The nets of what `sequence_profile` stored."""
    nets: list[ProfilePredictor] = []
    while f"fold{len(nets)}" in stored:
        nets.append(restored_profile(stored[f"fold{len(nets)}"]))
    return HeldOutNets(nets, nets[0].reach)


class StudyProfile(NamedTuple):
    """metrics: `sequence_profile_metrics`; genes: `sequence_profile_genes`; summary: JSON-able; examples: `measured` (k, 2, w)
    reads and `predicted` (k, 2, w) shares of the genes that the summary names as examples."""

    metrics: pd.DataFrame
    genes: pd.DataFrame
    summary: Document
    examples: dict[str, NDArray[np.float64]]


def judged_profiles(
    inputs: ProfileInputs,
    genes: pd.DataFrame,
    splits: Splits,
    predicted: NDArray[np.float32],
    parameters: SequenceParameters,
) -> StudyProfile:
    """The net's held-out profiles (g, 2, output) beside the mean profile of each fold's training genes, the same times the odds
    of the initiator's motif there, and the replicates.

    Windows with `profile_counts` reads are judged. The first replicate predicts the second, never the pool that holds it.
    """
    least, shift = parameters.nets.profile_counts, parameters.nets.shift
    profile = inputs.examples.profile
    measured = profile[:, :, shift : profile.shape[2] - shift]
    flat, motif = np.zeros(measured.shape), np.zeros(measured.shape, np.float32)
    side = (inputs.examples.codes.shape[1] - measured.shape[2]) // 2 - FLANK
    codes = inputs.examples.codes[:, side : inputs.examples.codes.shape[1] - side]
    for roles in splits.roles:
        train, test = roles == "train", roles == "test"
        flat[test] = mean_profile(measured[train].astype(float))
        motif[test] = fit_initiator(codes[train], measured[train].astype(float)).predict(codes[test])
    scores = {
        MEAN: profile_scores(measured, flat, least),
        INITIATOR: profile_scores(measured, motif, least),
        NET: profile_scores(measured, predicted, least),
    }
    if len(inputs.replicates) > 1:
        first, second = inputs.replicates[:2]
        scores["second replicate by the first"] = profile_scores(second, first, least)
        scores[f"second replicate by {NET}"] = profile_scores(second, predicted, least)
    rows = [{"predicted_by": name, **summarised(each)._asdict()} for name, each in scores.items()]
    net = scores[NET]
    table = genes.iloc[net.rows][["gene"]].assign(
        fold=splits.table["fold"].to_numpy()[net.rows],
        reads=measured.sum(axis=(1, 2))[net.rows].astype(np.int64),
        jsd=net.jsd,
        mean_profile_jsd=scores[MEAN].jsd,
        pearson=net.pearson,
        near=net.near,
    )
    gain = _gain(scores[MEAN], net, genes, splits, parameters)
    shown = _examples(net.jsd)
    told = [{name: table[name].iloc[at].item() for name in ("jsd", "reads")} for at in shown]
    named = [{"gene": str(table["gene"].iloc[at]), **each} for at, each in zip(shown, told, strict=True)]
    counted = {"windows": len(net.rows), "least_reads": least, "counted": inputs.counted}
    summary: Document = {**counted, **gain, "examples": named}
    rows_of = net.rows[shown]
    return StudyProfile(
        conform(pd.DataFrame(rows), "sequence_profile_metrics"),
        conform(table.reset_index(drop=True), "sequence_profile_genes"),
        summary,
        {"measured": measured[rows_of].astype(np.float64), "predicted": predicted[rows_of].astype(np.float64)},
    )


def _examples(jsd: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the windows at the percentiles EXAMPLES of the JSD (n,), each once."""
    order = np.argsort(jsd, kind="stable")
    places = [order[round(percentile / 100 * (len(order) - 1))] for percentile in EXAMPLES if len(order)]
    return np.array(list(dict.fromkeys(places)), np.int64)


def judged_trunks(
    targets: pd.DataFrame, values: NDArray[np.float64] | None, choices: Sequence[Mapping[str, Any]], splits: Splits
) -> Document:
    """trunks: each fold's choice; values_r: {task: r on held-out genes, mean over folds} of what shares the trunk or was tried
    beside it. Empty where no trunk was to be shared. targets (g, T), values (g, T)."""
    if values is None:
        return {}
    fold, nothing = splits.table["fold"].to_numpy(), np.zeros(len(splits.roles))
    r = {
        str(task): task_metrics(targets[task].to_numpy(float), values[:, at], fold, nothing, nothing).pearson
        for at, task in enumerate(targets.columns)
    }
    return {"trunks": [dict(choice) for choice in choices], "values_r": r}


def _gain(
    plain: ProfileScores, net: ProfileScores, genes: pd.DataFrame, splits: Splits, parameters: SequenceParameters
) -> dict[str, Any]:
    """Mean JSD of the mean profile less that of the net, with its interval by block bootstrap; None without a window."""
    if not len(net.rows):
        return {"jsd_gain": None, "jsd_gain_interval": None, "better": False}
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(genes["chrom"].to_numpy(), genes["tss"].to_numpy(), fold, parameters)[:, net.rows]
    gain = plain.jsd - net.jsd
    inside = interval(weights.astype(float) @ gain / np.maximum(weights.sum(axis=1), 1))
    return {"jsd_gain": float(gain.mean()), "jsd_gain_interval": list(inside), "better": bool(inside.lower > 0)}
