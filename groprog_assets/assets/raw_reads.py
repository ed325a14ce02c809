"""The identity of each library's files."""

from __future__ import annotations

from groprog_assets.asset_definition import LIBRARY_FILES, study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.study import Library


@study_asset(group="reads", kinds={"json"}, sections=("library",), files=LIBRARY_FILES, partitioned=True)
def raw_reads(library: Library) -> Materialized:
    """Which files a library consists of: path, size, sha256, number of reads, format. The root of every lineage."""
    from groprog_assets.methods import raw_reads as method

    identity = method.identify(library)
    return materialized(identity, files=len(identity["files"]), reads=identity["reads"], format=identity["format"])
