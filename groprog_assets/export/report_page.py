"""The report as it is exported: with the time at which it was made and the commit of the program that writes it.

Neither is part of the stored page, whose bytes repeat for equal inputs.
"""

from __future__ import annotations

import html
import os
import subprocess
from functools import cache
from pathlib import Path

from groprog_assets.lineage import ledger
from groprog_assets.lineage.questions import first_made
from groprog_assets.store.workspace import Workspace

PLACE = b"<!--made-->"
"""Where the page has room for the two, once."""


def exported_page(page: bytes, workspace: Workspace) -> bytes:
    """The page with the time of its first materialization (UTC) and the commit; what is not known is left out."""
    told = []
    current = workspace.derivations.current("report")
    if current and workspace.ledger_path.is_file():
        with ledger.open_ledger(workspace.ledger_path) as connection:
            made = first_made(connection, current)
        told += [f"Made {made:%Y-%m-%d %H:%M} UTC."] if made else []
    told += [f"Commit {commit}."] if (commit := program_commit()) else []
    return page.replace(PLACE, html.escape(" ".join(["", *told])).encode(), 1)


@cache
def program_commit() -> str:
    """The short commit of the checkout that this program runs from, with "and local changes" where files differ; "" elsewhere."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        commit, changed = _git(root, "rev-parse", "--short", "HEAD"), _git(root, "status", "--porcelain", "-uno")
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit.strip() + (" and local changes" if changed.strip() else "")


def _git(root: Path, *words: str) -> str:
    # A git hook sets GIT_DIR and more, which would answer for another repository.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    asked = ["git", "-C", str(root), *words]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20, env=own).stdout
