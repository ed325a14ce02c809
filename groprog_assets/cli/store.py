"""`groprog store …`: what lies in the store, and the removal of what nothing uses."""

from __future__ import annotations

import json
from pathlib import Path

import click

from groprog_assets.cli.answering import Answering
from groprog_assets.cli.study_place import study_argument
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document
from groprog_assets.wording import shell_command

MOST_SHOWN = 10


@click.group("store")
def store_group() -> None:
    """The values of a study, in a folder or a bucket that several studies may share."""


@store_group.command("collect", cls=Answering)
@study_argument
@click.option("--remove", is_flag=True, help="Remove it; without this, say what would be removed.")
@click.option(
    "--earlier",
    is_flag=True,
    help="Also what was there before the store kept a record of its studies; run this without it for every study first.",
)
@click.option("--forget", default="", help="A study that is gone for good: its values count as unused from now on.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def collect(study: Path, remove: bool, earlier: bool, forget: str, as_json: bool) -> None:
    """What no derivation of any study names, such as values that a killed run had stored and not yet recorded.

    Safe while runs write. Values of other studies that use the same store are kept.
    """
    from groprog_assets.store.claims import forget_study
    from groprog_assets.store.collection import collect_store
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    if forget:
        forget_study(workspace.store, forget)
    found = collect_store(workspace, remove, earlier)
    half_written = {str(path): size for path, size in found.half_written.items()}
    told: Document = {
        "removed": remove,
        "values": found.values,
        "copies": found.copies,
        "half_written": half_written,
        "kept_from_earlier": found.earlier,
        "studies": found.studies,
    }
    if as_json:
        click.echo(json.dumps(told, indent=1))
        return
    count, size = found.held
    click.echo(f"{count_of(count, 'value')}, {count_of(size, 'byte')} in {workspace.store.shown}")
    for name, about in found.studies.items():
        this = "  (this study)" if name == workspace.claims.study else ""
        click.echo(f"  used by {name}  {about.get('folder', '')} on {about.get('machine', '')}{this}")
    done = "removed" if remove else "would be removed"
    for what, items in (
        (("value", "values"), found.values),
        (("local copy", "local copies"), found.copies),
        (("half-written file", "half-written files"), half_written),
    ):
        click.echo(f"{done}: {count_of(len(items), *what)}, {count_of(sum(items.values()), 'byte')}")
        for name in sorted(items)[:MOST_SHOWN]:
            click.echo(f"  {items[name]:>14,}  {name}")
        if len(items) > MOST_SHOWN:
            click.echo(f"  and {len(items) - MOST_SHOWN:,} more; --json lists all")
    if found.earlier:
        click.echo(
            f"kept: {count_of(len(found.earlier), 'value')}, {count_of(sum(found.earlier.values()), 'byte')}, "
            "stored before the store kept a record"
            " of its studies. Run this for every study that uses the store, then once with --earlier."
        )
    if not remove and (found.values or found.copies or found.half_written):
        click.echo(shell_command("groprog", "store", "collect", study, "--remove"))
