"""Parameters, tables, the asset graph and the notebook as pages: Markdown, SVG, JSON out."""

from __future__ import annotations

import json
from pathlib import Path

from groprog_assets.study.parameters import catalogue
from groprog_assets.tables import TABLES

DOCS = Path(__file__).resolve().parents[2] / "docs"
GENERATED = "<!-- Written by `make docs`; change the source named below, not this file. -->"


def parameters_page() -> str:
    """Every parameter: default, unit, source and the reason where the source is silent; one table a group."""
    lines = [
        "# Parameters",
        "",
        GENERATED,
        "",
        "From `groprog_assets/study/parameters.py`. A study file overrides any of them under `parameters:`; every override "
        "is kept in the",
        "lineage beside the value here. *unstated* marks a value that neither paper nor reference program gives. Ids "
        "such as A32 are",
        "explained in [methods.md](methods.md).",
    ]
    group = ""
    for row in catalogue():
        name = row["name"].split(".", 1)
        if name[0] != group:
            group = name[0]
            lines += [
                "",
                f"## {group}",
                "",
                "| parameter | default | unit | source | why |",
                "| --- | --- | --- | --- | --- |",
            ]
        source = "*unstated*" if row["source"] == "unstated" else row["source"]
        cells = [f"`{name[1]}`", f"`{shown(row['default'])}`", row["unit"], source, row["why"]]
        lines.append("| " + " | ".join(escaped(cell) for cell in cells) + " |")
    return "\n".join([*lines, ""])


def tables_page() -> str:
    """Every table: what a row is, its key, its columns with dtype, unit and meaning."""
    lines = [
        "# Tables",
        "",
        GENERATED,
        "",
        "From `groprog_assets/tables/`; schemas and schema checks are made from the same lines. Coordinates are "
        "0-based half-open.",
        "`count` is raw, `signal` is normalised. *may be missing* marks the only columns with missing values.",
    ]
    for table in TABLES.values():
        key = f" Key: {', '.join(f'`{part}`' for part in table.key)}." if table.key else ""
        lines += ["", f"## {table.name}", "", f"A row is {table.row}.{key}"]
        if table.open_ended:
            lines.append("Further columns depend on the study.")
        lines += ["", "| column | dtype | unit | meaning |", "| --- | --- | --- | --- |"]
        for column in table.columns:
            meaning = column.meaning + (" (*may be missing*)" if column.nullable else "")
            cells = [f"`{column.name}`", column.dtype, column.unit, meaning]
            lines.append("| " + " | ".join(escaped(cell) for cell in cells) + " |")
    return "\n".join([*lines, ""])


def graph_picture() -> str:
    """The asset graph of the code location as SVG."""
    from groprog_assets.definitions import defs
    from groprog_assets.figures.style import figure_bytes
    from groprog_assets.figures.workflow import workflow

    graph = defs.resolve_asset_graph()
    nodes = sorted(graph.asset_nodes, key=lambda node: node.key.to_user_string())
    groups = {node.key.to_user_string(): node.group_name or "other" for node in nodes}
    edges = [(parent.to_user_string(), node.key.to_user_string()) for node in nodes for parent in node.parent_keys]
    return figure_bytes(workflow(groups, edges), "svg").decode("utf-8")


def notebook_page(name: str) -> str:
    """`docs/<name>.py` (cells marked `# %%`) as a Jupyter notebook, format 4.5, without outputs."""
    cells: list[dict[str, object]] = []
    for part in (DOCS / f"{name}.py").read_text(encoding="utf-8").split("# %%")[1:]:
        head, _, body = part.partition("\n")
        prose = head.strip() == "[markdown]"
        lines = body.strip("\n").split("\n")
        if prose:
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        source = [f"{line}\n" for line in lines[:-1]] + lines[-1:]
        cell: dict[str, object] = {"id": f"cell-{len(cells):02}", "metadata": {}, "source": source}
        cells.append(
            {"cell_type": "markdown", **cell}
            if prose
            else {"cell_type": "code", "execution_count": None, "outputs": [], **cell}
        )
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    page = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(page, indent=1, ensure_ascii=False) + "\n"


def shown(value: object) -> str:
    """A default as it stands in a page."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    return f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)


def escaped(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")
