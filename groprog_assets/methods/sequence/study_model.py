"""The ladder of a study: every rung cross-fitted in every view, the champion of each view, its metrics. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import Examples, Predictor, Rung
from groprog_assets.methods.sequence.batches import Batches, batch_offsets, described, tell_unjudged
from groprog_assets.methods.sequence.cross_fitting import (
    CrossFit,
    Fitter,
    cross_fit,
    final_roles,
    fit_here,
    fit_on_all,
    random_fit,
)
from groprog_assets.methods.sequence.fragments import (
    Fragments,
    gene_fragments,
    read_contacts,
    sharing_fragments,
)
from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome
from groprog_assets.methods.sequence.high_low import for_high_low
from groprog_assets.methods.sequence.ladder import Ladder
from groprog_assets.methods.sequence.ladder import ladder as plain_ladder
from groprog_assets.methods.sequence.links import held_out_links, no_links, told_links
from groprog_assets.methods.sequence.meme import read_motifs
from groprog_assets.methods.sequence.metrics import (
    Promotion,
    block_weights,
    ceiling,
    interval,
    promote,
    resampled_auroc,
    resampled_r,
    task_metrics,
)
from groprog_assets.methods.sequence.oracle import oracle_effects
from groprog_assets.methods.sequence.published_model import WARNING, packed
from groprog_assets.methods.sequence.reference import FOLDER, read_aliases
from groprog_assets.methods.sequence.side import StudySide, with_channels
from groprog_assets.methods.sequence.splits import Pairs, Splits
from groprog_assets.methods.sequence.window_ablation import window_ablation
from groprog_assets.methods.sequence.windows import Layout, gene_codes, view_layout
from groprog_assets.methods.sequence.words import word_list
from groprog_assets.study.sequence_study import Sequence
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

HIGH_LOW = "high_low"
"""What `sequence.task` says where models tell high from low."""
MINIMUM_SPREAD = 1e-3
"""Standard deviation of the predictions below which a model is taken to be dead."""


class StudyModel(NamedTuple):
    """predictions: `sequence_predictions`; random: the same under the random split; levels: {view.rung: (f, 2T)} mean and
    median of training genes, and `random.` the same of the random split; files: {name: bytes}; summary: JSON-able; links:
    `sequence_links`, of the rungs that read fragments."""

    predictions: pd.DataFrame
    random: pd.DataFrame
    levels: dict[str, NDArray[np.float64]]
    files: dict[str, bytes]
    summary: Document
    links: pd.DataFrame


def study_layout(section: Sequence) -> Layout:
    """The windows of a study's section."""
    return Layout(section.windows.tss, section.windows.tts)


class StudyFolder(Protocol):
    """What a study's workspace is here: where its files and its state are."""

    @property
    def state(self) -> Path: ...

    def resolve(self, path: Path) -> Path: ...


def genome_of(fasta: Path, reference: Document, place: StudyFolder) -> GenomeCodes:
    """The codes of the reference that the document of `reference_sequence` describes, written again where they are gone. fasta:
    as the study file names it."""
    return open_genome(place.resolve(fasta), place.state / FOLDER, reference["sha256"])


def used_windows(
    table: pd.DataFrame, genome: GenomeCodes, reference: Document, section: Sequence
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """(the genes of `sequence_windows` that are used, their codes (g, width))."""
    genes = table[table["used"]].reset_index(drop=True)
    return genes, gene_codes(genes, genome, reference["names"], study_layout(section))


def used_fragments(
    genes: pd.DataFrame, genome: GenomeCodes, reference: Document, section: Sequence
) -> Fragments | None:
    """The distal fragments of the genes that are used; None for a study without contacts."""
    if section.contacts is None:
        return None
    names = reference["names"]
    sizes = {ours: genome.lengths[theirs] for ours, theirs in names.items()}
    contacts = read_contacts(section.contacts, sizes, read_aliases(section.aliases))
    return gene_fragments(contacts, genes, genome, names, section.parameters.nets)


def shared_fragments(fragments: Fragments | None, section: Sequence) -> Pairs | None:
    """(p, 2) pairs of genes that share a distal fragment."""
    return None if fragments is None else sharing_fragments(fragments, section.parameters.nets.fragment_width)


def headline(evaluation: Evaluation) -> Document:
    """{view: r of the champion on the main task}."""
    table = evaluation.metrics
    held = table[table["champion"] & (table["task"] == evaluation.summary["main_task"])]
    return {f"r_{view}": float(r) for view, r in held[["view", "pearson"]].itertuples(index=False)}


def fit_study(
    genes: pd.DataFrame,
    codes: NDArray[np.uint8],
    values: pd.DataFrame,
    splits: Splits,
    section: Sequence,
    reference: Document,
    progress: Callable[[str], object] = str,
    ladder: Ladder = plain_ladder,
    fitter: Fitter = fit_here,
    fragments: Fragments | None = None,
    side: StudySide | None = None,
    batches: Batches | None = None,
) -> StudyModel:
    """Every rung in every view, under the folds of `splits` and under a random split; the champion of each view is fitted on all.

    genes, codes (g, width), values (`gene` and a column a task) and splits have the same genes in the same order; reference
    is the document of `reference_sequence`; ladder makes the rungs, fitter says where they are fitted, and fragments are for the
    rungs that read any; side is what all others read beside the bases; batches are of the same
    genes, whose targets are then stored less the offsets of their fold. A rung is champion where its gain over the best simpler
    one is certain on the first task: of r, or with `task: high_low`, where rungs answer in log odds, of the AUROC.
    """
    parameters, tasks = section.parameters, [name for name in values.columns if name != "gene"]
    targets = values[tasks].to_numpy(np.float64)
    if batches is not None:
        tell_unjudged(targets, batches, splits.roles)
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(genes["chrom"].to_numpy(), genes["tss"].to_numpy(), fold, parameters)
    motifs = read_motifs(section.motifs)
    asked_high_low = section.task == HIGH_LOW
    parts: list[pd.DataFrame] = []
    flat: list[pd.DataFrame] = []
    levels: dict[str, NDArray[np.float64]] = {}
    predictors: dict[str, dict[str, Predictor]] = {}
    held_out: dict[str, tuple[dict[str, float], dict[str, list[float] | None]]] = {}
    oracle: Document = {}
    links = [no_links()]
    views: Document = {}
    for view in dict.fromkeys(section.views):
        layout = view_layout(study_layout(section), view, parameters)
        rungs = {rung.name: rung for rung in ladder(layout, section.models, parameters, motifs)}
        if asked_high_low:
            rungs = {name: for_high_low(rung) for name, rung in rungs.items()}
        if side is not None:
            rungs = {name: with_channels(rung, side.inputs.tracks.shape[1]) for name, rung in rungs.items()}
        given = {
            name: _examples(rung, codes[:, : layout.width], targets, layout, fragments, side)
            for name, rung in rungs.items()
        }
        fits: dict[str, CrossFit] = {}
        for name, rung in rungs.items():
            fits[name] = cross_fit(rung, given[name], splits, progress, fitter, batches)
            random = random_fit(rung, given[name], len(splits.roles), parameters, fitter, batches)
            parts.append(_long(genes, tasks, view, name, fits[name]))
            flat.append(_long(genes, tasks, view, name, random))
            levels[f"{view}.{name}"] = np.hstack([fits[name].level, fits[name].median])
            levels[f"random.{view}.{name}"] = np.hstack([random.level, random.median])
            if _with_fragments(rung, fragments):
                assert fragments is not None
                links.append(held_out_links(genes, fits[name], given[name], fragments, view, name))
        decided = _decided(fits, weights, fold, asked_high_low)
        champion = rungs[decided.champion]
        folds = {f"fold{f}": held for f, held in enumerate(fits[champion.name].predictors)}
        predictors[view] = {"final": fit_on_all(champion, given[champion.name], splits, fitter, batches), **folds}
        held_out[view] = _held_out(tasks, fits[champion.name], weights)
        known = given[champion.name]._replace(targets=fits[champion.name].targets)
        asked = known, fold, layout, tasks, parameters, asked_high_low
        oracle[view] = oracle_effects(fits[champion.name].predictors, *asked)
        spread = {name: _spread(fit) for name, fit in fits.items()}
        views[view] = {"champion": champion.name, "main_task": tasks[0], "steps": decided.steps, "spread": spread}
    card: Document = {
        "tasks": tasks,
        "windows": {
            "tss": list(section.windows.tss),
            "tts": list(section.windows.tts) if section.windows.tts else None,
        },
        "views": list(views),
        "champions": {view: views[view]["champion"] for view in views},
        "folds": len(splits.roles),
        "fold_of_chromosome": {
            str(c): sorted({int(f) for f in fold[genes["chrom"] == c]}) for c in genes["chrom"].unique()
        },
        "genes": len(genes),
        "fasta": {name: reference[name] for name in ("file", "sha256")},
        "parameters": parameters.model_dump(mode="json"),
        "held_out_r": {view: value for view, (value, _) in held_out.items()},
        "held_out_interval": {view: inside for view, (_, inside) in held_out.items()},
        "oracle": oracle,
        "warning": WARNING,
        **({"task": HIGH_LOW} if asked_high_low else {}),
        **({"side": side.described} if side is not None else {}),
    }
    if batches is not None:
        card["batch"] = described(batches, tasks, batch_offsets(targets, batches, final_roles(splits) == "train"))
    predictions, at_random = (
        conform(pd.concat(each, ignore_index=True), "sequence_predictions") for each in (parts, flat)
    )
    linked = conform(pd.concat([each for each in links if len(each)] or links, ignore_index=True), "sequence_links")
    files = packed(card, predictors)
    return StudyModel(predictions, at_random, levels, files, {"views": views, "card": card}, linked)


def _decided(
    fits: Mapping[str, CrossFit],
    weights: NDArray[np.float32],
    fold: NDArray[np.int64],
    log_odds: bool,
) -> Promotion:
    """Which rung is used, by r of the main task, or by the AUROC of log odds."""
    target = next(iter(fits.values())).targets[:, 0]
    found = {
        name: task_metrics(target, fit.predicted[:, 0], fit.fold, fit.level[:, 0], fit.median[:, 0])
        for name, fit in fits.items()
    }
    if log_odds:
        resampled = {
            name: resampled_auroc(weights, target, fit.predicted[:, 0], fold, fit.median[:, 0])
            for name, fit in fits.items()
        }
        return promote(list(fits), resampled, {name: each.auroc for name, each in found.items()})
    resampled = {name: resampled_r(weights, target, fit.predicted[:, 0], fold) for name, fit in fits.items()}
    return promote(list(fits), resampled, {name: float(np.mean(each.by_fold or [0.0])) for name, each in found.items()})


def _examples(
    rung: Rung,
    codes: NDArray[np.uint8],
    targets: NDArray[np.float64],
    layout: Layout,
    fragments: Fragments | None,
    side: StudySide | None,
) -> Examples:
    """What a rung learns from: the windows with what it reads beside them; or with the genes' fragments behind them, whose
    weights are the side columns."""
    if fragments is not None and _with_fragments(rung, fragments):
        return Examples(np.hstack([codes, fragments.codes]), fragments.weight, targets)
    beside = np.empty((len(codes), 0)) if side is None else side.inputs.for_rung(rung.name, layout)
    return Examples(codes, beside, targets)


def _with_fragments(rung: Rung, fragments: Fragments | None) -> bool:
    """Whether a rung reads the genes' fragments."""
    return bool(getattr(rung, "reads_fragments", False)) and fragments is not None


def _spread(fit: CrossFit) -> float:
    """The smallest standard deviation of the predictions of a task within a fold: a dead model shows even beside living ones."""
    return min(float(fit.predicted[fit.fold == f].std(axis=0).min()) for f in np.unique(fit.fold))


def _held_out(
    tasks: list[str], fit: CrossFit, weights: NDArray[np.float32]
) -> tuple[dict[str, float], dict[str, list[float] | None]]:
    """r of each task on held-out genes, mean over folds, and its 95 % interval; None where most resamples have no r."""
    value, inside = {}, {}
    for at, task in enumerate(tasks):
        y, p = fit.targets[:, at], fit.predicted[:, at]
        value[task] = task_metrics(y, p, fit.fold, fit.level[:, at], fit.median[:, at]).pearson
        bounds = interval(resampled_r(weights, y, p, fit.fold))
        inside[task] = list(bounds) if np.isfinite(bounds.lower) else None
    return value, inside


def _long(genes: pd.DataFrame, tasks: list[str], view: str, rung: str, fit: CrossFit) -> pd.DataFrame:
    """Rows of `sequence_predictions`, task by task."""
    return pd.DataFrame(
        {
            "gene": np.tile(genes["gene"].to_numpy(), len(tasks)),
            "task": np.repeat(tasks, len(genes)),
            "view": view,
            "rung": rung,
            "fold": np.tile(fit.fold, len(tasks)),
            "target": fit.targets.T.ravel(),
            "predicted": fit.predicted.T.ravel(),
        }
    )


class Evaluation(NamedTuple):
    """metrics: `sequence_metrics`; words: `sequence_words`; summary: JSON-able; windows: `sequence_window_ablation`."""

    metrics: pd.DataFrame
    words: pd.DataFrame
    summary: Document
    windows: pd.DataFrame


def evaluate_study(
    model: StudyModel,
    genes: pd.DataFrame,
    codes: NDArray[np.uint8],
    splits: Splits,
    tasks: pd.DataFrame,
    section: Sequence,
) -> Evaluation:
    """Metrics of every rung, task and view on held-out genes, with intervals and the inflation of the random split; words that go
    with each task on the first fold's training genes.

    genes and codes in the order of the model's predictions; tasks: `sequence_tasks`.
    """
    parameters, order, log_odds = section.parameters, len(genes), section.task == HIGH_LOW
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(genes["chrom"].to_numpy(), genes["tss"].to_numpy(), fold, parameters)
    ceilings = tasks.set_index("task")["replicate_r"]
    names = list(model.summary["card"]["tasks"])
    rows = []
    groups = model.predictions.groupby(["view", "rung"], sort=False), model.random.groupby(["view", "rung"], sort=False)
    at_random = dict(iter(groups[1]))
    for (view, rung), part in groups[0]:
        champion = model.summary["views"][view]["champion"] == rung
        shape = (len(names), order)
        y, p = (part[column].to_numpy().reshape(shape) for column in ("target", "predicted"))
        flat = at_random[view, rung]
        z, q = (flat[column].to_numpy().reshape(shape) for column in ("target", "predicted"))
        random_fold = flat["fold"].to_numpy()[:order]
        level, other = model.levels[f"{view}.{rung}"], model.levels[f"random.{view}.{rung}"]
        for place, task in enumerate(names):
            found = task_metrics(y[place], p[place], fold, level[:, place], level[:, len(names) + place], log_odds)
            naive = task_metrics(z[place], q[place], random_fold, other[:, place], other[:, len(names) + place])
            honest = resampled_r(weights, y[place], p[place], fold)
            inside = interval(honest)
            high = interval(resampled_auroc(weights, y[place], p[place], fold, level[:, len(names) + place]))
            gap = interval(resampled_r(weights, z[place], q[place], random_fold) - honest)
            rows.append(
                {
                    "task": task,
                    "view": view,
                    "rung": rung,
                    "champion": champion,
                    "genes": int(np.isfinite(y[place]).sum()),
                    **{name: value for name, value in found._asdict().items() if name != "by_fold"},
                    "lower": inside.lower,
                    "upper": inside.upper,
                    "auroc_lower": high.lower,
                    "auroc_upper": high.upper,
                    "of_ceiling": found.pearson / ceiling(float(ceilings[task])),
                    "random_split": naive.pearson,
                    "inflation": naive.pearson - found.pearson,
                    "inflation_lower": gap.lower,
                    "inflation_upper": gap.upper,
                    "by_fold": ";".join(f"{r:.3f}" for r in found.by_fold),
                }
            )
    layout = study_layout(section)
    first = model.predictions.groupby(["view", "rung"], sort=False).head(len(names) * order).iloc[: len(names) * order]
    targets = first["target"].to_numpy().reshape(len(names), order)
    words = [
        word_list(codes, layout, targets[place], splits.roles[0], task, (6, 7), parameters)
        for place, task in enumerate(names)
    ]
    widest = layout if "locus" in section.views else view_layout(layout, "promoter", parameters)
    summary: Document = {
        "split": splits.summary,
        "views": model.summary["views"],
        "main_task": names[0],
        "homologs": _homologs(model, splits, names[0]),
        **({"links": told_links(model.links)} if len(model.links) else {}),
        "random_split": "shown beside for comparison only: it is no estimate of r on new genes",
        "warning": WARNING,
        **{name: model.summary["card"][name] for name in ("task", "side", "batch") if name in model.summary["card"]},
    }
    return Evaluation(
        conform(pd.DataFrame(rows), "sequence_metrics"),
        conform(pd.concat(words, ignore_index=True), "sequence_words"),
        summary,
        window_ablation(codes, targets[0], splits, weights, widest, names[0], parameters),
    )


def _homologs(model: StudyModel, splits: Splits, task: str) -> Document:
    """r of the main task with and without the genes that have a homolog on another chromosome, by view."""
    apart = set(splits.table.loc[splits.table["homolog_elsewhere"], "gene"])
    found: Document = {"genes": len(apart)}
    for view, decided in model.summary["views"].items():
        held = model.predictions
        held = held[(held["view"] == view) & (held["rung"] == decided["champion"]) & (held["task"] == task)]
        among = held["gene"].isin(apart)
        for name, part in (("homologs", held[among]), ("others", held[~among])):
            nothing = np.zeros(int(held["fold"].max()) + 1)
            y, p, fold = (part[column].to_numpy() for column in ("target", "predicted", "fold"))
            found[f"{view}, {name}"] = task_metrics(y, p, fold, nothing, nothing).by_fold
    return found
