"""`groprog status`: whether the daemon runs, what is unfinished, how far the ledger is. The exit status is for monitors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from groprog_assets.cli.answering import Answering
from groprog_assets.cli.study_place import study_argument
from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document
from groprog_assets.wording import shell_command

QUEUE = ("queued", "starting", "started", "canceling")
"""Statuses of runs that have not ended."""


@click.command("status", cls=Answering)
@study_argument
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(study: Path, as_json: bool) -> None:
    """A study on one page: runs, queue, disk, store, ledger, last verification, daemon; status 2 when a daemon that is needed is
    silent, and when a retraining has stopped before its end."""
    from groprog_assets.intake.erasure import waiting_withdrawals
    from groprog_assets.intake.retraining import left_behind
    from groprog_assets.lineage import ledger
    from groprog_assets.lineage.check_points import read_verified
    from groprog_assets.running.execution import study_instance
    from groprog_assets.running.heartbeat import spoken, standing
    from groprog_assets.running.usage import disk_use, known_runs, newest_run, run_counts, spoken_bytes
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    with study_instance(workspace) as instance:
        found = standing(instance, workspace)
        storage = type(instance.event_log_storage).__name__.removesuffix("EventLogStorage")
        runs = known_runs(instance)
        ended = {run.run_id for run in instance.get_runs()}
    behind = [] if found.unfinished else left_behind(workspace)
    stopped = [f"{name} is not of the current clinical records: a retraining stopped before its end" for name in behind]
    sealed = ledger.sealed_runs(workspace.ledger_path)
    verified = read_verified(workspace.state, workspace.ledger_path)
    told: Document = {
        "study": str(workspace.path),
        "runs": run_counts(runs),
        "newest run": newest_run(runs),
        "disk": disk_use(workspace),
        "storage": storage,
        "daemon needed": found.needed,
        "heartbeats": found.heartbeats,
        "ticks": found.ticks,
        "unfinished runs": found.unfinished,
        "sealed": len(sealed),
        "waiting for the ledger": max(0, len(ended - sealed) - found.unfinished),
        "verified": {name: verified[name] for name in ("at", "sound", "problems", "sequence")} if verified else None,
        "withdrawals to erase": waiting_withdrawals(workspace),
        "problems": [*found.problems, *stopped],
    }
    if as_json:
        click.echo(json.dumps(told, indent=1))
        if told["problems"]:
            raise SystemExit(2)
        return
    click.echo(f"study       {workspace.path}")
    counts = told["runs"]
    ended_as = ", ".join(f"{count} {status}" for status, count in counts.items() if status not in QUEUE)
    click.echo(f"runs        {ended_as or 'none yet'}{_newest(told['newest run'])}")
    waiting_runs = ", ".join(f"{counts[status]} {status}" for status in QUEUE if counts.get(status))
    click.echo(f"queue       {waiting_runs or 'empty'}")
    disk = told["disk"]
    values = (
        "elsewhere" if disk["values"] is None else f"{count_of(disk['values'], 'value')}, {spoken_bytes(disk['store'])}"
    )
    click.echo(f"store       {values} in {workspace.store.shown}")
    click.echo(f"disk        {spoken_bytes(disk['state'])} in {workspace.state}; {spoken_bytes(disk['free'])} free")
    click.echo(f"storage     {storage}; {count_of(found.unfinished, 'run')} unfinished")
    seals = count_of(told["sealed"], "run or decision", "runs and decisions")
    click.echo(f"ledger      {seals} sealed, {told['waiting for the ledger']} ended and not yet projected")
    click.echo(f"verified    {_verified(verified)}")
    if waiting := told["withdrawals to erase"]:
        click.echo(
            f"erasure     {count_of(waiting, 'withdrawal')} not yet erased: the next complete run does it ({workspace.command})"
        )
    beats = ", ".join(f"{name.lower()} {spoken(age)} ago" for name, age in found.heartbeats.items())
    click.echo(f"daemon      {beats or 'has not run here'}{'' if found.needed else ' (this study needs none)'}")
    for name, age in found.ticks.items():
        click.echo(f"tick        {name} {spoken(age)} ago")
    remedy = f"Start it: `{shell_command('groprog', 'dev', workspace.path)}`, and keep it up with the system's own supervisor."
    problems = [Problem("daemon", text, "This study waits for it.", remedy) for text in found.problems]
    rule = "Until it is made again, scores and report rest on the records before; the daemon tries again after an hour."
    remedy = f"`{workspace.command}` says why it fails; mend that, or withdraw the delivery."
    problems += [Problem("retraining", text, rule, remedy) for text in stopped]
    if problems:
        raise StudyError(problems)


def _verified(last: Document | None) -> str:
    """The last `groprog lineage verify` in words."""
    if last is None:
        return "never: `groprog lineage verify`"
    found = "sound" if last["sound"] else count_of(last["problems"], "problem")
    return f"{last['at']}, up to seal {last['sequence']}: {found}"


def _newest(run: Document | None) -> str:
    if run is None:
        return ""
    by = f" by {run['actor']}" if run["actor"] else ""
    when = f"ended {run['at']}" if run["at"] else f"began {run['began']}"
    return f"; the newest {when}{by}, {run['status']}"
