"""What each base around chosen genes adds to their predictions, as files: tables, tracks, figures, arrays for TF-MoDISco.

Workspaces in, {file name: bytes} out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from groprog_assets.errors import ModelError, Problem
from groprog_assets.export.sequence import study_genome
from groprog_assets.methods.sequence.contributions import EXPLAINED, Explained, explains, held_out_contributions
from groprog_assets.methods.sequence.explanations import MeanTrack, explained_view, track_name
from groprog_assets.methods.sequence.mutagenesis import Method, held_out_changes
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.side import stored_side
from groprog_assets.methods.sequence.windows import Layout, gene_codes, view_layout
from groprog_assets.prognosis.sequence_rungs import stored_model
from groprog_assets.store.readings import load_asset, read_asset
from groprog_assets.store.workspace import open_workspace
from groprog_kernels.bases import LETTERS, one_hot

MOST_FIGURES = 20
"""Genes that get a figure of their own."""


def explained_genes(
    study: Path, names: Sequence[str], modisco: bool, method: Method | Literal["contributions"] = "contributions"
) -> dict[str, bytes]:
    """Files on the genes of a study that has been run, each explained by the model that never saw its chromosome.

    names: genes; none means all that are used. `contributions.tsv` has a row a base, without `modisco` or for at most 20 genes;
    `sums.tsv` compares sums and predictions; `<task>.bw` has the mean over the genes; `<gene>.svg` shows one gene, of the first
    20. modisco: also `sequences.npz` and `<task>.npz`, one-hot and hypothetical contributions (n, 4, L) float32, as
    TF-MoDISco takes them. method: contributions; or mutagenesis or saliency, single changes or gradients less their mean over
    the bases, which have no sums. Raises ModelError for unknown genes, for a model that does not explain itself, and for
    gradients of one that is no net.
    """
    workspace = open_workspace(study)
    reference, held, windows, splits = (
        read_asset(workspace, name).value()
        for name in ("reference_sequence", "sequence_model", "sequence_windows", "sequence_splits")
    )
    model = stored_model(held)
    view = explained_view(model)
    rung = model.card["champions"][view]
    if not explains(rung, model.parameters) and method == "contributions":
        rule = f"Those that do are {', '.join(EXPLAINED)}, nets without kmer_vectors."
        remedy = "Ask for --method mutagenesis, or name one of them alone as sequence.models and run the study."
        raise ModelError(Problem("sequence model", f"{rung} does not explain itself base by base", rule, remedy))
    genes = _chosen(windows, splits.table, names)
    genome = study_genome(workspace, reference)
    layout = view_layout(model.layout, view, model.parameters)
    codes = gene_codes(genes, genome, reference["names"], layout)
    sizes = {name: len(genome.chromosome(other)) for name, other in reference["names"].items()}
    side = stored_side(load_asset(workspace, "sequence_side"))
    used = windows.loc[windows["used"], "gene"].reset_index(drop=True)
    inputs = None if side is None else side.inputs.rows(used.isin(set(genes["gene"])).to_numpy())
    fold = genes["fold"].to_numpy()

    def values(task: int) -> Iterator[Explained]:
        if method == "contributions":
            return held_out_contributions(model, view, codes, fold, task, inputs)
        return held_out_changes(model, view, codes, fold, task, method, inputs)

    return _files(model, layout, genes, codes, sizes, modisco, values)


def _chosen(windows: pd.DataFrame, splits: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    used = windows[windows["used"]].merge(splits[["gene", "fold"]], on="gene", validate="one_to_one")
    reasons = dict(zip(windows["gene"], windows["reason"], strict=True))
    wrong = [name for name in names if name not in set(used["gene"])]
    if wrong:
        value = "; ".join(f"{name}: {reasons.get(name) or 'no such gene'}" for name in wrong[:5])
        rule = "A gene is explained where it has a window (table `sequence_windows`)."
        raise ModelError(Problem("genes", value, rule, "Name genes as the annotation does, separated by commas."))
    return used[used["gene"].isin(set(names))].reset_index(drop=True) if names else used.reset_index(drop=True)


def _files(
    model: PublishedModel,
    layout: Layout,
    genes: pd.DataFrame,
    codes: np.ndarray,
    sizes: dict[str, int],
    modisco: bool,
    values: Callable[[int], Iterator[Explained]],
) -> dict[str, bytes]:
    from groprog_assets.report.figure_list import gene_contributions

    names = genes["gene"].to_numpy()
    files: dict[str, bytes] = {}
    observed = np.empty((len(model.tasks), *codes.shape), np.float32)
    sums: list[pd.DataFrame] = []
    for task, title in enumerate(model.tasks):
        track = MeanTrack(genes, layout, sizes)
        hypothetical = np.empty((len(codes), 4, codes.shape[1]), np.float32) if modisco else None
        for found in values(task):
            rows, made = found.rows, found.contributions
            observed[task, rows] = made.observed
            if hypothetical is not None:
                hypothetical[rows] = made.hypothetical
            track.add(rows, made.observed, codes[rows])
            total = made.observed.sum(axis=1, dtype=np.float64)
            sums.append(
                pd.DataFrame({"gene": names[rows], "task": title, "difference": found.difference, "sum": total})
            )
        files[f"{track_name(title)}.bw"] = track.written()
        if hypothetical is not None:
            files[f"{track_name(title)}.npz"] = _npz(hypothetical)
    if modisco:
        files["sequences.npz"] = _npz(one_hot(codes).astype(np.float32))
    every = pd.concat(sums, ignore_index=True)
    if every["difference"].notna().all():
        files["sums.tsv"] = every.assign(gap=every["sum"] - every["difference"]).to_csv(sep="\t", index=False).encode()
    if len(genes) <= MOST_FIGURES or not modisco:
        files["contributions.tsv"] = _table(genes, layout, codes, observed, model.tasks)
    offset = np.arange(codes.shape[1]) - layout.origin
    inside = slice(0, sum(layout.tss))
    for row, name in enumerate(names[:MOST_FIGURES]):
        tracks = {title: observed[task, row, inside] for task, title in enumerate(model.tasks)}
        files[f"{track_name(str(name))}.svg"] = gene_contributions(offset[inside], codes[row, inside], tracks)
    return files


def _npz(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, array)
    return stream.getvalue()


def _table(genes: pd.DataFrame, layout: Layout, codes: np.ndarray, observed: np.ndarray, tasks: Sequence[str]) -> bytes:
    """A row a base of the windows around the TSS, in the gene's direction."""
    width = sum(layout.tss)
    offset = np.tile(np.arange(width) - layout.origin, len(genes))
    plus, tss = (np.repeat(values, width) for values in (genes["strand"].to_numpy() == "+", genes["tss"].to_numpy()))
    table = pd.DataFrame(
        {
            "gene": np.repeat(genes["gene"].to_numpy(), width),
            "chrom": np.repeat(genes["chrom"].to_numpy(), width),
            "position": np.where(plus, tss + offset, tss - offset),
            "strand": np.where(plus, "+", "-"),
            "offset": offset,
            "base": np.array(list(LETTERS))[codes[:, :width].ravel()],
            **{title: observed[task, :, :width].ravel() for task, title in enumerate(tasks)},
        }
    )
    return table.to_csv(sep="\t", index=False, float_format="%.5g").encode()
