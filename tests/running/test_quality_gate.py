"""A library of poor reads is left out of the study where a threshold is set, with the reason, and stays in where none is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from groprog_assets.errors import StudyError
from groprog_assets.graph.specification import LIBRARY_ASSETS
from groprog_assets.store.workspace import Workspace
from tests.trained_study import run


@pytest.mark.parametrize("threshold", [None, 30])
def test_a_library_of_poor_reads_is_left_out_where_a_threshold_is_set(study: Path, threshold: float | None):
    document = yaml.safe_load(study.read_text())
    poor, *others = [library["id"] for library in document["libraries"]]
    reads = "".join(f"@r{number}\n{'ACGT' * 9}\n+\n{'I' * 30 + '5' * 6}\n" for number in range(50))  # Q40, then Q20
    (study.parent / "reads" / "poor.fastq").write_text(reads)
    document["libraries"][0]["reads"] = ["reads/poor.fastq"]
    document.setdefault("parameters", {})["quality"] = {"gate_mean_quality": threshold}
    study.write_text(yaml.safe_dump(document))
    run(study, "read_quality or raw_reads")
    kept, left_out = Workspace(study).eligible_libraries(LIBRARY_ASSETS)
    if threshold is None:
        assert ([library.id for library in kept], left_out) == ([poor, *others], [])
        return
    assert [library.id for library in kept] == others
    (told,) = left_out
    assert told["library"] == poor
    assert "quality_gate: mean quality Q20.0 at cycle 31 of mate 1, threshold of the gate Q30" in told["reason"]


@pytest.mark.parametrize("passes", ["", "an input control", "a patient's own"])
def test_a_condition_without_a_library_is_told_with_its_own_alone(study: Path, passes: str):
    document = yaml.safe_load(study.read_text())
    libraries = document["libraries"]
    treatment = document["contrast"]["treatment"]
    treated = [library["id"] for library in libraries if library["condition"] == treatment]
    other = next(library["id"] for library in libraries if library["condition"] != treatment)
    (study.parent / "reads" / "poor.fastq").write_text(
        "".join(f"@r{k}\n{'ACGT' * 9}\n+\n{'5' * 36}\n" for k in range(50))
    )
    for library in libraries:
        if library["id"] in (*treated, other):
            library["reads"] = ["reads/poor.fastq"]
    if passes:
        sound = {key: value for key, value in libraries[-1].items() if key != "reads"}
        libraries.append({**sound, "id": "sound", "condition": treatment, "replicate": 9})
    if passes == "an input control":
        next(item for item in libraries if item["id"] == treated[0]).update(assay="gro-cap", control="sound")
    if passes == "a patient's own":
        document["cohort"]["nascent_libraries"] = {"P0001": "sound"}
    document.setdefault("parameters", {})["quality"] = {"gate_mean_quality": 30}
    study.write_text(yaml.safe_dump(document))
    with pytest.raises(StudyError) as caught:
        run(study, "read_quality or raw_reads or library_similarity")
    (problem,) = caught.value.problems
    assert problem.where == f"condition {treatment}"
    assert all(f"{name}: " in problem.value for name in treated)
    assert f"{other}: " not in problem.value
