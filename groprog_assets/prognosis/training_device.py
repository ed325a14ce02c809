"""Whether this machine has the device that a study asks for, said before hours of other work. A study in, problems out."""

from __future__ import annotations

from groprog_assets.errors import ModelError, Problem
from groprog_assets.study.schema import Study


def lacking_devices(study: Study) -> list[Problem]:
    """A problem for each device that the study names and torch does not find here. Only models that the study trains count."""
    asked = []
    if study.cohort is not None:
        asked.append(("parameters.training.device", study.parameters.training.device))
    if study.sequence is not None and study.sequence.fits_nets:
        asked.append(("sequence.parameters.nets.device", study.sequence.parameters.nets.device))
    problems = []
    for place, setting in asked:
        if setting != "cuda":
            continue  # torch, which takes seconds to import, is not asked
        from groprog_assets.model.device import device_of

        try:
            device_of(setting)
        except ModelError as error:
            rule = f"{error.problems[0].rule} A run here stops when it comes to train."
            remedy = "Say cpu, or auto for CUDA where there is one; nothing where the run is on another machine, with a card."
            problems.append(Problem(place, setting, rule, remedy))
    return problems
