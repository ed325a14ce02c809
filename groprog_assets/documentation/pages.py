"""The pages that are written from the code. A test fails when a file is not what this would write."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from groprog_assets.documentation.api import api_page
from groprog_assets.documentation.commands import commands_page
from groprog_assets.documentation.figures import figures_page
from groprog_assets.documentation.generated import graph_picture, notebook_page, parameters_page, tables_page
from groprog_assets.documentation.study_file import study_file_page

PAGES: dict[str, Callable[[], str]] = {
    "api.md": api_page,
    "commands.md": commands_page,
    "figures.md": figures_page,
    "graph.svg": graph_picture,
    "hmm_notebook.ipynb": partial(notebook_page, "hmm_notebook"),
    "parameters.md": parameters_page,
    "sequence_notebook.ipynb": partial(notebook_page, "sequence_notebook"),
    "study_file.md": study_file_page,
    "tables.md": tables_page,
}


def write_pages(folder: Path) -> list[Path]:
    """Write every generated page into `folder`; returns the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, page in PAGES.items():
        path = folder / name
        path.write_text(page(), encoding="utf-8")
        written.append(path)
    return written
