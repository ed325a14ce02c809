"""What a dry run tells people: one line for libraries that stand alike, and what was never made."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.definitions import defs
from groprog_assets.running.planning import Step, plan, told_steps
from groprog_assets.running.selection import selected_assets
from groprog_assets.store.workspace import Workspace


def test_a_study_that_was_never_run_says_so_of_every_value(study: Path):
    workspace = Workspace(study)
    steps = plan(workspace, selected_assets(defs, "+pausing"))
    assert {(step.verdict, step.why) for step in steps} == {("compute", "never made")}
    lines = dict(told_steps(steps))
    count = len(workspace.study.libraries)
    assert lines[f"filtered_alignments[{count} libraries]"] == "compute: never made"
    assert lines["pausing"] == "compute: never made"
    assert len(lines) == len({step.asset for step in steps})


def test_libraries_share_a_line_only_where_they_stand_alike():
    steps = [
        Step("alignments", "a", "compute", "files"),
        Step("coverage", "a", "follow", "alignments[a]"),
        *(Step("alignments", name, "keep", "") for name in "bcde"),
        *(Step("coverage", name, "keep", "") for name in "bcde"),
        Step("genes", "", "keep", ""),
    ]
    assert told_steps(steps) == [
        ("alignments[a]", "compute: files"),
        ("coverage[a]", "compute unless as before: alignments[a]"),
        ("alignments[4 libraries]", "keep"),
        ("coverage[4 libraries]", "keep"),
        ("genes", "keep"),
    ]
    changed = [Step("alignments", name, "follow", f"raw_reads[{name}]") for name in "ab"]
    assert told_steps([*changed, Step("alignments", "c", "keep", "")])[0] == (
        "alignments[a, b]",
        "compute unless as before: raw_reads",
    )
