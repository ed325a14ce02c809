"""`groprog inbox …`: check a file before it is delivered, take in what has arrived, list past deliveries."""

from __future__ import annotations

import time
from pathlib import Path

import click

from groprog_assets.cli.answering import Answering
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import study_argument
from groprog_assets.errors import CohortError, Problem, StudyError
from groprog_assets.study.text_tables import count_of
from groprog_assets.wording import shell_command

KINDS = {
    "table": "the whole clinical table",
    "update": "rows of some patients",
    "withdrawal": "patients who withdraw",
    "libraries": "new libraries",
}


@click.group("inbox")
def inbox_group() -> None:
    """New clinical tables, withdrawals and libraries."""


@inbox_group.command("check", cls=Answering)
@study_argument
@needed_argument(
    "file",
    "the file to be delivered: NAME.tsv or .csv, NAME.update.tsv, NAME.withdraw.txt or NAME.libraries.tsv",
    "march.update.tsv",
    type=click.Path(path_type=Path),
)
def inbox_check(study: Path, file: Path) -> None:
    """What FILE would change, or every problem of it; nothing is changed. Its name says what it means: NAME.tsv or .csv,
    NAME.update.tsv, NAME.withdraw.txt, NAME.libraries.tsv."""
    from groprog_assets.intake.deliveries import judge
    from groprog_assets.intake.inbox import SUFFIXES
    from groprog_assets.store.workspace import open_workspace
    from groprog_assets.study.annotation_files import some

    workspace = open_workspace(study)
    if not file.is_file() or file.suffix not in SUFFIXES:
        seen = f"the suffix {file.suffix!r}" if file.is_file() else "a folder" if file.is_dir() else "no such file"
        rule = f"A delivery is a file with the suffix {', '.join(SUFFIXES)}."
        remedy = "Name it NAME.tsv or .csv (whole table), NAME.update.tsv, NAME.withdraw.txt or NAME.libraries.tsv."
        raise StudyError(Problem(str(file), seen, rule, remedy if file.is_file() else "Name the file to be delivered."))
    made = judge(workspace, file)
    made.problems += [
        Problem(file.name, f"{name} is not beside it", "The files of a manifest lie beside it.", "Bring it there.")
        for name in made.missing
    ]
    if made.problems:
        raise CohortError(made.problems)
    click.echo(f"{file.name}: {KINDS[made.kind]}; it would be accepted")
    for name, value in made.evidence.items():
        shown = some(value, 20) if isinstance(value, list) else value
        click.echo(f"  {name.replace('_', ' '):<16}{shown if shown != '' else '-'}")
    for line in made.flags:
        click.echo(f"  ! {line}")


@inbox_group.command("take", cls=Answering)
@study_argument
@click.option("--user", default="", help="Who takes them in, for the ledger; else the login name.")
def inbox_take(study: Path, user: str) -> None:
    """Accept or set aside what lies in the inbox now, without the daemon; `groprog run` then makes what follows."""
    from groprog_assets.graph.resources import known_actor
    from groprog_assets.intake.inbox import waiting_files
    from groprog_assets.lineage.collect import collect
    from groprog_assets.running.execution import register_libraries, run_lock, study_instance
    from groprog_assets.running.sensors import STABLE_SECONDS, take_in
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    if workspace.study.inbox is None:
        remedy = "Example: inbox: inbox"
        if workspace.study.cohort is None and workspace.study.omics is not None:
            remedy = (
                "Without a cohort there is none; subjects withdraw by"
                f" `{shell_command('groprog', 'omics', 'erase', workspace.path, 'FILE')}`."
            )
        raise StudyError(Problem("cohort.inbox", "not given", "The study names its inbox.", remedy))
    with run_lock(workspace), study_instance(workspace) as instance:
        arrived = take_in(instance, workspace, known_actor(user))
        register_libraries(instance, workspace)
        collect(instance, workspace.ledger_path, workspace.derivations)
    for item in arrived:
        counts = ", ".join(
            f"{name} {value}" for name, value in item.evidence.items() if isinstance(value, int) and value
        )
        click.echo(f"{item.verdict:<12}{item.name}  {counts}")
    click.echo(
        f"{count_of(len(arrived), 'file')}; {workspace.command} makes what follows"
        if arrived
        else "nothing settled in the inbox"
    )
    for path in waiting_files(workspace):
        click.echo(
            f"! {path.name} waits, and is not taken in yet: nothing may have been written to it for {STABLE_SECONDS} s"
            " (to a manifest of libraries: all its files must be there). Take it again then."
        )


@inbox_group.command("list", cls=Answering)
@study_argument
def inbox_list(study: Path) -> None:
    """What waits, and what became of every file so far, oldest first."""
    from groprog_assets.intake.inbox import past_deliveries, waiting_files
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    for item in past_deliveries(workspace):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(item["at"]))
        click.echo(f"{at}  {item['verdict']:<12}{item['kind']:<12}{item['sha256'][:12]}  {item['name']}")
    for path in waiting_files(workspace):
        click.echo(f"{'':<22}{'waiting':<12}{'':<24}  {path.name}")
    name, held = workspace.snapshots.current()
    libraries = ", ".join(item["id"] for item in held.libraries) or "none"
    click.echo(
        f"snapshot {name[:12] or 'none'}: table {held.clinical[:12] or 'of the study file'}, libraries added {libraries}"
    )
