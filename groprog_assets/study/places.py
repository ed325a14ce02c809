"""Folders that runs write to, and the inputs: none may hold, be or lie in the other.

Study in, findings out; standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from groprog_assets.study.finding import Finding
from groprog_assets.study.rules import named_files
from groprog_assets.study.schema import Study

STATE = ".groprog"
"""The folder beside the study file where a study keeps its state."""
Location = tuple[str | int, ...]


def place_findings(study: Study, path: Path) -> Iterator[Finding]:
    """A finding for each folder that overlaps an input or another such folder. Links are followed; paths are absolute.

    path: the study file. A run replaces and removes what is in its results, moves what is in the inbox, and erases in the store.
    """
    home = _real(path.parent)
    inputs = study_inputs(study, path)
    written: list[tuple[Location, Path]] = [(("results",), _real(study.results)), *_kept(study)]
    rule = "Runs replace and erase files in this folder: it holds no input, lies in none, and serves nothing else."
    for k, (at, place) in enumerate(written):
        state = home / STATE
        others = [*inputs, *((_dotted(name), other) for name, other in written[:k])]
        others += (
            [] if at == ("compute", "store") and place != state and place.is_relative_to(state) else [(STATE, state)]
        )
        for name, other in others:
            if other.is_relative_to(place) or (place.is_relative_to(other) and other != home):
                how = "is" if other == place else "contains" if other.is_relative_to(place) else "lies in"
                yield Finding(at, f"{place} {how} {name} ({other})", rule, "Name a folder of its own.")
                break


def study_inputs(study: Study, path: Path) -> list[tuple[str, Path]]:
    """(name, absolute path with links followed) of the study file at `path` and of each file and folder that it reads."""
    inputs = [("the study file", _real(path)), *((_dotted(at), _real(file)) for at, file in named_files(study))]
    if study.cohort is not None and study.cohort.clinical.is_dir():
        inputs.append(("cohort.clinical", _real(study.cohort.clinical)))
    if study.libraries and study.genome.bowtie2_index is not None:
        inputs.append(("genome.bowtie2_index", _real(study.genome.bowtie2_index)))
    return inputs


def kept_folders(study: Study, path: Path) -> list[tuple[str, Path]]:
    """(name, absolute path with links followed) of the folders where the study at `path` keeps its state, store and inbox."""
    return [(STATE, _real(path.parent) / STATE), *((_dotted(at), place) for at, place in _kept(study))]


def _kept(study: Study) -> Iterator[tuple[Location, Path]]:
    if study.cohort is not None and study.cohort.inbox is not None:
        yield ("cohort", "inbox"), _real(study.cohort.inbox)
    if isinstance(study.compute.store, Path):
        yield ("compute", "store"), _real(study.compute.store)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _dotted(at: Location) -> str:
    return ".".join(map(str, at))
