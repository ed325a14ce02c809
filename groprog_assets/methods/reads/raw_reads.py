"""The files of a library by path, size and sha256: the start of every lineage. No Dagster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.bigwig import track_format
from groprog_assets.study.schema import Library
from groprog_assets.tables.values import Document
from groprog_kernels import records


def identify(library: Library, digest: Callable[[Path], tuple[str, int]]) -> Document:
    """{"files": [{"role", "path", "bytes", "sha256"}], "reads", "format"} of a library.

    digest: (sha256, bytes) of a file: `Workspace.file_digest`, which the circumstances of the value ask too, so that it is read
    once.
    Roles: mate_1, mate_2, alignments, bigwig_plus, bigwig_minus. `format` is that of the files to analyse: bam, sam, cram,
    bigwig, bedgraph or fastq. `reads` is None: the files are hashed, not parsed; the quality table and the funnel count them.
    ReadsError lists every file that is missing, empty or, for alignments, no alignments at all.
    """
    named: list[tuple[str, Path]] = [(f"mate_{i}", Path(path)) for i, path in enumerate(library.reads, 1)]
    named += [
        (role, Path(path))
        for role, path in (
            ("alignments", library.alignments),
            ("bigwig_plus", library.bigwig_plus),
            ("bigwig_minus", library.bigwig_minus),
        )
        if path is not None
    ]
    problems, files = [], []
    kind = "fastq" if library.reads else track_format(library.bigwig_plus) if library.bigwig_plus else "bigwig"
    for role, path in named:
        try:
            if path.stat().st_size == 0:
                raise ValueError("the file is empty")
            if role == "alignments":
                kind = records.alignment_format(path)
            sha256, size = digest(path)
        except FileNotFoundError:
            problems.append(Problem(f"library {library.id}, {role}", f"{path} is missing", "", "Correct the path."))
        except (OSError, ValueError) as error:
            problems.append(
                Problem(f"library {library.id}, {role}", f"{path}: {error}", "", "Copy or make the file again.")
            )
        else:
            files.append({"role": role, "path": str(path), "bytes": size, "sha256": sha256})
    if not named:
        problems.append(
            Problem(
                f"library {library.id}", "no files are named", "A library needs reads.", "Name FASTQ, BAM or bigWigs."
            )
        )
    if problems:
        raise ReadsError(problems)
    return {"files": files, "reads": None, "format": kind}
