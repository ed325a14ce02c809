"""Cells of tables that lead to a page of the portal."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from groprog_assets.report.blocks import cell

KINDS = {
    **{"finding": "/phenotype/", "disease": "/disease/", "gene": "/gene/"},
    **{"pathway": "/pathway/", "drug": "/drug/"},
}


def link(text: object, kind: str, name: str, **more: Any) -> dict[str, Any]:
    """A table's cell that leads to the page of a finding, a disease, a gene, a gene set or a drug."""
    return cell(str(text), href=f"{KINDS[kind]}{quote(name, safe=':')}", **more)
