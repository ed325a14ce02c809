"""The results of a study in the formats of other programs: MultiQC, BED, GTF, GFF3. Stored values in, files out. No Dagster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.store.artifacts import plain, write_atomically
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

BY_LIBRARY = ("read_quality", "filtered_alignments")
WHOLE = ("transcripts", "transcript_density", "initiation_regions", "pausing", "differential_transcription")


def not_made(workspace: Workspace, form: str) -> ArtifactError:
    """The error of an export for which nothing is stored yet."""
    rule = "Exports are written from what a run has stored."
    return ArtifactError(Problem(form, "nothing of it is made yet", rule, f"Run the study first: {workspace.command}"))


def export_format(workspace: Workspace, form: str, folder: Path) -> list[str]:
    """Write the files of `form` (a key of FORMATS) into `folder`; their names, in order.

    Raises ArtifactError when nothing of it has been made yet.
    """
    files = FORMATS[form](workspace)
    if not files:
        raise not_made(workspace, form)
    for name, text in files.items():
        write_atomically(folder / name, text.encode())
    return sorted(files)


def _multiqc(workspace: Workspace) -> dict[str, str]:
    from groprog_assets.export.multiqc import documents

    values: Document = {name: load_asset(workspace, name) for name in WHOLE}
    for name in BY_LIBRARY:
        held = {library.id: load_asset(workspace, name, library.id) for library in workspace.study.libraries}
        values[name] = {library: item for library, item in held.items() if item is not None}
    made = documents(workspace.study.name, values)
    return {name: json.dumps(plain(document), indent=1) for name, document in made.items()}


def _units(workspace: Workspace) -> Document:
    """{called or repaired: the shared table} of what is there."""
    from groprog_assets.export.unit_files import unit_table

    changed = load_asset(workspace, "differential_transcription")
    genes_of = {} if changed is None else dict(zip(changed.table["transcript"], changed.table["gene"], strict=True))
    found = {}
    for kind, asset in (("called", "transcripts"), ("repaired", "repaired_transcripts")):
        units = load_asset(workspace, asset)
        if units is not None:
            found[kind] = unit_table(units.table if kind == "repaired" else units, genes_of)
    return found


def _bed(workspace: Workspace) -> dict[str, str]:
    from groprog_assets.export import unit_files

    files = {}
    for kind, table in _units(workspace).items():
        files[f"units_{kind}.bed"] = unit_files.bed9(table)
        files[f"units_{kind}.bed6plus"] = unit_files.bed6_plus(table)
    return {**files, "units.as": unit_files.AUTOSQL} if files else {}


def _gtf(workspace: Workspace) -> dict[str, str]:
    from groprog_assets.export.unit_files import gtf

    return {f"units_{kind}.gtf": gtf(table) for kind, table in _units(workspace).items()}


def _gff3(workspace: Workspace) -> dict[str, str]:
    from groprog_assets.export.unit_files import gff3

    return {f"units_{kind}.gff3": gff3(table) for kind, table in _units(workspace).items()}


FORMATS: dict[str, Callable[[Workspace], dict[str, str]]] = {
    "multiqc": _multiqc,
    "bed": _bed,
    "gtf": _gtf,
    "gff3": _gff3,
}
