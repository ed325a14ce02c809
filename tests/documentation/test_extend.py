"""The examples of docs/extend.md do what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pysam
import yaml

from groprog_assets.graph.derive import derive
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.check import check_study, load_study
from tests.trained_study import copied

PAGE = (Path(__file__).parents[2] / "docs" / "extend.md").read_text(encoding="utf-8")
CLINICAL = "groprog_assets.assets.cohort.clinical_records"
"""A module beside which the example would stand; the code version of an asset is found by the name of its module."""


OWN = ("clinical", "expression", "fields", "endpoint")
"""What of an entry depends on the tables that are there."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def test_the_asset_of_the_page_is_computed_once_and_says_what_it_found(twice_run: Path, tmp_path: Path):
    workspace = Workspace(copied(twice_run, tmp_path / "study"))
    (code,) = blocks("python")
    known = dict(SPECIFICATIONS)
    try:
        names = {"__name__": CLINICAL}
        exec(compile(code, "extend.md", "exec", dont_inherit=True), names)
        made = SPECIFICATIONS["follow_up"]
        readings = {"clinical_records": read_asset(workspace, "clinical_records")}
        digest, record, reused = derive(workspace, made, "", readings, print)
        outcomes = readings["clinical_records"].value()["outcomes"]
        expected = float(outcomes["time"][~outcomes["event"]].median())
        assert record["headline"]["median_months"] == expected > 0
        (verdict,) = record["verdicts"]
        assert (verdict["name"], verdict["passed"]) == ("median_follow_up", expected >= 60)
        assert not reused
        assert derive(workspace, made, "", readings, print)[0] == digest
    finally:
        SPECIFICATIONS.clear()
        SPECIFICATIONS.update(known)


def test_the_entries_of_the_page_are_those_of_a_study_file(study: Path):
    document = yaml.safe_load(study.read_text())
    library, cohort = (yaml.safe_load(text) for text in blocks("yaml"))
    last = document["libraries"][-1]
    other = study.parent / "reads" / "treated_3.bam"
    theirs = pysam.AlignmentFile(study.parent / last["alignments"])
    with theirs, pysam.AlignmentFile(other, "wb", header=theirs.header) as mine:
        for read in list(theirs)[1:]:
            mine.write(read)
    added = {**library["libraries"][0], "assay": "gro-seq"}
    entry = cohort["validation"][0]
    assert entry.keys() <= document["validation"][0].keys() | {"shared_patients"}
    renamed = {key: value for key, value in document["validation"][0].items() if key in OWN}
    written = {**document, "libraries": [*document["libraries"], added], "validation": [{**entry, **renamed}]}
    study.write_text(yaml.safe_dump(written))
    assert check_study(study) == []
    loaded = load_study(study)
    assert loaded.libraries[-1].id == "treated_3"
    assert loaded.validation[0].name == "other_centre"
