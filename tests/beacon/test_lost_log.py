"""A desk whose log of questions is gone: not opened with a budget that was spent, and no answer while the log is away."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from groprog_assets.beacon.serving import open_desk
from groprog_assets.cli.main import main
from groprog_assets.errors import ArtifactError
from groprog_assets.lineage.ledger import open_ledger
from groprog_assets.lineage.logged_questions import add_questions
from tests.beacon.asking import asked
from tests.beacon.conftest import Served

LIMBS = "/api/individuals?filters=HP:0000010&requestedGranularity=count"


def test_a_log_that_the_ledger_knows_and_that_is_gone_closes_the_desk_until_it_is_back(portal: Served):
    workspace = portal.workspace
    asked(portal.application, LIMBS)
    portal.answering.desk.log.close()
    with open_ledger(workspace.ledger_path) as ledger:
        assert add_questions(ledger, workspace.state) > 0
    before = portal.log.read_bytes()
    shutil.rmtree(portal.log.parent)
    for arguments in (["query", "--filter", "HP:0000010"], ["table", "--rows", "sex", "--columns", "source"]):
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
