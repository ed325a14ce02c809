"""Where a library's reads lie on the genome."""

from __future__ import annotations

from typing import Any

from groprog_assets.asset_definition import LIBRARY_FILES, study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView, Workspace


@study_asset(
    group="alignments",
    kinds={"bam"},
    sections=("library", "genome"),
    files=(*LIBRARY_FILES, "genome.bowtie2_index"),
    partitioned=True,
)
def alignments(study: StudyView, workspace: Workspace, raw_reads: dict[str, Any]) -> Materialized:
    """The alignment file to read: the library's own, or the one bowtie2 makes of its FASTQ files."""
    from groprog_assets.methods import alignments as method

    source = method.resolve_alignments(study.library, study.genome, workspace.state / "alignments")
    return materialized(
        {**source._asdict(), "path": workspace.describe(source.path), "reads_given": raw_reads["reads"]},
        format=source.format,
        program=source.program,
        reads=source.reads,
    )
