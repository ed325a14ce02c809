"""Ridge on positional k-mers and the best scores of given motifs, a rung of the ladder. Arrays in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import ModelError, Problem
from groprog_assets.methods.sequence.baselines import Examples, Linear, Matrix, RidgeKmer
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.text_tables import count_of
from groprog_kernels.motif_scores import best_scores

PSEUDOCOUNT = 0.02
"""Added to each probability of a matrix, and 1 + 4 of it divided by, before the logarithm."""
MOST_COLUMNS = 10_000
"""Features of a ridge whose equations are still solved in memory (0.8 GB)."""


def log_odds(matrix: NDArray[np.float64], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """(w, 4) log2((p + .02) / 1.08 / background) of probabilities (w, 4); background (4,)."""
    return np.log2((matrix + PSEUDOCOUNT) / (1 + 4 * PSEUDOCOUNT) / background)


def composition(codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(4,) share of A, C, G, T on both strands of the windows; a quarter each where no base is known."""
    counts = np.bincount(codes.ravel(), minlength=5)[:4].astype(np.float64)
    both = counts + counts[::-1] + 1
    return both / both.sum()


class MotifLinear(NamedTuple):
    """A linear predictor on k-mers and motif scores, with the weights (w, 4) of each motif."""

    linear: Linear
    names: Sequence[str]
    weights: Sequence[NDArray[np.float64]]

    def predict(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
        """(n, T) predictions."""
        return self.linear.predict(codes, side)

    def arrays(self) -> dict[str, NDArray]:
        """All it learnt, and the motifs as `motif.<number>.<name>`."""
        motifs = {f"motif.{at:05d}.{n}": w for at, (n, w) in enumerate(zip(self.names, self.weights, strict=True))}
        return {**self.linear.arrays(), **motifs}


class RidgeKmerMotifs:
    """`RidgeKmer` with the best score of each motif, on either strand, in every stretch of `motif_bin` bp."""

    name = "ridge_kmer+pwm"

    def __init__(self, layout: Layout, parameters: SequenceParameters, motifs: Sequence[Motif]):
        self._kmers, self._parameters, self._motifs = RidgeKmer(layout, parameters), parameters, motifs
        self._edges = [_bins(edges[0], edges[-1], parameters.motif_bin) for edges in layout.stretches()]

    def fit(self, train: Examples, validation: Examples) -> MotifLinear:
        """The penalty is chosen as that of `ridge_kmer`. Raises ModelError without motifs, or with too many."""
        stretches = sum(len(edges) - 1 for edges in self._edges)
        columns = self._kmers.features(train.codes[:1]).shape[1]
        most = (MOST_COLUMNS - columns) // stretches
        if not 0 < len(self._motifs) <= most:
            rule = f"{self.name} takes 1 to {most} motifs in {stretches} stretches of {self._parameters.motif_bin} bp."
            remedy = "Name MEME files in sequence.motifs, with fewer motifs or longer stretches (motif_bin)."
            raise ModelError(Problem("sequence.motifs", count_of(len(self._motifs), "motif"), rule, remedy))
        background = composition(train.codes)
        weights = [log_odds(motif.probabilities.T, background) for motif in self._motifs]
        return self._made(self._ridge(weights).fit(train, validation), [motif.name for motif in self._motifs], weights)

    def restored(self, arrays: dict[str, NDArray]) -> MotifLinear:
        """The predictor of stored arrays."""
        held = {name: values for name, values in arrays.items() if name.startswith("motif.")}
        keys = sorted(held)
        rest = {name: values for name, values in arrays.items() if name not in held}
        weights = [held[key] for key in keys]
        return self._made(self._ridge(weights).restored(rest), [key.split(".", 2)[2] for key in keys], weights)

    def _made(self, linear: Linear, names: Sequence[str], weights: Sequence[NDArray[np.float64]]) -> MotifLinear:
        return MotifLinear(linear, names, weights)

    def _ridge(self, weights: Sequence[NDArray[np.float64]]) -> RidgeKmer:
        return _WithScores(self._kmers, self._parameters, self._edges, weights)


class _WithScores(RidgeKmer):
    """Ridge whose features are those of `kmers` and the best scores of motifs with weights (w, 4)."""

    def __init__(
        self,
        kmers: RidgeKmer,
        parameters: SequenceParameters,
        edges: Sequence[Sequence[int]],
        weights: Sequence[NDArray[np.float64]],
    ):
        self._kmers, self._parameters, self._bins, self._weights = kmers, parameters, edges, weights

    def features(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, p) k-mer features, then the best score by stretch and motif."""
        scores = [best_scores(codes, edges, self._weights).reshape(len(codes), -1) for edges in self._bins]
        return np.hstack([self._kmers.features(codes), *scores])


def _bins(start: int, end: int, width: int) -> list[int]:
    return [*range(start, end, width), end]
