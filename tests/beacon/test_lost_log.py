"""A desk whose log of questions is gone: not opened with a budget that was spent, and no answer while the log is away."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from groprog_assets.beacon.serving import open_desk
from groprog_assets.cli.main import main
from groprog_assets.errors import ArtifactError
from groprog_assets.lineage.ledger import open_ledger
from tests.beacon.asking import asked
from tests.beacon.conftest import Served

LIMBS = "/api/individuals?filters=HP:0000010&requestedGranularity=count"


def test_a_log_that_the_ledger_knows_and_that_is_gone_closes_the_desk_until_it_is_back(portal: Served):
    workspace = portal.workspace
    asked(portal.application, LIMBS)
    portal.answering.desk.log.close()
    with open_ledger(workspace.ledger_path) as ledger:
        (kept,) = ledger.execute("SELECT sha256 FROM data_queries WHERE log = 'log.jsonl'").fetchall()[-1]
    assert kept == portal.lines()[-1]["sha256"], "an answer stands in the ledger before it is given"
    before = portal.log.read_bytes()
    shutil.rmtree(portal.log.parent)
    for arguments in (
        *(["query", "--filter", "HP:0000010"], ["table", "--rows", "sex", "--columns", "source"]),
        *(["queries"], ["queries", "--seal"]),
    ):
        done = CliRunner().invoke(main, ["omics", arguments[0], str(workspace.path), *arguments[1:]])
        assert done.exit_code == 2
        assert "lines that the ledger has are gone" in " ".join(done.output.split())
    with pytest.raises(ArtifactError, match="--restore"):
        open_desk(workspace)
    assert not portal.log.exists()
    done = CliRunner().invoke(main, ["omics", "queries", str(workspace.path), "--restore"])
    assert done.exit_code == 0, done.output
    assert portal.log.read_bytes() == before
    desk, _ = open_desk(workspace)
    desk.log.close()
    assert desk.budgets.spent("public") == pytest.approx(0.2)


@pytest.mark.parametrize("way", ["removed", "replaced", "cut"])
def test_a_server_whose_log_was_taken_away_answers_nothing(portal: Served, way: str):
    assert asked(portal.application, LIMBS).status == 200
    if way == "cut":
        portal.log.write_bytes(b"")
    else:
        portal.log.unlink()
    if way == "replaced":
        portal.log.write_bytes(b"")
    assert asked(portal.application, LIMBS).status == 503


def test_a_log_that_was_cut_in_its_middle_is_mended_as_the_error_says(portal: Served):
    for name in ("HP:0000010", "HP:0000020", "HP:0000910"):
        asked(portal.application, LIMBS.replace("HP:0000010", name))
    portal.answering.desk.log.close()
    study, before = str(portal.workspace.path), portal.log.read_bytes()
    lines = before.splitlines(keepends=True)
    portal.log.write_bytes(b"".join([lines[0], *lines[2:]]))
    done = CliRunner().invoke(main, ["omics", "query", study, "--filter", "HP:0000010"])
    told = " ".join(done.output.split())
    assert done.exit_code == 2
    assert "log.jsonl:2: altered, or lines before it are gone" in told
    assert "move it aside: `groprog omics queries STUDY --restore` then writes back the 3 lines" in told
    assert CliRunner().invoke(main, ["omics", "queries", study, "--restore"]).exit_code == 2, "it is still there"
    portal.log.rename(portal.log.with_suffix(".aside"))
    assert CliRunner().invoke(main, ["omics", "queries", study, "--restore"]).exit_code == 0
    assert portal.log.read_bytes() == before


def test_an_answer_that_the_ledger_cannot_take_is_not_given(portal: Served):
    assert asked(portal.application, LIMBS).status == 200
    away = portal.workspace.ledger_path.rename(portal.workspace.ledger_path.with_suffix(".away"))
    assert asked(portal.application, LIMBS).status == 503
    away.rename(portal.workspace.ledger_path)
    assert asked(portal.application, LIMBS).status == 200, "lines that were kept out follow"
    with open_ledger(portal.workspace.ledger_path) as ledger:
        rows = ledger.execute("SELECT sha256 FROM data_queries WHERE log = 'log.jsonl' ORDER BY rowid").fetchall()
    assert [row for (row,) in rows] == [line["sha256"] for line in portal.lines()]
