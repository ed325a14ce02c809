"""`groprog omics summary` and `groprog omics merge`: one analysis over several sites, of which none sends a row."""

from __future__ import annotations

import json
from pathlib import Path

import click

from groprog_assets.cli.answering import OUT, Answering
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import study_argument
from groprog_assets.cli.written_paths import WRITTEN

OUTPUT = click.option("--output", "-o", type=WRITTEN, required=True, help="JSON file to write.")


@click.command("summary", cls=Answering)
@study_argument
@needed_argument(
    "request", "the request of the coordinator", "request.json", type=click.Path(path_type=Path, exists=True)
)
@click.option("--site", required=True, help="Name of this site in the request.")
@click.option(
    "--key", type=click.Path(path_type=Path, exists=True), required=True, help="Key shared with the coordinator."
)
@click.option("--user", default="", help="Who answers, for the log of questions; else the login name.")
@OUTPUT
def summary(study: Path, request: Path, site: str, key: Path, user: str, output: Path) -> None:
    """Answer REQUEST with sums over the cohort of STUDY, signed. No row leaves; too few subjects or events, and no sum does."""
    from groprog_assets.graph.resources import known_actor
    from groprog_assets.intake.federated_answers import answer, record_part
    from groprog_assets.running.execution import study_instance
    from groprog_assets.store.artifacts import write_atomically
    from groprog_assets.store.workspace import open_workspace

    workspace, actor = open_workspace(study), known_actor(user)
    found = answer(workspace, request, site, key, actor)
    with study_instance(workspace) as instance:
        record_part(workspace, instance, request, found, actor)
    write_atomically(output, json.dumps(found, indent=1).encode())
    told = "sums written" if found["takes_part"] else f"takes no part: {found['reason']}"
    OUT.print(f"{output}: {site}, {told}", markup=False)


@click.command("merge", cls=Answering)
@needed_argument(
    "request", "the request of the coordinator", "request.json", type=click.Path(path_type=Path, exists=True)
)
@needed_argument(
    "answers",
    "the files that the sites answered with",
    "answer_of_a.json",
    type=click.Path(path_type=Path, exists=True),
    nargs=-1,
    required=True,
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder with SITE.key of every site.",
)
@OUTPUT
def merge(request: Path, answers: tuple[Path, ...], keys: Path, output: Path) -> None:
    """Join the ANSWERS of all sites to REQUEST: writes the next request, or the result when it is found."""
    from groprog_assets.intake.federated_answers import merge as merged
    from groprog_assets.store.artifacts import write_atomically

    found = merged(request, answers, keys)
    if found.request is not None:
        write_atomically(output, json.dumps(found.request.document(), indent=1).encode())
        OUT.print(
            f"{output}: request of round {found.request.round}, for {', '.join(found.request.sites)}", markup=False
        )
        return
    write_atomically(output, json.dumps(found.result, indent=1).encode())
    OUT.print(f"{output}: the result", markup=False)
    for row in (found.result or {}).get("covariates", []):
        text = f"{row['field']:<24} HR {row['hazard_ratio']:.3f} ({row['lower_95']:.3f} to {row['upper_95']:.3f})"
        OUT.print(f"  {text}  p {row['p_value']:.2g}", markup=False)
