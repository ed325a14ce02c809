"""The signature columns of a cohort that does not fit into memory: its expression is read twice, some patients at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.expression_encoder import robust, spaced, standardise, unusable
from groprog_assets.model.inputs import infinite_as_missing
from groprog_assets.model.signature import Functions, SignatureEncoder, gene_functions
from groprog_assets.study.model_parameters import SignatureParameters
from groprog_assets.study.text_tables import count_of

Blocks = Callable[[], Iterable[np.ndarray]]
"""Reads the expression from the start: consecutive patients, (m, K) floats; NaN or infinite where missing. Called twice."""
GENES_AT_ONCE = 512
PATIENTS_AT_ONCE = 64


class StreamedSignature(NamedTuple):
    """columns (n, J) float32 of the functions `names`, in the order of the patients; kept (K,) bool: the genes that enter."""

    names: tuple[str, ...]
    columns: np.ndarray
    kept: np.ndarray


def streamed_signature(
    blocks: Blocks,
    patients: int,
    descriptors: np.ndarray,
    names: tuple[str, ...],
    asked: SignatureParameters,
    row_limit: int,
) -> StreamedSignature:
    """The signature columns that `Encoders` fits and gives for these patients, equal to rounding.

    blocks: the expression, read twice; patients: how many it holds; descriptors (K, F) of its genes with `names`; row_limit:
    quartiles and the columns' SD come from so many evenly spaced patients, as in training. Memory: one block, row_limit x K
    float32, and the columns. Raises ModelError when the blocks hold another number of patients or genes, or no function varies.
    """
    genes = len(descriptors)
    count, mean, squares = np.zeros(genes, np.int64), np.zeros(genes), np.zeros(genes)
    chosen = spaced(patients, row_limit)
    seen = np.empty((chosen.size, genes), np.float32)
    for start, block in _checked(blocks(), patients, genes):
        _add_moments(block, count, mean, squares)
        inside = slice(*np.searchsorted(chosen, [start, start + len(block)]))
        seen[inside] = block[chosen[inside] - start]
    spread = np.sqrt(squares / np.maximum(count - 1, 1))
    rare, constant = unusable(count, mean, spread, patients)
    kept = np.flatnonzero(~(rare | constant))
    found = gene_functions(descriptors[kept], names, asked)
    centre, scale = np.empty(kept.size), np.empty(kept.size)
    sums = np.zeros((chosen.size, len(found.names)))
    for first in range(0, kept.size, GENES_AT_ONCE):
        part = slice(first, first + GENES_AT_ONCE)
        values = seen[:, kept[part]]
        centre[part], scale[part] = robust(values, mean[kept[part]], spread[kept[part]])
        sums += standardise(values, centre[part], scale[part])[0].astype(np.float64) @ found.values[part]
    del seen
    encoder = SignatureEncoder.of_spread(found, sums.std(axis=0), asked) if found.names else None
    if encoder is None:
        raise ModelError(_nothing(found, kept.size))
    columns = np.empty((patients, len(encoder.names)), np.float32)
    for start, block in _checked(blocks(), patients, genes):
        for first in range(0, len(block), PATIENTS_AT_ONCE):
            values = block[first : first + PATIENTS_AT_ONCE]
            z = standardise(values if kept.size == genes else values[:, kept], centre, scale)[0]
            columns[start + first : start + first + len(values)] = encoder.columns(z)
    return StreamedSignature(encoder.names, columns, ~(rare | constant))


def _checked(blocks: Iterable[np.ndarray], patients: int, genes: int) -> Iterator[tuple[int, np.ndarray]]:
    # (place of the first patient, block) of every block; ModelError where they are not `patients` x `genes` in all.
    start = 0
    for block in blocks:
        if block.ndim != 2 or block.shape[1] != genes or start + len(block) > patients:
            raise ModelError(_shape(f"a block {block.shape} after {count_of(start, 'patient')}", patients, genes))
        yield start, infinite_as_missing(block)
        start += len(block)
    if start != patients:
        raise ModelError(_shape(count_of(start, "patient"), patients, genes))


def _shape(said: str, patients: int, genes: int) -> Problem:
    rule = f"Blocks hold {count_of(patients, 'patient')} and {count_of(genes, 'gene')} in all, each time they are read."
    return Problem(
        "expression, in blocks", said, rule, "Give the number of patients, and a descriptor row for each gene."
    )


def _nothing(found: Functions, genes: int) -> Problem:
    said = f"{len(found.names)} functions of {count_of(genes, 'usable gene')}, none of which varies between patients"
    return Problem("descriptors", said, "A signature column varies.", "Check that the descriptors are of these genes.")


def _add_moments(block: np.ndarray, count: np.ndarray, mean: np.ndarray, squares: np.ndarray) -> None:
    """Add the rows of a block (m, K) to count, mean and sum of squared deviations (K,), by the update of Chan et al. (1983)."""
    for first in range(0, len(block), PATIENTS_AT_ONCE):
        values = block[first : first + PATIENTS_AT_ONCE]
        known = np.isfinite(values)
        own = known.sum(axis=0)
        centre = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(own, 1)
        deviation = np.where(known, values - centre.astype(np.float32), np.float32(0.0))
        within = np.einsum("mk,mk->k", deviation, deviation, dtype=np.float64)
        together = np.maximum(count + own, 1)
        shift = centre - mean
        squares += within + shift**2 * count * own / together
        mean += shift * own / together
        count += own
