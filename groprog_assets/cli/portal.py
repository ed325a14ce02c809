"""`groprog omics serve`, `token`, `count`, `table`, `queries`: portal and Beacon of a study, counts, the log of questions."""

from __future__ import annotations

from pathlib import Path

import click

from groprog_assets.cli.addresses import refuse_place
from groprog_assets.cli.answering import OUT, Answering
from groprog_assets.cli.study_place import study_argument
from groprog_assets.errors import CohortError, Problem
from groprog_assets.study.text_tables import count_of


@click.command("serve", cls=Answering)
@study_argument
@click.option("--port", default=3080, show_default=True)
@click.option("--served-as", multiple=True, help="Another NAME[:PORT] under which a proxy in front is reached.")
def serve(study: Path, port: int, served_as: tuple[str, ...]) -> None:
    """Portal and Beacon over the catalogue of STUDY, on this machine alone (127.0.0.1); ctrl-C ends it. Research use only."""
    from groprog_assets.beacon import serving
    from groprog_assets.store.workspace import open_workspace

    host = "127.0.0.1"
    refuse_place(host, port, allow_remote=False)
    answering = serving.served(open_workspace(study), host, port, served_as)
    address = f"http://{host}:{port}"
    serving.serve(
        answering, host, port, lambda: click.echo(f"{address}, Beacon at {address}/api; ctrl-C ends it", err=False)
    )


@click.command("token", cls=Answering)
@study_argument
@click.argument("name")
@click.option("--role", type=click.Choice(["registered", "steward"]), default="registered", show_default=True)
@click.option("--budget", type=float, default=None, help="Of this actor; else parameters.disclosure.actor_budget.")
def token(study: Path, name: str, role: str, budget: float | None) -> None:
    """A new token for the actor NAME of STUDY's server; an earlier one ends. It is shown once, and only its digest is kept."""
    from groprog_assets.beacon.actors import add_actor
    from groprog_assets.store.workspace import open_workspace

    made = add_actor(open_workspace(study).state, name, role, budget)
    click.echo(made)
    OUT.print(f"· {name} is {role}; a server that runs is started again to know it", markup=False)


@click.command("count", cls=Answering)
@study_argument
@click.option("--filter", "filters", multiple=True, help="HP:0001250, MONDO:…, sex=female, age<5; all must hold.")
@click.option("--purpose", default="", help="health or ancestry; not stated: only data without restriction count.")
@click.option("--actor", default="", help="Whose budget is spent; else the login name.")
def count(study: Path, filters: tuple[str, ...], purpose: str, actor: str) -> None:
    """Count the subjects of STUDY, with the noise and from the budget of the server's answers, and logged as they are."""
    from groprog_assets.beacon.actors import Actor
    from groprog_assets.beacon.desk import Refused
    from groprog_assets.beacon.questions import cohort
    from groprog_assets.beacon.serving import open_desk
    from groprog_assets.graph.resources import known_actor
    from groprog_assets.store.workspace import open_workspace

    desk, _ = open_desk(open_workspace(study))
    try:
        told = desk.ask(Actor(known_actor(actor), "registered"), "command line", cohort(filters, desk.held(), purpose))
    except Refused as error:
        raise CohortError(Problem("count", " ".join(filters), error.text, "Ask otherwise.")) from None
    finally:
        desk.log.close()
    click.echo(f"{told.shown.words} subjects (cost {told.epsilon:g}, {told.left:.1f} left)")


@click.command("table", cls=Answering)
@study_argument
@click.option("--rows", required=True, help="sex, source, site or vital_status.")
@click.option("--columns", required=True, help="Another of these.")
@click.option(
    "--exact", is_flag=True, help="Exact counts, small cells and their complements left out; for stewards, logged."
)
def two_way(study: Path, rows: str, columns: str, exact: bool) -> None:
    """A table of the subjects of STUDY by two of their attributes: with noise in every cell, or exact with cells left out."""
    from groprog_assets.beacon.serving import open_desk
    from groprog_assets.beacon.two_way_tables import two_way_table
    from groprog_assets.graph.resources import known_actor
    from groprog_assets.store.workspace import open_workspace

    desk, _ = open_desk(open_workspace(study))
    try:
        made = two_way_table(desk, known_actor(), rows, columns, exact)
    finally:
        desk.log.close()
    for line in made:
        click.echo("\t".join(line))


@click.command("queries", cls=Answering)
@study_argument
@click.option(
    "--seal", is_flag=True, help="Keep the head of the log in the ledger: lines removed later are then missed."
)
@click.option("--user", default="", help="Who seals it, for the ledger; else the login name.")
def queries(study: Path, seal: bool, user: str) -> None:
    """Who asked how much of STUDY's subjects, by the log of questions, whose chain is checked."""
    from groprog_assets.beacon.serving import log_path
    from groprog_assets.store.query_log import GENESIS, read_log, spending
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    rows = read_log(log_path(workspace))
    for actor, counts in spending(rows).items():
        told = ", ".join(f"{int(counts[name]):,} {name}" for name in ("answered", "suppressed", "refused"))
        click.echo(f"{actor}: {told}; {counts['epsilon']:g} spent")
    head = str(rows[-1]["sha256"]) if rows else GENESIS
    click.echo(f"{count_of(len(rows), 'line')}, head {head[:16]}")
    if seal:
        from groprog_assets.graph.resources import known_actor
        from groprog_assets.lineage.collect import collect
        from groprog_assets.lineage.decisions import record_decision
        from groprog_assets.running.execution import study_instance

        with study_instance(workspace) as instance:
            evidence = {"lines": len(rows), "head": head, "spent": spending(rows)}
            record_decision(instance, "omics_catalog", "questions sealed", known_actor(user), evidence)
            collect(instance, workspace.ledger_path, workspace.derivations)


COMMANDS = (serve, token, count, two_way, queries)
