"""Arguments that must be given. Where one is forgotten, the command says what is meant, with an example to copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from groprog_assets.cli.study_place import STUDY_FILE, found_study
from groprog_assets.wording import shell_command


class NeededArgument(click.Argument):
    """An argument with what it is (`told`) and one as it may be given (`example`).

    In a command that takes a study first, a study given alone is not taken for this argument.
    """

    def __init__(self, declarations: list[str], told: str, example: str, **settings: Any):
        super().__init__(declarations, **settings)
        self.told, self.example = told, example

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        after_study = any(parameter.name == "study" for parameter in ctx.command.params)
        words = [str(word) for word in (value if isinstance(value, tuple) else (value,))]
        if after_study and not ctx.resilient_parsing and self._names_study(words[0]):
            raise self._forgotten(ctx, f" ({words[0]!r} is the study)", words[0])
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter:
            raise self._forgotten(ctx, "", "STUDY" if after_study else "") from None

    def _names_study(self, word: str) -> bool:
        path = Path(word)
        named = path.is_file() and path.suffix in (".yaml", ".yml") if path.name != STUDY_FILE else path.is_file()
        if not named and not (path / STUDY_FILE).is_file():
            return False
        return isinstance(self.type, click.Path) or not word.isidentifier() or found_study() is None

    def _forgotten(self, ctx: click.Context, seen: str, study: str) -> click.UsageError:
        before = [parameter for parameter in ctx.command.params if isinstance(parameter, NeededArgument)]
        given = [parameter.example for parameter in before]
        words = ["groprog", *ctx.command_path.split()[1:], *([study] if study else []), *given]
        name = self.make_metavar(ctx).removesuffix("...")
        return click.UsageError(f"Missing argument '{name}'{seen}: {self.told}. Example: {shell_command(*words)}", ctx)


def needed_argument(name: str, told: str, example: str, **settings: Any) -> Callable[..., Any]:
    """A decorator that gives a command the argument `name`; see `NeededArgument`."""
    return click.argument(name, cls=NeededArgument, told=told, example=example, **settings)
