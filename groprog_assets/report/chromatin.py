"""The report's section on chromatin marks: the sources of the tracks, and their relation to transcription."""

from __future__ import annotations

from groprog_assets.report.blocks import Block, cell, figure, member, paragraph, svg_of, table
from groprog_assets.tables.values import Values

CAPTIONS: dict[str, tuple[str, str]] = {
    "chromatin_marks": (
        "Each mark over promoter and body of genes without reads there and of the others in quarters by nascent density, all "
        "libraries together; under each box its number of genes. ρ is Spearman's correlation over the genes with reads.",
        "Box plots of each mark's signal over promoter and body, by groups of genes of rising nascent density.",
    ),
}


def marks(context: Values) -> list[Block]:
    """The tracks with their origin, the figure of marks by transcription; empty where the study names no marks."""
    named = context.get("marks") or []
    if not named:
        return []
    rows = [
        [cell(str(mark["name"]), strong=True), str(mark["cell_type"]), str(mark["build"]), str(mark["source"])]
        for mark in named
    ]
    blocks: list[Block] = [
        paragraph(
            "Tracks of other experiments, often of other cells: they are background of the genes, not measured in this "
            "experiment."
        ),
        table(["Mark", "Cells", "Assembly", "Source"], rows, "Chromatin tracks, as the study states them."),
    ]
    image = member(context.get("figures"), "chromatin_marks")
    if image is not None:
        blocks.append(figure(image, *CAPTIONS["chromatin_marks"], "chromatin_marks", file=svg_of("chromatin_marks")))
    return blocks
