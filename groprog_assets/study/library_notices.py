"""Notices on unusual but allowed settings of libraries: read ends and strands against the assay, and against each other.

Study in, notices out. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator

from groprog_assets.errors import Problem
from groprog_assets.study.assays import ASSAYS, RNA_END, unusual_read_end
from groprog_assets.study.schema import Library, Study


def library_notices(study: Study) -> Iterator[Problem]:
    """A notice for each library whose read end or declared strand is not its assay's, and one for libraries that differ."""
    for k, library in enumerate(study.libraries):
        yield from _against_assay(library, f"libraries[{k}], {library.id}")
    compared = [library for library in study.libraries if library.condition in study.contrast.model_dump().values()]
    for field in ("assay", "read_end"):
        values = {getattr(library, field): library.id for library in reversed(compared)}
        if len(values) > 1:
            shown = ", ".join(f"{value} ({name})" for value, name in sorted(values.items()))
            yield Problem(
                f"libraries, {field}",
                shown,
                "Libraries of one contrast compare only where the same base of the same kind of RNA is counted.",
                f"Give the libraries of the contrast one {field}, or leave out those that differ.",
            )


def _against_assay(library: Library, where: str) -> Iterator[Problem]:
    usual = ASSAYS[library.assay]
    unusual = unusual_read_end(library.assay, library.read_end)
    if unusual:
        counted = RNA_END.get(library.read_end, "every base")
        yield Problem(
            f"{where}.read_end",
            f"{library.read_end} with {library.assay}: {counted} is counted",
            unusual,
            f"Set read_end: {usual.read_end}, or leave it out; keep it if that end is what you ask for.",
        )
    if library.strandedness not in ("auto", usual.strandedness) and library.bigwig_plus is None:
        turned = "the RNA's sequence" if library.strandedness == "forward" else "the complement of the RNA"
        yield Problem(
            f"{where}.strandedness",
            f"{library.strandedness} with {library.assay}: its reads are taken as {turned}",
            f"Reads of {library.assay} are {usual.strandedness} unless they were turned before alignment; the strand also "
            "decides which base of the read is the end of the RNA.",
            "Set strandedness: auto, which asks the annotated genes; keep it if you know that the reads were turned.",
        )
