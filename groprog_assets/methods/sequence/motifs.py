"""Motifs from seqlets: seqlets that resemble each other, aligned; their effect, and whether measured values agree. Arrays in.

Seqlets are compared by their hypothetical contributions (what each base would add), which hold what the model has learnt and
not the chance bases of one promoter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from groprog_assets.methods.sequence.meme import UNIFORM, Motif
from groprog_assets.methods.sequence.seqlets import Seqlets
from groprog_assets.methods.sequence.words import word_scores
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables import TABLES, conform
from groprog_kernels.bases import decode, reverse_complement
from groprog_kernels.motif_similarity import similarity

FLANK = 2
"""Columns taken on both sides of a seqlet."""
SEEDS, ROUNDS = 400, 2
"""Seqlets that are compared all against all in a round; each round takes the largest that no motif holds yet."""
MOST = 20
"""Motifs of one task and sign that are kept."""
BINS = 50
LOWEST_P = 1e-10
EDGE_BITS = 0.35
"""Bits below which a column at the edge of a motif is left out."""
PSEUDO = 0.5

Codes = NDArray[np.uint8]


class Cluster(NamedTuple):
    """One motif: members (m,) rows of the seqlets; start (m,) first column of the motif in each member's window; reverse (m,);
    probabilities (4, w)."""

    members: NDArray[np.int64]
    start: NDArray[np.int64]
    reverse: NDArray[np.bool_]
    probabilities: NDArray[np.float64]

    @property
    def width(self) -> int:
        """Columns."""
        return self.probabilities.shape[1]


def cluster_seqlets(
    seqlets: Seqlets,
    codes: Codes,
    hypothetical: NDArray[np.floating],
    parameters: SequenceParameters,
) -> list[Cluster]:
    """Motifs of seqlets of one sign: average linkage of log10 p of their best alignment, cut at `motif_p`; each further seqlet
    joins the motif it resembles most, below that p. Motifs of fewer than `motif_seqlets` members are left out.

    codes (n, L) of the windows; hypothetical (n, 4, L). The MOST with the largest sums of contributions, in
    that order.
    """
    width = codes.shape[1]
    low, high = np.maximum(seqlets.start - FLANK, 0), np.minimum(seqlets.end + FLANK, width)
    matrices = [
        _scaled(hypothetical[row, :, first:last]) for row, first, last in zip(seqlets.row, low, high, strict=True)
    ]
    free = np.argsort(-np.abs(seqlets.total), kind="stable")
    found: list[Cluster] = []
    for _ in range(ROUNDS):
        seeds = free[:SEEDS]
        if len(seeds) < parameters.motif_seqlets:
            break
        models = _models([matrices[seed] for seed in seeds], parameters)
        if not models:
            break
        match = similarity(models, [matrices[at] for at in free], BINS)
        best = match.p.argmin(axis=0)
        place = np.arange(len(free))
        near = match.p[best, place] < parameters.motif_p
        taken = np.zeros(len(free), bool)
        for number, model in enumerate(models):
            joined = np.flatnonzero(near & (best == number))
            if len(joined) < parameters.motif_seqlets:
                continue
            members = free[joined]
            offset, reverse = match.offset[number, joined], match.reverse[number, joined]
            start = np.where(reverse, high[members] + offset - model.shape[1], low[members] - offset)
            made = _trimmed(members, start, reverse, model.shape[1], seqlets, codes)
            if made is not None:
                found.append(made)
                taken[joined] = True
        # Seeds that made no motif are not tried again.
        taken[:SEEDS] = True
        free = free[~taken]
    return sorted(found, key=lambda item: -abs(float(seqlets.total[item.members].sum())))[:MOST]


def _scaled(matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    largest = np.abs(matrix).max()
    return matrix.astype(np.float64) / (largest if largest > 0 else 1)


def _models(seeds: list[NDArray[np.float64]], parameters: SequenceParameters) -> list[NDArray[np.float64]]:
    """The mean hypothetical contributions of each cluster of seeds, on the columns of its central member."""
    match = similarity(seeds, seeds, BINS)
    distance = np.log10(np.maximum(match.p, LOWEST_P))
    distance = np.minimum(distance, distance.T) - np.log10(LOWEST_P)
    np.fill_diagonal(distance, 0)
    cut = np.log10(parameters.motif_p) - np.log10(LOWEST_P)
    label = fcluster(linkage(squareform(distance, checks=False), "average"), cut, "distance")
    least = max(parameters.motif_seqlets // 4, 3)
    models = []
    for name in np.unique(label):
        members = np.flatnonzero(label == name)
        if len(members) < least:
            continue
        central = members[distance[np.ix_(members, members)].sum(axis=1).argmin()]
        width = seeds[central].shape[1]
        total, count = np.zeros((4, width)), np.zeros(width)
        for member in members:
            offset, matrix = int(match.offset[central, member]), seeds[member]
            matrix = matrix[::-1, ::-1] if match.reverse[central, member] else matrix
            first, last = max(offset, 0), min(offset + matrix.shape[1], width)
            total[:, first:last] += matrix[:, first - offset : last - offset]
            count[first:last] += 1
        models.append(_scaled(total / np.maximum(count, 1)))
    return models


def _trimmed(
    members: NDArray[np.int64],
    start: NDArray[np.int64],
    reverse: NDArray[np.bool_],
    width: int,
    seqlets: Seqlets,
    codes: Codes,
) -> Cluster | None:
    """The motif of aligned members without columns of little information at its edges; None where fewer than 4 are left."""
    found = probabilities(aligned(codes[seqlets.row[members]], start, reverse, width))
    informative = np.flatnonzero(bits(found) >= EDGE_BITS)
    if not len(informative) or informative[-1] - informative[0] < 3:
        return None
    first, last = int(informative[0]), int(informative[-1]) + 1
    start = np.where(reverse, start + width - last, start + first)
    return Cluster(members, start, reverse, found[:, first:last])


def aligned(windows: Codes, start: NDArray[np.int64], reverse: NDArray[np.bool_], width: int) -> Codes:
    """(m, width) codes of columns start to start + width of each window (m, L), on the strand given; 4 outside the window."""
    padded = np.pad(windows, ((0, 0), (width, width)), constant_values=4)
    held = np.take_along_axis(padded, start[:, None] + width + np.arange(width), axis=1)
    return np.where(reverse[:, None], reverse_complement(held), held)


def probabilities(sites: Codes) -> NDArray[np.float64]:
    """(4, w) shares of A, C, G, T in sites (m, w), with half a base in all added to each column; code 4 is not counted."""
    counts = np.stack([(sites == base).sum(axis=0) for base in range(4)]) + PSEUDO / 4
    return counts / counts.sum(axis=0)


def bits(matrix: NDArray[np.float64], background: Sequence[float] = UNIFORM) -> NDArray[np.float64]:
    """(w,) information of each column of probabilities (4, w) over a background, in bits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = matrix * np.log2(matrix / np.asarray(background)[:, None])
    return np.where(matrix > 0, terms, 0).sum(axis=0)


def consensus(matrix: NDArray[np.float64]) -> str:
    """The letter of highest probability in each column (w,) of probabilities (4, w)."""
    return decode(matrix.argmax(axis=0).astype(np.uint8))


def shuffled_windows(codes: Codes, seed: int) -> Codes:
    """Windows (n, L), each shuffled once, base by base; unknown bases stay where they are."""
    random = np.random.default_rng(seed)
    shuffled = codes.copy()
    for row in shuffled:
        known = np.flatnonzero(row < 4)
        row[known] = row[random.permutation(known)]
    return shuffled


def marginal_effect(
    predict: Callable[[Codes], NDArray[np.float64]],
    shuffled: Codes,
    before: NDArray[np.float64],
    motif: NDArray[np.float64],
    column: int,
) -> float:
    """Mean change of the prediction (n,) where the motif's consensus is written into shuffled windows (n, L) at a column.

    before (n,): the predictions of the windows without it.
    """
    written = shuffled.copy()
    column = int(np.clip(column, 0, shuffled.shape[1] - motif.shape[1]))
    written[:, column : column + motif.shape[1]] = motif.argmax(axis=0)
    return float((predict(written) - before).mean())


def held_out_z(holds: NDArray[np.bool_], target: NDArray[np.float64], fold: NDArray[np.int64]) -> tuple[float, str]:
    """(z, z of each fold): Welch's z of the measured target between genes (g,) that hold a motif and those that do not.

    The mean of each fold is taken off before all are joined; genes without a target are left out. Each gene's seqlets were
    found by a model that never saw its fold. 0 where fewer than two genes hold the motif, or lack it.
    """
    held = np.isfinite(target)
    centred = target.copy()
    each = []
    for f in np.unique(fold):
        here = held & (fold == f)
        if here.any():
            centred[here] -= target[here].mean()
            each.append(float(word_scores(holds[here, None].astype(np.uint8), target[here], 2).z[0]))
    joined = word_scores(holds[held, None].astype(np.uint8), centred[held], 2).z[0]
    return float(joined), ";".join(f"{z:.1f}" for z in each)


class Matches(NamedTuple):
    """Of each motif (k,) the database motif that resembles it most: its name, Tomtom's p, and the q among all pairs."""

    name: list[str]
    p: NDArray[np.float64]
    q: NDArray[np.float64]


def best_matches(motifs: Sequence[NDArray[np.float64]], known: Sequence[Motif]) -> Matches:
    """The most similar of the `known` motifs for each of `motifs` (4, w); empty names and NaN without known ones.

    q is that of Benjamini and Hochberg over all pairs of a motif and a known one.
    """
    if not motifs or not known:
        nothing = np.full(len(motifs), np.nan)
        return Matches([""] * len(motifs), nothing, nothing.copy())
    p = similarity(motifs, [motif.probabilities for motif in known]).p
    ranked = np.sort(p.ravel())
    q = np.minimum.accumulate((ranked * p.size / np.arange(1, p.size + 1))[::-1])[::-1]
    best = p.argmin(axis=1)
    lowest = p[np.arange(len(best)), best]
    names = [f"{known[at].name} {known[at].other}".strip() for at in best]
    return Matches(names, lowest, np.minimum(q[np.searchsorted(ranked, lowest)], 1.0))


def motif_rows(
    clusters: Sequence[Cluster],
    seqlets: Seqlets,
    genes: int,
    target: NDArray[np.float64],
    fold: NDArray[np.int64],
    origin: int,
    effect: Sequence[float],
    matches: Matches,
    task: str,
    sign: str,
) -> tuple[pd.DataFrame, list[int]]:
    """(table `sequence_motifs` of the clusters of one task and sign, by |z| on held-out genes; the cluster of each row).

    genes: how many windows there are; target, fold (genes,); origin: column of the TSS; effect: of each cluster, by
    `marginal_effect`.
    """
    rows: list[dict[str, object]] = []
    z = np.zeros(len(clusters))
    for number, cluster in enumerate(clusters):
        holds = np.isin(np.arange(genes), seqlets.row[cluster.members])
        z[number], by_fold = held_out_z(holds, target, fold)
        first, median, third = np.percentile(cluster.start + cluster.width // 2 - origin, [25, 50, 75])
        rows.append(
            {
                "task": task,
                "sign": sign,
                "consensus": consensus(cluster.probabilities),
                "seqlets": len(cluster.members),
                "genes": int(holds.sum()),
                "information": float(bits(cluster.probabilities).sum()),
                "contribution": float(seqlets.total[cluster.members].mean()),
                "effect": effect[number],
                "z_held_out": z[number],
                "z_by_fold": by_fold,
                "same_sign": bool(np.sign(z[number]) == np.sign(effect[number])),
                "position": float(median),
                "position_low": float(first),
                "position_high": float(third),
                "best_match": matches.name[number],
                "match_p": float(matches.p[number]),
                "match_q": float(matches.q[number]),
            }
        )
    order = [int(at) for at in np.argsort(-np.abs(z), kind="stable")]
    ranked = [{**rows[at], "motif": f"{task}.{sign}.{rank}"} for rank, at in enumerate(order, start=1)]
    columns = list(TABLES["sequence_motifs"].column_names)
    return conform(pd.DataFrame(ranked, columns=columns), "sequence_motifs"), order
