"""`groprog omics serve`, `token`, `query`, `table`, `strata`, `queries`: portal and Beacon of a study, counts, the logs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groprog_assets.cli.addresses import refuse_place
from groprog_assets.cli.answering import OUT, Answering
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.stated_purpose import COUNTED_FOR, STUDIED, stated_purpose
from groprog_assets.cli.study_place import study_argument
from groprog_assets.errors import ArtifactError, CohortError, Problem
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    from groprog_assets.beacon.actors import Actor
    from groprog_assets.beacon.desk import Desk


@click.command("serve", cls=Answering)
@study_argument
@click.option("--port", type=click.IntRange(0, 65_535), default=3080, show_default=True)
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
@needed_argument("name", "the name of who is to ask", "ada")
@click.option("--role", type=click.Choice(["registered", "steward"]), default="registered", show_default=True)
@click.option("--budget", type=float, default=None, help="Of this actor; else parameters.disclosure.actor_budget.")
def token(study: Path, name: str, role: str, budget: float | None) -> None:
    """A new token for the actor NAME of STUDY's server; an earlier one ends. It is shown once, and only its digest is kept."""
    from groprog_assets.beacon.actors import add_actor
    from groprog_assets.store.workspace import open_workspace

    made = add_actor(open_workspace(study).state, name, role, budget)
    click.echo(made)
    OUT.print(f"· {name} is {role}; a server that runs is started again to know it", markup=False)


@click.command("query", cls=Answering)
@study_argument
@click.option("--filter", "filters", multiple=True, help="HP:0001250, MONDO:…, sex=female, age<5; all must hold.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME=VALUE",
    help="Instead of filters, subjects with a variant: geneId=DMD, or assemblyId, referenceName, start, end, … as the Beacon.",
)
@click.option(
    "--purpose", default="", help="health, disease or ancestry; not stated: only data without restriction count."
)
@click.option("--studied", default="", help="With purpose disease: the MONDO classes studied, separated by commas.")
@click.option("--exists", is_flag=True, help="Only whether there are some; it costs the same.")
@click.option("--actor", default="", help="Whose budget is spent; else the login name.")
def query(
    study: Path,
    filters: tuple[str, ...],
    variants: tuple[str, ...],
    purpose: str,
    studied: str,
    exists: bool,
    actor: str,
) -> None:
    """How many subjects of STUDY fulfil a question, with the noise and from the budget of the server's answers, and logged."""
    from groprog_assets.beacon.questions import from_address

    if filters and variants:
        rule = "A question is about filters or about variants."
        raise CohortError(Problem("query", "both --filter and --variant", rule, "Ask one after the other."))
    odd = [item for item in variants if "=" not in item]
    if odd:
        raise CohortError(Problem("--variant", odd[0], "It is NAME=VALUE, such as geneId=DMD.", "Write it so."))
    about = [("purpose", purpose), *([("studied", studied)] if studied else [])]
    pairs = [(name, value) for name, _, value in (item.partition("=") for item in variants)]
    entry = "g_variants" if variants else "individuals"
    asked = [*pairs, *(("filters", item) for item in filters), *about]
    with _desk(study, " ".join((*filters, *variants))) as desk:
        who = _registered(actor)
        told = desk.ask(who, "command line", from_address(entry, asked, desk.held()).asked)
    words = ("yes" if told.shown.exists else "no, or few") if exists else f"{told.shown.words} subjects"
    click.echo(f"{words} (cost {told.epsilon:g}, {told.left:.1f} left)")


@click.command("strata", cls=Answering)
@study_argument
@COUNTED_FOR
@STUDIED
@click.option("--actor", default="", help="Whose budget is spent; else the login name.")
def strata(study: Path, purpose: str | None, studied: tuple[str, ...], actor: str) -> None:
    """The strata of STUDY: how stable, how many subjects (with noise), their survival. Costs one question, and is logged."""
    from groprog_assets.beacon.strata_tables import strata_lines

    with _desk(study, "strata") as desk:
        made = strata_lines(desk, _registered(actor), *stated_purpose(desk.workspace.study, purpose, studied))
    for line in made:
        click.echo("\t".join(line))


@click.command("table", cls=Answering)
@study_argument
@click.option("--rows", required=True, help="sex, source, site or vital_status.")
@click.option("--columns", required=True, help="Another of these.")
@COUNTED_FOR
@STUDIED
@click.option(
    "--exact",
    is_flag=True,
    help="Exact counts, small cells and their complements left out; for stewards, by their token in GROPROG_TOKEN; logged.",
)
def two_way(study: Path, rows: str, columns: str, purpose: str | None, studied: tuple[str, ...], exact: bool) -> None:
    """A table of the subjects of STUDY by two of their attributes: with noise in every cell, or exact with cells left out."""
    from groprog_assets.beacon.two_way_tables import two_way_table

    with _desk(study, f"{rows} by {columns}") as desk:
        stated = stated_purpose(desk.workspace.study, purpose, studied)
        who = of_terminal(desk.workspace.state) if exact else _registered("")
        made = two_way_table(desk, who, rows, columns, exact, *stated)
    for line in made:
        click.echo("\t".join(line))


@click.command("queries", cls=Answering)
@study_argument
@click.option(
    "--seal", is_flag=True, help="Keep the head of the log in the ledger: lines removed later are then missed."
)
@click.option(
    "--restore", is_flag=True, help="First write back the lines that the ledger has and a log has lost at its end."
)
@click.option("--user", default="", help="Who seals it, for the ledger; else the login name.")
def queries(study: Path, seal: bool, restore: bool, user: str) -> None:
    """Who asked how much of STUDY's subjects, answered other sites and exported what, by the logs.

    Their chains are checked, and that they hold every line that the ledger has of them.
    """
    from groprog_assets.lineage.logged_questions import refuse_lost_lines
    from groprog_assets.store.query_log import EXPORTS, FEDERATION, FOLDER, GENESIS, QUESTIONS, read_log, spending
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    if restore:
        from groprog_assets.lineage.logged_questions import restore_logs

        for name, lines in restore_logs(workspace.ledger_path, workspace.state).items():
            click.echo(f"{name}: {count_of(lines, 'line')} written back")
    refuse_lost_lines(workspace.ledger_path, workspace.state)
    logs = {name: read_log(workspace.state / FOLDER / name) for name in (QUESTIONS, FEDERATION, EXPORTS)}
    rows = logs[QUESTIONS]
    for actor, counts in spending(rows).items():
        told = ", ".join(f"{int(counts[name]):,} {name}" for name in ("answered", "suppressed", "refused"))
        click.echo(f"{actor}: {told}; {counts['epsilon']:g} spent")
    for row in logs[FEDERATION]:
        click.echo(f"{row['happened']} {row['actor']} answered a site's request: {row['canonical']} ({row['outcome']})")
    for row in logs[EXPORTS]:
        what = json.loads(str(row["canonical"]))
        purpose = row["purpose"] or "no stated purpose"
        told = (
            f"{count_of(what['subjects'], 'subject')}, {what['left_out']:,} left out" if what["subjects"] else "refused"
        )
        click.echo(f"{row['happened']} {row['actor']} exported {what['of']} for {purpose}: {told}")
    heads = {name: str(held[-1]["sha256"]) if held else GENESIS for name, held in logs.items()}
    for name, held in logs.items():
        if held or name == QUESTIONS:
            click.echo(f"{name}: {count_of(len(held), 'line')}, head {heads[name][:16]}")
    if seal:
        from groprog_assets.graph.resources import known_actor
        from groprog_assets.lineage.collect import collect
        from groprog_assets.lineage.decisions import record_decision
        from groprog_assets.lineage.logged_questions import SEALED_HEADS
        from groprog_assets.running.execution import study_instance

        with study_instance(workspace) as instance:
            others = {name: {"lines": len(logs[name]), "head": heads[name]} for name in (FEDERATION, EXPORTS)}
            evidence = {"lines": len(rows), "head": heads[QUESTIONS], "spent": spending(rows), "others": others}
            record_decision(instance, "omics_catalog", SEALED_HEADS, known_actor(user), evidence)
            collect(instance, workspace.ledger_path, workspace.derivations)


@contextmanager
def _desk(study: Path, asked: str) -> Iterator[Desk]:
    """The desk of a study while a question is asked; what it refuses is the command's error."""
    from groprog_assets.beacon.desk import Refused
    from groprog_assets.beacon.serving import open_desk
    from groprog_assets.store.query_log import LogUnwritable
    from groprog_assets.store.workspace import open_workspace

    desk, _ = open_desk(open_workspace(study))
    try:
        yield desk
    except Refused as error:
        raise CohortError(Problem("question", asked or "everybody", error.text, "Ask otherwise.")) from None
    except LogUnwritable as error:
        rule = "Nothing is answered that does not stand in the log."
        raise ArtifactError(Problem("question", str(error), rule, "Free space or mend rights.")) from None
    finally:
        desk.log.close()


def of_terminal(state: Path) -> Actor:
    """Who asks for what stewards alone get, by the token in GROPROG_TOKEN; the login name without one."""
    from groprog_assets.beacon.actors import Actors
    from groprog_assets.graph.resources import known_actor

    return Actors(state).of_terminal(os.environ.get("GROPROG_TOKEN", ""), known_actor(""))


def _registered(actor: str) -> Actor:
    from groprog_assets.beacon.actors import Actor
    from groprog_assets.graph.resources import known_actor

    return Actor(known_actor(actor), "registered")


COMMANDS = (serve, token, query, two_way, strata, queries)
