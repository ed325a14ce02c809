"""Single changes of each base of a window, and gradients: how far a prediction would move. Arrays in, arrays out.

Unlike contributions, these do not sum to a prediction. They are there for every rung (changes) or every net (gradients), those
included that do not explain themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import ModelError, Problem
from groprog_assets.methods.sequence.baselines import Predictor, predict_task
from groprog_assets.methods.sequence.contributions import Contributions, Explained, at_the_base, has_kmer_vectors
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.side import SideInputs
from groprog_assets.methods.sequence.windows import view_layout

Codes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Method = Literal["mutagenesis", "saliency"]
_UNKNOWN = 4


@runtime_checkable
class Differentiable(Protocol):
    """A net that gives the gradient (n, 4, L) of a task by the one-hot bases of windows (n, L)."""

    def gradient(self, codes: Codes, task: int, beside: NDArray[np.float64]) -> Floats: ...


def single_changes(predict: Callable[[Codes], NDArray[np.float64]], window: Codes) -> Floats:
    """(4, L) prediction with each base at each column less that of the window (L,); 0 for the base that is there, and where the
    base is unknown. predict: (n, L) -> (n,)."""
    known = np.flatnonzero(window < _UNKNOWN)
    columns = np.repeat(known, 3)
    bases = (window[columns] + np.tile([1, 2, 3], len(known))) % 4
    changed = np.repeat(window[None], len(columns) + 1, axis=0)
    changed[np.arange(len(columns)), columns] = bases
    predicted = predict(changed)
    out = np.zeros((4, len(window)), np.float32)
    out[bases, columns] = predicted[:-1] - predicted[-1]
    return out


def centred(values: Floats, codes: Codes) -> Contributions:
    """Values (n, 4, L) less their mean over the bases, and those of the bases that are there; 0 at unknown ones."""
    known = codes < _UNKNOWN
    made = np.where(known[:, None, :], values - values.mean(axis=1, keepdims=True), np.float32(0))
    return Contributions(at_the_base(made, codes), made)


def held_out_changes(
    model: PublishedModel,
    view: str,
    codes: Codes,
    fold: NDArray[np.int64],
    task: int,
    method: Method,
    side: SideInputs | None = None,
) -> Iterator[Explained]:
    """Centred single changes, or gradients, of one task, each gene by the model that never saw its fold, gene by gene.

    codes (g, width) of the model's layout or of the view's; fold (g,); side: of the same genes, where the model reads any. The
    difference is missing, since nothing has to sum to it. Raises ModelError for gradients of a rung that is no net.
    """
    codes = codes[:, : view_layout(model.layout, view, model.parameters).width]
    beside = model.beside(view, len(codes), side)
    for row in range(len(codes)):
        predictor = model.predictors[view][f"fold{fold[row]}"]
        own = slice(row, row + 1)
        values = (
            _gradient(predictor, model, view, codes[own], task, beside[own])
            if method == "saliency"
            else single_changes(_predicting(predictor, task, beside[own]), codes[row])[None]
        )
        yield Explained(np.array([row]), centred(values, codes[own]), np.array([np.nan]))


def _predicting(predictor: Predictor, task: int, beside: NDArray[np.float64]) -> Callable[[Codes], NDArray[np.float64]]:
    return lambda windows: predict_task(predictor, windows, task, np.repeat(beside, len(windows), axis=0))


def _gradient(
    predictor: Predictor, model: PublishedModel, view: str, codes: Codes, task: int, beside: NDArray[np.float64]
) -> Floats:
    rung = model.card["champions"][view]
    if not isinstance(predictor, Differentiable) or (rung != "motif_net" and has_kmer_vectors(model.parameters)):
        rule = "A gradient by the bases is that of a net without kmer_vectors."
        remedy = "Ask for --method mutagenesis, which any model answers."
        raise ModelError(Problem("sequence model", f"{rung} has no gradient", rule, remedy))
    return predictor.gradient(codes, task, beside)
