"""What the sequence model says of other sequences and of another study, and what a split of pairs is worth: tables for people.

Files and workspaces in, tables out. Nothing is fitted to what is predicted.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, ArtifactError, ModelError, Notice, Problem
from groprog_assets.export.sequence_columns import length_problems, letter_problems, row_told
from groprog_assets.methods.annotation.coding import coding_sequence
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.methods.sequence.batches import targets_on_one_level
from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome, read_fasta
from groprog_assets.methods.sequence.metrics import task_metrics
from groprog_assets.methods.sequence.pairs import PairEvidence, pair_evidence
from groprog_assets.methods.sequence.pretrained import window_hashes
from groprog_assets.methods.sequence.published_model import PublishedModel, read_model
from groprog_assets.methods.sequence.reference import lines_on_study, read_aliases
from groprog_assets.methods.sequence.side import SideInputs, side_elsewhere, stored_side
from groprog_assets.methods.sequence.study_model import HIGH_LOW, genome_of, study_layout, used_windows
from groprog_assets.methods.sequence.variants import ScoredFiles, Scorer, scored_files, study_scorer
from groprog_assets.methods.sequence.vcf import read_variants
from groprog_assets.methods.sequence.windows import SPACER, Layout, gene_codes, gene_masks, unknown_bases
from groprog_assets.prognosis.sequence_rungs import every_rung, stored_model
from groprog_assets.store.readings import load_asset, read_asset
from groprog_assets.store.workspace import Workspace, open_workspace
from groprog_assets.study.annotation_files import ProblemCollector, some
from groprog_assets.study.bed import RULE_OF_SIX, bed_lines
from groprog_assets.study.sequence_study import SideTable
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document
from groprog_kernels.bases import decode, encode_text


def sequence_model(place: Path) -> PublishedModel:
    """The model of a study file, or of a folder of its files (`sequence/model` of a results folder), which needs no study."""
    if place.is_dir():
        return read_model(place, every_rung)
    return stored_model(read_asset(open_workspace(place), "sequence_model").value())


def study_genome(workspace: Workspace, reference: Document) -> GenomeCodes:
    """The codes of a study's reference, which the document of `reference_sequence` describes. ArtifactError for a FASTA that was
    changed since: model and bases would be of two references."""
    fasta = workspace.study.genome.fasta
    assert fasta is not None
    place = workspace.resolve(fasta)
    if place.is_file() and (now := workspace.file_digest(place)[0]) != reference["sha256"]:
        value = f"sha256 {now[:12]}, {reference['sha256'][:12]} at the run"
        rule = "The model was fitted to the FASTA of the run, which was changed since."
        raise ArtifactError(
            Problem(str(fasta), value, rule, f"Put it back, or run the study again: {workspace.command}")
        )
    return genome_of(fasta, reference, workspace)


def predict_sequences(
    model: PublishedModel,
    path: Path,
    view: str,
    scratch: Path,
    side: Path | None = None,
    uncertainty: bool = False,
) -> pd.DataFrame:
    """Predictions of the final model for the sequences of a FASTA: `name`, a column a task, and `reason`.

    Each sequence is a window in the gene frame, as wide as the model's. side: table of the columns that the model reads beside
    the bases, whose first column names the sequences; uncertainty: also `<task>.sd`, the standard deviation of the predictions of
    the folds' models; both are missing where `reason` names why. Raises ModelError for other lengths, bases where a window has N,
    an unknown view, columns that are lacking, and a model that reads channels, for a sequence has no place on the genome.
    """
    _known_view(model, view)
    if channels := [str(each["name"]) for each in model.side["channels"]]:
        rule = "The tracks of a window are read at its place on the genome, which a FASTA does not tell."
        remedy = "Give the starts as BED and a study that has these marks."
        raise ModelError(Problem("sequence model", f"it reads {', '.join(channels)}", rule, remedy))
    records = read_fasta(path)
    width = model.layout.width
    wrong = [f"{record.name} has {count_of(record.length, 'base')}" for record in records if record.length != width]
    if wrong:
        raise ModelError(_no_windows(path, some(wrong), model.layout))
    genome = open_genome(path, scratch, "sequences")
    codes = np.asarray(genome.codes).reshape(len(records), width)
    names = [record.name for record in records]
    between = (codes[:, model.layout.spacer] != 4).any(axis=1)
    if between.any():
        filled = [f"{name} has bases between its windows" for name in np.array(names)[between]]
        raise ModelError(_no_windows(path, some(filled), model.layout))
    inputs = side_elsewhere(model.side, _side_table(side), (), pd.DataFrame({"gene": names}), model.layout)
    asked = _Asked(path, "sequence", {"name": names}, codes)
    return _table(asked, model, view, inputs, uncertainty)


def _no_windows(path: Path, value: str, layout: Layout) -> Problem:
    """What the sequences of a FASTA must be, where they are no windows of the layout."""
    before, after = layout.tss
    rule = f"A sequence is a window of {count_of(layout.width, 'base')}, 5' to 3'"
    rule += f": {before:,} before the start and {after:,} from it on"
    if layout.tts is not None:
        before, after = layout.tts
        rule += f", then {SPACER} N, {count_of(before, 'base')} before the transcript's end and {after:,} from it on"
    return Problem(str(path), value, f"{rule}.", "Cut the sequences to that window, or give regions as BED.")


def _side_table(path: Path | None) -> SideTable | None:
    """A table given on the command line, whose first column names the rows."""
    if path is None:
        return None
    return SideTable(table=path, id=str(read_table(path).cells.columns[0]))


def predict_regions(
    workspace: Workspace,
    model: PublishedModel,
    path: Path,
    view: str,
    side: Path | None = None,
    uncertainty: bool = False,
) -> pd.DataFrame:
    """Predictions for the starts of a BED: the first base of each region on its strand is the TSS. Columns: chrom, tss, strand,
    name, a column a task, and `reason`. side, uncertainty, reason: as in `predict_sequences`, side naming the regions; else the
    study's own table. Chromosomes may have the names of `sequence.aliases`. Raises ModelError with every problem: fewer than six
    columns, a chromosome that the reference lacks, a region beyond the end of its own; an unknown view, columns or marks that the
    model reads and that are lacking."""
    _known_view(model, view)
    reference = read_asset(workspace, "reference_sequence").value()
    study, genome = workspace.study, study_genome(workspace, reference)
    aliases = read_aliases(None if study.sequence is None else study.sequence.aliases)
    table = _regions(path, reference["names"], genome, aliases)
    own = None if study.sequence is None else study.sequence.side
    regions = table.assign(gene=table["name"])
    inputs = side_elsewhere(model.side, _side_table(side) or own, study.marks, regions, model.layout)
    codes = gene_codes(table, genome, reference["names"], model.layout)
    shown = {name: table[name].tolist() for name in ("chrom", "tss", "strand", "name")}
    return _table(_Asked(path, "region", shown, codes), model, view, inputs, uncertainty)


def _regions(
    path: Path, names: Mapping[str, str], genome: GenomeCodes, aliases: Mapping[str, frozenset[str]]
) -> pd.DataFrame:
    """chrom (the study's name), start, end, name, strand, tss and tts of the regions of a BED; names: chromosome of the study
    -> name in the FASTA."""
    problems = ProblemCollector(path, ModelError)
    rows = list(bed_lines(problems, with_strand=True))
    if not rows and not problems.problems:
        problems.add("", "no region", RULE_OF_SIX, "Write them tab-separated.")
    sizes = {ours: genome.lengths[theirs] for ours, theirs in names.items()}
    chroms = lines_on_study(problems, rows, sizes, aliases, "region")
    for row in [row for row, chrom in zip(rows, chroms, strict=True) if not chrom]:
        rule = f"The reference has {some(names, 5)}."
        remedy = "Use the study's names, or name aliases in sequence.aliases."
        problems.add(f", line {row.number}", f"chromosome {row.chrom}", rule, remedy)
    problems.raise_any()
    held = [(chrom, row.start, row.end, row.fields[3], row.fields[5]) for chrom, row in zip(chroms, rows, strict=True)]
    table = pd.DataFrame(held, columns=["chrom", "start", "end", "name", "strand"])
    plus = table["strand"] == "+"
    first, last = table["start"], table["end"] - 1
    return table.assign(tss=np.where(plus, first, last), tts=np.where(plus, last, first))


def windows_fasta(workspace: Workspace, soft_mask: bool = False) -> str:
    """The windows of the genes that are used as FASTA, in the gene frame: `>gene sha256=<of the sequence>`, one line of bases.

    soft_mask: bases that are in lower case in the study's FASTA are so here; the sha256 is of upper case all the same.
    """
    windows, reference = (read_asset(workspace, name).value() for name in ("sequence_windows", "reference_sequence"))
    study = workspace.study
    assert study.sequence is not None
    genome = study_genome(workspace, reference)
    genes, codes = used_windows(windows, genome, reference, study.sequence)
    hashes = window_hashes(genes["gene"].tolist(), codes)
    masks = (
        gene_masks(genes, genome, reference["names"], study_layout(study.sequence))
        if soft_mask
        else np.zeros(codes.shape, bool)
    )
    return "".join(
        f">{gene} sha256={hashes[gene]}\n{_letters(row, mask)}\n"
        for gene, row, mask in zip(genes["gene"], codes, masks, strict=True)
    )


def _letters(codes: NDArray[np.uint8], masked: NDArray[np.bool_]) -> str:
    """The bases of codes (b,), in lower case where masked (b,)."""
    letters = np.frombuffer(decode(codes).encode(), np.uint8)
    return np.where(masked, letters + 32, letters).astype(np.uint8).tobytes().decode()


def _known_view(model: PublishedModel, view: str) -> None:
    if view not in model.predictors:
        rule = f"The model was made for {', '.join(model.predictors)}."
        raise ModelError(
            Problem("view", view, rule, "Name one of them, or add it to sequence.views and run the study.")
        )


def _tell_unknown(where: str, value: str, model: PublishedModel) -> None:
    """A Notice on windows that are left out for their unknown bases."""
    most = f"{100 * model.parameters.maximum_unknown:.3g} %"
    rule = f"Windows with more than {most} unknown bases (N, IUPAC codes, beyond the chromosome) are left out, as in training."
    warnings.warn(Notice(Problem(where, value, rule, "Nothing, or give windows whose bases are known.")), stacklevel=3)


class _Asked(NamedTuple):
    """What is predicted: the file, what a row of it is, the columns that name the rows, and their windows (n, width)."""

    path: Path
    kind: str
    named: Mapping[str, list]
    codes: NDArray[np.uint8]


def _table(
    asked: _Asked, model: PublishedModel, view: str, inputs: SideInputs | None, uncertainty: bool
) -> pd.DataFrame:
    """The rows with a column a task, and `reason`: why a row has no value, by the rule that leaves out genes. A Notice counts
    them."""
    columns = dict(zip(model.tasks, model.predict(asked.codes, view, side=inputs).T, strict=True))
    if uncertainty:
        spread = model.uncertainty(asked.codes, view, inputs)
        columns |= {f"{task}.sd": values for task, values in zip(model.tasks, spread.T, strict=True)}
    _, reason = unknown_bases(asked.codes, model.layout, model.parameters)
    if without := int((reason != "").sum()):
        _tell_unknown(str(asked.path), f"no value for {without:,} of {count_of(len(reason), asked.kind)}", model)
    table = pd.DataFrame(columns)
    table.loc[reason != ""] = np.nan
    return pd.concat([pd.DataFrame(asked.named), table.assign(reason=reason)], axis=1)


def evaluate_elsewhere(place: Path, other: Path, pairs: Mapping[str, str]) -> pd.DataFrame:
    """The finished model of one study on the genes of another, which has been run: a row a task and view, nothing is fitted.

    pairs: {task of the model: task of the other study}; without any, tasks of one name are compared. R2 is against the mean of
    the other study, whose targets are taken less the offsets of their batches, where it has any. Raises ModelError: other
    windows, no task in common.
    """
    model, workspace = sequence_model(place), open_workspace(other)
    stored = read_asset(workspace, "sequence_targets").value()
    targets = stored["values"]
    pairs = pairs or {task: task for task in model.tasks if task in targets.columns}
    unknown = [name for name in pairs if name not in model.tasks] + [
        name for name in pairs.values() if name not in targets
    ]
    if unknown or not pairs:
        value = f"no task {unknown[0]!r}" if unknown else "no task of one name"
        rule = f"The model predicts {', '.join(model.tasks)}; {other} has {', '.join(targets.columns[1:])}."
        raise ModelError(Problem("sequence tasks", value, rule, "Say which to compare: --task OURS=THEIRS."))
    windows = read_asset(workspace, "sequence_windows").value()
    reference = read_asset(workspace, "reference_sequence").value()
    genes = windows[windows["used"]].reset_index(drop=True)
    genome = study_genome(workspace, reference)
    codes = gene_codes(genes, genome, reference["names"], model.layout)
    known = unknown_bases(codes, model.layout, model.parameters)[1] == ""
    if not known.all():
        _tell_unknown(str(other), f"not compared: {(~known).sum():,} of {count_of(len(genes), 'gene')}", model)
    theirs_side = None if workspace.study.sequence is None else workspace.study.sequence.side
    inputs = side_elsewhere(model.side, theirs_side, workspace.study.marks, genes, model.layout)
    rows = []
    named = list(dict.fromkeys(pairs.values()))
    on_one_level = targets_on_one_level(stored, named)
    measured = dict(zip(named, on_one_level.T, strict=True))
    for view in model.predictors:
        predicted = model.predict(codes, view, side=inputs)
        for ours, theirs in pairs.items():
            target = np.where(known, measured[theirs], np.nan)
            level, median = np.array([np.nanmean(target)]), np.array([np.nanmedian(target)])
            log_odds = model.card.get("task") == HIGH_LOW
            held = predicted[:, model.tasks.index(ours)]
            found = task_metrics(target, held, np.zeros(len(target)), level, median, log_odds)
            shown = {name: value for name, value in found._asdict().items() if name != "by_fold"}
            rows.append(
                {"view": view, "task": ours, "their_task": theirs, "genes": int(np.isfinite(target).sum()), **shown}
            )
    return pd.DataFrame(rows)


def scorer_of(workspace: Workspace) -> Scorer:
    """The genes, windows and models of a study that has been run."""
    reference, model, windows, splits = (
        read_asset(workspace, name).value()
        for name in ("reference_sequence", "sequence_model", "sequence_windows", "sequence_splits")
    )
    genome = study_genome(workspace, reference)
    files = {name: blob.content for name, blob in model.files.items()}
    beside = stored_side(load_asset(workspace, "sequence_side"))
    coding = coding_sequence(workspace.resolve(workspace.study.genome.annotation))
    nets, profiles = None, load_asset(workspace, "sequence_profile")
    if profiles is not None:
        from groprog_assets.prognosis.sequence_profile import held_out_nets

        nets = held_out_nets(profiles)
    return study_scorer(files, windows, splits.table, genome, reference["names"], every_rung, beside, coding, nets)


def score_variants(study: Path, variants: Path, with_table: bool = True) -> ScoredFiles:
    """Effects of the variants of a file by the models of a study that has been run.

    with_table: whether the table of effects is kept; without it AnnotationError for a file that has no INFO to put them in.
    """
    workspace = open_workspace(study)
    assert workspace.study.sequence is not None
    if not with_table and not read_variants(variants).vcf:
        rule = "A table has no INFO column, so what is written would hold no effect."
        raise AnnotationError(
            Problem(str(variants), "no VCF", rule, "Name a file for the effects as well: --table FILE.")
        )
    return scored_files([variants], scorer_of(workspace), workspace.study.sequence.aliases)


def told_variants(table: pd.DataFrame) -> str:
    """How many ALTs of `variant_effects` have an effect, how many are near no gene, and of how many each GPERR tells why not.

    An ALT with an effect on one gene is not counted again where it spans the start of another.
    """
    alts = table.assign(error=table["error"].str.split(":").str[0]).groupby(["line", "alt_number"], sort=True)
    scored = (alts["effect"].count() > 0) | (alts["jsd"].count() > 0)
    why = alts["error"].max()[~scored].value_counts().sort_index()
    parts = [f"{count_of(int(scored.sum()), 'ALT')} with an effect"]
    parts += [f"{count:,} {name or 'near no gene'}" for name, count in why.items()]
    return ", ".join(parts)


class LeakReport(NamedTuple):
    """table: a row a split; evidence: the same, by name; pairs, genes: how many; split_told: on the table's column `split`."""

    table: pd.DataFrame
    evidence: PairEvidence
    pairs: int
    genes: int
    split_told: str


_CUT = "such as 1,000 bp before it to 500 after, with N for bases that are not known."


def leak_check(path: Path) -> LeakReport:
    """What a split of pairs of promoter and distal fragment is worth.

    path: a text table with the columns `gene`, `promoter`, `distal` (sequences, each of one length), `target`, and optionally
    `chrom` and `split` (train or test), which is then judged too. Raises ModelError: columns missing, sequences of several
    lengths or with letters that are no nucleotide, targets that are no numbers or all equal, cells without a gene or
    chromosome, a gene on several chromosomes, another word in `split`, fewer than 20 genes.
    """
    cells = read_table(path).cells
    missing = [name for name in ("gene", "promoter", "distal", "target") if name not in cells.columns]
    problems = [
        _bad(path, f"no column {name!r}", "A row is a pair: gene, promoter, distal, target.") for name in missing
    ]
    if problems:
        raise ModelError(problems)
    target = pd.to_numeric(cells["target"], errors="coerce")
    if target.isna().any():
        problems.append(_bad(path, f"target {cells['target'][target.isna()].iloc[0]!r}", "Targets are numbers."))
    elif target.nunique() == 1:
        problems.append(_bad(path, f"target {target.iloc[0]:g} in every row", "r needs targets that differ."))
    problems += length_problems(path, cells, ["promoter"], 20, f"Cut them to one stretch around the start, {_CUT}")
    problems += length_problems(path, cells, ["distal"], 20, f"Cut them to one stretch around their middle, {_CUT}")
    problems += letter_problems(path, cells, ["promoter", "distal"])
    genes = cells["gene"].nunique()
    if genes < 20:
        problems.append(_bad(path, count_of(genes, "gene"), "The splits need 20 genes or more."))
    problems += _group_problems(path, cells)
    if problems:
        raise ModelError(problems)
    sides = [np.unique(cells[name].str.upper(), return_inverse=True) for name in ("promoter", "distal")]
    codes = [np.stack([encode_text(text.encode()).codes for text in texts]) for texts, _ in sides]
    pairs = np.column_stack([rows for _, rows in sides])
    gene = np.unique(cells["gene"], return_inverse=True)[1]
    chrom = np.unique(cells["chrom"], return_inverse=True)[1] if "chrom" in cells.columns else np.zeros(len(cells), int)
    own, told = None, ""
    if "split" in cells.columns:
        test = (cells["split"].str.strip().str.lower() == "test").to_numpy()
        own = None if test.all() or not test.any() else test
        told = "" if own is not None else "The column `split` names no test pairs, or nothing else."
    found = pair_evidence(codes[0], codes[1], pairs, gene, chrom, target.to_numpy(float), own)
    return LeakReport(split_table(found), found, len(cells), genes, told)


def _group_problems(path: Path, cells: pd.DataFrame) -> list[Problem]:
    """What is wrong with the groups that the splits hold out: genes, chromosomes and the table's own."""
    problems = []
    for name in [name for name in ("gene", "chrom") if name in cells.columns]:
        empty = np.flatnonzero(cells[name].str.strip() == "")
        if len(empty):
            rule = f"Every pair has its {name}; pairs without one would be held out as if they had one in common."
            problems.append(
                _bad(path, f"{count_of(len(empty), 'row')} without {name}, {row_told(empty[0])} first", rule)
            )
    if "chrom" in cells.columns:
        places = cells.groupby("gene", sort=False)["chrom"].unique()
        for gene, chroms in places[places.str.len() > 1].head(3).items():
            rule = "A gene lies on one chromosome, under one name, else its pairs stand on both sides of the split."
            problems.append(_bad(path, f"gene {gene} on {', '.join(map(repr, chroms))}", rule))
    if "split" in cells.columns:
        words = cells["split"].str.strip().str.lower()
        other = words[~words.isin(["train", "test"])]
        if len(other):
            rule = "The column `split` says train or test."
            remedy = "Write train for pairs that choose settings (validation), or leave them out; rename other columns."
            told = f"split {other.iloc[0]!r} in {count_of(len(other), 'row')}, {row_told(other.index[0])} first"
            problems.append(Problem(str(path), told, rule, remedy))
    return problems


def split_table(evidence: PairEvidence) -> pd.DataFrame:
    """A row a split: `split`, `pairs` tested, `r` with `lower` and `upper` (95 %), and the shares of test pairs whose gene
    (`genes_in_training`) or promoter (`promoters_in_training`) also trains."""
    named = {
        "random split of pairs": evidence.random,
        "the table's own split": evidence.own,
        "by gene": evidence.by_gene,
        "by chromosome": evidence.by_chromosome,
        "by chromosome, the promoter alone": evidence.promoter_by_chromosome,
    }
    rows = [
        {
            "split": name,
            "pairs": held.pairs,
            "r": held.r,
            "lower": held.inside.lower,
            "upper": held.inside.upper,
            "genes_in_training": held.seen_genes,
            "promoters_in_training": held.seen_promoters,
        }
        for name, held in named.items()
        if held is not None
    ]
    return pd.DataFrame(rows)


def _bad(path: Path, value: str, rule: str) -> Problem:
    return Problem(str(path), value, rule, "Correct the table.")
