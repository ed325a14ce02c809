"""What each base of a window adds to the prediction of a rung: against the background that ridge was fitted to, or against
shuffles of the window where the rung is a net. Arrays in, arrays out.

Of ridge, a count c of a k-mer adds w (log(1 + c) - log(1 + m)), where m is its background count. The line through both values
has one slope for all copies of the k-mer, so each copy adds w times that slope, shared equally by its k bases; what the
background holds is taken off evenly over the stretch. So the contributions of a window sum to its prediction less that of the
background. (The slope at m alone, a first-order expansion, misses a third of it or more.) Nets explain themselves, by DeepLIFT,
against shuffles that keep the counts of neighbouring bases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import Linear, Predictor, WordLinear, predict_task
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.side import SideInputs
from groprog_assets.methods.sequence.windows import Layout, view_layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.wording import count_of
from groprog_kernels.dinucleotides import dinucleotide_shuffles
from groprog_kernels.kmer_shares import kmer_shares
from groprog_kernels.kmers import canonical_numbers, count_kmers

COUNTED = ("mean", "gc", "ridge_kmer", "ridge_kmer+words")
"""The rungs whose contributions are read from their weights."""
EXPLAINED = (*COUNTED, "motif_net", "cnn", "ridge+cnn")
"""The rungs that explain themselves, those of CONVOLVED not with learned vectors of k-mers."""
CONVOLVED = ("cnn", "ridge+cnn")
BLOCK = 512
_NOTHING = 4

Floats = NDArray[np.float32]


def explains(rung: str, parameters: SequenceParameters) -> bool:
    """Whether a rung that was fitted with these parameters explains itself base by base."""
    return rung in EXPLAINED and not (rung in CONVOLVED and has_kmer_vectors(parameters))


def has_kmer_vectors(parameters: SequenceParameters) -> bool:
    """Whether nets read learned vectors of k-mers, of which there is no gradient by the bases."""
    return parameters.nets.encoder == "kmer_vectors"


class Contributions(NamedTuple):
    """observed (n, L): of the base that is there; hypothetical (n, 4, L): of each base, were it there and the others unchanged.

    Both in the unit of the task. `observed` is `hypothetical` at the base that is there; a base of code 4 has the background's
    share alone. Windows without a task's value have contributions all the same.
    """

    observed: Floats
    hypothetical: Floats


class Explained(NamedTuple):
    """rows (n,) of the genes; contributions of their windows; difference (n,): prediction less that of the background, which
    for a net is the mean over the references."""

    rows: NDArray[np.int64]
    contributions: Contributions
    difference: NDArray[np.float64]


@runtime_checkable
class Explaining(Protocol):
    """A net that explains itself: codes (n, L), references (n, s, L) and a task to hypothetical contributions (n, 4, L) and
    the mean prediction of each window's references (n,)."""

    def explained(
        self, codes: NDArray[np.uint8], references: NDArray[np.uint8], task: int, beside: NDArray[np.float64]
    ) -> tuple[Floats, NDArray[np.float64]]: ...


@runtime_checkable
class Mixed(Protocol):
    """The weighted mean of ridge with words and a net; share (T,) is the weight of the first."""

    @property
    def first(self) -> Predictor: ...

    @property
    def second(self) -> Predictor: ...

    @property
    def share(self) -> NDArray[np.float64]: ...


def explained(
    predictor: Predictor,
    rung: str,
    layout: Layout,
    parameters: SequenceParameters,
    codes: NDArray[np.uint8],
    task: int,
    side: NDArray[np.float64] | None = None,
) -> tuple[Contributions, NDArray[np.float64]]:
    """(contributions of windows (n, L), prediction of the background of each (n,)) of any rung in EXPLAINED.

    The contributions of a mean of two are the means of theirs. side (n, s): what the rung reads beside the bases; the background
    of a window has the same. ValueError as `contributions`.
    """
    side = np.empty((len(codes), 0)) if side is None else side
    if not explains(rung, parameters):
        raise ValueError(f"{rung} does not explain itself; those that do: {', '.join(EXPLAINED)}")
    if isinstance(predictor, Mixed):
        share = float(predictor.share[task])
        ridge, level = explained(predictor.first, "ridge_kmer+words", layout, parameters, codes, task, side)
        net, references = explained(predictor.second, "cnn", layout, parameters, codes, task, side)
        both = (share * one + (1 - share) * other for one, other in zip(ridge, net, strict=True))
        return Contributions(*(part.astype(np.float32) for part in both)), share * level + (1 - share) * references
    if isinstance(predictor, Explaining):
        shuffles = shuffled_references(codes, parameters.explanation_references, parameters.seed)
        hypothetical, background = predictor.explained(codes, shuffles, task, side)
        return Contributions(at_the_base(hypothetical, codes), hypothetical), background
    made = contributions(predictor, rung, layout, parameters, codes, task, side.shape[1])
    return made, background_prediction(predictor, task, side)


def shuffled_references(codes: NDArray[np.uint8], count: int, seed: int) -> NDArray[np.uint8]:
    """(n, count, L) shuffles of each window (n, L) that keep its counts of neighbouring bases.

    They depend on the seed and the window alone, so a gene has the same ones whichever genes are explained beside it.
    """
    draws = np.empty((len(codes), count, codes.shape[1]))
    for row, window in enumerate(codes):
        draws[row] = np.random.default_rng([seed, crc32(window.tobytes())]).random(draws.shape[1:])
    return dinucleotide_shuffles(codes, draws)


def contributions(
    predictor: Predictor,
    rung: str,
    layout: Layout,
    parameters: SequenceParameters,
    codes: NDArray[np.uint8],
    task: int,
    beside: int = 0,
) -> Contributions:
    """Contributions (n, L) and (n, 4, L) of windows (n, L) of `layout` to one task of a fitted rung of COUNTED.

    task: its column; beside: how many columns the rung reads beside the bases, which belong to no base and are left out.
    ValueError for another rung, or a predictor with more such columns.
    """
    if rung not in COUNTED:
        raise ValueError(f"the weights of {rung} belong to no bases; those of {', '.join(COUNTED)} do")
    out = np.zeros((len(codes), 4, codes.shape[1]), np.float32)
    level = np.zeros(codes.shape, np.float32)
    if isinstance(predictor, WordLinear):
        linear, column = predictor.tasks[task], 0
        words = predictor.words[task]
    elif isinstance(predictor, Linear):
        linear, column, words = predictor, task, np.empty(0, np.int64)
    else:
        raise ValueError(f"a predictor of {rung} is expected, not {type(predictor).__name__}")
    weights = (linear.weights[:, column] / linear.scale).astype(np.float64)
    mean = linear.mean.astype(np.float64)
    first = len(weights) - len(words)
    if rung == "gc":
        own = len(weights) - beside
        _add_gc(out, level, layout, codes, weights[:own], mean[:own])
    elif rung != "mean":
        at = 0
        for edges in layout.stretches():
            size = (len(edges) - 1) * 4**parameters.kmer_length
            part = slice(at, at + size)
            _add_kmers(out, level, codes, edges, parameters.kmer_length, weights[part], np.expm1(mean[part]))
            at += size
        if at + beside != first:
            raise ValueError(f"{count_of(first - at, 'column')} beside the sequence cannot be explained by position")
        _add_words(out, level, codes, layout, parameters, words, weights[first:], mean[first:])
    observed = at_the_base(out, codes) - level
    return Contributions(observed.astype(np.float32), out - level[:, None, :])


def at_the_base(values: Floats, codes: NDArray[np.uint8]) -> Floats:
    """(n, L) of values (n, 4, L) those of the bases that are there, 0 for an unknown one."""
    known = np.minimum(codes, 3)[:, None, :].astype(np.int64)
    return np.where(codes < _NOTHING, np.take_along_axis(values, known, axis=1)[:, 0], np.float32(0))


def held_out_contributions(
    model: PublishedModel,
    view: str,
    codes: NDArray[np.uint8],
    fold: NDArray[np.int64],
    task: int,
    side: SideInputs | None = None,
) -> Iterator[Explained]:
    """Contributions to one task, each gene by the model that never saw its fold, BLOCK genes at a time.

    codes (g, width) of the model's layout or of the view's; fold (g,); side: of the same genes, where the model reads any.
    ValueError as `explained`.
    """
    beside = model.beside(view, len(codes), side)
    layout = view_layout(model.layout, view, model.parameters)
    rung = model.card["champions"][view]
    codes = codes[:, : layout.width]
    for f in np.unique(fold):
        predictor = model.predictors[view][f"fold{f}"]
        rows = np.flatnonzero(fold == f)
        for first in range(0, len(rows), BLOCK):
            part = rows[first : first + BLOCK]
            made, background = explained(predictor, rung, layout, model.parameters, codes[part], task, beside[part])
            yield Explained(part, made, predict_task(predictor, codes[part], task, beside[part]) - background)


def background_prediction(
    predictor: Predictor, task: int, side: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(n,) the prediction of the background, a window whose features are the means of the training windows, with the columns
    (n, s) beside it; one number where none are given."""
    side = np.empty(0) if side is None else side
    words = 0
    if isinstance(predictor, WordLinear):
        words, predictor, task = len(predictor.words[task]), predictor.tasks[task], 0
    assert isinstance(predictor, Linear)
    end = len(predictor.mean) - words
    own = slice(end - side.shape[-1], end)
    weights = predictor.weights[own, task] / predictor.scale[own]
    return np.asarray(predictor.offset[task] + (side - predictor.mean[own]) @ weights)


def _add_kmers(
    out: Floats,
    level: Floats,
    codes: NDArray[np.uint8],
    edges: list[int],
    k: int,
    weights: NDArray[np.float64],
    background: NDArray[np.float64],
) -> None:
    """Add the contributions of the k-mers of each stretch to `out`, and the background's share to `level`."""
    counts = count_kmers(codes, edges, k).reshape(len(codes), -1).astype(np.float64)
    value = weights * _slope(np.log1p(counts), np.log1p(background), counts, background, 1 / (1 + background))
    stretch = np.searchsorted(edges, np.arange(codes.shape[1]), side="right") - 1
    stretch[edges[-1] :] = -1
    offset = np.where(stretch >= 0, stretch * 4**k, -1)
    out += kmer_shares(codes, k, value, np.arange(4**k), offset)
    share = (value * background).reshape(len(codes), len(edges) - 1, -1).sum(axis=2)
    for place in range(len(edges) - 1):
        level[:, edges[place] : edges[place + 1]] += (share[:, place] / (edges[place + 1] - edges[place]))[:, None]


def _add_words(
    out: Floats,
    level: Floats,
    codes: NDArray[np.uint8],
    layout: Layout,
    parameters: SequenceParameters,
    words: NDArray[np.int64],
    weights: NDArray[np.float64],
    share: NDArray[np.float64],
) -> None:
    """The same for the presence of words in the core promoter; several copies of a word share what its presence adds."""
    if not len(words):
        return
    k = parameters.word_length
    start = max(layout.origin - parameters.word_window, 0)
    core = codes[:, start : layout.origin]
    place = np.full(int(canonical_numbers(k).max()) + 1, -1, np.int64)
    place[words] = np.arange(len(words))
    of = place[canonical_numbers(k)]
    number, known = _numbers(core, k)
    counts = np.stack([((of[number] == word) & known).sum(axis=1) for word in range(len(words))], axis=1).astype(float)
    value = weights * _slope(np.minimum(counts, 1), share, counts, share, np.ones_like(share))
    out[:, :, start : layout.origin] += kmer_shares(core, k, value, of, np.zeros(core.shape[1]))
    level[:, start : layout.origin] += ((value @ share) / max(core.shape[1], 1))[:, None]


def _slope(
    after: NDArray, before: NDArray, count: NDArray, background: NDArray, tangent: NDArray
) -> NDArray[np.float64]:
    """Slope of the line from the background to the count; the tangent where both are equal."""
    step = count - background
    near = np.abs(step) < 1e-9
    return np.where(near, np.broadcast_to(tangent, step.shape), (after - before) / np.where(near, 1, step))


def _numbers(codes: NDArray[np.uint8], k: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n, L - k + 1): the number of the k-mer at each position, and whether all its bases are known."""
    size = max(codes.shape[1] - k + 1, 0)
    number = np.zeros((len(codes), size), np.int64)
    known = np.ones((len(codes), size), bool)
    for place in range(k):
        base = codes[:, place : place + size]
        number = number * 4 + np.minimum(base, 3)
        known &= base < _NOTHING
    return number, known


def _add_gc(
    out: Floats,
    level: Floats,
    layout: Layout,
    codes: NDArray[np.uint8],
    weights: NDArray[np.float64],
    mean: NDArray[np.float64],
) -> None:
    """The contributions of C and G to the share of both in each stretch."""
    bounds = [(edges[at], edges[at + 1]) for edges in layout.stretches() for at in range(len(edges) - 1)]
    for (start, end), weight, level_here in zip(bounds, weights, mean, strict=True):
        known = np.maximum((codes[:, start:end] < _NOTHING).sum(axis=1), 1)
        out[:, 1:3, start:end] += (weight / known)[:, None, None]
        level[:, start:end] += weight * level_here / (end - start)
