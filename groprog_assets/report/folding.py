"""What of a section is seen at once, and what opens with a click. Nothing is lost: print opens all."""

from __future__ import annotations

from collections.abc import Sequence

from groprog_assets.report.blocks import Block, details
from groprog_assets.report.figure_titles import title_of

AT_ONCE = {"figure": 1, "table": 1}
"""Figures and tables of a section that are seen at once: the first of each."""
LESS = {"reads": {"table": 1}, "density": {"table": 1}, "marks": {"table": 1}, "appendix": {}}
"""The same of sections that a reader looks up."""
LONG_TABLE = 10
"""Rows from which on a table is folded where a figure shows it."""
ALWAYS = ("note", "missing", "details", "limits")
"""Blocks that are never folded: what may be said and what not, and what is folded already."""
LONGEST = 60
"""Letters of a table's caption that name it."""


def folded(blocks: Sequence[Block], section: str = "") -> list[Block]:
    """The blocks of a section; after its first figure and first table the further ones, with the words between them, stand
    behind a line that names them. What comes before a figure or table that is seen stays with it."""
    left = {"figure": 0, "table": 0, **LESS.get(section, AT_ONCE)}
    shown = left["figure"] > 0 and any(block["kind"] == "figure" for block in blocks)
    seen: list[Block] = []
    run: list[Block] = []
    words_before: list[Block] = []  # they go where the next figure or table goes

    def close() -> None:
        if run:
            seen.append(details(f"More: {'; '.join(names(run))}", run))
            run.clear()

    for block in blocks:
        kind = str(block["kind"])
        if kind in ALWAYS:
            close()
            seen += [*words_before, block]
            words_before = []
        elif kind not in AT_ONCE:
            words_before.append(block)
        elif left[kind] and not (shown and kind == "table" and len(block["rows"]) >= LONG_TABLE):
            left[kind] -= 1
            close()
            seen += [*words_before, block]
            words_before = []
        else:
            run += [*words_before, block]
            words_before = []
    close()
    return [*seen, *words_before]


def names(blocks: Sequence[Block]) -> list[str]:
    """What figures and tables show, in a few words each."""
    found = []
    for block in blocks:
        if block["kind"] == "figure":
            found.append(title_of(str(block["name"])))
        elif block["kind"] == "table":
            found.append(_beginning(str(block["caption"])))
    return [name for name in dict.fromkeys(found) if name] or ["further words"]


def _beginning(caption: str) -> str:
    """The first sentence of a caption; where it is long, up to its last comma that fits, or cut between words."""
    first = caption.replace(": ", ". ").replace("; ", ". ").split(". ")[0].rstrip(".")
    if len(first) > LONGEST:
        start = first[:LONGEST]
        first = start.rpartition(", ")[0] or start.rpartition(" ")[0] + " …"
    return first[:1].lower() + first[1:] if first[1:2].islower() or first[1:2] == " " else first
