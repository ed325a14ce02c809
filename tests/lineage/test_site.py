"""The ledger's pages: what they say is what the ledger holds, nothing but pages is answered, and no patient is named."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path

import pytest

from groprog_assets import definitions
from groprog_assets.errors import LedgerError
from groprog_assets.graph.asset_definition import column_lineage
from groprog_assets.graph.column_sources import COLUMN_SOURCES
from groprog_assets.graph.specification import ADDRESS_VARIABLE, SPECIFICATIONS, main_table
from groprog_assets.lineage import ledger, questions
from groprog_assets.lineage.command_runs import decisions_known, runs_known
from groprog_assets.lineage.site import page, pages, serve
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables import TABLES

assert definitions.defs


def text_of(content: bytes) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode())))


def test_a_page_tells_value_files_columns_parameters_and_history(twice_run: Path):
    workspace = Workspace(twice_run)
    shown = text_of(page(workspace, "gene_models"))
    with ledger.open_ledger(workspace.ledger_path) as connection:
        found = questions.trace(connection, "gene_models")
    assert found["sha256"] in shown
    assert all(item["sha256"] in shown for item in found["files"])
    assert "annotation.minimum_width 900 1000" in shown
    assert "ada" in shown
    assert "computed annotation.minimum_width" in shown
    assert TABLES["gene_models"].columns[0].meaning in shown


def test_links_lead_to_pages_that_are_there(twice_run: Path):
    written = dict(pages(Workspace(twice_run)))
    assert set(written) == {"index.html", "gene_models.html", "clinical_records.html", "patient_expression.html"}
    for content in written.values():
        inner = set(re.findall(r'href="([^"#]+)', content.decode()))
        assert inner <= set(written)
        assert b"http" not in content


def test_no_page_names_a_patient(twice_run: Path):
    patients = re.findall(r"^(SIM-\d+)", (twice_run.parent / "cohort" / "clinical.tsv").read_text(), re.M)
    everything = b"".join(content for _, content in pages(Workspace(twice_run)))
    assert len(patients) > 20
    assert [name for name in patients if name.encode() in everything] == []


def test_an_asset_never_made_has_no_page(twice_run: Path):
    with pytest.raises(LedgerError, match="never made"):
        page(Workspace(twice_run), "risk_scores")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/gene_models.html", 200),
        ("/risk_scores.html", 404),
        ("/../study.yaml", 404),
        ("/x.html?a=../b", 404),
    ],
)
def test_only_pages_are_served(twice_run: Path, path: str, status: int):
    address = serve(Workspace(twice_run), "127.0.0.1", 0)
    try:
        answer = urllib.request.urlopen(address + path, timeout=30)
        seen = answer.status
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    except urllib.error.HTTPError as error:
        seen = error.code
    assert seen == status
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(urllib.request.Request(address + "/index.html", b"x", method="POST"), timeout=30)


def test_another_host_is_refused(twice_run: Path):
    address = serve(Workspace(twice_run), "127.0.0.1", 0)
    asked = urllib.request.Request(address + "/index.html", headers={"Host": "another.example"})
    with pytest.raises(urllib.error.HTTPError, match="421") as caught:
        urllib.request.urlopen(asked, timeout=30)
    assert "frame-ancestors 'none'" in caught.value.headers["Content-Security-Policy"]
    assert caught.value.headers["X-Content-Type-Options"] == "nosniff"


def test_an_asset_links_to_its_page_where_pages_are_served(monkeypatch: pytest.MonkeyPatch):
    from groprog_assets.graph.asset_definition import _definition_metadata

    monkeypatch.delenv(ADDRESS_VARIABLE, raising=False)
    assert "ledger" not in _definition_metadata(SPECIFICATIONS["pausing"])
    monkeypatch.setenv(ADDRESS_VARIABLE, "http://127.0.0.1:3001")
    assert _definition_metadata(SPECIFICATIONS["pausing"])["ledger"].url == "http://127.0.0.1:3001/pausing.html"


def test_column_sources_are_columns_of_what_is_read():
    for asset, columns in COLUMN_SOURCES.items():
        own, given = TABLES[main_table(SPECIFICATIONS[asset])], SPECIFICATIONS[asset]
        names = {column.name for column in own.columns}
        assert own.open_ended or set(columns) <= names, asset
        for source in " ".join(columns.values()).split():
            upstream, _, column = source.partition(".")
            assert upstream in given.inputs, (asset, source)
            table = TABLES[main_table(SPECIFICATIONS[upstream])]
            assert table.open_ended or column in {item.name for item in table.columns}, (asset, source)


def test_column_lineage_is_in_the_form_the_platform_knows():
    found = column_lineage("pausing")
    assert found is not None
    sources = {(dep.asset_key.to_user_string(), dep.column_name) for dep in found.deps_by_column["pausing_index"]}
    assert ("gene_signal", "body_count") in sources
    assert column_lineage("report") is None


def test_a_command_is_one_entry_however_many_runs_it_made(twice_run: Path):
    workspace = Workspace(twice_run)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        found = runs_known(connection)
        ((dagster_runs,),) = connection.execute("SELECT count(*) FROM runs WHERE tags LIKE '%command%'").fetchall()
        assert decisions_known(connection) == []
    assert [(row["what"], row["actor"], row["status"]) for row in found] == [("groprog run", "ada", "SUCCESS")] * 2
    assert sum(row["runs"] for row in found) == dagster_runs > 2
    assert [row["computed"] for row in found] == [1, 3], "newest first; the second run read the annotation again"
    assert text_of(page(workspace, "index")).count("groprog run ada") == 2
