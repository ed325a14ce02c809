"""Words of the core promoter that go with a target: presence on either strand, z, selection. Arrays in, arrays and tables out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables import conform
from groprog_kernels.bases import decode
from groprog_kernels.kmers import canonical_words, word_presence

_COLUMNS = 1024


class WordScores(NamedTuple):
    """For each canonical word (c,): genes that hold it, difference of the mean target to genes without it, and its z."""

    genes: NDArray[np.int64]
    difference: NDArray[np.float64]
    z: NDArray[np.float64]


def core_presence(codes: NDArray[np.uint8], layout: Layout, parameters: SequenceParameters) -> NDArray[np.uint8]:
    """(g, c) uint8: 1 where the gene's core promoter, the last `word_window` bp before the TSS, holds a word on either strand.

    codes (g, width) of `layout` or of any view of it, as both begin at the same column.
    """
    start = max(layout.origin - parameters.word_window, 0)
    return word_presence(codes[:, start : layout.origin], parameters.word_length)


def word_scores(presence: NDArray[np.uint8], target: NDArray[np.float64], least: int) -> WordScores:
    """Welch's z of the target between genes with and without each word. presence (g, c), target (g,) without missing values.

    z is 0 where fewer than `least` genes hold or lack the word.
    """
    count = presence.sum(axis=0, dtype=np.int64)
    rest = len(target) - count
    centred = target - target.mean() if len(target) else target
    total, squares = np.hstack(
        [
            np.vstack([centred, centred**2]) @ presence[:, first : first + _COLUMNS]
            for first in range(0, presence.shape[1], _COLUMNS)
        ]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, other = total / count, (centred.sum() - total) / rest
        spread = (squares - count * mean**2) / (count - 1) / count
        spread_other = ((centred**2).sum() - squares - rest * other**2) / (rest - 1) / rest
        z = (mean - other) / np.sqrt(spread + spread_other)
    enough = (count >= least) & (rest >= least)
    return WordScores(count, np.where(enough, mean - other, 0.0), np.where(enough & np.isfinite(z), z, 0.0))


def select_words(
    presence: NDArray[np.uint8], target: NDArray[np.float64], parameters: SequenceParameters
) -> NDArray[np.int64]:
    """Columns of the words whose |z| is above `word_z`, rising. Selected on the genes given, which must be training genes."""
    scores = word_scores(presence, target, parameters.word_genes)
    return np.flatnonzero(np.abs(scores.z) > parameters.word_z)


def spelled(columns: NDArray[np.int64], k: int) -> list[str]:
    """The words of columns of `core_presence`, each in the form that comes first in the alphabet of its two strands."""
    numbers = canonical_words(k)[columns]
    return [decode([number >> 2 * (k - 1 - place) & 3 for place in range(k)]) for number in numbers.tolist()]


def word_list(
    codes: NDArray[np.uint8],
    layout: Layout,
    target: NDArray[np.float64],
    roles: NDArray[np.str_],
    task: str,
    lengths: tuple[int, ...],
    parameters: SequenceParameters,
    most: int = 25,
) -> pd.DataFrame:
    """Table `sequence_words`: the words with the largest |z| on training genes of one fold, and their z on its test genes.

    codes (g, width), target (g,) with missing values left out, roles (g,). A word whose two z have one sign is in the data; one
    that stands out on training genes alone is not.
    """
    found = np.isfinite(target)
    train, test = found & np.isin(roles, ("train", "validation")), found & (roles == "test")
    parts = []
    for k in lengths:
        presence = core_presence(codes, layout, parameters.model_copy(update={"word_length": k}))
        learnt = word_scores(presence[train], target[train], parameters.word_genes)
        held = word_scores(presence[test], target[test], max(parameters.word_genes // 3, 2))
        top = np.argsort(-np.abs(learnt.z), kind="stable")[:most]
        top = top[learnt.z[top] != 0]
        parts.append(
            pd.DataFrame(
                {
                    "task": task,
                    "word": spelled(top, k),
                    "genes": learnt.genes[top],
                    "difference": learnt.difference[top],
                    "z_train": learnt.z[top],
                    "z_test": held.z[top],
                    "same_sign": np.sign(learnt.z[top]) == np.sign(held.z[top]),
                }
            )
        )
    return conform(pd.concat(parts, ignore_index=True), "sequence_words")
