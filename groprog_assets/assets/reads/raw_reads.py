"""The files of each library, by digest and number of reads."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.graph.specification import LIBRARY_FILES
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.schema import Library


@study_asset(group="reads", kinds={"json"}, sections=("library",), files=LIBRARY_FILES, partitioned=True)
def raw_reads(library: Library, workspace: Workspace) -> Materialized:
    """Which files a library consists of: path, size, sha256, number of reads, format. The root of every lineage."""
    from groprog_assets.methods.reads import raw_reads as method

    identity = method.identify(library, workspace.file_digest)
    files = [{**file, "path": workspace.describe(Path(file["path"]))} for file in identity["files"]]
    identity = {**identity, "files": files}
    return materialized(identity, files=len(identity["files"]), reads=identity["reads"], format=identity["format"])
