"""How large the effects of a model are beside what carriers of the study's clearest word show. Arrays in, a document out.

The word is the one that goes best with a task, by measured values alone. What carriers stand above the other genes is the
association; the effect is the change of the held-out prediction where the word is shuffled. A model that spreads a word over many
weights orders variants rightly and gives effects that are far too small: such a task is marked `rank only`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groprog_assets.fitting.high_low import cuts, labels
from groprog_assets.methods.sequence.baselines import Examples, Predictor
from groprog_assets.methods.sequence.high_low import CODED
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.methods.sequence.words import core_presence, spelled, word_scores
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables.values import Document
from groprog_kernels.bases import encode_text, reverse_complement

SHARE = 3
"""A task is marked where the effect is less than one part in so many of the association."""
SHUFFLES = 10
"""Of each word of each carrier; the mean counts."""
CONFIRMED = 2.0
"""Standard errors by which the word must stand out, with one sign, in every fold that has enough carriers to tell."""

Codes = NDArray[np.uint8]


def oracle_effects(
    predictors: Sequence[Predictor],
    examples: Examples,
    fold: NDArray[np.int64],
    layout: Layout,
    tasks: Sequence[str],
    parameters: SequenceParameters,
    log_odds: bool = False,
) -> Document:
    """{task: {word, genes, association, effect, control, rank_only}}; a task without a clear word has None.

    predictors: of each fold, which never saw it; examples of all genes, the first columns of codes (g, L) being the window of
    `layout`; fold (g,). The word has the largest |z| of all words in the last `word_window` bp before the TSS, above `word_z`,
    and one sign in all folds. association: mean measured value of its carriers less that of the others, in log odds of the first
    order where the model answers in log odds; effect: mean change of the prediction of carriers where each of its copies is
    shuffled; control: the same of as many bases beside. genes: carriers.
    """
    presence = core_presence(examples.codes, layout, parameters)
    targets = examples.targets
    if log_odds:
        targets = CODED * (2 * labels(targets, cuts(targets)) - 1)
    found: Document = {}
    for place, task in enumerate(tasks):
        column = _clearest(presence, targets[:, place], fold, parameters)
        if column is None:
            found[task] = None
            continue
        held = np.isfinite(targets[:, place])
        carries = presence[:, column].astype(bool) & held
        association = float(targets[carries, place].mean() - targets[~carries & held, place].mean())
        word = spelled(np.array([column]), parameters.word_length)[0]
        rows = np.flatnonzero(carries)
        effect, control = (
            float(np.mean(_changes(predictors, examples, fold, rows, place, layout, word, parameters, beside)))
            for beside in (False, True)
        )
        found[task] = {
            "word": word,
            "genes": len(rows),
            "association": association,
            "effect": effect,
            "control": control,
            "rank_only": bool(-effect * np.sign(association) < abs(association) / SHARE),
        }
    return found


def _clearest(
    presence: NDArray[np.uint8], target: NDArray[np.float64], fold: NDArray[np.int64], parameters: SequenceParameters
) -> int | None:
    """The column of the word with the largest |z|; None where no word is above `word_z` with one sign in all folds."""
    held = np.isfinite(target)
    if not held.any():
        return None
    z = word_scores(presence[held], target[held], parameters.word_genes).z
    each = [word_scores(presence[held & (fold == f)], target[held & (fold == f)], 2).z for f in np.unique(fold[held])]
    kept = (np.abs(z) > parameters.word_z) & np.all([np.sign(z) * one > -CONFIRMED for one in each], axis=0)
    return int(np.argmax(np.abs(z) * kept)) if kept.any() else None


def _changes(
    predictors: Sequence[Predictor],
    examples: Examples,
    fold: NDArray[np.int64],
    rows: NDArray[np.int64],
    task: int,
    layout: Layout,
    word: str,
    parameters: SequenceParameters,
    beside: bool,
) -> NDArray[np.float64]:
    """(len(rows),) mean change of the held-out prediction where the copies of the word, or bases beside them, are shuffled."""
    random = np.random.default_rng([parameters.seed, 5])
    changed = np.repeat(examples.codes[rows], SHUFFLES, axis=0)
    for window in changed:
        _shuffle(window, layout, word, parameters.word_window, random, beside)
    out = np.empty(len(rows))
    for f in np.unique(fold[rows]):
        here = np.flatnonzero(fold[rows] == f)
        own = examples.rows(rows[here])
        before = predictors[f].predict(own.codes, own.side)[:, task]
        copies = changed.reshape(len(rows), SHUFFLES, -1)[here].reshape(len(here) * SHUFFLES, -1)
        after = predictors[f].predict(copies, np.repeat(own.side, SHUFFLES, axis=0))[:, task]
        out[here] = after.reshape(-1, SHUFFLES).mean(axis=1) - before
    return out


def _shuffle(window: Codes, layout: Layout, word: str, reach: int, random: np.random.Generator, beside: bool) -> None:
    """Shuffle in place every copy of a word of the core promoter, on either strand, or as many bases right before it."""
    forms = encode_text(word.encode()).codes
    first, size = max(layout.origin - reach, 0), len(word)
    views = np.lib.stride_tricks.sliding_window_view(window[first : layout.origin].copy(), size)
    hits = (views == forms).all(axis=1) | (views == reverse_complement(forms)).all(axis=1)
    for at in np.flatnonzero(hits) + first:
        start = at - size if beside else at
        if start >= 0:
            window[start : start + size] = random.permutation(window[start : start + size])
