"""Genes whose target hangs on two words side by side: each word alone, and the number of both, tell nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.splits import Splits, make_splits
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters

FIRST = np.array([1, 0, 2, 3, 1, 0], np.uint8)
"""CAGTCA."""
SECOND = np.array([2, 2, 0, 0, 3, 1], np.uint8)
"""GGAATC."""
GAP = 3
"""Bases between the words of a pair; they are random, so that no short word spans it."""
LAYOUT = Layout((100, 100))


def pairs(genes: int = 1800, noise: float = 0.3, seed: int = 0) -> tuple[Examples, pd.DataFrame]:
    """(examples of windows of 200, genes on three chromosomes): both words stand somewhere in the first 100 bp of every window;
    the target is 1 where the second follows the first after GAP bases, else -1."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (genes, LAYOUT.width)).astype(np.uint8)
    together = random.random(genes) < 0.5
    size = len(FIRST)
    for row in range(genes):
        first = int(random.integers(0, 100 - size))
        second = first + size + GAP
        while second > 100 - size or (not together[row] and abs(second - first) < 2 * size + GAP):
            first = int(random.integers(0, 100 - size))
            second = first + size + GAP if together[row] else int(random.integers(0, 100 - size))
        codes[row, first : first + size], codes[row, second : second + size] = FIRST, SECOND
    target = np.where(together, 1.0, -1.0) + noise * random.normal(size=genes)
    chrom = np.array(["chrI", "chrII", "chrIII"])[np.arange(genes) % 3]
    table = pd.DataFrame({"gene": [f"g{n}" for n in range(genes)], "chrom": chrom, "strand": "+"})
    table["tss"] = 20_000 * (np.arange(genes) // 3) + 500
    table["tts"] = table["tss"] + 400
    return Examples(codes, np.empty((genes, 0)), np.column_stack([target, -2 * target + 7])), table


def splits_of(examples: Examples, genes: pd.DataFrame) -> Splits:
    """Whole chromosomes held out."""
    return make_splits(genes, examples.codes, LAYOUT, SequenceParameters(validation_fraction=0.15))
