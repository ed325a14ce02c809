"""An assay of the study file, for tests of its readers, and a file with the given text."""

from __future__ import annotations

import re
from pathlib import Path

from groprog_assets.study.omics_assays import AssaySource


def source(omics: str, format: str, **given: object) -> AssaySource:
    """An assay whose path nobody reads: a reader takes the path as an argument."""
    return AssaySource.model_validate({"name": "a", "omics": omics, "format": format, "path": "unused", **given})


def written(folder: Path, name: str, *lines: str) -> Path:
    """A file of these lines; a bar between blanks stands for a tab, so that tables are readable in tests."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ["\t".join(cell.strip() for cell in re.split(r"(?:^| )\|(?= |$)", line)) for line in lines]
    path.write_text("\n".join(rows) + "\n")
    return path
