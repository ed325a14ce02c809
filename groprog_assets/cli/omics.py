"""`groprog omics`: check the omics half of a study, import its records, rank diseases, export, serve, count, erase."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groprog_assets.cli import portal
from groprog_assets.cli.answering import ERR, OUT, Answering, gathered_notices
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.stated_purpose import PURPOSES, STUDIED, stated_purpose
from groprog_assets.cli.study_place import study_argument
from groprog_assets.cli.written_paths import WRITTEN
from groprog_assets.errors import CohortError, Problem, StudyError
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    from groprog_assets.study.omics_study import Omics
    from groprog_assets.study.schema import Study

IMPORTED = ("omics_sources", "consents", "subjects", "phenotypes", "diagnoses", "ranking_index")


@click.group("omics")
def omics_group() -> None:
    """Subjects, phenotypes and ranked diseases. Research use only."""


@omics_group.command("check", cls=Answering)
@study_argument
def check(study: Path) -> None:
    """Every problem of the records, ontologies and consents at once; what they hold. Nothing is written."""
    from groprog_assets.intake.omics_preflight import check_omics
    from groprog_assets.study.check import check_study, load_study
    from groprog_assets.study.omics_rules import omics_notices

    problems = check_study(study)
    if problems:
        raise StudyError(problems)
    sound = load_study(study)
    _omics_of(sound)
    with gathered_notices() as said:
        checked = check_omics(sound)
        if checked.problems:
            raise StudyError(checked.problems)
        notices = [*omics_notices(sound), *checked.told]
    for notice in [*said, *notices]:
        OUT.print(f"· {notice}", markup=False)
    OUT.print(f"{study}: no problems", markup=False)


@omics_group.command("import", cls=Answering)
@study_argument
@click.option("--user", default="", help="Who runs it, for the ledger; else the login name.")
@click.pass_context
def import_records(context: click.Context, study: Path, user: str) -> None:
    """Read the records and ontologies of STUDY into its store, up to the ranking index; ranking and report follow with `run`."""
    from groprog_assets.study.check import load_study

    _omics_of(load_study(study))
    select = " or ".join(f"+{name}" for name in IMPORTED)
    run = context.find_root().command.commands["run"]  # type: ignore[attr-defined] # the root is a group
    context.invoke(run, study=study, select=select, nascent=False, dry_run=False, user=user, pool="", debug=False)


@omics_group.command("rank", cls=Answering)
@study_argument
@needed_argument(
    "packets",
    "a file of phenopackets, or a folder of such files",
    "packets.jsonl",
    type=click.Path(path_type=Path, exists=True),
)
@click.option("--genes", default="", help="Candidate genes, separated by commas: only their diseases are ranked.")
@click.option("--first", default=10, show_default=True, help="Diseases shown a packet.")
@click.option("--findings", is_flag=True, help="What each finding says of the diseases, instead of the ranks.")
@click.option("--accuracy", is_flag=True, help="How often the packets' own diagnoses come first, instead of the ranks.")
@click.option("--output", type=WRITTEN, default=None, help="TSV to write; else the terminal.")
def rank(
    study: Path, packets: Path, genes: str, first: int, findings: bool, accuracy: bool, output: Path | None
) -> None:
    """Rank diseases for PACKETS (phenopackets 2: a file or a folder) by the index of STUDY. Nothing of them is stored."""
    from groprog_assets.intake.packet_ranking import packet_accuracy, rank_packets
    from groprog_assets.store.artifacts import write_atomically
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    given = _omics_of(workspace.study)
    if accuracy:
        table, summary = packet_accuracy(workspace, packets.resolve(), list(given.scorers), _tell)
        for reason, count in summary["not_counted"].items():
            if count:
                _tell(f"! {count_of(count, 'packet')} not counted: {reason}")
        table = table.round(4)
    else:
        named = [name.strip() for name in genes.split(",") if name.strip()]
        found = rank_packets(workspace, packets.resolve(), named)
        for name in found.left_out:
            _tell(f"! packet {name} has no present finding that the ontology knows; it is not ranked")
        for item in found.unresolved["examples"]:
            near = f"; consider {', '.join(item['consider'])}" if item["consider"] else ""
            _tell(
                f"! {item['id']} ({count_of(item['uses'], 'use')}) leads to no live term and counts for nothing{near}"
            )
        shown = found.ranks[(found.ranks["rank"] <= first) | found.ranks["diagnosed"]]
        table = found.ratios.assign(sources=found.ratios["sources"].str.join(";")) if findings else shown
        table = table.rename(columns={"subject_id": "packet"})
    text = table.to_csv(sep="\t", index=False, float_format="%.6g", na_rep="NA")
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text.encode())
        OUT.print(f"{output}", markup=False)


@omics_group.command("erase", cls=Answering)
@study_argument
@needed_argument(
    "file",
    "a text file with the identifiers of who withdraws, one a line",
    "withdrawn.txt",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--user", default="", help="Who records it, for the ledger; else the login name.")
def erase(study: Path, file: Path, user: str) -> None:
    """Record that the subjects in FILE withdraw; the next run erases what is of them.

    FILE: one identifier a line, the id of a phenopacket or the subject of the sample table. Patients of the clinical table
    withdraw through the inbox. Files that the study names stay as they are: they are yours to mend.
    """
    from groprog_assets.graph.resources import known_actor
    from groprog_assets.intake.subject_withdrawals import withdraw_subjects
    from groprog_assets.intake.withdrawals import listed
    from groprog_assets.lineage.collect import collect
    from groprog_assets.running.execution import run_lock, study_instance
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    _omics_of(workspace.study)
    with run_lock(workspace), study_instance(workspace) as instance:
        found = withdraw_subjects(instance, workspace, listed(file.read_bytes()), known_actor(user))
        collect(instance, workspace.ledger_path, workspace.derivations)
    if found.again:
        OUT.print(f"{found.again} had withdrawn before", markup=False)
    OUT.print(
        f"{found.leaving} withdrawn; {count_of(len(found.values), 'value is', 'values are')} made again without them",
        markup=False,
    )
    OUT.print(f"`{workspace.command}` makes them, and erases the earlier bytes", markup=False)


@omics_group.command("export", cls=Answering)
@study_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["h5mu", "cbioportal", "phenopackets", "pheval"]),
    required=True,
    help="h5mu and cbioportal: the assays; phenopackets: the subjects; pheval: the diseases ranked for them.",
)
@click.option("-o", "--output", type=WRITTEN, required=True, help="Folder to write; it must be empty.")
@click.option(
    "--purpose",
    type=PURPOSES,
    default=None,
    help="What the files are for, else the study's purpose: who does not allow it is left out.",
)
@STUDIED
def export(study: Path, form: str, output: Path, purpose: str | None, studied: tuple[str, ...]) -> None:
    """Write the omics half of STUDY as files of other programs, everybody under their pseudonym; for stewards, by their token in
    GROPROG_TOKEN.

    Only subjects whose consent allows the purpose today are in them; where nobody's does, nothing is written. Each export, and
    each that was refused, stands in the log that `groprog omics queries` shows.
    """
    from groprog_assets.beacon.actors import refuse_others
    from groprog_assets.export.omics import Asked, export_omics, log_refused
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    _omics_of(workspace.study)
    stated = stated_purpose(workspace.study, purpose, studied)
    who = portal.of_terminal(workspace.state)
    asked = Asked(who.name, *stated)
    try:
        refuse_others(who, "omics export", "What is of single subjects is written for stewards alone.")
    except CohortError:
        log_refused(workspace, form, asked)
        raise
    found = export_omics(workspace, form, output, asked)
    for text in found.left_out:
        _tell(f"! not written: {text}")
    OUT.print(f"{output}: {count_of(len(found.files), 'file')}", markup=False)


def _tell(text: str) -> None:
    ERR.print(text, markup=False)


def _omics_of(study: Study) -> Omics:
    if study.omics is None:
        rule, remedy = (
            "This is about subjects with phenotypes.",
            "Add omics to the study file; docs/omics.md shows how.",
        )
        raise StudyError(Problem("omics", "not given", rule, remedy))
    return study.omics


for command in portal.COMMANDS:
    omics_group.add_command(command)
