"""The server: envelopes, roles, limits, consent before counting, and no answer without a line in the log."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest

from groprog_assets.beacon import two_way_tables
from groprog_assets.cli.main import main
from groprog_assets.errors import ArtifactError, CohortError, Notice, Problem
from groprog_assets.lineage.ledger import open_ledger
from groprog_assets.store.identities import names
from groprog_assets.store.pseudonyms import study_key, withdrawal_mark
from groprog_assets.store.query_log import QueryLog, checked_rows, read_log
from tests.beacon.asking import HOST, asked
from tests.beacon.conftest import Served

LIMBS = "/api/individuals?filters=HP:0000010&requestedGranularity=count"
OWN = f"http://{HOST}"


def test_what_the_server_is(portal: Served):
    for name in ("", "/info", "/service-info", "/configuration", "/map", "/entry_types", "/datasets", "/cohorts"):
        answer = asked(portal.application, f"/api{name}")
        assert answer.status == 200, name
        assert "groprog.rare" in answer.text
    assert asked(portal.application, "/api/info").document["meta"]["apiVersion"] == "v2.0.0"
    assert len(portal.lines()) == 9


def test_a_count_has_its_envelope_and_the_same_question_the_same_answer(portal: Served):
    answer = asked(portal.application, LIMBS).document
    meta = answer["meta"]
    assert meta["returnedGranularity"] == "count"
    assert meta["receivedRequestSummary"]["filters"] == ["HP:0000010"]
    assert meta["snapshot"] == portal.answering.desk.held().snapshot
    assert answer["responseSummary"]["exists"] is True
    number = answer["responseSummary"]["numTotalResults"]
    assert number % 5 == 0
    assert abs(number - 47) < 40, "two thirds of those who allow it without a purpose"
    same = [
        "/api/individuals?filters=HP:0000910,HP:0000118&requestedGranularity=count",  # an alias; an ancestor of it
        "/api/individuals?filters=HP:0000010&filters=HP:0000010&requestedGranularity=count",
    ]
    for address in same:
        again = asked(portal.application, address).document
        assert again["responseSummary"] == answer["responseSummary"]
        assert again["info"]["epsilonSpent"] == 0
    body = {"query": {"filters": [{"id": "HP:0000010"}], "requestedGranularity": "record"}}
    posted = asked(
        portal.application, "/api/individuals", "POST", json.dumps(body).encode(), content_type="application/json"
    ).document
    assert posted["meta"]["returnedGranularity"] == "count", "records are not served"
    assert posted["responseSummary"] == answer["responseSummary"]
    boolean = asked(portal.application, "/api/individuals?filters=HP:0000010").document
    assert boolean["responseSummary"] == {"exists": True}


def test_consent_is_asked_before_counting(portal: Served):
    desk = portal.answering.desk
    from groprog_assets.omics_catalog.cohort_query import Cohort

    count = desk.held().catalog.count
    assert count(Cohort()) == 70
    assert count(Cohort(purpose="health")) == 140
    assert count(Cohort(purpose="ancestry")) == 70
    assert count(Cohort(purpose="disease", studied=("MONDO:0000001",))) == 140


def test_who_has_withdrawn_is_not_counted_before_the_next_run(portal: Served):
    from groprog_assets.omics_catalog.cohort_query import Cohort

    workspace = portal.workspace
    subject = names(workspace.state)["case-1"]
    mark = withdrawal_mark(subject, study_key(workspace.state))
    folder = workspace.snapshots.root / "withdrawals"
    folder.mkdir(parents=True)
    (folder / "one.json").write_text(json.dumps({"marks": [mark], "erased": None}))
    portal.answering.desk._looked = -10.0
    assert portal.answering.desk.held().catalog.count(Cohort(purpose="health")) == 139


def test_what_is_rare_is_unknown_and_the_nearest_listed_is_offered(portal: Served):
    rare = asked(portal.application, "/api/individuals?filters=HP:0000012")
    nobody = asked(portal.application, "/api/individuals?filters=HP:0777777")
    assert rare.status == nobody.status == 400
    assert "no filtering term here" in rare.document["error"]["errorMessage"]
    assert "nearest listed term is HP:0000011" in rare.document["error"]["errorMessage"]
    assert "no filtering term here" in nobody.document["error"]["errorMessage"]
    listed = asked(portal.application, "/api/filtering_terms").document["response"]["filteringTerms"]
    ids = {item["id"] for item in listed}
    assert {"HP:0000011", "HP:0000010", "MONDO:0000001", "sex", "age"} <= ids
    assert "HP:0000012" not in ids


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/api/individuals?filters=HP:0000010&colour=red", "'colour' is no part"),
        ("/api/individuals?requestedGranularity=all", "one of boolean, count, record"),
        ("/api/individuals?filters=age>=4.5", "whole years"),
        ("/api/individuals?filters=sex=blue", "one of female"),
        ("/api/individuals?purpose=fun", "purpose is one of"),
        ("/api/individuals?purpose=disease", "studied names MONDO"),
        ("/api/individuals?testMode=true", "testMode"),
        ("/api/individuals/p-0123456789abcdef", "Single records"),
        ("/api/g_variants?start=5", "A place needs"),
        ("/api/g_variants?assemblyId=GRCh38&referenceName=X&start=5&end=5", "start lies before end"),
        ("/api/g_variants?geneId=X&assemblyId=GRCh12", "GRCh38 or GRCh37"),
        ("/api/g_variants?geneId=X&filters=HP:0000010", "takes no filters"),
        ("/api/filtering_terms?limit=-1", "whole numbers"),
        ("/api/individuals?filters=" + ",".join(f"HP:{k:07d}" for k in range(21)), "at most 20 filters"),
    ],
)
def test_what_is_not_understood_is_named(portal: Served, address: str, text: str):
    answer = asked(portal.application, address)
    assert answer.status == 400
    assert text in answer.document["error"]["errorMessage"]
    assert answer.document["error"]["errorCode"] == 400
    assert portal.lines()[-1]["outcome"] == "refused"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"filters": [{"id": "HP:0000010", "similarity": "high"}]}, "similarity"),
        ({"filters": [{"id": "HP:0000010", "value": "3"}]}, "no operator"),
        ({"filters": "HP:0000010"}, "filters is a list"),
        ({"filters": [7]}, "JSON object"),
        ({"handovers": True}, "'handovers' is no part"),
        ({"requestParameters": {"includeHandovers": True}}, "no part"),
        ([], "JSON object"),
    ],
)
def test_bodies_that_are_not_understood(portal: Served, query: Any, text: str):
    body = json.dumps({"query": query}).encode()
    answer = asked(portal.application, "/api/individuals", "POST", body, content_type="application/json")
    assert answer.status == 400
    assert text in answer.document["error"]["errorMessage"]


def test_a_carrier_question_is_answered(portal: Served):
    place = "assemblyId=GRCh38&referenceName=X"
    for rest in (
        "geneId=DMD",
        f"{place}&start=5&alternateBases=A",
        f"{place}&start=5,6&end=7,8",
        f"{place}&start=1&end=9",
    ):
        answer = asked(portal.application, f"/api/g_variants?{rest}")
        assert answer.status == 200, rest
        assert set(answer.document["responseSummary"]) == {"exists"}


def test_a_budget_ends_with_the_rule_and_stays_ended(portal: Served):
    ages = [f"/api/individuals?filters=age<{k}&requestedGranularity=count" for k in range(1, 25)]
    answers = [asked(portal.application, address) for address in ages]
    assert [answer.status for answer in answers].count(200) == 20
    assert "comes back neither" in answers[20].document["error"]["errorMessage"]
    assert answers[20].status == 429
    assert asked(portal.application, ages[0]).text == answers[0].text.replace(
        '"epsilonSpent": 0.2', '"epsilonSpent": 0.0'
    ).replace('"epsilonLeft": 3.8', '"epsilonLeft": 0.0')
    assert asked(portal.application, ages[22], authorization=portal.bearer("registered")).status == 200
    page = asked(portal.application, "/count").text
    assert "public has 0.0 left" in page, "20 times .2 is no more than 4, and -0.0 is no number of a budget"
    portal.answering.desk.log.close()
    again = Served(portal.workspace.path)
    assert asked(again.application, ages[23]).status == 429, "the log is read back"
    again.answering.desk.log.close()


def test_requests_of_another_host_or_site_or_form_are_refused(portal: Served):
    assert asked(portal.application, "/api/info", host="elsewhere.example").status == 421
    assert asked(portal.application, "/", host="elsewhere.example").status == 421
    body = json.dumps({"query": {}}).encode()
    for headers, status in (
        ({"origin": "http://elsewhere.example", "content_type": "application/json"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json", "content_length": "70000"}, 413),
        ({"content_type": "application/json", "sec_fetch_site": "cross-site", "sec_fetch_mode": "cors"}, 403),
    ):
        assert asked(portal.application, "/api/individuals", "POST", body, **headers).status == status
    large = b'{"a": "' + b"x" * 70_000 + b'"}'
    told = {"content_type": "application/json", "content_length": "5"}
    assert asked(portal.application, "/api/individuals", "POST", large, **told).status == 413
    assert asked(portal.application, "/api/individuals", "DELETE").status == 405
    assert asked(portal.application, "/api/info", "POST", body, content_type="application/json").status == 405
    assert (
        asked(
            portal.application, "/count?filters=HP:0000010", sec_fetch_site="cross-site", sec_fetch_mode="navigate"
        ).status
        == 403
    )
    assert (
        asked(portal.application, "/gene/LIMB1", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status == 200
    )
    assert asked(portal.application, "/api/info?" + "x" * 9000).status == 414


def test_every_answer_has_the_headers_that_keep_pages_apart(portal: Served):
    for address in ("/", "/api/info", "/nothing", "/style.css"):
        headers = asked(portal.application, address).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_tokens_are_roles_and_nobodys_are_refused(portal: Served):
    subject = names(portal.workspace.state)["case-0"]
    page = f"/subject/{subject}"
    assert asked(portal.application, page).status == 403
    assert asked(portal.application, page, authorization=portal.bearer("registered")).status == 403
    shown = asked(portal.application, page, authorization=portal.bearer("steward"))
    assert shown.status == 200
    assert "Research use only" in shown.text
    assert "DUO:0000006" in shown.text
    assert "Limb disease" in shown.text
    other = asked(portal.application, page, authorization=portal.bearer("steward"), client="10.0.0.7")
    assert other.status == 403, "on this machine alone"
    nobody = asked(portal.application, "/api/info", authorization="Bearer nothing")
    assert nobody.status == 401
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert (
        asked(portal.application, "/subject/p-0000000000000000", authorization=portal.bearer("steward")).status == 404
    )
    kept = (portal.workspace.state / "actors.json").read_text()
    assert not any(token in kept for token in portal.tokens.values())


def test_a_browser_signs_in_and_out(portal: Served):
    form = {"content_type": "application/x-www-form-urlencoded", "origin": OWN}
    body = f"token={portal.tokens['steward']}".encode()
    answer = asked(portal.application, "/sign-in", "POST", body, **form)
    assert answer.status == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert portal.tokens["steward"] not in cookie
    session = cookie.partition(";")[0]
    assert asked(portal.application, "/case/limbs", cookie=session).status == 200
    assert asked(portal.application, "/case/limbs").status == 403
    assert asked(portal.application, "/sign-in", "POST", b"token=wrong", **form).status == 401
    assert asked(portal.application, "/sign-in", "POST", body, **{**form, "origin": "http://x.example"}).status == 403
    assert asked(portal.application, "/sign-in", "POST", b"token=", cookie=session, **form).status == 303
    assert asked(portal.application, "/case/limbs", cookie=session).status == 403


def test_requests_have_a_pace(portal: Served):
    portal.answering.pace.requests = 3
    statuses = [asked(portal.application, "/api/info").status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    waiting = asked(portal.application, "/")
    assert 1 <= int(waiting.headers["retry-after"]) <= 61
    assert asked(portal.application, "/", authorization=portal.bearer("steward")).status == 200


def test_the_page_of_counts_leaves_out_no_filter_and_tells_what_is_left_now(portal: Served):
    many = ",".join(["sex=female"] * 21)
    for fields, text in (
        (f"filters={many}", "at most 20 filters"),
        ("filters=" + "a" * 501, "at most 500 characters"),
        ("filters=sex=female&purpose=fun", "purpose is one of"),
    ):
        answer = asked(portal.application, f"/count?{fields}")
        assert answer.status == 400
        assert text in answer.text
    page = asked(portal.application, "/count?filters=HP:0000010").text
    assert page.count("3.8 left") == 2
    assert "public has 3.8 left" in page


def test_a_case_counts_its_findings_in_words(portal: Served):
    text = asked(portal.application, "/case/limbs", authorization=portal.bearer("steward")).text
    assert "1 finding speaks against it" in text


def test_no_page_but_a_stewards_names_a_subject(portal: Served):
    ids = set(names(portal.workspace.state).values())
    addresses = [
        "/",
        "/?q=limb",
        "/gene/LIMB1",
        "/disease/MONDO:0000001",
        "/disease/OMIM:100002",
        "/phenotype/HP:0000011",
    ]
    addresses += ["/phenotype/HP:0000800", "/count?filters=HP:0000010,sex=female", "/sign-in", "/nothing", LIMBS]
    addresses += ["/api/filtering_terms", "/api/datasets"]
    for address in addresses:
        text = asked(portal.application, address).text
        assert not any(name in text for name in ids), address
    assert "about" in asked(portal.application, "/gene/LIMB1").text
    assert "Very short limbs" in asked(portal.application, "/?q=very+short").text
    assert asked(portal.application, "/phenotype/HP:9999999").status == 404


def test_the_log_holds_every_request_and_no_subject(portal: Served):
    steward = portal.bearer("steward")
    for address in (LIMBS, "/", "/gene/LIMB1", "/nothing", "/api/individuals?filters=x"):
        asked(portal.application, address)
    subject = names(portal.workspace.state)["case-0"]
    asked(portal.application, f"/subject/{subject}", authorization=steward)
    lines = portal.lines()
    assert [line["endpoint"] for line in lines] == [
        "/api/individuals",
        "/",
        "/gene/{name:path}",
        "other",
        "/api/individuals",
        "/subject/{name}",
    ]
    assert [line["outcome"] for line in lines] == ["answered", "answered", "answered", "refused", "refused", "answered"]
    assert [line["epsilon"] for line in lines] == [0.2, 0, 0, 0, 0, 0]
    assert subject not in portal.log.read_text()
    assert lines[-1]["canonical"] == portal.answering.desk.mark(subject)
    assert portal.log.stat().st_mode & 0o777 == 0o600
    assert checked_rows(portal.log, portal.log.read_bytes()) == lines


def test_without_room_for_its_line_there_is_no_answer(portal: Served):
    asked(portal.application, LIMBS)
    before = portal.log.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))  # the kernel refuses the end of the line
    try:
        for address in (LIMBS, "/gene/LIMB1", "/api/individuals?filters=x"):
            answer = asked(portal.application, address)
            assert answer.status == 503
            assert "log" in answer.text
            assert "numTotalResults" not in answer.text
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert portal.log.read_bytes() == before, "nothing is left of a line that was not written whole"
    assert asked(portal.application, LIMBS).status == 200


def test_a_log_that_was_altered_is_refused_and_a_cut_line_removed(portal: Served, tmp_path: Path):
    for _ in range(3):
        asked(portal.application, LIMBS)
    content = portal.log.read_bytes()
    path = tmp_path / "log.jsonl"
    for altered in (content.replace(b"0.2", b"0.1", 1), b"".join(content.splitlines(True)[1:]), b"[]\n" + content):
        path.write_bytes(altered)
        with pytest.raises(ArtifactError, match="digest of the line before"):
            QueryLog(path)
    path.write_bytes(content + b'{"happened":')
    with pytest.warns(Notice, match="bytes removed"):
        QueryLog(path).close()
    assert path.read_bytes() == content
    with pytest.raises(ArtifactError, match="One server"):
        QueryLog(portal.log)


@pytest.mark.parametrize("way", ["a folder", "a dangling link", "no rights", "its folder is a file"])
def test_a_log_that_cannot_be_opened_is_said(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "queries" / "log.jsonl"
    if way == "its folder is a file":
        path.parent.write_text("")
    else:
        path.parent.mkdir()
    if way == "a folder":
        path.mkdir()
    elif way == "a dangling link":
        path.symlink_to(tmp_path / "gone" / "log.jsonl")
    elif way == "no rights":

        def refused(*given: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("groprog_assets.store.query_log.os.open", refused)
    with pytest.raises(ArtifactError, match="A log is a file that can be read and written"):
        QueryLog(path)
    if way in ("a folder", "a dangling link"):
        with pytest.raises(ArtifactError, match="A log is a file that can be read and written"):
            read_log(path)


def test_an_exact_table_of_nobody_is_refused_and_logged_and_a_noisy_one_is_as_any_other(
    portal: Served, monkeypatch: pytest.MonkeyPatch
):
    from click.testing import CliRunner

    portal.answering.desk.log.close()
    monkeypatch.setenv("GROPROG_DAY", "2023-06-01")  # before anybody consented
    monkeypatch.setenv("GROPROG_TOKEN", portal.tokens["steward"])
    asked_for = ["omics", "table", str(portal.workspace.path), "--rows", "sex", "--columns", "source"]
    done = CliRunner().invoke(main, [*asked_for, "--exact"])
    assert done.exit_code == 2, done.output
    assert "nobody's does" in done.output
    last = portal.lines()[-1]
    assert (last["outcome"], last["purpose"], last["epsilon"]) == ("refused", "health", 0.0)
    noisy = CliRunner().invoke(main, asked_for)
    assert noisy.exit_code == 0, "whether anybody allows a purpose is no exact answer"
    assert [line.split("\t")[0] for line in noisy.output.splitlines()] == [
        "sex / source, for health",
        *("female", "male", "other", "unknown", "sum"),
    ]
    assert (portal.lines()[-1]["outcome"], portal.lines()[-1]["epsilon"]) == ("answered", 0.2)


def tells_too_much(*given: object):
    raise CohortError(Problem("table", "the margins tell too much of a cell that is left out", "", ""))


def test_counts_and_tables_on_the_command_line(portal: Served, monkeypatch: pytest.MonkeyPatch):
    from click.testing import CliRunner

    portal.answering.desk.log.close()
    monkeypatch.setenv("GROPROG_USER", "carl")
    study = str(portal.workspace.path)

    def told(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["omics", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    assert "about" in told("query", study, "--filter", "HP:0000010", "--actor", "ann")
    assert "cost 0," in told("query", study, "--filter", "HP:0000910", "--actor", "ann")
    assert "filtering term" in told("query", study, "--filter", "HP:0000012", code=2)
    assert told("query", study, "--filter", "HP:0000010", "--exists", "--actor", "ann").startswith("yes (cost 0,")
    nobody = told("query", study, "--variant", "geneId=NOSUCH", "--actor", "bea")
    assert "(cost 0.2, 3.8 left)" in nobody, "0 and its noise, as for any count"
    assert "known are" in told("query", study, "--variant", "gene=DMD", code=2)
    assert "NAME=VALUE" in told("query", study, "--variant", "DMD", code=2)
    assert "one after the other" in told("query", study, "--variant", "geneId=A", "--filter", "HP:0000010", code=2)
    assert "names no assays" in told("strata", study, code=2)
    assert "purpose is one of" in told("query", study, "--filter", "HP:0000010", "--purpose", "fun", code=2)
    for token, name, why in (
        ("", "carl", "GROPROG_TOKEN is not set"),
        ("nonsense", "carl", "the token in GROPROG_TOKEN is of no actor of this study"),
        (portal.tokens["registered"], "registered", "registered, whose token GROPROG_TOKEN holds, is registered"),
    ):
        monkeypatch.setenv("GROPROG_TOKEN", token)
        said = told("table", study, "--rows", "sex", "--columns", "source", "--exact", code=2)
        assert "to stewards alone" in said
        assert why in said
        assert (portal.lines()[-1]["outcome"], portal.lines()[-1]["actor"]) == ("refused", name)
    monkeypatch.setenv("GROPROG_TOKEN", portal.tokens["steward"])
    exact = told("table", study, "--rows", "sex", "--columns", "source", "--exact")
    assert portal.lines()[-1]["actor"] == "steward"
    assert exact.splitlines()[1:] == ["female\t140\t140", "sum\t140\t140"], "for the study's purpose"
    assert portal.lines()[-1]["purpose"] == "health"
    with monkeypatch.context() as patch:
        patch.setattr(two_way_tables, "suppressed_table", tells_too_much)
        told("table", study, "--rows", "sex", "--columns", "source", "--exact", code=2)
    assert (portal.lines()[-1]["outcome"], portal.lines()[-1]["canonical"][:5]) == ("refused", "exact")
    asked_for = ("--rows", "sex", "--columns", "source", "--purpose")
    for other in (("none",), ("disease", "--studied", "MONDO:1")):
        assert "study's purpose alone" in told("table", study, *asked_for, *other, "--exact", code=2)
    assert "names what is studied" in told("table", study, *asked_for, "disease", code=2)
    assert "names what is studied" in told("table", study, *asked_for, "health", "--studied", "MONDO:1", code=2)
    studied = told("table", study, *asked_for, "disease", "--studied", "MONDO:1")
    assert studied.startswith("sex / source, for disease\t")
    noisy = told("table", study, "--rows", "sex", "--columns", "source")
    assert noisy.splitlines()[0] == "sex / source, for health\tcases\tsum"
    assert abs(int(noisy.splitlines()[-1].split("\t")[-1]) - 140) < 40
    assert "two of sex" in told("table", study, "--rows", "sex", "--columns", "sex", code=2)
    assert [line["canonical"] for line in portal.lines()][-2:] == [
        "table sex by source for disease MONDO:1",
        "table sex by source for health",
    ]
    assert [line["actor"] for line in portal.lines()][-2:] == ["carl", "carl"]
    turned = told("table", study, "--rows", "source", "--columns", "sex")
    numbers, exchanged = ([line.split("\t")[1:] for line in text.splitlines()[1:]] for text in (noisy, turned))
    assert exchanged == [list(line) for line in zip(*numbers)], "one question has one noise, whichever way it is turned"
    assert portal.lines()[-1]["canonical"] == "table sex by source for health"
    assert portal.lines()[-1]["epsilon"] == 0
    listed = told("queries", study, "--seal", "--user", "ann")
    assert "ann: 3 answered, 0 suppressed, 0 refused; 0.2 spent" in listed
    with open_ledger(portal.workspace.ledger_path) as ledger:
        sealed = ledger.execute(
            "SELECT body FROM events WHERE asset = 'omics_catalog' ORDER BY happened DESC"
        ).fetchall()
        rows = ledger.execute("SELECT actor, canonical, sha256 FROM data_queries WHERE log = 'log.jsonl'").fetchall()
    assert any(str(portal.lines()[-1]["sha256"]) in body for (body,) in sealed)
    assert rows == [(line["actor"], line["canonical"], line["sha256"]) for line in portal.lines()]
    held = portal.log.read_bytes()
    portal.log.write_bytes(b"".join(held.splitlines(keepends=True)[:-1]))
    assert "gone or altered" in told("queries", study, "--seal", code=2), (
        "a seal of what is left would pass for one of all"
    )
    portal.log.write_bytes(held)
    assert len(told("token", study, "bob").splitlines()[0]) > 40
    assert "Choose another" in told("token", study, "public", code=2)
