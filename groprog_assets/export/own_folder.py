"""The folder of an export of many files: of its own, so that nothing else is handed on as a part of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from tempfile import TemporaryFile

from groprog_assets.errors import ArtifactError, Problem


def refuse_used_folder(place: Path, results: Path) -> None:
    """ArtifactError for a folder that holds something, lies in the `results` of the study, or cannot be made and written.

    What is made to see whether it can be is removed.
    """
    missing = [path for path in (place, *place.parents) if not os.path.lexists(path)]
    rule = "An export goes into a folder of its own, so that nothing else is taken for a part of it."
    try:
        if Path(os.path.realpath(place)).is_relative_to(results.resolve()):
            seen, remedy = f"it lies in the study's results, {results}", "Name a folder outside."
            raise ArtifactError(Problem(str(place), seen, rule, remedy))
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            seen, remedy = (
                ("it holds something", "Name another folder, or empty it.")
                if place.is_dir()
                else ("a file", "Name a folder that is empty, or not there yet.")
            )
            raise ArtifactError(Problem(str(place), seen, rule, remedy))
        place.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        rule = "An export goes into a folder that can be made and written."
        remedy = "Name another folder, or mend what stands in its way."
        raise ArtifactError(Problem(str(place), error.strerror or str(error), rule, remedy)) from None
    finally:
        for path in missing:
            with contextlib.suppress(OSError):
                path.rmdir()
