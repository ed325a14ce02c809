"""Every command of `groprog` with its arguments and options, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from groprog_assets.cli.main import main
from groprog_assets.documentation.generated import GENERATED, escaped

STUDY = "--study"
"""The option that every command of a study has; it is explained once."""


def commands_page() -> str:
    """A section a command: what it does, how it is called, its options."""
    lines = [
        "# Commands",
        "",
        GENERATED,
        "",
        "From the commands; `groprog COMMAND --help` shows the same. STUDY is a study file, or the folder that holds its "
        "`study.yaml`. It may be",
        "left out: then it is the option `--study`, else the variable `GROPROG_STUDY`, else the nearest `study.yaml` from the "
        "current folder upwards,",
        "else the bundled study in `var/study`, else the only study that was run in the folders below, at most two deep.",
        "The exit status is 0, or 2 where something can be mended (what, where and how is printed), 130 after ctrl-C, 143 after "
        "SIGTERM. With `--traceback` before its name, a command shows where in the code an error arose.",
    ]
    for name, command in _commands(main, "groprog"):
        lines += ["", f"## {name}", "", *_told(command), "", f"    {name} {_usage(command)}".rstrip()]
        rows = [row for parameter in command.params if (row := _option(parameter))]
        if rows:
            lines += ["", "| option | meaning |", "| --- | --- |", *rows]
    return "\n".join([*lines, ""])


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


def _told(command: click.Command) -> list[str]:
    return inspect.cleandoc(command.help or "").splitlines()


def _usage(command: click.Command) -> str:
    context = click.Context(command)
    return " ".join(piece for piece in command.collect_usage_pieces(context) if piece)


def _option(parameter: click.Parameter) -> str:
    if not isinstance(parameter, click.Option) or STUDY in parameter.opts:
        return ""
    context = click.Context(click.Command("any"))
    record = parameter.get_help_record(context)
    if record is None:
        return ""
    names, meaning = record
    return f"| `{escaped(names)}` | {escaped(meaning)} |"
