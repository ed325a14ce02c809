"""HTML pages of the ledger: one page per asset and the list of all assets, self-contained. Facts in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groprog_assets.figures.html_templates import html_templates
from groprog_assets.tables.values import Values
from groprog_assets.wording import setting

TEMPLATES = Path(__file__).with_name("templates")
MANY = 4
"""Number of changed codes that are named; further ones are counted."""


def render_asset(facts: Values, study: str, description: str, head: Values | None) -> bytes:
    """The page of an asset; `facts` as lineage.ledger_pages gathers them, `head` {sequence, seal} of the ledger."""
    history = [{**row, "changes": summed(row["changes"])} for row in facts["history"]]
    parameters = {
        name: {
            "value": setting(row["value"]),
            "published": setting(row["published"]),
            "changed": row["value"] != row["published"],
        }
        for name, row in facts["parameters"].items()
    }
    shown = {**facts, "history": history, "parameters": parameters}
    return _page("ledger.html", facts=shown, study=study, description=description, head=head)


def render_index(
    assets: Sequence[Values], runs: Sequence[Values], decisions: Sequence[Values], study: str, head: Values | None
) -> bytes:
    """The lists of all assets with links to their pages, and of the newest runs and decisions (`lineage.command_runs`)."""
    return _page("ledger_index.html", assets=assets, runs=runs, decisions=decisions, study=study, head=head)


def summed(changes: Sequence[str]) -> list[str]:
    """The changes as they are; many changed codes, or parts of the decision before, as one entry that counts them."""
    kept = list(changes)
    for start, words in (("code_version of ", "code of {} steps"), ("extra ", "{} further facts")):
        held = [item for item in kept if item.startswith(start)]
        if len(held) > MANY:
            kept = [item for item in kept if not item.startswith(start)] + [words.format(len(held))]
    return [item.replace("code_version of ", "code of ") for item in kept]


def _page(template: str, **context: Any) -> bytes:
    return html_templates(TEMPLATES).get_template(template).render(**context).encode()
