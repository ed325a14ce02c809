"""A study of omics without libraries: it is checked, runs to its report, keeps what is unchanged, and names nobody."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from groprog_assets.beacon.actors import add_actor
from groprog_assets.definitions import build_definitions
from groprog_assets.export.results_folder import export_results
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.store.identities import names
from groprog_assets.store.readings import load_asset, read_asset
from groprog_assets.store.workspace import OMICS_ASSETS, Workspace, absent_assets
from groprog_assets.study.check import check_study
from tests.checked_study import changed, told, told_in_a_line
from tests.omics_files import PACKETS, omics_study, packet
from tests.trained_study import copied, run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of one that was run whole."""
    path = omics_study(tmp_path_factory.mktemp("omics") / "study")
    run(path)
    export_results(Workspace(path))
    return path


@pytest.fixture
def copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that a test may change."""
    path = copied(made, tmp_path / "study")
    monkeypatch.setenv("GROPROG_STUDY", str(path))
    return path


def test_the_assets_of_omics_are_those_of_its_group():
    assert set(OMICS_ASSETS) == {name for name, given in SPECIFICATIONS.items() if given.group == "omics"}


def test_the_graph_has_the_omics_assets_alone(made: Path):
    definitions = build_definitions(study_path=str(made))
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    assert {key.path[-1] for key in keys} == set(OMICS_ASSETS)
    assert {job.name for job in definitions.jobs or ()} == {"study_job"}


def test_every_asset_is_made_and_a_second_run_keeps_all(made: Path):
    workspace = Workspace(made)
    absent = absent_assets(workspace.study)
    assert {asset for asset, _, _ in workspace.derivations.pointers()} == set(OMICS_ASSETS) - set(absent)
    assert not run(made).total()


def test_the_diagnoses_come_first(made: Path):
    ranked = load_asset(Workspace(made), "disease_ranking")
    own = ranked.table[ranked.table["diagnosed"]]
    assert len(own) == 3
    assert (own["rank"] == 1).all()


def test_the_results_say_what_they_are_for_and_name_nobody(made: Path):
    folder = made.parent / "results" / "omics"
    page = (folder / "report.html").read_text()
    for text in ("Research use only", "2025-01-16", "2026-08-04", "HPO: https://", "publication-out"):
        assert text in page
    state = made.parent / ".groprog"
    kept = [*folder.iterdir(), *(path for part in ("store", "derivations") for path in (state / part).rglob("*"))]
    for path in (path for path in kept if path.is_file()):
        content = path.read_bytes()
        text = str(pq.read_table(path).to_pylist()) if content.startswith(b"PAR1") else content.decode("latin-1")
        for name in (*(item["id"] for item in PACKETS), "Patient 1"):
            assert name not in text, path


def test_who_is_who_lies_in_the_state_folder_for_its_owner_alone(made: Path):
    path = made.parent / ".groprog" / "identity.parquet"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    known = names(made.parent / ".groprog")
    assert set(known) == {item["id"] for item in PACKETS}
    assert set(known.values()) == set(load_asset(Workspace(made), "subjects").table["subject_id"])


def test_a_withdrawn_consent_takes_a_subject_out_of_every_value(copy: Path):
    rows = [f"case-{k}\t1\t2024-01-01\t{'2025-01-01' if k == 2 else ''}\tDUO:0000042" for k in (1, 2, 3)]
    (copy.parent / "consents.tsv").write_text(
        "subject\tversion\tgranted\twithdrawn\tpermission\n" + "\n".join(rows) + "\n"
    )
    workspace = Workspace(changed(copy, consents={"table": "consents.tsv"}))
    gone = names(workspace.state)["case-2"]
    run(copy)
    assert set(names(workspace.state)) == {"case-1", "case-3"}
    for asset in ("subjects", "phenotypes", "disease_ranking"):
        assert gone not in set(load_asset(workspace, asset).table["subject_id"]), asset
    assert gone not in set(load_asset(workspace, "diagnoses")["subject_id"])
    export_results(workspace)
    assert gone not in "".join(path.read_text() for path in (copy.parent / "results" / "omics").iterdir())


def test_nobody_with_consent_stops_the_run_by_name(copy: Path):
    (copy.parent / "consents.tsv").write_text(
        "subject\tversion\tgranted\tpermission\nsomebody\t1\t2024-01-01\tDUO:0000042\n"
    )
    changed(copy, consents={"table": "consents.tsv"})
    output = told("run", str(copy), code=2)
    assert "consent_coverage" in output
    assert "0 of 3 subjects" in output


def test_releases_that_differ_are_refused_before_a_run(copy: Path):
    path = copy.parent / "phenotype.hpoa"
    path.write_text(path.read_text().replace("2025-01-16", "2024-01-16"))
    output = told("omics", "check", str(copy), code=2)
    assert "of one release" in output


def test_the_hierarchy_of_diseases_is_checked(copy: Path):
    written = (copy.parent / "mondo.obo").read_text()
    path = changed(copy, mondo="mondo.obo")
    said = told("omics", "check", str(path))
    assert "6 classes of MONDO 2026-08-04, 6 is_a edges" in said
    assert "does not include those below it" not in said
    assert "does not include those below it" in told("omics", "check", str(changed(copy, mondo=None)))
    (copy.parent / "mondo.obo").write_text(written.replace("2026-08-04", "2026-09-01"))
    assert "MONDO 2026-09-01, mappings of 2026-08-04" in told("omics", "check", str(changed(copy, mondo="mondo.obo")))
    (copy.parent / "mondo.obo").write_text('{"graphs": []}')
    assert "Name mondo.obo" in told("omics", "check", str(path), code=2)
    (copy.parent / "mondo.obo").write_text(written)
    consents = yaml.safe_load(copy.read_text())["omics"]["consents"]
    wrong = {**consents, "purpose": "disease", "diseases": ["MONDO:0000001", "MONDO:0099999"]}
    output = told("omics", "check", str(changed(copy, mondo="mondo.obo", consents=wrong)), code=2)
    assert "MONDO:0099999" in output
    assert "MONDO:0000001" not in output


def test_edges_that_lead_nowhere_are_told_by_both_checks_and_stand_in_the_value(copy: Path):
    for name, prefix in (("mondo.obo", "MONDO"), ("hp.obo", "HP")):
        path = copy.parent / name
        path.write_text(path.read_text() + f"\n[Term]\nid: {prefix}:0000050\nname: x\nis_a: {prefix}:9999999\n")
    path = changed(copy, mondo="mondo.obo")
    for command in ("omics", "study"):
        said = told_in_a_line(command, "check", str(path))
        assert "omics.mondo: 1 is_a edge to no live term: MONDO:0000050 is_a MONDO:9999999 (not in the file)" in said
        assert "omics.ontologies.hpo: 1 is_a edge to no live term: HP:0000050 is_a HP:9999999 (not in the file)" in said
    run(path)
    for asset in ("reference_diseases", "reference_terms"):
        assert load_asset(Workspace(path), asset).summary["broken_edges"] == 1


def test_the_check_names_what_the_run_would_refuse(copy: Path):
    lines = [json.dumps(item) for item in (packet("x", ["HP:1"], metaData={}), packet("y", ["HP:1"], colour="red"))]
    (copy.parent / "packets.jsonl").write_text("\n".join(lines))
    output = told("study", "check", str(copy), code=2)
    assert "packets.jsonl:1" in output.replace("\n", "")
    (copy.parent / "packets.jsonl").write_text(lines[1])
    assert "colour in 1 packet" in told("study", "check", str(copy))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"consents": {}}, "omics.consents"),
        (
            {"consents": {"every_subject": {"permission": "DUO:0000001", "granted": "2024-01-01", "reason": "r"}}},
            "permission",
        ),
        ({"phenopackets": [{"source": "a", "path": "packets.jsonl"}, {"source": "A", "path": "hp.obo"}]}, "source"),
        ({"ontologies": {"hpo": "hp.obo", "annotations": "phenotype.hpoa"}}, "omics.ontologies"),
        ({"ontologies": {"hpo": "gone.obo", "annotations": "phenotype.hpoa", "mappings": ["mondo.sssom.tsv"]}}, "hpo"),
    ],
)
def test_a_broken_rule_is_named_with_its_field_and_remedy(copy: Path, change: dict, field: str):
    problems = check_study(changed(copy, **change))
    assert problems
    assert any(field in problem.where and problem.rule and problem.remedy for problem in problems)


def test_a_study_has_libraries_or_omics(copy: Path):
    document = yaml.safe_load(copy.read_text())
    copy.write_text(yaml.safe_dump({"name": "empty"}))
    assert {problem.where.rpartition(", ")[2] for problem in check_study(copy)} == {"genome", "libraries", "contrast"}
    copy.write_text(yaml.safe_dump({**document, "signature_target": "chr1:1-2"}))
    assert [problem.where.rpartition(", ")[2] for problem in check_study(copy)] == ["signature_target"]


def test_further_packets_are_ranked_and_not_stored(copy: Path, tmp_path: Path):
    before = {path: path.stat().st_mtime_ns for path in copy.parent.rglob("*") if path.is_file()}
    (tmp_path / "new.json").write_text(json.dumps(packet("new-case", ["HP:0000012"])))
    output = told("omics", "rank", str(copy), str(tmp_path / "new.json"))
    lines = [line.split("\t") for line in output.splitlines() if line.startswith("new-case")]
    assert lines[0][1:4] == ["1", "OMIM:100003", "Short limb syndrome"]
    restricted = told("omics", "rank", str(copy), str(tmp_path / "new.json"), "--genes", "LIMB1")
    assert "OMIM:100003" not in restricted
    assert "OMIM:100001" in restricted
    parts = told("omics", "rank", str(copy), str(tmp_path / "new.json"), "--findings")
    assert "HP:0000012" in parts
    shares = told("omics", "rank", str(copy), str(copy.parent / "packets.jsonl"), "--accuracy")
    assert "likelihood ratio" in shares
    assert "unleaked" in shares
    told("omics", "rank", str(copy), str(tmp_path / "new.json"), "--genes", "GENE9", code=2)
    assert {path: path.stat().st_mtime_ns for path in copy.parent.rglob("*") if path.is_file()} == before


def test_records_are_imported_without_being_ranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = omics_study(tmp_path / "study")
    monkeypatch.setenv("GROPROG_STUDY", str(path))
    told("omics", "import", str(path))
    workspace = Workspace(path)
    assert read_asset(workspace, "ranking_index")
    assert load_asset(workspace, "phenotypes") is not None
    assert load_asset(workspace, "disease_ranking") is None


def test_the_commands_of_omics_want_omics(written: Path):
    assert "Add omics to the study file" in told("omics", "check", str(written), code=2)


def test_subjects_and_ranks_are_exported_under_pseudonyms(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROPROG_TOKEN", add_actor(Workspace(made).state, "ann", "steward"))
    packets, ranks = tmp_path / "packets", tmp_path / "ranks"
    assert "3 files" in told("omics", "export", str(made), "--format", "phenopackets", "-o", str(packets))
    found = {path.stem: path.read_text() for path in packets.glob("*.json")}
    subjects = load_asset(Workspace(made), "subjects").table
    assert set(found) == set(subjects["subject_id"])
    assert not any(word in text for text in found.values() for word in ("case-1", "Patient 1", "PMID"))
    ranked = told("omics", "rank", str(made), str(packets))
    assert set(subjects["subject_id"]) <= set(ranked.split())
    assert "3 files" in told("omics", "export", str(made), "--format", "pheval", "-o", str(ranks))
    assert "it holds something" in told("omics", "export", str(made), "--format", "pheval", "-o", str(ranks), code=2)
    assert "assay" in told("omics", "export", str(made), "--format", "cbioportal", "-o", str(tmp_path / "c"), code=2)
