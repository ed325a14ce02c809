"""Pictures of the ledger's answers: graphs of what was read and of what changed, a change in steps, a value over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.store.artifacts import write_atomically
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOUCHED, UNTOUCHED = "rests on it", "does not"
IMPACT_COLOURS = {TOUCHED: "#F6B8A8", UNTOUCHED: "#EDEFF1"}
STATE_COLOURS = {
    "changed itself": "#F08A6C",
    "changed by an input": "#FBE0C6",
    "only one has it": "#CC9BC9",
    "same bytes": "#EDEFF1",
}
FILES, VALUES = "files", "values"
TRACE_COLOURS = {FILES: "#BFDCEF", VALUES: "#F8EBBF"}


def write_picture(figure: Figure, path: Path) -> None:
    """The figure as SVG or PNG, by the suffix of `path`. LedgerError for another suffix."""
    from groprog_assets.figures.style import figure_bytes

    suffix = path.suffix.lower().lstrip(".")
    if suffix not in ("svg", "png"):
        raise LedgerError(Problem("--picture", str(path), "A picture is SVG or PNG.", "End the name in .svg or .png."))
    write_atomically(path, figure_bytes(figure, suffix))  # type: ignore[arg-type]


def trace_picture(found: Document) -> Figure:
    """Files by role and values by asset, from the source to what was asked about."""
    from groprog_assets.figures.workflow import workflow

    groups, edges = {}, set()
    for step in found["steps"]:
        groups[step["asset"]] = VALUES
        edges |= {(name, step["asset"]) for name in step["reads"]}
        for role in step["files"]:
            groups[role] = FILES
            edges.add((role, step["asset"]))
    return workflow(groups, edges, TRACE_COLOURS)


def impact_picture(found: Document, edges: list[tuple[str, str]]) -> Figure:
    """The whole graph, with what rests on the thing in colour."""
    from groprog_assets.figures.workflow import workflow

    touched = {row["asset"] for row in found["affected"]}
    groups = {name: TOUCHED if name in touched else UNTOUCHED for edge in edges for name in edge}
    return workflow(groups, edges, IMPACT_COLOURS)


def why_picture(states: dict[str, str], edges: list[tuple[str, str]]) -> Figure:
    """What stands behind a value, by whether it changed and of itself."""
    from groprog_assets.figures.workflow import workflow

    return workflow(states, edges, STATE_COLOURS)


def history_picture(rows: list[Document], name: str) -> Figure:
    """A value through time."""
    from groprog_assets.figures.timeline import timeline

    return timeline(rows, name)


def diff_picture(found: Any, patient: str) -> Figure:
    """The change of a patient's score in steps; `found` is an Apportionment."""
    from groprog_assets.figures.waterfall import waterfall

    ends = [f"{side['score']['model_version'][:12]}" for side in (found.before, found.after)]
    steps = [(part.as_json()["called"], part.part) for part in found.parts]
    unit = "risk (log relative hazard)"
    return waterfall(
        found.before["score"]["risk"], steps, (f"model {ends[0]}", f"model {ends[1]}"), unit, f"Patient {patient}"
    )
