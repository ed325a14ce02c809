"""`groprog score`: new patients through the model in use; a table to read on the terminal, the whole table in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groprog_assets.cli.answering import ERR, OUT, Answering
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import study_argument
from groprog_assets.cli.written_paths import WRITTEN, WRITTEN_OR_DASH, refuse_writing
from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 40
"""Patients on the terminal; the file has all."""
NAMED = 3
"""Patients whose identifiers stand beside a note."""
FOLDER = "scores"
"""The folder beside the study file where the whole tables are written."""


@click.command("score", cls=Answering)
@study_argument
@needed_argument(
    "patients",
    "a table with the clinical columns of the study, one row a patient",
    "new_patients.tsv",
    type=click.Path(path_type=Path),
)
@click.option("--expression", type=click.Path(path_type=Path), default=None, help="Genes × patients, as in the study.")
@click.option(
    "--libraries",
    type=click.Path(path_type=Path),
    default=None,
    help="Matched mode: a table of the patients' own libraries (patient column, alignments).",
)
@click.option(
    "--matrix",
    "matrices",
    type=(str, click.Path(path_type=Path)),
    multiple=True,
    metavar="NAME FILE",
    help="Mutations, copy number or another matrix of the study by its name, e.g. --matrix mutations data_mutations.txt.",
)
@click.option(
    "--assay",
    "assays",
    type=(str, click.Path(path_type=Path)),
    multiple=True,
    metavar="NAME FILE",
    help="An assay of cohort.omics by its name, in the format of the study's own file, e.g. --assay rna new_rna.tsv.",
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    default=None,
    help="Sample table of the assays, as the study's: sample, subject, batch, covariates of the correction. Without it, samples "
    "are named as their patients, and no batch is known.",
)
@click.option(
    "--output",
    type=WRITTEN_OR_DASH,
    default=None,
    help=f"File of the whole table; else {FOLDER}/PATIENTS.tsv beside the study file. '-': print it, and write nothing.",
)
@click.option("--pages", type=WRITTEN, default=None, help="Folder for one HTML page a patient.")
def score(
    study: Path,
    patients: Path,
    expression: Path | None,
    libraries: Path | None,
    matrices: tuple[tuple[str, Path], ...],
    assays: tuple[tuple[str, Path], ...],
    samples: Path | None,
    output: Path | None,
    pages: Path | None,
) -> None:
    """Score new PATIENTS (a table with the study's columns) with the current model; nothing is fitted again.

    Shown are what to know of the patients, then risk (log relative hazard) with its interval, percentile in the training cohort,
    and the probability to be without the event at each horizon. The file has every column; NAME.lineage.json beside it says by
    which model it was made, and from which files, by their sha256.
    """
    from groprog_assets.prognosis.new_patients import NewPatients
    from groprog_assets.prognosis.scoring import lineage_of, patient_pages, score_patients
    from groprog_assets.store.artifacts import write_atomically
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    _once("--matrix", matrices)
    _once("--assay", assays)
    given = NewPatients(patients, expression, libraries, dict(matrices), dict(assays), samples)
    target = workspace.folder / FOLDER / f"{patients.stem}.tsv" if output is None else output
    beside = target.with_suffix(".lineage.json")
    if output != Path("-"):
        made = [("the table of scores", target)] if output is None else []
        refuse_writing(
            [*made, ("the lineage of the scores", beside)],
            [("PATIENTS" if role == "patients" else role, path) for role, path in given.paths()],
            study,
        )
    scored = score_patients(workspace, given)
    for notice in scored.notices:
        ERR.print(f"! {notice}", markup=False)
    if pages is not None:
        for name, content in patient_pages(workspace, scored).items():
            write_atomically(pages / name, content)
        ERR.print(f"{count_of(len(scored.table), 'page')} in {pages}", markup=False)
    text = scored.table.to_csv(sep="\t", index=False)
    if output == Path("-"):
        click.echo(text, nl=False)
        return
    try:
        write_atomically(target, text.encode())
        write_atomically(beside, lineage_of(scored, target.name, text.encode()))
    except OSError as error:
        rule = "The whole table is written to a file."
        raise StudyError(Problem(str(target), error.strerror or str(error), rule, "Choose --output FILE.")) from None
    for line in told_notes(scored.table):
        OUT.print(f"! {line}", markup=False)
    endpoint = workspace.study.patients.endpoint.name
    for line in told_scores(scored.table, endpoint, [float(month) for month in scored.prediction.horizons]):
        OUT.print(line, markup=False)
    OUT.print(f"\nAll columns of {count_of(len(scored.table), 'patient')}: {target}", markup=False)


def _once(option: str, given: Sequence[tuple[str, Path]]) -> None:
    """Raise StudyError for a name that is given twice: one of the files would not be read."""
    names = [name for name, _ in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        rule = "A name stands for one file."
        raise StudyError([Problem(option, f"{name} twice", rule, "Give the file that counts.") for name in twice])


def told_notes(table: pd.DataFrame) -> list[str]:
    """Each note of the `notes` column once, the commonest first: how many patients have it, and who, where they are few."""
    holders: dict[str, list[str]] = {}
    for patient, notes in zip(table["patient_id"], table["notes"]):
        for note in filter(None, str(notes).split("; ")):
            holders.setdefault(note, []).append(str(patient))
    lines = []
    for note, held in sorted(holders.items(), key=lambda item: -len(item[1])):
        who = f" ({', '.join(held)})" if len(held) <= NAMED else ""
        lines.append(f"{len(held)} of {len(table)} patients{who}: {note}")
    return lines


def told_scores(table: pd.DataFrame, endpoint: str, horizons: Sequence[float]) -> list[str]:
    """The scores as aligned text: patient, risk with interval, percentile, event-free probability at each horizon."""
    from groprog_assets.figures.numbers import ONE_MODEL

    months = [f"{month:g}" for month in horizons]
    rows = [["patient", "risk", "95 % interval", "percentile", *(f"{endpoint} {month} months" for month in months)]]
    for row in table.head(SHOWN).to_dict("records"):
        lower, upper = row["risk_lower"], row["risk_upper"]
        rows.append(
            [
                str(row["patient_id"]),
                f"{row['risk']:+.2f}",
                f"{lower:+.2f} to {upper:+.2f}" if lower < upper else ONE_MODEL,
                f"{row['percentile']:.0f}",
                *(f"{100 * row[f'survival_{month}']:.0f} %" for month in months),
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width) for k, (cell, width) in enumerate(zip(row, widths))
        )
        for row in rows
    ]
    return [*lines, *([f"and {len(table) - SHOWN} more"] if len(table) > SHOWN else [])]
