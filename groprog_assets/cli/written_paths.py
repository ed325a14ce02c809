"""Files and folders that a command writes where the user says: never over what study or command reads, nor into the state.

An option that names such a place has the type WRITTEN, by which the places are found before any command does its work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from groprog_assets.errors import GroProgError, Problem, StudyError


class _Written(click.Path):
    """A path that a command writes."""


WRITTEN = _Written(path_type=Path)
"""The type of an option that names a file or folder to write."""
WRITTEN_OR_DASH = _Written(path_type=Path, allow_dash=True)
"""As WRITTEN; "-" is the terminal."""


def refuse_inputs_as_outputs(context: click.Context) -> None:
    """StudyError for each option of type WRITTEN that is an input, or lies where the study keeps its state."""
    outputs: list[tuple[str, Path]] = []
    inputs: list[tuple[str, Path]] = []
    for parameter in context.command.params:
        places = [(_called(parameter), path) for path in _paths(context.params.get(parameter.name or ""))]
        if isinstance(parameter.type, _Written):
            outputs += [(name, path) for name, path in places if str(path) != "-"]
        else:
            inputs += [(name, path.resolve()) for name, path in places]
    if outputs:
        refuse_writing(outputs, inputs, context.params.get("study"))


def refuse_writing(outputs: Sequence[tuple[str, Path]], inputs: Sequence[tuple[str, Path]], study: Path | None) -> None:
    """StudyError for each of `outputs` (option, path) that is one of `inputs`, lies in one, or is of the study at `study`."""
    read, kept, results = list(inputs), [], None
    if study is not None and study.is_file():
        from groprog_assets.study.check import load_study
        from groprog_assets.study.places import kept_folders, study_inputs

        try:
            loaded = load_study(study)
        except GroProgError:  # told by the command itself
            return
        read += study_inputs(loaded, study)
        kept = kept_folders(loaded, study)
        results = loaded.results.resolve()
    problems = []
    seen: dict[Path, str] = {}
    for option, path in outputs:
        place = Path(os.path.realpath(path))
        if place in seen:
            problems.append(Problem(option, str(path), f"It is the file of {seen[place]} too.", "Name another file."))
        seen[place] = option
        if (refused := _why_not(place, read, kept, results)) is not None:
            problems.append(Problem(option, str(path), *refused))
    if problems:
        raise StudyError(problems)


def _why_not(
    place: Path, read: Sequence[tuple[str, Path]], kept: Sequence[tuple[str, Path]], results: Path | None
) -> tuple[str, str] | None:
    # (rule, remedy) of a place where nothing may be written, None of any other
    for name, other in read:
        if place == other or (other.is_dir() and place.is_relative_to(other) and os.path.exists(place)):
            return f"It is read by this command ({name}); writing would destroy it.", "Name another file."
    for name, other in kept:
        if place.is_relative_to(other):
            return f"It lies in {other} ({name}), which the study keeps itself.", "Name a place outside."
    if results is not None and os.path.isfile(place) and place.is_relative_to(results):
        rule = f"It is a file of the study's results in {results}, which `groprog lineage verify` compares."
        return rule, "Name another file."
    return None


def _called(parameter: click.Parameter) -> str:
    return max(parameter.opts, key=len) if isinstance(parameter, click.Option) else parameter.human_readable_name


def _paths(value: Any) -> Iterator[Path]:
    """The paths in the value of a parameter, which may be one, several, or (name, path) pairs."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _paths(item)
