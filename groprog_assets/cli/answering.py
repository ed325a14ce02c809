"""What every command shares: how a study is named, how an answer and a problem are printed, with which status a command ends."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from groprog_assets.errors import GroProgError, LedgerError, Problem, StudyError
from groprog_assets.tables.values import Value

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
STUDY = click.argument("study", type=click.Path(path_type=Path))
STUDY_OPTION = click.option(
    "--study",
    envvar="GROPROG_STUDY",
    default=None,
    type=click.Path(path_type=Path),
    help="study.yaml; else GROPROG_STUDY, else the bundled one or the only study below this folder",
)
JSON = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
PARTITION = click.option("--partition", default="", help="The library, for assets made per library.")


def readable(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print a GroProgError's problems instead of its traceback and end with status 2."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        show = click.get_current_context().find_root().params.get("traceback")
        try:
            return command(*arguments, **options)
        except GroProgError as error:
            if show:
                raise
            show_problems(error.problems or [Problem("", str(error), "", "")])
            sys.exit(2)
        except KeyboardInterrupt:
            ERR.print("Stopped. What was finished is kept; run again to go on.")
            sys.exit(130)

    return wrapped


def show_problems(problems: list[Problem]) -> None:
    for problem in problems:
        ERR.print("✗ " + (f"{problem.where}: " if problem.where else ""), style="bold red", end="", markup=False)
        ERR.print(problem.value, markup=False)
        for line in (problem.rule, problem.remedy):
            if line:
                ERR.print(f"    {line}", markup=False)


def show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """A Python warning as a line of text; where in the code it arose, and what is for developers, helps nobody here."""
    if not category.__module__.startswith("dagster") and not issubclass(category, DeprecationWarning):
        ERR.print(f"! {message}", markup=False)


def require_sound(study: Path) -> None:
    """Raise StudyError with every problem of a study file and of its files that shows before a run; nothing is written."""
    from groprog_assets.study.check import check_study

    problems = check_study(study)
    if not problems:
        from groprog_assets.intake.preflight import preflight
        from groprog_assets.store.workspace import open_workspace

        problems = preflight(open_workspace(study).study)
    if problems:
        raise StudyError(problems)


class Answering(click.Command):
    """A command that prints problems as text and ends with status 2."""

    def invoke(self, context: click.Context) -> Any:
        return readable(super().invoke)(context)


def answer(value: Value, as_json: bool, text: list[str]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str) if as_json else "\n".join(text))


def workspace_of(study: Path | None) -> Any:
    """The workspace of the study named, or of the one whose state lies nearest."""
    from groprog_assets.store.workspace import open_workspace

    if study is None:
        found = sorted(
            path.parent / "study.yaml" for path in Path.cwd().glob("**/.groprog") if ".venv" not in path.parts
        )
        if Path("var/study/study.yaml") in [path.relative_to(Path.cwd()) for path in found]:
            found = [Path("var/study/study.yaml")]
        if len(found) != 1:
            shown = ", ".join(str(path) for path in found) or "none"
            raise LedgerError(
                Problem("--study", f"not given; found {shown}", "The study must be named.", "--study PATH")
            )
        study = found[0]
    return open_workspace(study)
