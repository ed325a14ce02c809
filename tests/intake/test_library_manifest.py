"""New libraries by the inbox: a manifest and its files, judged whole, waited for, moved once."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from groprog_assets.intake import inbox
from groprog_assets.intake.inbox import sort_inbox
from groprog_assets.store.artifacts import digest_file
from groprog_assets.store.workspace import Workspace, open_workspace
from tests.alignment_files import another_library
from tests.trained_study import with_inbox


@pytest.fixture
def workspace(study: Path) -> Workspace:
    return open_workspace(with_inbox(study))


def send(workspace: Workspace, name: str = "treated_3", file: bool = True, **changes: Any) -> Path:
    """A manifest of one library, its BAM (most reads of treated_1) beside it; its path. sha256="own": that of the BAM."""
    folder = workspace.folder / "inbox"
    bam = folder / f"{name}.bam"
    if file:
        another_library(workspace.folder / "reads" / "treated_1.bam", bam)
    if changes.get("sha256") == "own":
        changes["sha256"] = digest_file(bam)
    row = {"id": name, "condition": "treated", "replicate": "3", "alignments": bam.name, "operator": "eve", **changes}
    path = folder / f"{name}.libraries.tsv"
    pd.DataFrame([row]).to_csv(path, sep="\t", index=False)
    return path


def verdicts(workspace: Workspace) -> list[str]:
    return [item.verdict for item in sort_inbox(open_workspace(workspace.path), 0)]


def problems(workspace: Workspace) -> str:
    folder = workspace.folder / "inbox" / "quarantine"
    return "\n".join(path.read_text() for path in folder.glob("*.problems.txt"))


def test_an_accepted_library_is_the_studys_with_its_record_and_its_file_read_only(workspace: Workspace):
    send(workspace, sha256="own")
    assert verdicts(workspace) == ["accepted"]
    again = open_workspace(workspace.path)
    library = again.library("treated_3")
    assert library.metadata == {"operator": "eve"}
    assert library.alignments is not None
    assert library.alignments.stat().st_mode & 0o222 == 0
    assert library.alignments.is_relative_to(workspace.folder / "inbox" / "accepted")
    assert again.source_files(("library.alignments",), "treated_3")[0]["path"].startswith("inbox/accepted/treated_3-")
    assert not (workspace.folder / "inbox" / "treated_3.bam").exists()
    assert "treated_3" not in workspace.path.read_text(), "the study file is the user's"
    moved = workspace.folder.rename(workspace.folder.with_name("elsewhere"))
    assert Workspace(moved / "study.yaml").library("treated_3").alignments.is_file(), "a moved study is the same study"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "treated_1"}, "'treated_1' stands twice"),
        ({"id": "../x"}, "id '../x'"),
        ({"condition": "treatd"}, "condition 'treatd'. Conditions of the study are control, treated"),
        ({"replicate": "1"}, "treated replicate 1 stands 2 times"),
        ({"replicate": "one"}, "replicate 'one'"),
        ({"alignments": "../reads/treated_1.bam"}, "without a folder"),
        ({"alignments": ""}, "neither reads nor alignments"),
        ({"sha256": "0" * 64}, "The manifest says 000000000000"),
        ({"sha256": "0;1"}, "2 digests for 1 file."),
        ({"assay": "rna-seq"}, "assay 'rna-seq'"),
    ],
)
def test_a_bad_row_sets_the_manifest_aside_and_leaves_the_file(
    workspace: Workspace, changes: dict[str, str], said: str
):
    send(workspace, **changes)
    assert verdicts(workspace) == ["quarantine"]
    assert said in problems(workspace)
    assert (workspace.folder / "inbox" / "treated_3.bam").is_file()
    assert len(open_workspace(workspace.path).study.libraries) == 4


def test_a_file_cut_off_or_of_another_assembly_is_named(workspace: Workspace):
    import pysam

    path = send(workspace)
    bam = path.with_name("treated_3.bam")
    bam.write_bytes(bam.read_bytes()[:-100])
    assert verdicts(workspace) == ["quarantine"]
    assert "the file is truncated" in problems(workspace)
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "elsewhere", "LN": 1000}]}
    with pysam.AlignmentFile(str(bam), "wb", header=header):
        pass
    send(workspace, file=False, note="again")
    assert verdicts(workspace) == ["quarantine"]
    assert "elsewhere" in problems(workspace) or "no chromosome" in problems(workspace)


def test_a_link_is_no_delivery(workspace: Workspace, tmp_path: Path):
    path = send(workspace, file=False)
    target = workspace.folder / "reads" / "treated_1.bam"
    before = target.stat().st_mode
    path.with_name("treated_3.bam").symlink_to(target)
    assert verdicts(workspace) == ["quarantine"]
    assert "treated_3.bam is a link" in problems(workspace)
    assert target.stat().st_mode == before
    (tmp_path / "elsewhere.tsv").write_text("a\n")
    path.with_name("linked.tsv").symlink_to(tmp_path / "elsewhere.tsv")
    assert verdicts(workspace) == []


def test_a_manifest_waits_for_its_files_a_day_at_most(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    path = send(workspace, file=False)
    assert verdicts(workspace) == []
    assert path.is_file()
    another_library(workspace.folder / "reads" / "treated_1.bam", path.with_name("treated_3.bam"))
    assert [item.verdict for item in sort_inbox(open_workspace(workspace.path), 60)] == [], "still being copied"
    assert verdicts(workspace) == ["accepted"]
    send(workspace, "treated_4", file=False, replicate="4")
    monkeypatch.setattr(inbox, "PATIENCE_SECONDS", -1)
    assert verdicts(workspace) == ["quarantine"]
    assert "treated_4.bam did not arrive" in problems(workspace)


def test_an_acceptance_that_was_cut_short_is_taken_up_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    send(workspace)
    told: list[str] = []

    class Told:
        """Decisions in a list; the first ends the process."""

        def record(self, delivery: Any, actor: str) -> None:
            told.append(f"{delivery.verdict} by {actor}")
            if len(told) == 1:
                raise KeyboardInterrupt

        def has(self, delivery: Any, since: float) -> bool:
            return bool(told)

    with pytest.raises(KeyboardInterrupt):
        sort_inbox(open_workspace(workspace.path), 0, Told(), "eve")
    assert (workspace.folder / "inbox" / "treated_3.libraries.tsv").is_file()
    time.sleep(0.01)
    found = sort_inbox(open_workspace(workspace.path), 0, Told(), "the sensor")
    assert [item.verdict for item in found] == ["accepted"]
    assert told == ["accepted by eve"], "told once, by whom it was decided"
    again = open_workspace(workspace.path)
    assert [library.id for library in again.study.libraries].count("treated_3") == 1
    assert again.library("treated_3").alignments.is_file()


def test_a_table_and_a_library_build_on_each_other(workspace: Workspace):
    send(workspace)
    table = pd.read_csv(workspace.folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)
    path = workspace.folder / "inbox" / "later.tsv"
    table.iloc[:-1].to_csv(path, sep="\t", index=False)
    os.utime(path, (1, 1))
    assert verdicts(workspace) == ["accepted", "accepted"]
    again = open_workspace(workspace.path)
    chain = again.snapshots.chain()
    assert len(chain) == 2
    assert chain[0][1].before == chain[1][0]
    assert again.library("treated_3")
    assert again.study.cohort.clinical.name == chain[0][1].clinical
    place = again.snapshots.root / "snapshots"
    assert all(item.stat().st_mode & 0o222 == 0 for item in [*place.iterdir(), *again.snapshots.tables.iterdir()])


def test_a_copy_of_a_library_of_the_study_is_refused(workspace: Workspace):
    path = send(workspace, file=False)
    shutil.copyfile(workspace.folder / "reads" / "treated_1.bam", path.with_name("treated_3.bam"))
    assert verdicts(workspace) == ["quarantine"]
    assert "treated_3.bam of treated_3 is treated_1.bam of treated_1: byte by byte the same" in problems(workspace)
