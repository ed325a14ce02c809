"""Check that no file of a library is listed twice or copied. Study in, findings out; standard library only."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from groprog_assets.study.finding import Finding
from groprog_assets.study.schema import Study


def equal_files(study: Study) -> Iterator[Finding]:
    """A finding for each file of reads that has the bytes of another. Only files of equal size are read, as far as they agree."""
    by_size: dict[int, list[tuple[tuple[str | int, ...], Path]]] = {}
    for k, library in enumerate(study.libraries):
        for j, mate in enumerate(library.reads):
            _note(by_size, ("libraries", k, "reads", j), mate)
        for name, path in library.single_files().items():
            _note(by_size, ("libraries", k, name), path)
    found: set[tuple[str | int, ...]] = set()
    for files in by_size.values():
        for (first, one), (second, other) in combinations(files, 2):
            if second in found or first in found or not _equal(one, other):
                continue
            found.add(second)
            a, b = (study.libraries[int(at[1])].id for at in (first, second))
            same = "it is the same file" if one.resolve() == other.resolve() else "byte by byte the same"
            if a == b:
                rule = "The files of a library hold different things: two mates, or two strands."
                yield Finding(second, f"{other.name} is {one.name} of {a}: {same}", rule, "Name the other file.")
                continue
            rule = "Each library is a sample of its own. A copy is no replicate and shows no change."
            remedy = f"Name the file of {b}, or remove one of the two libraries."
            yield Finding(second, f"{other.name} of {b} is {one.name} of {a}: {same}", rule, remedy)


def _note(by_size: dict[int, list[tuple[tuple[str | int, ...], Path]]], at: tuple[str | int, ...], path: Path) -> None:
    """The file under its size; what is missing or empty is told elsewhere."""
    if path.is_file() and path.stat().st_size:
        by_size.setdefault(path.stat().st_size, []).append((at, path))


def _equal(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False  # unreadable: told elsewhere
