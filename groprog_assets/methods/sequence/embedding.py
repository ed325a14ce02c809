"""A vector of each gene from its sequence: predictions by models that never saw it, axes of its k-mers. Tables in, tables out.

The predictions are out-of-fold, so a vector cannot repeat the gene's own measured value; the axes are fitted without targets. The
hidden layers of different folds are never joined: they are not comparable.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import RidgeKmer
from groprog_assets.methods.sequence.targets import pearson
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

PREDICTIONS, AXES = 8, 8
"""Columns of predictions, of the first tasks, and of k-mer axes; a gene's vector has both, 0 where there are fewer."""
TOLERANCE = 0.05
"""r by which the vector may tell more of a measured value than the out-of-fold predictions themselves."""
FOLDS = 5

Matrix = NDArray[np.float64]


class Embedding(NamedTuple):
    """table: `sequence_embedding`; summary: JSON-able, with r of the vector and of the predictions for each task."""

    table: pd.DataFrame
    summary: Document


def gene_embedding(
    genes: list[str],
    codes: NDArray[np.uint8],
    layout: Layout,
    predictions: pd.DataFrame,
    tasks: list[str],
    parameters: SequenceParameters,
) -> Embedding:
    """Vectors of the genes, in their order.

    codes (g, width) of `layout`; predictions: rows of `sequence_predictions` of one view and rung; tasks: in the order of its
    columns. Predictions are standardised over the genes; a gene without a window is not in the table.
    """
    chosen = tasks[:PREDICTIONS]
    wide = predictions.pivot(index="gene", columns="task", values="predicted").loc[genes, chosen].to_numpy(float)
    target = predictions.pivot(index="gene", columns="task", values="target").loc[genes, chosen].to_numpy(float)
    fold = predictions.drop_duplicates("gene").set_index("gene")["fold"].loc[genes].to_numpy()
    spread = wide.std(axis=0)
    first = np.zeros((len(genes), PREDICTIONS))
    first[:, : len(chosen)] = (wide - wide.mean(axis=0)) / np.where(spread > 0, spread, 1)
    vectors = np.hstack([first, kmer_axes(codes, layout, parameters)])
    table = pd.DataFrame(vectors, columns=[f"e{number:02}" for number in range(vectors.shape[1])])
    table.insert(0, "gene", genes)
    found = {
        name: leak(vectors, wide[:, place], target[:, place], fold, parameters.seed)
        for place, name in enumerate(chosen)
    }
    worst = max((held["excess"] for held in found.values()), default=0.0)
    return Embedding(conform(table, "sequence_embedding"), {"tasks": found, "excess": worst, "tolerance": TOLERANCE})


def without_vectors(genes: list[str]) -> pd.DataFrame:
    """Table `sequence_descriptors` of a study that asks for none of this study's own vectors."""
    return conform(pd.DataFrame({"gene": genes, "sequence_missing": 0.0}), "sequence_descriptors")


def descriptors(genes: list[str], vectors: pd.DataFrame, tasks: list[str]) -> pd.DataFrame:
    """Table `sequence_descriptors`: the vectors as descriptors of the risk model, rows in the order of `genes`.

    vectors: table `sequence_embedding`; tasks: those of its predictions, at most 8. Columns without a task are left out. A gene
    without a window has 0, the mean, in every column, and 1 in sequence_missing.
    """
    columns = {f"sequence_predicted_{task}": f"e{place:02}" for place, task in enumerate(tasks)}
    columns |= {f"sequence_axis_{number + 1}": f"e{PREDICTIONS + number:02}" for number in range(AXES)}
    held = vectors.set_index("gene").reindex(genes)
    table = pd.DataFrame({"gene": genes})
    for name, source in columns.items():
        table[name] = held[source].fillna(0.0).to_numpy()
    table["sequence_missing"] = (~pd.Series(genes).isin(vectors["gene"])).astype("float64")
    return conform(table, "sequence_descriptors")


def kmer_axes(codes: NDArray[np.uint8], layout: Layout, parameters: SequenceParameters) -> Matrix:
    """(g, AXES) principal components of the k-mer features, standardised; each points where its largest weight is positive."""
    columns = RidgeKmer(layout, parameters).features(codes).astype(np.float64)
    spread = columns.std(axis=0)
    scores = principal_scores((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1), AXES)
    scale = scores.std(axis=0)
    out = np.zeros((len(columns), AXES))
    out[:, : scores.shape[1]] = scores / np.where(scale > 1e-9, scale, 1)
    return out


def principal_scores(columns: Matrix, number: int) -> Matrix:
    """(g, min(number, g, c)) scores of centred columns (g, c) on their leading principal axes, largest variance first; each axis
    points where its largest weight is positive. With fewer rows than columns the norm of a score is squared."""
    gram = columns.T @ columns if len(columns) >= columns.shape[1] else columns @ columns.T
    _, vectors = np.linalg.eigh(gram)
    leading = vectors[:, ::-1][:, : min(number, len(gram))]
    weights = leading if len(columns) >= columns.shape[1] else columns.T @ leading
    weights = weights * np.sign(np.take_along_axis(weights, np.abs(weights).argmax(axis=0)[None], axis=0))
    scores: Matrix = columns @ weights
    return scores


def leak(vectors: Matrix, predicted: NDArray, target: NDArray, fold: NDArray, seed: int) -> dict[str, float]:
    """{"r", "r_predicted", "excess"}: r of a cross-validated linear fit of the vectors (g, d) with the measured values (g,), that
    of the out-of-fold predictions (g,), and by how much the first is above the second.

    Both are r over all genes after the mean of each fold (g,) is taken off. A vector made of in-fold predictions has an excess.
    """
    held = np.isfinite(target)
    y, p, e, f = target[held].copy(), predicted[held].copy(), vectors[held], fold[held]
    for one in np.unique(f):
        y[f == one] -= y[f == one].mean()
        p[f == one] -= p[f == one].mean()
    part = np.random.default_rng([seed, 3]).permutation(np.arange(len(y)) % FOLDS)
    fitted = np.zeros(len(y))
    design = np.column_stack([np.ones(len(y)), e])
    for one in range(FOLDS):
        weights = np.linalg.lstsq(design[part != one], y[part != one], rcond=None)[0]
        fitted[part == one] = design[part == one] @ weights
    r, own = pearson(fitted, y), pearson(p, y)
    return {"r": r, "r_predicted": own, "excess": r - own}
