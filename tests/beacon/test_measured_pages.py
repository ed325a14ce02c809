"""Pages of genes, pathways and drugs: what assays say of groups, without a value of one subject; values and risk of a subject."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from groprog_assets.beacon import subject_values
from groprog_assets.beacon.measured import compared
from groprog_assets.beacon.molecular_pages import pathways
from groprog_assets.cli.main import main
from groprog_assets.methods.measurements.layout import read_measurements
from groprog_assets.store.artifacts import paths_of
from groprog_assets.store.identities import names
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.readings import load_asset
from tests.beacon.asking import asked
from tests.beacon.conftest import REFERENCES, Served
from tests.integrated_files import SUBJECTS

PUBLIC = ("/", "/pathways", "/pathway/PLANTED", "/drugs", "/drug/fixer", "/drug/D1", "/gene/GENE0", "/gene/GENE50")


def text_of(portal: Served, address: str) -> str:
    answer = asked(portal.application, address)
    assert answer.status == 200, (address, answer.text[:300])
    return answer.text


def test_every_link_leads_to_a_page(measured: Served):
    seen: set[str] = set()
    waiting = ["/"]
    while waiting and len(seen) < 120:
        address = waiting.pop()
        seen.add(address)
        links = {unquote(found) for found in re.findall(r'href="(/[^"?]*)"', text_of(measured, address))}
        waiting += sorted(links - seen - set(waiting) - {"/style.css"})
    assert {"/pathways", "/pathway/PLANTED", "/drugs", "/drug/fixer", "/gene/GENE0"} <= seen


def test_the_planted_set_drug_and_group_are_told(measured: Served):
    pathway = text_of(measured, "/pathway/PLANTED")
    assert "severe against mild" in pathway
    assert "Scores by group" in pathway
    drugs = text_of(measured, "/drugs")
    assert "hypothesis, no evidence of benefit" in drugs
    assert drugs.index("/drug/fixer") < drugs.index("/drug/blank")
    assert "reverses" in text_of(measured, "/drug/fixer")
    gene = text_of(measured, "/gene/GENE0")
    for told in ("/pathway/PLANTED", "/drug/D1", "lowers it in its signature", "Values by group", "mild", "svg"):
        assert told in gene
    found = asked(measured.application, "/?q=planted").text
    assert "/pathway/PLANTED" in found


def test_a_set_has_as_many_genes_as_it_names_and_a_gene_without_sets_is_said(measured: Served):
    shown = pathways(measured.answering.desk.held())[2][-1]["rows"]
    assert {row[0]["text"]: row[1]["text"] for row in shown} == {"PLANTED": "15", "OTHER": "20", "UNKNOWN": "2"}
    gene = text_of(measured, "/gene/GENE35")
    assert "No gene set of this study has it." in gene
    assert "No drug of this study acts on it or changes it." in gene


def test_no_value_of_one_subject_is_on_a_page_of_groups(measured: Served):
    raw = load_asset(measured.workspace, "assay_raw")
    numbers, values = read_measurements(paths_of(raw.matrices)["rna"])
    features = raw.features[raw.features["assay_id"] == "rna"].set_index("feature_ix")["symbol"]
    for number, row in zip(numbers, values, strict=True):
        if features[number] not in ("GENE0", "GENE50"):
            continue
        page = text_of(measured, f"/gene/{features[number]}")
        shown = {float(found) for found in re.findall(r'class="numeric"[^>]*>(-?\d+\.\d+)<', page)}
        assert shown
        assert 61.0 not in shown
        assert max(shown) < np.nanmax(row)
        for line in sorted(shown):
            near = np.sort(np.abs(row[: len(SUBJECTS)] - line))
            assert near[0] < 1.5
    pages = "".join(text_of(measured, address) for address in PUBLIC)
    assert not re.search(r"[ps]-[0-9a-f]{16}", pages)
    assert not any(name in pages for name in SUBJECTS)


def test_small_groups_have_no_box_and_no_result(measured: Served):
    held = measured.answering.desk.held()
    held.parameters = held.parameters.model_copy(update={"listing_fewest": 1000})
    gene = text_of(measured, "/gene/GENE0")
    assert "under 1000" in gene
    assert "<svg" not in gene
    assert not compared(held, "severe against mild", "rna")
    assert "severe against mild" not in text_of(measured, "/drugs")
    assert "severe against mild" not in text_of(measured, "/pathway/PLANTED")


def test_a_group_is_named_whether_or_not_somebody_of_it_may_be_counted(measured: Served):
    held = measured.answering.desk.held()
    everybody = held.catalog.placed("rna", "kind", "all")
    for counted in ([everybody[0][0]], []):
        held.kept.clear()
        held.catalog._purposes.clear()
        held.catalog.rows("DELETE FROM memory.permitted")
        held.catalog._permitted = lambda purpose, studied, counted=counted: counted
        for address in ("/gene/GENE0", "/pathway/PLANTED"):
            page = text_of(measured, address)
            assert page.count("under 20") >= 2, (address, counted)
            assert "mild" in page.replace("severe against mild", "")


def test_gene_sets_are_in_no_order_of_a_comparison_that_is_not_told(measured: Served):
    held = measured.answering.desk.held()
    held.parameters = held.parameters.model_copy(update={"listing_fewest": 1000})
    (listed,) = [block for block in pathways(held)[2] if block.get("caption", "").startswith("Gene sets.")]
    names_of = [str(row[0]["text"]) for row in listed["rows"]]
    assert names_of == sorted(names_of)


def test_who_has_not_consented_is_in_no_box(measured: Served):
    held = measured.answering.desk.held()
    everybody = held.catalog.placed("rna", "kind", "all")
    assert len(everybody) == len(SUBJECTS)
    assert {group for _, group, _ in everybody} == {"mild", "severe"}
    assert {subject for subject, _, _ in everybody} == {names(measured.workspace.state)[name] for name in SUBJECTS}
    one = held.catalog.placed("rna", "", "all")
    assert {group for _, group, _ in one} == {"all"}
    held.catalog._purposes.clear()
    held.catalog._permitted = lambda purpose, studied: [everybody[0][0]]
    held.catalog.rows("DELETE FROM memory.permitted")
    assert held.catalog.placed("rna", "kind", "all") == everybody[:1]


def test_a_subject_has_the_planted_value_out_of_range(measured: Served):
    subject = names(measured.workspace.state)[SUBJECTS[5]]
    page = asked(measured.application, f"/subject/{subject}", authorization=measured.bearer("steward")).text
    assert "/gene/GENE50" in page
    assert "61" in page
    assert str(REFERENCES) in page
    assert "groprog lineage trace out_of_range" in page
    assert "No risk score" in page
    assert asked(measured.application, f"/subject/{subject}").status == 403


def test_a_subjects_risk_score_leads_to_its_lineage(measured: Served, monkeypatch: pytest.MonkeyPatch):
    desk = measured.answering.desk
    row = {"patient_id": "person-05", "risk": 0.71234, "risk_lower": 0.5, "risk_upper": 0.9, "percentile": 88.0}
    row |= {"out_of_fold_risk": 0.6, "genes_used": 12, "model_version": "ab" * 32}
    monkeypatch.setattr(subject_values, "load_asset", lambda workspace, asset: pd.DataFrame([row]))
    monkeypatch.setattr(type(desk.workspace), "has", lambda self, asset: True)
    monkeypatch.setattr(type(desk.workspace.derivations), "current", lambda self, asset, partition="": "d" * 64)
    subject = pseudonym("person-05", study_key(desk.workspace.state))
    blocks = str(subject_values.risk(desk, desk.held(), subject))
    assert "0.712" in blocks
    assert "interval 0.500 to 0.900" in blocks
    assert f"groprog lineage trace risk_scores --patient {subject}" in blocks
    assert "person-05" not in blocks
    other = pseudonym("person-06", study_key(desk.workspace.state))
    assert "No risk score" in str(subject_values.risk(desk, desk.held(), other))


def test_what_is_not_there_is_refused(measured: Served, portal: Served):
    for address in ("/pathway/NOSUCH", "/drug/NOSUCH", "/gene/NOSUCH"):
        assert asked(measured.application, address).status == 404
    for address in ("/pathways", "/drugs"):
        assert asked(portal.application, address).status == 404
    assert "/pathways" not in text_of(portal, "/")


def test_a_matrix_that_is_gone_is_said(measured: Served):
    held = measured.answering.desk.held()
    row = held.catalog.rows("SELECT sql FROM duckdb_views() WHERE view_name = 'measurements_rna_corrected'")[0]
    file = Path(re.search(r"read_parquet\('([^']+)'\)", row["sql"])[1])  # type: ignore[index]
    copied = list(measured.workspace.folder.rglob(file.name))
    for path in {file, *copied}:
        if path.is_file():
            path.rename(path.with_suffix(".gone"))
    try:
        assert "not in this snapshot" in text_of(measured, "/gene/GENE7")
    finally:
        if file.with_suffix(".gone").is_file():
            file.with_suffix(".gone").rename(file)


def test_strata_on_the_command_line_cost_one_question(measured: Served, monkeypatch: pytest.MonkeyPatch):
    measured.answering.desk.log.close()
    monkeypatch.setenv("GROPROG_USER", "carl")
    done = CliRunner().invoke(main, ["omics", "strata", str(measured.workspace.path)])
    assert done.exit_code == 0, done.output
    lines = [line.split("\t") for line in done.output.splitlines()]
    assert lines[0] == ["stratum", "subjects, for no stated purpose", "median survival in months"]
    assert all("of all subjects used by the last run, for no stated purpose" in line[2] for line in lines[-2:])
    true_sizes = load_asset(measured.workspace, "strata").table["stratum"].value_counts().sort_index()
    assert [line[0] for line in lines[1:]] == [*map(str, true_sizes.index), "stability", "log-rank p"]
    for line, true in zip(lines[1:-2], true_sizes, strict=True):
        told = 0 if line[1] == "fewer than 5" else int(line[1].removeprefix("about "))
        assert told % 5 == 0
        assert abs(told - true) < 40
    row = measured.lines()[-1]
    assert (row["actor"], row["canonical"], row["epsilon"]) == ("carl", "strata", 0.2)
    again = CliRunner().invoke(main, ["omics", "strata", str(measured.workspace.path)])
    assert again.output == done.output
    assert measured.lines()[-1]["epsilon"] == 0
    told = CliRunner().invoke(main, ["omics", "strata", str(measured.workspace.path), "--purpose", "health"]).output
    assert told.startswith("stratum\tsubjects, for health\t")
    row = measured.lines()[-1]
    assert (row["canonical"], row["purpose"], row["epsilon"]) == ("strata for health", "health", 0.2)


def test_strata_are_counted_for_the_purpose_asked(measured: Served, monkeypatch: pytest.MonkeyPatch):
    table = load_asset(measured.workspace, "strata").table
    catalog = measured.answering.desk.held().catalog
    allowed = table["subject_id"].tolist()[:9]
    monkeypatch.setattr(catalog, "_permitted", lambda purpose, studied: allowed if (purpose, studied) == ASKED else [])
    assert catalog.strata_sizes("health") == {}
    assert catalog.strata_sizes(*ASKED) == table["stratum"].iloc[:9].value_counts().to_dict()


ASKED = ("disease", ("MONDO:1",))
