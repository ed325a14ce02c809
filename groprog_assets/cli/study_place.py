"""How a command finds its study, alike everywhere: STUDY is a file, a folder with a `study.yaml`, or is left out.

Left out, it is the option --study, else the variable GROPROG_STUDY, else the nearest `study.yaml` from the current folder
upwards, else the bundled study, else the only study that was run up to two folders below. Where there is none, the command says
that there is no `study.yaml` here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

STUDY_FILE = "study.yaml"
BUNDLED = Path("var/study") / STUDY_FILE
NAMED = "groprog.study"
"""Where a command's context keeps the path that the option --study, or the variable, names."""
BELOW = ("*/.groprog", "*/*/.groprog")


def study_file(path: Path) -> Path:
    """The study file that a path means: its `study.yaml` for a folder, else the path itself."""
    return path / STUDY_FILE if path.is_dir() else path


def study_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument `study`, which may be left out, and the option --study for the same."""
    argument = click.argument(
        "study", nargs=-1, metavar="[STUDY]", type=click.Path(path_type=Path), callback=_one_study
    )
    return argument(_STUDY_OPTION(command))


def study_and_word(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument `words`: a study, one further word, both in this order, or neither; see `split_words`."""
    argument = click.argument("words", nargs=-1, metavar="[STUDY] [VERSION]")
    return argument(_STUDY_OPTION(command))


def split_words(context: click.Context, words: tuple[str, ...]) -> tuple[Path, str]:
    """(the study file, the further word or ""). One word alone is the study when such a path exists."""
    if len(words) > 2:
        raise click.UsageError(f"Got an unexpected argument: {words[2]}", context)
    if len(words) == 2 or (words and Path(words[0]).exists()):
        return _one_study(context, None, (Path(words[0]),)), words[1] if len(words) == 2 else ""
    return _one_study(context, None, ()), words[0] if words else ""


def found_study() -> Path | None:
    """The study that the current folder leads to, None where it leads to none or to several."""
    here = Path.cwd()
    if Path(STUDY_FILE).is_file():
        return Path(STUDY_FILE)
    for folder in here.parents:
        if (folder / STUDY_FILE).is_file():
            return folder / STUDY_FILE
    if BUNDLED.is_file():
        return BUNDLED
    below = [path.parent / STUDY_FILE for pattern in BELOW for path in here.glob(pattern)]
    below = [path.relative_to(here) for path in below if path.is_file()]
    return below[0] if len(below) == 1 else None


def _keep(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    context.meta[NAMED] = value


_STUDY_OPTION = click.option(
    "--study",
    "named_study",
    envvar="GROPROG_STUDY",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_keep,
    help="The study, where it is not the first argument: a file or a folder; else GROPROG_STUDY, else the nearest study.yaml "
    "from the current folder upwards.",
)


def _one_study(context: click.Context, _: click.Parameter | None, given: tuple[Path, ...]) -> Path:
    if context.resilient_parsing:
        return Path()
    if len(given) > 1:
        raise click.UsageError(f"Got an unexpected argument: {given[0]}", context)
    named: Path | None = context.meta.get(NAMED)
    source = context.get_parameter_source("named_study")
    if given and named is not None and source == click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError(f"The study is named twice: {given[0]} and --study {named}", context)
    if given or named is not None:
        return study_file(given[0] if given else named or Path())
    return found_study() or Path(STUDY_FILE)
