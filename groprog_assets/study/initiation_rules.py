"""Rules of the study file about initiation regions: the library of the start profile, and the controls of capped libraries.

Study in, findings out. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator

from groprog_assets.study.assays import CAPPED_ASSAYS
from groprog_assets.study.finding import Finding
from groprog_assets.study.schema import Study


def initiation_rules(study: Study) -> Iterator[Finding]:
    """Every rule between libraries and the parameters of initiation that is broken."""
    by_id = {library.id: library for library in study.libraries}
    controls = study.control_libraries
    for k, library in enumerate(study.libraries):
        if library.control is None:
            continue
        at = ("libraries", k, "control")
        if library.assay not in CAPPED_ASSAYS:
            rule = f"A -TAP or input control belongs to a capped assay ({', '.join(CAPPED_ASSAYS)})."
            yield Finding(at, f"{library.control} for {library.assay}", rule, "Remove control, or correct the assay.")
        if library.control not in by_id:
            yield Finding(
                at, library.control, "The control is a library of the list.", f"There are: {', '.join(by_id)}."
            )
        elif library.id in controls:
            rule = "A control has no control of its own, and no library is its own control."
            yield Finding(at, f"{library.id} is a control", rule, "Name the library without TAP, or the input.")
    name = study.parameters.initiation.profile
    where = ("parameters", "initiation", "profile")
    if name is None:
        return
    if name not in by_id:
        yield Finding(where, name, "The start profile is that of a listed library.", f"There are: {', '.join(by_id)}.")
    elif by_id[name].assay in CAPPED_ASSAYS:
        rule = "Capped reads begin at the start and are scored without a profile."
        yield Finding(where, f"{name} is {by_id[name].assay}", rule, "Name a run-on library, or remove it.")
    elif name in study.nascent_libraries.values():
        rule = "Regions are called on the experiment's libraries, not on those of patients."
        yield Finding(where, f"{name} is a patient's", rule, "Name a library of the experiment.")
