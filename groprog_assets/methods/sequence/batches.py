"""Offsets of batches: genes whose values come from several protocols are put on one level. Arrays in and out.

TPM of two protocols differ by a factor that says nothing of the gene. Each batch has an offset a task, in log2: the mean of its
training genes less the mean of all batches' means, so that the level does not depend on how many genes a batch has. A fold knows
the offsets of its own training genes alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import Notice, Problem
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

Matrix = NDArray[np.float64]


class Batches(NamedTuple):
    """column: of the user's table; names: of the batches; of_gene: the place of each gene's batch in `names`, -1 without one."""

    column: str
    names: list[str]
    of_gene: list[int]


def batch_offsets(targets: Matrix, batches: Batches, train: NDArray[np.bool_]) -> Matrix:
    """(b, T) offset of each batch in each task, of training genes (mask (g,)) alone; missing where a batch has no training gene
    with a value. targets (g, T), missing where not defined. Their mean over the batches is 0."""
    of_gene = np.asarray(batches.of_gene, np.int64)
    out = np.full((len(batches.names), targets.shape[1]), np.nan)
    for task, values in enumerate(targets.T):
        known = train & np.isfinite(values) & (of_gene >= 0)
        count = np.bincount(of_gene[known], minlength=len(batches.names))
        total = np.bincount(of_gene[known], values[known], minlength=len(batches.names))
        held = count > 0
        if held.any():
            means = total[held] / count[held]
            out[held, task] = means - means.mean()
    return out


def levelled(targets: Matrix, batches: Batches | None, train: NDArray[np.bool_] | None = None) -> Matrix:
    """(g, T) targets less the offset of each gene's batch, fitted on the genes of the mask `train` (g,), else on all; missing for
    a batch without an offset. Without batches they come back as they are."""
    if batches is None:
        return targets
    chosen = np.ones(len(targets), bool) if train is None else train
    offsets = np.vstack([batch_offsets(targets, batches, chosen), np.full(targets.shape[1], np.nan)])
    return targets - offsets[np.asarray(batches.of_gene, np.int64)]


def stored_batches(given: Document | None) -> Batches | None:
    """The batches that `sequence_targets` stored; None for a study without any."""
    return None if given is None else Batches(**given)


def targets_on_one_level(stored: Mapping[str, Any], tasks: list[str]) -> Matrix:
    """(g, T) of some tasks of the stored `sequence_targets`, less the offsets of their batches, if any, over all genes."""
    return levelled(stored["values"][tasks].to_numpy(float), stored_batches(stored.get("batches")))


def tell_unjudged(targets: Matrix, batches: Batches, roles: NDArray[np.str_]) -> None:
    """A Notice on genes with values of the first task whose batch has no training gene in the fold that holds them out.

    targets (g, T); roles (f, g) of the genes in each fold.
    """
    known = np.isfinite(targets[:, 0])
    lost = np.zeros(len(known), bool)
    for own in roles:
        lost |= (own == "test") & known & ~np.isfinite(levelled(targets, batches, own == "train")[:, 0])
    if lost.any():
        names = sorted({batches.names[place] for place in np.asarray(batches.of_gene)[lost] if place >= 0})
        value = f"{count_of(int(lost.sum()), 'gene')} of {int(known.sum()):,} with a value cannot be judged"
        rule = (
            f"No gene of {some(names, 5)} trains where these are held out, so their offset is not known: "
            "batch and chromosome cannot be told apart."
        )
        remedy = f"Do not rely on metrics of the others alone; give genes of each {batches.column} on every chromosome."
        warnings.warn(Notice(Problem("sequence.targets.batch", value, rule, remedy)), stacklevel=2)


def described(batches: Batches, tasks: list[str], offsets: Matrix) -> Document:
    """JSON-able: the column, and {task: {batch: offset in log2}}."""
    found = {
        task: {
            name: float(each) if np.isfinite(each) else None
            for name, each in zip(batches.names, offsets[:, at], strict=True)
        }
        for at, task in enumerate(tasks)
    }
    return {"column": batches.column, "offsets": found}
