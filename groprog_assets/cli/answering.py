"""What all commands share: how the study is named, how answers and problems are printed, which exit status is used."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from groprog_assets.cli.written_paths import refuse_inputs_as_outputs
from groprog_assets.errors import GroProgError, Notice, Problem, StudyError
from groprog_assets.tables.values import Value
from groprog_assets.wording import shell_command

if TYPE_CHECKING:
    from groprog_assets.intake.omics_preflight import OmicsChecked
    from groprog_assets.intake.preflight import StudyRead

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
JSON = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
PARTITION = click.option("--partition", default="", help="The library, for assets made per library.")


def readable(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print a GroProgError's problems instead of its traceback and end with status 2, also those of a file that cannot be read or
    written; stop in order on Ctrl-C (130) or SIGTERM (143), which schedulers send. What a command reads is never what it writes
    over."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        context = click.get_current_context()
        show = context.find_root().params.get("traceback")
        signals: list[int] = []
        try:
            with _terminated_as_interrupted(signals):
                refuse_inputs_as_outputs(context)
                return command(*arguments, **options)
        except GroProgError as error:
            if show:
                raise
            show_problems(error.problems or [Problem("", str(error), "", "")])
            sys.exit(2)
        except OSError as error:
            if show or error.filename is None:
                raise
            show_problems([_of_file_system(error)])
            sys.exit(2)
        except KeyboardInterrupt:
            ERR.print("Stopped. What was finished is kept; run again to go on.")
            sys.exit(143 if signal.SIGTERM in signals else 130)

    return wrapped


def _of_file_system(error: OSError) -> Problem:
    """What a file system refused, and what helps."""
    place = Path(os.fsdecode(error.filename2 or error.filename))
    within = next((folder for folder in place.parents if folder.is_file()), None)
    if within is not None or isinstance(error, FileExistsError):
        rule, remedy = f"{within or place} is a file, where a folder is needed.", "Name another place."
    elif place.is_dir() and not isinstance(error, PermissionError):
        rule, remedy = "It is a folder, where a file is needed.", f"Name a file, such as one in {place}."
    elif isinstance(error, PermissionError):
        rule, remedy = (
            "It must be readable, or writable where something is written.",
            "Mend its rights, or name another place.",
        )
    else:
        rule, remedy = "It must be there, and its place must be writable where something is written.", "Check the path."
    return Problem(str(place), error.strerror or type(error).__name__, rule, remedy)


@contextlib.contextmanager
def _terminated_as_interrupted(seen: list[int]) -> Iterator[None]:
    """SIGTERM is handled as SIGINT is at that moment, also where a shell had SIGINT ignored; `seen` holds the signals that came.

    Dagster handles both signals itself while it runs a step, so what came is read from the interpreter's wake-up pipe.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            if callable(now := signal.getsignal(signal.SIGINT)) and now is not interrupt:
                now(signal.SIGINT, frame)
            else:
                raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    before = signal.signal(signal.SIGTERM, interrupt)
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if ignored:  # a job of Dagster ends with the handler of SIGINT for both signals
        signal.signal(signal.SIGINT, interrupt)
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGTERM, before)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(BlockingIOError):
            seen.extend(os.read(reading, 4096))
        os.close(reading)
        os.close(writing)


def show_problems(problems: list[Problem]) -> None:
    for problem in problems:
        ERR.print("✗ " + (f"{problem.where}: " if problem.where else ""), style="bold red", end="", markup=False)
        ERR.print(problem.value, markup=False)
        for line in (problem.rule, problem.remedy):
            if line:
                ERR.print(f"    {line}", markup=False)


def show_warnings() -> None:
    """From now on print Python's warnings as lines of text, each once; notices of what is read always count as warnings."""
    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        """Where in the code a warning arose, and what is for developers, helps nobody here."""
        if (
            category.__module__.startswith("dagster")
            or issubclass(category, DeprecationWarning)
            or str(message) in shown
        ):
            return
        shown.add(str(message))
        ERR.print(f"! {message}", markup=False)

    warnings.simplefilter("always", Notice)
    warnings.showwarning = show


@contextlib.contextmanager
def gathered_notices() -> Iterator[list[str]]:
    """The notices that arise within, each once, instead of their lines; other warnings are shown as ever."""
    found: list[str] = []
    show = warnings.showwarning

    def gather(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, Notice):
            show(message, category, *where, **more)
        elif str(message) not in found:
            found.append(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", Notice)
        warnings.showwarning = gather
        yield found


def require_sound(study: Path, omics: OmicsChecked | None = None) -> StudyRead:
    """Raise StudyError with every problem of a study file and of its files that shows before a run; nothing is written.

    What of it was read. omics: what the check of records, ontologies and assays has found, where it was made before.
    """
    from groprog_assets.study.check import check_study

    problems = check_study(study)
    if problems:
        raise StudyError(problems)
    from groprog_assets.intake.preflight import StudyRead, preflight
    from groprog_assets.store.workspace import open_workspace

    keep = StudyRead()
    if problems := preflight(open_workspace(study).study, keep, omics):
        raise StudyError(problems)
    return keep


def require_sound_or_known(study: Path) -> tuple[str, list[str], str] | None:
    """As `require_sound`, but the files of a study that was found sound, and of which nothing has changed, are not read again;
    nor are those of records, ontologies and assays, where the rest has changed.

    The notices that arise are printed, of those that arose then their number. What was checked and those of a check made now,
    for `keep_notices`; None where it was known.
    """
    from groprog_assets.study.check import check_study

    if problems := check_study(study):
        raise StudyError(problems)
    from groprog_assets.intake.omics_preflight import OmicsChecked, check_omics
    from groprog_assets.intake.sound_study import checked, known_notices, omics_checked, omics_known
    from groprog_assets.store.workspace import open_workspace
    from groprog_assets.study.text_tables import count_of

    known = known_notices(open_workspace(study))
    if known is not None:
        if known:
            command = shell_command("groprog", "study", "check", study)
            shown = f"`{command}` shows {'it' if len(known) == 1 else 'them'}"
            ERR.print(f"! {count_of(len(known), 'notice')} as at the last check; {shown}", markup=False)
        return None
    workspace = open_workspace(study)
    before, omics_before = checked(workspace), omics_checked(workspace)
    with gathered_notices() as said:
        omics = OmicsChecked([], []) if omics_known(workspace) else check_omics(workspace.study)
        silent = workspace.study.omics is not None and not said and not omics.problems
        require_sound(study, omics)
    for notice in said:  # the same way as when it arises, so that the run does not say it again
        warnings.showwarning(notice, Notice, "", 0)
    return before, said, omics_before if silent else ""


class FullWords(click.Group):
    """The commands of which no word may be empty: it is what a shell makes of a variable that is not set."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for before, word in zip([self.name or "", *args], args):
            if not word.strip():
                what = before if before.startswith("-") else f"a word after {before!r}"
                raise click.UsageError(f"{what} is empty. Give a value, or leave it out; is a variable not set?", ctx)
            name, equals, value = word.partition("=")
            if name.startswith("--") and equals and not value.strip():
                raise click.UsageError(f"{name} is empty. Give a value, or leave it out; is a variable not set?", ctx)
        return super().parse_args(ctx, args)


class Answering(click.Command):
    """A command that prints problems as text and ends with status 2."""

    def invoke(self, context: click.Context) -> Any:
        return readable(super().invoke)(context)


def answer(value: Value, as_json: bool, text: list[str]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str) if as_json else "\n".join(text))
