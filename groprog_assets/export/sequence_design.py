"""Uses of the models beyond the study's own genes: haplotypes, reporter assays, designed promoters. Files in, tables out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import ModelError, Problem
from groprog_assets.export.sequence import scorer_of, sequence_model
from groprog_assets.export.sequence_columns import length_problems, letter_problems
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.methods.sequence.design import Limits, greedy_substitution
from groprog_assets.methods.sequence.haplotypes import haplotype_effects
from groprog_assets.methods.sequence.reference import read_aliases
from groprog_assets.methods.sequence.reporter_assays import Agreement, agreement, pair_effects, placed
from groprog_assets.methods.sequence.side import SideInputs, typical_columns
from groprog_assets.methods.sequence.vcf import read_variants
from groprog_assets.methods.sequence.windows import view_layout
from groprog_assets.store.workspace import open_workspace
from groprog_assets.study.text_tables import count_of
from groprog_kernels.bases import decode, encode_text

OUTLOOK = "outlook: not validated by experiment"


def score_haplotypes(study: Path, variants: Path) -> pd.DataFrame:
    """Effects of the haplotypes of each sample of a VCF or BCF, see `haplotype_effects`."""
    workspace = open_workspace(study)
    assert workspace.study.sequence is not None
    return haplotype_effects(
        read_variants(variants), scorer_of(workspace), read_aliases(workspace.study.sequence.aliases)
    )


class AssayReport(NamedTuple):
    """task; agreement; table: the pairs with `predicted`."""

    task: str
    agreement: Agreement
    table: pd.DataFrame


def check_reporter_assay(place: Path, path: Path, task: str, view: str, end: int) -> AssayReport:
    """Predicted against measured effects of pairs of sequences, by the final model of a study or of a model's folder.

    path: a text table with the columns `ref`, `alt` (sequences of one length, 5' to 3') and `effect`. Sequences narrower than the
    view's window end `end` bp upstream of the TSS, with unknown bases around them. Raises ModelError: columns missing, unequal
    lengths, letters that are no nucleotide, no numbers, fewer than 10 pairs, an unknown task or view.
    """
    model = sequence_model(place)
    task = task or model.tasks[0]
    problems = []
    if task not in model.tasks:
        problems.append(Problem("task", task, f"The model predicts {', '.join(model.tasks)}.", "Name one of them."))
    if view not in model.predictors:
        problems.append(Problem("view", view, f"The model has {', '.join(model.predictors)}.", "Name one of them."))
    cells = read_table(path).cells
    problems += [
        _bad(path, f"no column {name!r}", "A row is a pair: ref, alt, effect.")
        for name in ("ref", "alt", "effect")
        if name not in cells.columns
    ]
    if problems:
        raise ModelError(problems)
    effect = pd.to_numeric(cells["effect"], errors="coerce").to_numpy(float)
    if not np.isfinite(effect).all():
        problems.append(_bad(path, f"effect {cells['effect'][~np.isfinite(effect)].iloc[0]!r}", "Effects are numbers."))
    remedy = "Cut them to one length, by which their last base has one distance from the start (--end)."
    problems += length_problems(path, cells, ["ref", "alt"], 1, remedy) + letter_problems(path, cells, ["ref", "alt"])
    if len(cells) < 10:
        problems.append(_bad(path, count_of(len(cells), "pair"), "The agreement needs 10 pairs or more."))
    if problems:
        raise ModelError(problems)
    layout = view_layout(model.layout, view, model.parameters)
    codes = [np.stack([encode_text(text.encode()).codes for text in cells[name]]) for name in ("ref", "alt")]
    try:
        ref, alt = (placed(each, layout.width, layout.origin, end) for each in codes)
    except ValueError as error:
        raise ModelError(_bad(path, str(error), "The sequences lie in the window of the model.")) from error
    if channels := [str(each["name"]) for each in model.side["channels"]]:
        rule = "A sequence of an assay has no place on the genome, where its tracks could be read."
        remedy = "Fit a model without sequence.channels."
        raise ModelError(Problem("sequence model", f"it reads {', '.join(channels)}", rule, remedy))

    def predict(windows: np.ndarray) -> np.ndarray:
        typical = typical_columns(len(windows), model.side["columns"])
        return model.predict(windows, view, side=SideInputs(typical, np.empty((len(windows), 0, 0), np.float32)))

    found = pair_effects(predict, ref, alt)[:, model.tasks.index(task)]
    return AssayReport(task, agreement(effect, found), cells.assign(predicted=found))


class DesignedPromoter(NamedTuple):
    """fasta: the original and the design; edits: a row an edit; before, after: predictions of the models that did not search."""

    fasta: bytes
    edits: pd.DataFrame
    before: float
    after: float


def design_promoter(study: Path, gene: str, task: str, lower: bool, edits: int) -> DesignedPromoter:
    """A promoter of a gene with at most `edits` substitutions that raise (or lower) the prediction of one task.

    The models of all folds but the gene's own search; that of the gene's fold, which never saw its chromosome, judges. Other
    tasks move by one standard deviation of their predictions at most, the GC share by .05, and no run of one base gets longer
    than 8. Raises ModelError for an unknown gene or task, or fewer than two folds.
    """
    scorer = scorer_of(open_workspace(study))
    tasks, genes = scorer.model.tasks, scorer.genes
    problems = []
    if gene not in set(genes["gene"]):
        problems.append(Problem("gene", gene, "The gene has no window that is used.", "See sequence/windows.tsv."))
    if task not in tasks:
        problems.append(Problem("task", task, f"The model predicts {', '.join(tasks)}.", "Name one of them."))
    parts = [part for part in scorer.model.predictors[scorer.view] if part != "final"]
    if len(parts) < 2:
        rule = "One model searches and another judges."
        problems.append(Problem("sequence model", f"{len(parts)} fold", rule, "Give a study with two folds or more."))
    if problems:
        raise ModelError(problems)
    row = int(np.flatnonzero(genes["gene"] == gene)[0])
    own = f"fold{int(genes['fold'].iloc[row])}"
    searching = [part for part in parts if part != own]

    def searched(windows: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.mean([scorer.predict(windows, rows, part) for part in searching], axis=0)

    def search(windows: np.ndarray) -> np.ndarray:
        return searched(windows, np.full(len(windows), row))

    def judge(windows: np.ndarray) -> np.ndarray:
        return scorer.predict(windows, np.full(len(windows), row), own)

    window, place = scorer.codes[row], tasks.index(task)
    spread = searched(scorer.codes, np.arange(len(genes))).std(axis=0)
    made = greedy_substitution(window, search, judge, place, -1 if lower else 1, spread, Limits(edits=edits))
    plus, tss, origin = genes["strand"].iloc[row] == "+", int(genes["tss"].iloc[row]), scorer.layout.origin
    rows = []
    for number, edit in enumerate(made.edits, start=1):
        offset = edit.column - origin
        rows.append(
            {
                "step": number,
                "chrom": genes["chrom"].iloc[row],
                "position": (tss + offset if plus else tss - offset) + 1,
                "offset": offset,
                "from": decode(np.array([edit.before])),
                "to": decode(np.array([edit.after])),
                **{f"searched.{name}": value for name, value in zip(tasks, edit.searched, strict=True)},
                **{f"judged.{name}": value for name, value in zip(tasks, edit.judged, strict=True)},
            }
        )
    before = float(made.judged[place])
    after = float(made.edits[-1].judged[place]) if made.edits else before
    told = f"{gene} {task} {'down' if lower else 'up'}, {count_of(len(made.edits), 'edit')}; {OUTLOOK}"
    names = (
        (f"{gene}_original judged={before:.3f}", window),
        (f"{gene}_designed judged={after:.3f} {told}", made.window),
    )
    fasta = "".join(f">{name}\n{decode(codes)}\n" for name, codes in names).encode()
    return DesignedPromoter(fasta, pd.DataFrame(rows), before, after)


def _bad(path: Path, value: str, rule: str) -> Problem:
    return Problem(str(path), value, rule, "Correct the table.")
