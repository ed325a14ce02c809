"""Who has left: on no page, shown by no two answers before the next run, and named by nothing that stays after it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from groprog_assets.beacon.actors import Actor
from groprog_assets.intake.omics_subjects import DAY_VARIABLE
from groprog_assets.omics_catalog.cohort_query import Cohort
from groprog_assets.store.identities import names
from groprog_assets.store.pseudonyms import study_key, withdrawal_mark
from groprog_assets.store.workspace import Workspace
from tests.beacon.asking import asked
from tests.beacon.conftest import Served

LIMBS = Cohort(terms=(("HP:0000010", True),), purpose="health")


def leaves(workspace: Workspace, name: str) -> None:
    """What a withdrawal leaves until the next run: the mark of who has withdrawn."""
    mark = withdrawal_mark(names(workspace.state)[name], study_key(workspace.state))
    folder = workspace.snapshots.root / "withdrawals"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"marks": [mark], "erased": None}))


def looks_again(portal: Served) -> None:
    portal.answering.desk._looked = -10.0


def test_the_page_of_a_case_goes_with_its_subject(portal: Served):
    steward = portal.bearer("steward")
    subject = names(portal.workspace.state)["case-0"]
    pages = ("/case/limbs", f"/subject/{subject}")
    assert [asked(portal.application, page, authorization=steward).status for page in pages] == [200, 200]
    leaves(portal.workspace, "case-1")
    looks_again(portal)
    assert [asked(portal.application, page, authorization=steward).status for page in pages] == [200, 200]
    leaves(portal.workspace, "case-0")
    looks_again(portal)
    assert [asked(portal.application, page, authorization=steward).status for page in pages] == [404, 404]


def test_noise_is_drawn_anew_when_somebody_leaves(portal: Served):
    desk, ada = portal.answering.desk, Actor("ada", "registered")
    before, first = desk.held(), desk.ask(ada, "test", LIMBS)
    assert desk.ask(ada, "test", LIMBS).epsilon == 0
    leaves(portal.workspace, "case-1")
    looks_again(portal)
    after = desk.held()
    assert after.catalog.count(LIMBS) == before.catalog.count(LIMBS) - 1
    for secret in ("secret", "samples_secret", "carriers_secret"):
        assert getattr(after, secret).data != getattr(before, secret).data, "the same noise would show who has left"
    assert desk.ask(ada, "test", LIMBS).epsilon == first.epsilon, "another answer, so it is paid"
    looks_again(portal)
    assert desk.held().secret == after.secret
    assert desk.ask(ada, "test", LIMBS).epsilon == 0


def test_a_day_alone_changes_no_noise_and_the_end_of_a_consent_does(portal: Served, monkeypatch: pytest.MonkeyPatch):
    desk = portal.answering.desk
    before = desk.held()
    monkeypatch.setenv(DAY_VARIABLE, date(2999, 1, 1).isoformat())
    looks_again(portal)
    assert desk.held() is not before
    assert desk.held().secret == before.secret, "a day changes the answer to nothing, so asking daily averages nothing"
    monkeypatch.setenv(DAY_VARIABLE, date(2023, 1, 1).isoformat())
    looks_again(portal)
    assert desk.held().catalog.count(LIMBS) == 0, "no consent was granted yet"
    assert desk.held().secret.data != before.secret.data


def test_no_name_can_be_tried_on_the_log(portal: Served):
    desk = portal.answering.desk
    leaves(portal.workspace, "case-1")
    looks_again(portal)
    desk.ask(Actor("ada", "registered"), "test", LIMBS)
    log = Path(portal.log).read_text()
    assert names(portal.workspace.state)["case-1"] not in log


def test_a_case_is_named_in_no_derivation_which_stays_when_its_subject_leaves(portal: Served):
    derivations = portal.workspace.derivations
    record = derivations.current_record("case_studies", "")
    assert record is not None
    assert record["study"]["omics.cases"][0]["packet"].startswith("o-"), "a mark"
    assert not [digest for digest in derivations.all() if '"case-0"' in json.dumps(derivations.read(digest))]
