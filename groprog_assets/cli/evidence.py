"""`groprog lineage reproduce`, `export` and `head`: a value computed again, the ledger in other formats, signed seals."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from groprog_assets.cli.answering import ERR, JSON, PARTITION, Answering, answer
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import study_argument
from groprog_assets.cli.written_paths import WRITTEN
from groprog_assets.errors import LedgerError, Problem
from groprog_assets.wording import count_of, shell_command

FORMATS = ["prov", "openlineage", "rocrate", "html", "duckdb"]


@click.command("reproduce", cls=Answering)
@study_argument
@needed_argument("asset", "the name of an asset, as the UI and `groprog run --dry-run` show it", "pausing")
@PARTITION
@click.option(
    "--execute", "run", is_flag=True, help="Make it again from the source files in a scratch place and compare."
)
@JSON
def reproduce(asset: str, study: Path, partition: str, run: bool, as_json: bool) -> None:
    """What rebuilds ASSET byte for byte: files, digests, steps, the command; --execute does it beside the study."""
    from groprog_assets import definitions  # registers the assets
    from groprog_assets.lineage.reproduction import execute, recipe
    from groprog_assets.store.half_written import scratch_folder
    from groprog_assets.store.workspace import open_workspace

    assert definitions.defs
    workspace = open_workspace(study)
    found = recipe(workspace, asset, partition)
    lines = [f"{asset}{f'[{partition}]' if partition else ''}  sha256 {found.sha256}", "", "Files (sha256sum -c)"]
    lines += [f"  {item['sha256']}  {item['path']}" for item in found.files]
    lines += ["", "Steps"]
    lines += [f"  {step['sha256'][:12]}  {step['name']:<40} code {step['code_version'][:12]}" for step in found.steps]
    lines += ["", f"Environment {found.environment[:12]}"]
    lines += [f"  {name}=={version}" for name, version in found.packages.items()]
    lines += ["", f"Command     {found.command}", ""]
    lines += (
        ["Changed since"] + [f"  {text}" for text in found.changed] if found.changed else ["Nothing changed since."]
    )
    if not run:
        answer(found.as_json(), as_json, lines)
        return
    scratch = scratch_folder("reproduce")
    try:
        outcomes = execute(workspace, asset, partition, scratch, lambda text: None)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    last = outcomes[-1]
    same = last.equal and last.recorded == found.sha256
    lines += ["", "Made again"]
    lines += [f"  {'=' if item.equal else '≠'} {item.name:<40} {item.found[:12] or item.problem}" for item in outcomes]
    lines.append(f"{sum(item.equal for item in outcomes)} of {len(found.steps)} values have the recorded bytes")
    shown = {**found.as_json(), "same": same, "made": [vars(item) | {"equal": item.equal} for item in outcomes]}
    answer(shown, as_json, lines)
    if not same:
        raise SystemExit(1)


@click.command("export", cls=Answering)
@study_argument
@click.option("--format", "form", type=click.Choice(FORMATS), default="prov", show_default=True)
@click.option("--output", type=WRITTEN, required=True, help="File; for rocrate and html a folder, empty or not there.")
def export(study: Path, form: str, output: Path) -> None:
    """The ledger for others: W3C PROV-JSON, OpenLineage events (one a line), an RO-Crate of the results, a page an asset, or the
    DuckDB file."""
    from groprog_assets.lineage import exports, ledger
    from groprog_assets.store.artifacts import write_atomically
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    if form in ("rocrate", "html"):
        from groprog_assets.export.own_folder import refuse_used_folder

        refuse_used_folder(output, workspace.results)
    if form == "duckdb":
        ledger.publish(workspace.ledger_path, output)
    elif form == "rocrate":
        write_crate(workspace, output)
    elif form == "html":
        from groprog_assets import definitions
        from groprog_assets.lineage import site

        assert definitions.defs  # registers the assets that the pages describe
        for name, content in site.pages(workspace):
            write_atomically(output / name, content)
    else:
        with ledger.open_ledger(workspace.ledger_path) as connection:
            if form == "prov":
                text = json.dumps(exports.prov(connection), indent=1)
            else:
                events = exports.openlineage(connection, f"groprog.{workspace.study.name}")
                text = "".join(json.dumps(event, sort_keys=True) + "\n" for event in events)
        write_atomically(output, text.encode())
    click.echo(str(output))


def write_crate(workspace: Any, folder: Path) -> None:
    """The results as an RO-Crate, which is made to be handed on: the files that the manifest lists, as they were exported,
    without the tables that name patients; with manifest and head.

    The names of these tables are told, those of listed files that are gone or changed since, and the number of other files below
    the folder, which may name anybody. LedgerError when there are no results or the description would not be valid.
    """
    from groprog_assets.export.results_folder import NAME_PATIENTS, listed_files
    from groprog_assets.lineage import exports, ledger
    from groprog_assets.lineage.present import COPY, HEAD, MANIFEST
    from groprog_assets.store.artifacts import digest_bytes, write_atomically

    listed = listed_files(workspace.results)
    found = {path.relative_to(workspace.results).as_posix(): path for path in sorted(workspace.results.rglob("*"))}
    own = [name for name, path in found.items() if path.is_file() and name not in (COPY, HEAD, MANIFEST)]
    named = [name for name in own if name in listed and name in NAME_PATIENTS]
    files = {name: found[name].read_bytes() for name in own if name in listed and name not in named}
    files = {name: content for name, content in files.items() if digest_bytes(content) == listed[name]}
    if not files:
        rule = "A crate holds the results."
        raise LedgerError(Problem(str(workspace.results), "no results", rule, f"`{workspace.command}`"))
    changed = sorted(set(listed) - set(files) - set(named))
    others = len(set(own) - set(listed))
    files |= {name: found[name].read_bytes() for name in (MANIFEST, HEAD) if name in found}
    title = workspace.study.title or workspace.study.name
    with ledger.open_ledger(workspace.ledger_path) as connection:
        document = exports.crate(
            connection, files, title, datetime.now(UTC).date().isoformat(), metadata.version("groprog")
        )
    problems = exports.crate_problems(document, set(files))
    if problems:
        raise LedgerError(
            [Problem("ro-crate-metadata.json", text, "RO-Crate 1.1 asks for it.", "") for text in problems]
        )
    for name, content in files.items():
        write_atomically(folder / name, content)
    write_atomically(folder / "ro-crate-metadata.json", json.dumps(document, indent=1).encode())
    if named:
        ERR.print(
            f"! left out, as they name patients: {', '.join(named)} (they are in {workspace.results})", markup=False
        )
    if changed:
        again = shell_command("groprog", "export", workspace.path)
        told = f"! left out, as they are not as they were exported: {', '.join(changed)}"
        ERR.print(f"{told} (`{again}` writes them again)", markup=False)
    if others:
        told = f"! left out, as the manifest does not list them: {count_of(others, 'file')}"
        ERR.print(f"{told} of {workspace.results}", markup=False)


@click.command("head", cls=Answering)
@study_argument
@click.option("--key", type=click.Path(path_type=Path), default=None, help="Key file, outside the study.")
@click.option("--new-key", type=WRITTEN, default=None, help="Make a key file and end.")
@click.option("--output", type=WRITTEN, default=None, help="Where to keep the signed head.")
@JSON
def head(study: Path, key: Path | None, new_key: Path | None, output: Path | None, as_json: bool) -> None:
    """The newest seal, signed when a key is given: keep it elsewhere, and `verify --signed` holds the ledger to it."""
    from groprog_assets.lineage import ledger, signed_heads
    from groprog_assets.store.workspace import open_workspace

    if new_key is not None:
        signed_heads.make_key(new_key)
        click.echo(str(new_key))
        return
    workspace = open_workspace(study)
    found = ledger.read_head(workspace.ledger_path)
    if found is None:
        raise LedgerError(Problem(str(workspace.ledger_path), "no head", "A run writes it.", f"`{workspace.command}`"))
    if key is not None:
        found = signed_heads.sign(found, workspace.study.name, signed_heads.read_key(key, workspace.folder))
    if output is not None:
        signed_heads.write_signed(output, found)
    answer(found, as_json, [f"{found['sequence']}:{found['seal']}", *([str(output)] if output else [])])
