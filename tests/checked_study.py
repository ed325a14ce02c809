"""A study file changed under `omics`, and what `groprog` prints of one."""

from __future__ import annotations

from pathlib import Path

import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main


def changed(path: Path, **omics: object) -> Path:
    """The study file, fields of `omics` replaced."""
    document = yaml.safe_load(path.read_text())
    document["omics"] |= omics
    path.write_text(yaml.safe_dump(document))
    return path


def told(*arguments: str, code: int = 0) -> str:
    """What the command prints; it ends with `code`."""
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


def told_in_a_line(*arguments: str, code: int = 0) -> str:
    """The same without its line ends."""
    return told(*arguments, code=code).replace("\n", " ")
