"""HTML templates, set up once for every page: values are escaped, a missing value is an error."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


def html_templates(folder: Path) -> Environment:
    """The templates of `folder`. Lines of statements leave no blank line; jinja2.UndefinedError for a value that is not given."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
