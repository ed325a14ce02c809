"""Motifs of a study: for each task and sign those of the seqlets of all genes; tables, MEME file, BED. Tables in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import predict_task
from groprog_assets.methods.sequence.contributions import explains, held_out_contributions
from groprog_assets.methods.sequence.explanations import explained_view
from groprog_assets.methods.sequence.meme import Motif, meme_text, read_meme
from groprog_assets.methods.sequence.motif_sites import Sites, motif_sites
from groprog_assets.methods.sequence.motifs import (
    best_matches,
    cluster_seqlets,
    marginal_effect,
    motif_rows,
    shuffled_windows,
)
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.seqlets import Seqlets, find_seqlets
from groprog_assets.methods.sequence.side import StudySide
from groprog_assets.methods.sequence.windows import Layout, view_layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document

Codes = NDArray[np.uint8]
SIGNS = ((1, "up"), (-1, "down"))


class StudyMotifs(NamedTuple):
    """motifs: `sequence_motifs`; seqlets: `sequence_seqlets`; sites: `sequence_motif_sites`; matrices: {motif: probabilities
    (4, w)}; meme: MEME file; summary: JSON-able."""

    motifs: pd.DataFrame
    seqlets: pd.DataFrame
    sites: pd.DataFrame
    matrices: dict[str, NDArray[np.float64]]
    meme: bytes
    summary: Document


def read_motifs(paths: Sequence[Path]) -> list[Motif]:
    """The motifs of several files, in order. Raises AnnotationError as `read_meme`."""
    return [motif for path in paths for motif in read_meme(path).motifs]


def study_motifs(
    model: PublishedModel,
    genes: pd.DataFrame,
    codes: Codes,
    targets: NDArray[np.float64],
    known: Sequence[Motif],
    parameters: SequenceParameters,
    progress: Callable[[str], object] = str,
    sites: Sequence[Sites] = (),
    side: StudySide | None = None,
) -> StudyMotifs:
    """Seqlets of all genes and their motifs, task by task, in the view that is explained; whether the motifs lie in `sites`.

    genes: gene, chrom, strand, tss and `fold`, in the order of codes (g, width) and targets (g, T). A model whose rung does not
    explain itself gives none. side: what the model reads beside the bases, of the same genes.
    """
    view = explained_view(model)
    layout = view_layout(model.layout, view, parameters)
    rung = model.card["champions"][view]
    codes = codes[:, : layout.width]
    fold = genes["fold"].to_numpy()
    random = np.random.default_rng([parameters.seed, 2])
    chosen = random.permutation(len(codes))[: parameters.motif_backgrounds]
    backgrounds = shuffled_windows(codes[chosen], parameters.seed)
    inputs = None if side is None else side.inputs
    beside = model.beside(view, len(codes), inputs)[chosen]
    folds = [part for part in model.predictors[view] if part != "final"]
    tables: list[pd.DataFrame] = []
    spans: list[pd.DataFrame] = []
    matrices: dict[str, NDArray[np.float64]] = {}
    for task, name in enumerate(model.tasks) if explains(rung, model.parameters) else ():
        observed = np.empty(codes.shape, np.float32)
        hypothetical = np.empty((len(codes), 4, codes.shape[1]), np.float16)
        for found in held_out_contributions(model, view, codes, fold, task, inputs):
            observed[found.rows] = found.contributions.observed
            hypothetical[found.rows] = found.contributions.hypothetical
        every = find_seqlets(observed, parameters.seqlet_level)

        def predict(windows: Codes, task: int = task) -> NDArray[np.float64]:
            return np.mean(
                [predict_task(model.predictors[view][part], windows, task, beside) for part in folds], axis=0
            )

        before = predict(backgrounds)
        for sign, word in SIGNS:
            own = every.chosen(np.sign(every.total) == sign)
            clusters = cluster_seqlets(own, codes, hypothetical, parameters)
            found_matrices = [cluster.probabilities for cluster in clusters]
            effect = [
                marginal_effect(predict, backgrounds, before, cluster.probabilities, int(np.median(cluster.start)))
                for cluster in clusters
            ]
            rows, order = motif_rows(
                clusters,
                own,
                len(genes),
                targets[:, task],
                fold,
                layout.origin,
                effect,
                best_matches(found_matrices, known),
                name,
                word,
            )
            tables.append(rows)
            names = np.full(len(own.row), "", object)
            for title, at in zip(rows["motif"], order, strict=True):
                matrices[title] = found_matrices[at]
                names[clusters[at].members] = title
            spans.append(_spans(own, names, name, genes, layout))
        progress(f"motifs of {name}")
    motifs = conform(pd.concat(tables, ignore_index=True), "sequence_motifs") if tables else _nothing("sequence_motifs")
    seqlets = (
        conform(pd.concat(spans, ignore_index=True), "sequence_seqlets") if spans else _nothing("sequence_seqlets")
    )
    members = motifs.set_index("motif")
    shown = [
        Motif(title, str(members["consensus"][title]), held, float(members["seqlets"][title]))
        for title, held in matrices.items()
    ]
    summary: Document = {
        "view": view,
        "rung": rung,
        "explained": explains(rung, model.parameters),
        "known_motifs": len(known),
        "motifs": len(motifs),
        "same_sign": int(motifs["same_sign"].sum()),
        "seqlets": len(seqlets),
    }
    inside = motif_sites(seqlets, genes, codes, layout, sites, parameters)
    return StudyMotifs(motifs, seqlets, inside, matrices, meme_text(shown).encode(), summary)


def _nothing(table: str) -> pd.DataFrame:
    return conform(pd.DataFrame(columns=list(TABLES[table].column_names)), table)


def _spans(own: Seqlets, names: NDArray, task: str, genes: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """The seqlets of the window around the TSS on the genome."""
    inside = own.end <= sum(layout.tss)
    kept, names = own.chosen(inside), names[inside]
    of = genes.iloc[kept.row]
    plus, tss = of["strand"].to_numpy() == "+", of["tss"].to_numpy(np.int64)
    offset = kept.start - layout.origin
    length = kept.end - kept.start
    start = np.where(plus, tss + offset, tss - offset - length + 1)
    return pd.DataFrame(
        {
            "task": task,
            "chrom": of["chrom"].to_numpy(),
            "start": start,
            "end": start + length,
            "strand": of["strand"].to_numpy(),
            "gene": of["gene"].to_numpy(),
            "offset": offset,
            "contribution": kept.total,
            "p": kept.p,
            "motif": names,
        }
    )


def seqlet_bed(seqlets: pd.DataFrame) -> bytes:
    """The seqlets as BED of six columns and more: the name is the motif, or `.`; the score 0 to 1,000 by |contribution| within
    the task; then task, gene and contribution. Sorted by place."""
    table = seqlets.sort_values(["chrom", "start", "end", "task"], kind="stable")
    size = table["contribution"].abs()
    largest = size.groupby(table["task"]).transform("max")
    score = (1000 * size / largest.where(largest > 0, 1)).round().astype(int)
    rows = zip(
        table["chrom"], table["start"], table["end"], table["motif"], score, table["strand"], table["task"],
        table["gene"], table["contribution"], strict=True,
    )  # fmt: skip
    return "".join(
        f"{chrom}\t{start}\t{end}\t{motif or '.'}\t{held}\t{strand}\t{task}\t{gene}\t{value:.4g}\n"
        for chrom, start, end, motif, held, strand, task, gene, value in rows
    ).encode()


def logo_rows(motifs: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """The motifs shown as logos: those whose effect and held-out z agree, by |z|, `most` of them, each consensus once."""
    held = motifs[motifs["same_sign"]].sort_values("z_held_out", key=np.abs, ascending=False, kind="stable")
    return held.drop_duplicates("consensus").head(most).reset_index(drop=True)
