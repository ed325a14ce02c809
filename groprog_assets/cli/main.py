"""The command `groprog`. An error that a user can correct is printed as text, and the exit status is 2."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import click

from groprog_assets.cli.answering import (
    OUT,
    FullWords,
    gathered_notices,
    readable,
    require_sound,
    require_sound_or_known,
    show_warnings,
)
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import STUDY_FILE, study_argument
from groprog_assets.cli.written_paths import WRITTEN
from groprog_assets.errors import GroProgError, Problem, StudyError
from groprog_assets.study.text_tables import count_of
from groprog_assets.wording import shell_command


@click.group(cls=FullWords, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="groprog")
@click.option("--traceback", is_flag=True, help="Show where in the code an error arose.")
def main(traceback: bool) -> None:
    """From nascent-transcription reads and clinical records to an auditable prognostic risk score."""
    from groprog_assets.graph.freed_memory import collect_rarely, return_large_arrays
    from groprog_assets.ui.services import SAFE_PATH

    collect_rarely()
    return_large_arrays()
    # Programs that this one starts (workers, readers of alignment files) import nothing from the current folder, and the
    # compiler takes no folder of compiled code from a settings file there.
    os.environ[SAFE_PATH] = "1"
    os.environ.setdefault("NUMBA_CACHE_DIR", "")
    show_warnings()


@main.group("study")
def study_group() -> None:
    """Write and check study files."""


@study_group.command("init")
@needed_argument("folder", "the folder to write, made if absent", "my-study", type=click.Path(path_type=Path))
@click.option(
    "--nfcore",
    type=click.Path(path_type=Path),
    help="Results folder of nf-core/nascent: its alignments or tracks become the libraries.",
)
@click.option(
    "--samplesheet",
    type=click.Path(path_type=Path),
    help="Table of the libraries with nf-core's columns: sample, fastq_1, fastq_2, strandedness; or bam, condition, replicate.",
)
@click.option("--treatment", default="", help="With --nfcore or --samplesheet: the condition that is compared.")
@click.option("--control", default="", help="With --nfcore or --samplesheet: the condition it is compared with.")
@readable
def study_init(folder: Path, nfcore: Path | None, samplesheet: Path | None, treatment: str, control: str) -> None:
    """Write a commented template into FOLDER."""
    from groprog_assets.intake.nfcore_folder import init_from_nfcore
    from groprog_assets.study.new_study import init_study
    from groprog_assets.study.samplesheet import init_from_samplesheet

    if nfcore is not None and samplesheet is not None:
        raise click.UsageError("--nfcore and --samplesheet both name the libraries; give one of them")
    if (treatment or control) and samplesheet is None and nfcore is None:
        raise click.UsageError("--treatment and --control go with --nfcore or --samplesheet")
    notices: list[str] = []
    if samplesheet is not None:
        path, notices = init_from_samplesheet(folder, samplesheet, treatment, control)
    elif nfcore is not None:
        path, notices = init_from_nfcore(folder, nfcore, treatment, control)
    else:
        path = init_study(folder)
    for notice in notices:
        OUT.print(f"· {notice}", markup=False)
    OUT.print(f"{path}: fill it in, then `{shell_command('groprog', 'study', 'check', path)}`", markup=False)


@study_group.command("check")
@study_argument
@readable
def study_check_command(study: Path) -> None:
    """Every problem of a study file at once: field, value, rule, remedy. Nothing is written."""
    said: list[str] = []
    try:
        with gathered_notices() as said:
            notices = _sound_notices(study)
    except GroProgError:
        _tell(said)
        raise
    _tell([*said, *notices])
    OUT.print(f"{study}: no problems", markup=False)


def _sound_notices(study: Path) -> list[str]:
    """What is to be said of a study without problems. Raises StudyError with every problem of one that has any."""
    read = require_sound(study)
    from groprog_assets.intake.library_preview import preview_libraries
    from groprog_assets.intake.preflight import annotation_matches, cohort_notices
    from groprog_assets.store.workspace import open_workspace
    from groprog_assets.study.check import study_notices

    sound = open_workspace(study).study
    preview = preview_libraries(sound)
    if preview.problems:
        raise StudyError(preview.problems)
    found = [
        *study_notices(sound),
        *read.omics,
        *cohort_notices(sound, read.patients),
        *annotation_matches(sound),
        *preview.notices,
    ]
    return [str(notice) for notice in found]


def _tell(notices: list[str]) -> None:
    for notice in notices:
        OUT.print(f"· {notice}", markup=False)


@main.command("simulate")
@needed_argument("folder", "the folder to write, made if absent", "my-study", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(min=0), default=20260101, show_default=True)
@click.option("--scale", type=click.Choice(["bundled", "tiny"]), default="bundled", show_default=True)
@click.option(
    "--patients", type=click.IntRange(min=20), default=None, help="Patients of the cohort; else 400, or 60 of tiny."
)
@click.option("--matched", is_flag=True, help="A nascent library a patient, and the matched mode.")
@click.option(
    "--landmark", type=click.FloatRange(min=0), default=None, help="Months after baseline at which the clock starts."
)
@click.option(
    "--cohort",
    "kind",
    type=click.Choice(["programme", "signature", "interaction"]),
    default="programme",
    show_default=True,
    help="What is planted: a programme that only the responding genes show, one that leads the expression, or one whose effect "
    "turns with stage.",
)
@readable
def simulate(
    folder: Path, seed: int, scale: Any, patients: int | None, matched: bool, landmark: float | None, kind: Any
) -> None:
    """Write the bundled simulated study (reads, patients, assays, findings) into FOLDER, its planted truth into truth/."""
    from groprog_assets.simulation import HEADER, simulate_study

    file = folder / STUDY_FILE
    held = file.read_text(errors="replace") if file.is_file() else ""
    if folder.is_dir() and any(folder.iterdir()) and not held.startswith(HEADER):
        rule = "Its files replace those of the same name, so a simulated study goes into a folder of its own."
        raise StudyError(Problem(str(folder), "holds other files", rule, "Name a new or an empty folder."))
    path = simulate_study(
        folder, seed=seed, patients=patients, scale=scale, matched=matched, landmark=landmark, kind=kind
    )
    OUT.print(f"{path}", markup=False)


@main.command("run")
@study_argument
@click.option("--select", default="", help="Dagster's asset selection, e.g. 'pausing', '+pausing', 'group:cohort'.")
@click.option(
    "--nascent", is_flag=True, help="The nascent half alone: no patients, no sequence models, no omics, no report."
)
@click.option("--dry-run", is_flag=True, help="Say what would be computed and what would be kept.")
@click.option("--user", default="", help="Who runs it, for the ledger; else the login name.")
@click.option("--pool", default="", help="serial, threads[:N], dask[:N], or a Dask scheduler: tcp://HOST:8786.")
@click.option("--debug", is_flag=True, help="Dagster's own messages and full tracebacks.")
@readable
def run_command(study: Path, select: str, nascent: bool, dry_run: bool, user: str, pool: str, debug: bool) -> None:
    """Run a study to its report. A run that was killed goes on where it was; what is unchanged is kept."""
    if nascent and select:
        raise click.UsageError("--nascent is a selection of its own; give it or --select.")
    checked = require_sound_or_known(study)
    from groprog_assets.compute.compute_pool import POOL_VARIABLE, checked_setting
    from groprog_assets.running.source_digests import digested_meanwhile
    from groprog_assets.store.workspace import STUDY_VARIABLE, open_workspace

    workspace = open_workspace(study)
    os.environ[STUDY_VARIABLE] = str(workspace.path)
    if pool:
        os.environ[POOL_VARIABLE] = checked_setting(pool)
    with digested_meanwhile(workspace):
        from groprog_assets.cli.progress import DURATIONS, Progress
        from groprog_assets.definitions import build_definitions
        from groprog_assets.graph import resources
        from groprog_assets.graph.freed_memory import keep_for_good
        from groprog_assets.intake.sound_study import keep_notices
        from groprog_assets.running.execution import run_lock, run_study
        from groprog_assets.running.exporting import export_and_seal
        from groprog_assets.running.planning import ordered, plan, told_steps
        from groprog_assets.running.selection import NASCENT, selected_assets

        definitions = build_definitions()
        keep_for_good()
    select = NASCENT if nascent else select
    chosen = selected_assets(definitions, select)
    if dry_run:
        if checked is not None:
            keep_notices(workspace, *checked)
        steps = plan(workspace, chosen)
        for name, told in told_steps(steps):
            OUT.print(f"{name:<40}{told}", markup=False)
        count = Counter(step.verdict for step in steps)
        OUT.print(
            f"{count['compute']} to compute, {count['follow']} more unless what they read comes out as before,"
            f" {count['keep']} kept" + (f", {count['blocked']} blocked" if count["blocked"] else ""),
            markup=False,
        )
        return
    with run_lock(workspace), Progress(OUT, len(ordered(workspace, chosen)), workspace.state / DURATIONS) as progress:
        if checked is not None:
            keep_notices(workspace, *checked)  # a first run has a state folder from here on
        resources.LISTENERS.append(progress)
        try:
            report = run_study(workspace, definitions, select, user, debug)
        finally:
            resources.LISTENERS.remove(progress)
        for item in report.left_out:
            OUT.print(f"! library {item['library']} is left out: {item['reason']}", markup=False)
        if report.failures:
            rule = f"What was finished is kept; mend it and run again: {workspace.command}"
            raise StudyError([Problem(where, text, rule, "") for where, text in report.failures])
        exported = export_and_seal(workspace, user)
    OUT.print(
        f"{count_of(progress.computed, 'value')} computed, {progress.done - progress.computed} kept; "
        f"{count_of(len(exported), 'file')} in {workspace.results}",
        markup=False,
    )
    if nascent:
        OUT.print(f"No report with --nascent; {workspace.command} makes it, with or without patients", markup=False)
    elif (workspace.results / "report.html").is_file():
        OUT.print(f"Report: {workspace.results / 'report.html'}", markup=False)
    if (workspace.results / "omics" / "report.html").is_file():
        OUT.print(f"Omics report: {workspace.results / 'omics' / 'report.html'}", markup=False)


@main.command("export")
@study_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["results", "multiqc", "bed", "gtf", "gff3"]),
    default="results",
    show_default=True,
    help="results: the whole results folder; multiqc: *_mqc.json for MultiQC; the others: transcription units.",
)
@click.option("--output", type=WRITTEN, default=None, help="Folder; else results/FORMAT.")
@readable
def export_command(study: Path, form: str, output: Path | None) -> None:
    """Write the results folder again from what is stored, or one of the formats of other programs."""
    from groprog_assets.export.interchange import export_format, not_made
    from groprog_assets.running.exporting import export_and_seal
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    if form != "results":
        folder = output or workspace.results / form
        OUT.print(f"{count_of(len(export_format(workspace, form, folder)), 'file')} in {folder}", markup=False)
        return
    if output is not None:
        raise click.UsageError("--output goes with a --format other than results")
    if not any(workspace.derivations.pointers()):
        raise not_made(workspace, form)
    OUT.print(f"{count_of(len(export_and_seal(workspace)), 'file')} in {workspace.results}", markup=False)


def _add_commands() -> None:
    from groprog_assets.cli import evidence, federation
    from groprog_assets.cli.dev import dev
    from groprog_assets.cli.inbox import inbox_group
    from groprog_assets.cli.lineage import lineage_group
    from groprog_assets.cli.model import model_group
    from groprog_assets.cli.omics import omics_group
    from groprog_assets.cli.score import score
    from groprog_assets.cli.sequence import sequence_group
    from groprog_assets.cli.status import status
    from groprog_assets.cli.store import store_group
    from groprog_assets.cli.workers import workers

    for question in (evidence.reproduce, evidence.export, evidence.head):
        lineage_group.add_command(question)
    for part in (federation.summary, federation.merge):
        omics_group.add_command(part)
    for command in (dev, inbox_group, lineage_group, model_group, omics_group, sequence_group, status):
        main.add_command(command)
    for command in (score, store_group, workers):
        main.add_command(command)


_add_commands()

if __name__ == "__main__":
    main()
