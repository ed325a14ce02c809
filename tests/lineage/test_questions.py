"""The ledger's answers about a study whose annotation was read twice under different parameters."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.errors import LedgerError
from groprog_assets.lineage import apportionment, exports, ledger, questions
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.workspace import Workspace
from tests.ledger_rows import table_rows


@pytest.fixture
def connection(twice_run: Path):
    with ledger.open_ledger(Workspace(twice_run).ledger_path) as opened:
        yield opened


def test_trace_names_files_parameters_code_and_snapshot(connection, twice_run: Path):
    found = questions.trace(connection, "patient_expression")
    clinical = twice_run.parent / "cohort" / "clinical.tsv"
    by_path = {item["path"]: item for item in found["files"]}
    assert by_path["cohort/clinical.tsv"]["sha256"] == hashlib.sha256(clinical.read_bytes()).hexdigest()
    assert "cohort/expression.tsv" in by_path
    assert found["clinical_snapshot"] == questions.current(connection, "clinical_records")["sha256"]
    assert found["made"]["actor"] == "ada"
    assert {step["asset"] for step in found["steps"]} == {"patient_expression", "clinical_records"}
    assert all(len(step["code_version"]) == 64 for step in found["steps"])


def test_trace_sets_an_override_beside_the_published_value(connection):
    found = questions.trace(connection, "gene_models")
    assert found["overrides"] == {"annotation.minimum_width": {"value": 900, "published": 1000}}
    assert found["parameters"]["annotation.minimum_gap"] == {"value": 1, "published": 1}


def test_why_names_the_parameter_that_changed(connection):
    found = questions.why(connection, "gene_models")
    changed = {row["what"]: (row["before"], row["after"]) for row in found["changes"]}
    assert changed == {"annotation.minimum_width": (1000, 900)} or not found["changed"]
    rows = questions.history(connection, "gene_models")
    assert [row["changes"] for row in rows] == [[], ["annotation.minimum_width"]]
    assert not questions.why(connection, "clinical_records")["changed"]


def test_impact_of_a_file_an_asset_and_nothing(connection):
    def touched(**what: str) -> set[str]:
        return {row["asset"] for row in questions.impact(connection, **what)["affected"]}

    assert touched(file="clinical.tsv") == {"clinical_records", "patient_expression"}
    assert touched(file="cohort/expression.tsv") == {"patient_expression"}
    assert touched(asset="gene_models") == {"gene_models"}
    for what in ({"file": "no-such-file"}, {"library": "no-such-library"}, {"asset": "gene_model"}):
        with pytest.raises(LedgerError, match="The ledger knows no such"):
            touched(**what)
    with pytest.raises(LedgerError, match="Did you mean gene_models"):
        touched(asset="gene_model")


def test_a_file_is_named_as_the_shell_sees_it(twice_run: Path, monkeypatch: pytest.MonkeyPatch):
    """From another folder, absolute, or as the ledger has it: one answer."""
    monkeypatch.chdir(twice_run.parent.parent)
    answers = set()
    for named in (
        twice_run.parent.name + "/cohort/clinical.tsv",
        twice_run.parent / "cohort/clinical.tsv",
        "cohort/clinical.tsv",
    ):
        asked = ["lineage", "impact", "--study", str(twice_run), "--file", str(named)]
        done = CliRunner().invoke(main, asked)
        assert done.exit_code == 0, done.output
        answers.add(done.output)
    (answer,) = answers
    assert "clinical_records" in answer


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_unknown_patient_is_said_and_no_impact(twice_run: Path, form: tuple[str, ...]):
    asked = ["lineage", "impact", "--study", str(twice_run), "--patient"]
    done = CliRunner().invoke(main, [*asked, "SIM-9999", *form])
    assert done.exit_code == 2, done.output
    assert "has this id" in done.output
    assert "trained again" not in done.output
    known = CliRunner().invoke(main, [*asked, "SIM-0001"])
    assert known.exit_code == 0, known.output
    assert "No model saw this patient" in known.output
    shown = pseudonym("SIM-0001", study_key(Workspace(twice_run).state))
    assert CliRunner().invoke(main, [*asked, shown]).output == known.output


def test_a_difference_is_asked_by_the_pseudonym_too(twice_run: Path, monkeypatch: pytest.MonkeyPatch):
    names: list[str] = []
    monkeypatch.setattr(apportionment, "apportion", lambda workspace, name, *others: names.append(name))
    for given in ("SIM-0001", pseudonym("SIM-0001", study_key(Workspace(twice_run).state)), "p-0", f"p-{'0' * 16}"):
        done = CliRunner().invoke(main, ["lineage", "diff", "--study", str(twice_run), "--patient", given])
        assert done.exit_code == 0, done.output
    assert names == ["SIM-0001", "SIM-0001", "p-0", f"p-{'0' * 16}"]


def test_an_asset_never_made_is_said_with_those_that_were(connection):
    with pytest.raises(LedgerError, match=r"risk_scores: never made.*clinical_records"):
        questions.trace(connection, "risk_scores")


def test_provenance_names_every_value_and_file(connection):
    document = exports.prov(connection)
    labels = {item["prov:label"] for item in document["entity"].values()}
    assert {"gene_models", "clinical_records", "cohort/clinical.tsv"} <= labels
    activities = set(document["activity"])
    assert {row["prov:activity"] for row in document["used"].values()} <= activities
    assert {row["prov:entity"] for row in document["used"].values()} <= set(document["entity"])


def test_no_patient_is_named_in_the_ledger(twice_run: Path):
    text = repr(table_rows(Workspace(twice_run).ledger_path))
    assert "SIM-0001" not in text


def test_of_a_long_history_the_newest_entries_are_shown(twice_run: Path, monkeypatch: pytest.MonkeyPatch):
    asked = ["lineage", "history", "gene_models", "--study", str(twice_run)]
    whole = CliRunner().invoke(main, asked).output.splitlines()
    assert [line.split()[-1] for line in whole] == ["ada", "annotation.minimum_width"]
    monkeypatch.setattr("groprog_assets.cli.lineage.NEWEST", 1)
    shown = CliRunner().invoke(main, asked).output.splitlines()
    assert shown == ["the newest 1 of 2 entries (--all: every one)", whole[1]]
    assert CliRunner().invoke(main, [*asked, "--all"]).output.splitlines() == whole
    assert len(json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)) == 2


def test_many_changed_codes_are_counted_and_few_are_named():
    from groprog_assets.cli.lineage import _gathered

    changes = ["seed", *(f"code_version of a{k}" for k in range(5)), "extra current"]
    assert _gathered(changes) == ["seed", "code of 5 steps", "current"]
    assert _gathered(["code_version of a"]) == ["code of a"]
