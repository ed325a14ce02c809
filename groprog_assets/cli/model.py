"""`groprog model …`: the models of a study, the model in use, and a person's decision about it."""

from __future__ import annotations

from pathlib import Path

import click

from groprog_assets.cli.answering import JSON, OUT, Answering, answer
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import split_words, study_and_word, study_argument
from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

REASON = click.option("--reason", required=True, help="Why; it is kept with the decision.")
USER = click.option("--user", default="", help="Who decides; else the login name.")
AFTERWARDS = "champion+"
"""What rests on the model in use."""


@click.group("model")
def model_group() -> None:
    """Models and the champion among them."""


@model_group.command("list", cls=Answering)
@study_argument
@JSON
def model_list(study: Path, as_json: bool) -> None:
    """Every model this study has had, oldest first, with its out-of-fold C_IPCW; * marks the champion, erased ones are named."""
    from groprog_assets.intake.model_decisions import METRIC, known_models
    from groprog_assets.store.readings import load_asset
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    champion = (load_asset(workspace, "champion") or {}).get("model_version")
    lines, told = [], []
    for model in known_models(workspace):
        mark = "*" if model.model_version == champion else " "
        held = workspace.store.holds(workspace.derivations.read(model.derivation)["output"]["sha256"])
        estimate = _estimate(model.evidence) if held else "its bytes are erased"
        lines.append(f"{mark} {model.model_version[:16]}  {model.made[:19]}Z  {estimate:<24}  {model.actor}")
        told.append({**model._asdict(), "metric": METRIC, "champion": mark == "*", "erased": not held})
    header = f"  {'version':<16}  {'made':<20}  {METRIC.upper() + ' [95 % interval]':<24}  by"
    answer(told, as_json, [header, *lines] if lines else ["no model yet"])


@model_group.command("show", cls=Answering)
@study_and_word
@JSON
@click.pass_context
def model_show(context: click.Context, words: tuple[str, ...], as_json: bool) -> None:
    """The current champion and the evidence for it; or the evidence for VERSION, or its beginning."""
    from groprog_assets.intake.model_decisions import METRIC, find_model
    from groprog_assets.store.readings import read_asset
    from groprog_assets.store.workspace import open_workspace

    study, version = split_words(context, words)
    workspace = open_workspace(study)
    if version:
        model = find_model(workspace, version)
        lines = [
            f"model       {model.model_version}",
            f"made        {model.made[:19]}Z by {model.actor}",
            f"{METRIC:<12}{_estimate(model.evidence)} (out of fold, with 95 % interval)",
        ]
        answer(model._asdict(), as_json, lines)
        return
    found: Document = read_asset(workspace, "champion").value()
    previous = found.get("previous")
    lines = [
        f"champion    {found['model_version']}",
        f"because     {found['reason']}",
        f"{METRIC:<12}{_estimate(found['champion'])} (out of fold, with 95 % interval)",
        f"newest      {found['challenger']['model_version'][:16]}  {_estimate(found['challenger'])}"
        f"{'' if found['promoted'] else ', not promoted'}",
        f"before it   {previous['model_version'][:16] + '  ' + _estimate(previous) if previous else 'none'}",
        f"failed      {', '.join(map(str, found['failed_checks'])) or 'no check'}",
    ]
    answer(found, as_json, lines)


@model_group.command("promote", cls=Answering)
@study_argument
@needed_argument("version", "what `groprog model list` shows, or its beginning", "a257db4a")
@REASON
@USER
def promote(study: Path, version: str, reason: str, user: str) -> None:
    """Make VERSION (or its beginning) the champion, whatever the rule said."""
    _decide(study, version, "promoted by hand", reason, user)


@model_group.command("rollback", cls=Answering)
@study_argument
@click.option("--to", "version", default="", help="A version; else the champion before this one.")
@REASON
@USER
def rollback(study: Path, version: str, reason: str, user: str) -> None:
    """Go back to the champion before, or to the version named."""
    _decide(study, version, "rolled back", reason, user)


def _decide(study: Path, version: str, decision: str, reason: str, user: str) -> None:
    """Decide, then make anew what the model in use is behind: scores, figures, report."""
    from groprog_assets.cli.progress import Progress
    from groprog_assets.definitions import build_definitions
    from groprog_assets.graph import resources
    from groprog_assets.intake.model_decisions import choose
    from groprog_assets.lineage.collect import collect
    from groprog_assets.running.execution import run_lock, run_study, study_instance
    from groprog_assets.running.exporting import export_and_seal
    from groprog_assets.running.selection import selected_assets
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    actor = resources.known_actor(user)
    with run_lock(workspace):
        with study_instance(workspace) as instance:
            document = choose(workspace, instance, version, decision, reason, actor)
            collect(instance, workspace.ledger_path, workspace.derivations)
        click.echo(f"{document['model_version'][:16]} is the champion: {document['reason']}")
        definitions = build_definitions(study_path=str(workspace.path))
        following = selected_assets(definitions, AFTERWARDS) - {"champion"}
        resting = {name for name in following if workspace.derivations.current(name)}
        if not resting:
            return
        with Progress(OUT, len(resting)) as progress:
            resources.LISTENERS.append(progress)
            try:
                report = run_study(workspace, definitions, " or ".join(sorted(resting)), actor)
            finally:
                resources.LISTENERS.remove(progress)
        if report.failures:
            raise StudyError(
                [Problem(where, text, f"Mend it, then: {workspace.command}", "") for where, text in report.failures]
            )
        click.echo(f"{count_of(len(export_and_seal(workspace, actor)), 'file')} in {workspace.results}")


def _estimate(evidence: Document) -> str:
    """The estimate with its interval and, where it is named, the metric."""
    if evidence.get("estimate") is None:
        return "not evaluated"
    return f"{evidence['estimate']:.3f} [{evidence['lower']:.3f}, {evidence['upper']:.3f}]"
