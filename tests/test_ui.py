"""The UI as a person uses it: a real server and a real browser, an asset materialized by a click, and what is then seen.

Screenshots go to the folder GROPROG_SCREENSHOTS where it is set (`make screenshots`), of the study GROPROG_UI_STUDY when it names
one that was run.
"""

from __future__ import annotations

import os
import re
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from groprog_assets.store.workspace import Workspace
from tests.browser import page
from tests.cli.test_dev import Served, graphql
from tests.trained_study import copied, run

__all__ = ["page"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("GROPROG_UI_STUDY")
    if named:
        return Path(named).resolve()
    path = copied(written, tmp_path_factory.mktemp("ui") / "study")
    run(path, "+cohort")
    return path


def ended_run(port: int) -> dict[str, Any]:
    """The newest run that the UI launched, once it has ended."""
    query = "{runsOrError(limit: 1){... on Runs{results{runId status pipelineName tags{key value}}}}}"
    for _ in range(240):
        (newest,) = graphql(port, query)["runsOrError"]["results"]
        if newest["pipelineName"] == "__ASSET_JOB" and newest["status"] in ("SUCCESS", "FAILURE", "CANCELED"):
            return newest
        time.sleep(0.5)
    raise AssertionError(f"no run of the UI ended: {newest}")


def shot(page: Any, name: str) -> None:
    folder = os.environ.get("GROPROG_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(2500)  # pictures fade in
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def patients_of(study: Path) -> list[str]:
    text = Workspace(study).study.cohort.clinical.read_text()
    return [line.split("\t")[0] for line in text.splitlines()[1:] if line]


def test_an_asset_is_materialized_by_a_click_and_its_result_is_seen(study: Path, page: Any):
    def text() -> str:
        return page.inner_text("body")

    with Served(study, "--user", "ada") as served:
        home = f"http://127.0.0.1:{served.port}"
        page.goto(f"{home}/assets/cohort?view=overview")
        page.locator('button:has-text("Materialize")').first.click()
        launched = ended_run(served.port)
        assert launched["status"] == "SUCCESS"
        assert {"key": "groprog/actor", "value": "ada"} in launched["tags"]
        page.goto(f"{home}/runs/{launched['runId']}")
        page.wait_for_selector("text=Success")

        page.goto(f"{home}/assets/cohort?view=overview")
        page.wait_for_selector("text=has_nascent")
        page.wait_for_selector("text=groprog/sha256")
        seen = text()
        for expected in ("Parquet", "groprog", "cohort_job", "Freshness policy", "Patients with a usable outcome"):
            assert expected in seen
        assert "patient is in the expression matrix" in seen, "columns carry their meaning"
        shot(page, "ui_columns")
        picture = page.wait_for_selector('img[src^="/plots/"]')
        page.wait_for_function("() => document.querySelector('img[src^=\"/plots/\"]').naturalWidth > 200")
        picture.scroll_into_view_if_needed()
        shot(page, "ui_plot")

        page.goto(f"{home}/assets/cohort?view=checks")
        page.wait_for_selector("text=enough_events")
        page.wait_for_selector("text=The cohort has at least the minimum number of events.")
        assert "schema" in text()
        shot(page, "ui_checks")

        page.goto(f"{home}/assets/cohort?view=overview")
        link = page.wait_for_selector('a[href$="/cohort.html"]')
        address = link.get_attribute("href")
        page.goto(address)
        page.wait_for_selector("text=Made from, read by")
        record = Workspace(study).derivations.current_record("cohort")
        assert record is not None
        assert record["output"]["sha256"] in text()
        shot(page, "ui_ledger")

        page.goto(f"{home}/asset-groups")
        page.wait_for_selector("text=cohort")
        if os.environ.get("GROPROG_SCREENSHOTS"):
            page.goto(f"{home}/locations/groprog_assets.definitions/asset-groups/model")
            page.wait_for_selector("text=risk_model")
            shot(page, "ui_model_group")
        page.goto(f"{home}/jobs")
        page.wait_for_selector("text=library_job")

        dumped = urllib.request.urlopen(address, timeout=60).read().decode()
        for patient in patients_of(study):
            assert patient not in dumped


def test_what_the_command_line_ran_is_on_the_first_pages(study: Path, page: Any):
    def text() -> str:
        return page.inner_text("body")

    with Served(study) as served:
        home = f"http://127.0.0.1:{served.port}"
        page.goto(home)
        page.wait_for_selector("text=Global asset lineage")
        page.wait_for_selector("text=cohort")
        assert page.url == f"{home}/asset-groups"
        shot(page, "ui_graph")

        page.goto(f"{home}/overview/activity/timeline")
        page.wait_for_selector("text=groprog_assets.definitions")
        page.wait_for_selector('a[href*="/jobs/study_job"]')
        shot(page, "ui_timeline")
        page.goto(f"{home}/runs?q[0]=tag%3Agroprog%2Fcommand%3Drun")
        page.wait_for_selector("text=study_job")
        shot(page, "ui_runs")
        page.goto(f"{home}/locations/groprog_assets.definitions/jobs/study_job/runs")
        page.wait_for_selector("text=Success")

        page.goto(f"http://127.0.0.1:{served.port + 1}/#runs")
        page.wait_for_selector("text=Runs, newest first")
        assert "groprog run" in text()
        shot(page, "ui_ledger_runs")
        served.process.send_signal(signal.SIGINT)
        said = served.process.communicate(timeout=60)[0].decode().splitlines()
    assert len(said) == 1, "nothing is printed but the addresses"
    assert said[0].startswith(f"{home} in about")


def test_read_only_shows_and_does_not_launch(study: Path, page: Any):
    with Served(study, "--read-only") as served:
        page.goto(f"http://127.0.0.1:{served.port}/assets/cohort?view=overview")
        page.wait_for_selector("text=has_nascent")
        button = page.locator('button:has-text("Materialize")').first
        assert button.count() == 0 or not button.is_enabled()
        link = page.wait_for_selector('a[href$="/cohort.html"]')
        page.goto(link.get_attribute("href"))
        page.wait_for_selector("text=Made from, read by")
        assert re.search(r"[0-9a-f]{64}", page.inner_text("body"))


@pytest.mark.parametrize("mode", [(), ("--read-only",)])
def test_the_graph_is_drawn_and_the_content_policy_is_kept(study: Path, page: Any, mode: tuple[str, ...]):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with Served(study, *mode) as served:
        home = f"http://127.0.0.1:{served.port}"
        for path, shown in (
            ("asset-groups", "cohort"),
            ("locations/groprog_assets.definitions/asset-groups/cohort", "clinical_records"),
            ("assets/cohort?view=overview", "has_nascent"),
            ("runs", "Runs"),
            ("graphql", "query"),
        ):
            page.goto(f"{home}/{path}")
            page.wait_for_selector(f"text={shown}")
            page.wait_for_timeout(1500)
        address = f"http://127.0.0.1:{served.port + 1}/"
        page.goto(address)
    broken = [text for text in said if "Content Security Policy" in text or "Refused to" in text]
    assert not broken
