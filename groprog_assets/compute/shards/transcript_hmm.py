"""The E-step of the hidden Markov model over some chromosome strands, and single cells of its tuning grid.

Windows of the libraries are pooled before, so a sequence is a chromosome strand. E-step sums are added with exact rounding, so
how the sequences were dealt out leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.methods.transcription import transcript_hmm as method
from groprog_assets.study.parameters import TranscriptionParameters
from groprog_assets.tables.values import Document, Progress, Values
from groprog_kernels import hmm

NOUN = "transcript_hmm"
LEAST_ENTRIES = 200_000
"""Windows with an entry below which a pass over all of them is over sooner than a worker answers."""


def compute(shared: Values, part: Values, here: Here) -> Document:
    """`statistics` (k, 6) of the sequences named in the part under its model (7,); or, for a part with `cells`, their rows."""
    sequences = shared["sequences"]
    if "cells" in part:
        parameters = TranscriptionParameters.model_validate_json(shared["parameters"])
        given = (shared["consensus"], shared["bin_size"], parameters)
        cells = [(leave, shape) for leave, shape in part["cells"]]
        rows = method.tuning_rows(_named(sequences), *given, cells, shared["compat"], threads=1)
        return {"rows": np.array(rows, dtype=np.float64)}
    model = _model(part["model"])
    sums = [hmm.statistics(_sequence(sequences, place), model) for place in part["places"]]
    return {"statistics": np.array(sums, dtype=np.float64)}


class OnPool:
    """The expensive parts of the fit, dealt out: `expectation` for hmm.fit, `cells` for the grid."""

    def __init__(self, pool: Pool, progress: Progress):
        self.pool = pool
        self.here = Here(progress)

    def expectation(self, sequences: method.Sequences) -> Callable[[hmm.Parameters], list[hmm.Statistics]] | None:
        """A function of the model that gives the statistics of every sequence, in their order; None when they are few."""
        sizes = [one.window.size for one in sequences.values()]
        if sum(sizes) < LEAST_ENTRIES:
            return None
        shared = self.pool.share({"sequences": _arrays(sequences)})
        deals = dealt(sizes, self.pool.width)

        def statistics(model: hmm.Parameters) -> list[hmm.Statistics]:
            parts = [{"places": places, "model": _row(model)} for places in deals]
            made = self.pool.map(NOUN, shared, parts)
            rows = np.concatenate([one["statistics"] for one in made])[np.argsort(np.concatenate(deals))]
            return [hmm.Statistics(*row) for row in rows.tolist()]

        return statistics

    def cells(
        self,
        sequences: method.Sequences,
        consensus: pd.DataFrame,
        bin_size: int,
        parameters: TranscriptionParameters,
        grid: list[tuple[float, float]],
        compat: str,
    ) -> list[tuple[float, ...]]:
        """The rows of the tuning surface, in the order of the grid."""
        shared = {"sequences": _arrays(sequences), "consensus": consensus, "bin_size": bin_size, "compat": compat}
        shared["parameters"] = parameters.model_dump_json()
        each = min(hmm.LANES, -(-len(grid) // self.pool.width))
        parts = [{"cells": [list(cell) for cell in grid[first : first + each]]} for first in range(0, len(grid), each)]
        made = self.pool.map(NOUN, shared, parts, self.here)
        return [tuple(row) for one in made for row in one["rows"].tolist()]


def dealt(sizes: list[int], hands: int) -> list[list[int]]:
    """Places of `sizes` in at most `hands` lists of nearly equal sums, each rising: the largest first to the lightest."""
    loads = [(0, hand) for hand in range(max(1, min(hands, len(sizes))))]
    lists: list[list[int]] = [[] for _ in loads]
    for place in sorted(range(len(sizes)), key=lambda place: (-sizes[place], place)):
        load, hand = min(loads)
        lists[hand].append(place)
        loads[hand] = (load + sizes[place], hand)
    return [sorted(one) for one in lists]


def _arrays(sequences: method.Sequences) -> dict[str, np.ndarray]:
    """All sequences in a handful of arrays, with the edges of each."""
    ones = list(sequences.values())
    return {
        "chrom": np.array([chrom for chrom, _ in sequences]),
        "strand": np.array([strand for _, strand in sequences]),
        "entries": np.cumsum([0, *(one.window.size for one in ones)]),
        "values": np.cumsum([0, *(one.value.size for one in ones)]),
        "window": np.concatenate([one.window for one in ones]),
        "code": np.concatenate([one.code for one in ones]),
        "value": np.concatenate([one.value for one in ones]),
        "multiplicity": np.concatenate([one.multiplicity for one in ones]),
        "n_windows": np.array([one.n_windows for one in ones]),
    }


def _sequence(arrays: Mapping[str, np.ndarray], place: int) -> hmm.WindowSequence:
    entries = slice(*arrays["entries"][place : place + 2])
    values = slice(*arrays["values"][place : place + 2])
    return hmm.WindowSequence(
        arrays["window"][entries],
        arrays["code"][entries],
        arrays["value"][values],
        arrays["multiplicity"][values],
        int(arrays["n_windows"][place]),
    )


def _named(arrays: Mapping[str, np.ndarray]) -> method.Sequences:
    names = zip(arrays["chrom"].tolist(), arrays["strand"].tolist(), strict=True)
    return {name: _sequence(arrays, place) for place, name in enumerate(names)}


def _row(model: hmm.Parameters) -> np.ndarray:
    return np.array([*np.asarray(model.log_transmat).ravel(), *model[1:]], dtype=np.float64)


def _model(row: np.ndarray) -> hmm.Parameters:
    return hmm.Parameters(row[:4].reshape(2, 2).copy(), *row[4:].tolist())
