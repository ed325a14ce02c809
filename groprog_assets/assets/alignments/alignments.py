"""The alignment file of each library."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.graph.specification import LIBRARY_FILES
from groprog_assets.store.artifacts import Bundle, StoredFile
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document


@study_asset(
    group="alignments",
    kinds={"bam"},
    sections=("library", "genome"),
    files=(*LIBRARY_FILES, "genome.bowtie2_index"),
    partitioned=True,
)
def alignments(study: StudyView, workspace: Workspace, raw_reads: Document) -> Materialized:
    """The alignment file to read: the library's own, or the one bowtie2 makes of its FASTQ, kept as a value."""
    from groprog_assets.methods.reads import alignments as method

    folder = workspace.state / "alignments"
    source = method.resolve_alignments(study.library, study.genome, folder)
    made = source.path.is_relative_to(folder)
    given = "" if made else workspace.describe(source.path)
    about = {**source._asdict(), "path": given, "reads_given": raw_reads["reads"]}
    return materialized(
        Bundle(about=about, made=StoredFile(source.path, ".bam") if made else None),
        format=source.format,
        program=source.program,
        reads=source.reads,
    )
