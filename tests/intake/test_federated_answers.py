"""Three folders with cohorts of their own, one Cox regression by files between them; what is altered or foreign is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from groprog_assets.errors import ArtifactError, CohortError, GroProgError, LedgerError
from groprog_assets.intake.federated_answers import answer, merge
from groprog_assets.lineage.ledger import open_ledger
from groprog_assets.lineage.signed_heads import make_key
from groprog_assets.simulation import simulate_study
from groprog_assets.store.pseudonyms import study_key
from groprog_assets.store.query_log import checked_rows
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from tests.methods.federation.test_federated_cox import grouped, obvious_cox
from tests.trained_study import LITTLE, run

SITES = ("north", "south", "west")
REQUEST = {
    "form": "groprog-federation 1",
    "name": "age and sex",
    "question": "cox",
    "sites": list(SITES),
    "fields": ["age", "sex=Male"],
}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three studies of patients of their own, their cohorts made, a key each, and the request."""
    folder = tmp_path_factory.mktemp("federation")
    (folder / "keys").mkdir()
    for k, site in enumerate(SITES):
        path = simulate_study(folder / site, scale="tiny", fastq=False, patients=70, seed=100 + k)
        document = yaml.safe_load(path.read_text())
        document["parameters"] |= {**LITTLE, "representation": {"mode": "clinical"}}
        document["cohort"].pop("expression")
        document["validation"] = []
        path.write_text(yaml.safe_dump(document))
        run(path, "cohort or clinical_records or patient_expression")
        make_key(folder / "keys" / f"{site}.key")
    (folder / "request.json").write_text(json.dumps(REQUEST))
    return folder


def groprog(*arguments: object) -> str:
    command = [sys.executable, "-m", "groprog_assets.cli.main", *map(str, arguments)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


def workspace(sites: Path, site: str) -> Workspace:
    return Workspace(sites / site / "study.yaml")


def answered(sites: Path, request: Path, out: Path) -> list[Path]:
    files = []
    for site in json.loads(request.read_bytes())["sites"]:
        files.append(out / f"{site}.{request.stem}.json")
        found = answer(workspace(sites, site), request, site, sites / "keys" / f"{site}.key", "ada")
        files[-1].write_text(json.dumps(found))
    return files


def test_by_commands_between_three_folders(sites: Path, tmp_path: Path):
    request = sites / "request.json"
    for number in range(2):
        files = []
        for site in SITES:
            files.append(tmp_path / f"{site}{number}.json")
            key = sites / "keys" / f"{site}.key"
            told = groprog("omics", "summary", sites / site, request, "--site", site, "--key", key, "-o", files[-1])
            assert "sums written" in told
        made = tmp_path / f"request{number}.json"
        told = groprog("omics", "merge", request, *files, "--keys", sites / "keys", "-o", made)
        assert f"request of round {number + 1}" in told
        request = made
    place = workspace(sites, "north")
    asked = REQUEST | {"sites": ["north"], "name": "sex", "question": "counts", "fields": ["sex"]}
    (tmp_path / "counts.json").write_text(json.dumps(asked))
    key = sites / "keys" / "north.key"
    rest = ("--site", "north", "--key", key, "-o", tmp_path / "counts.north.json")
    groprog("omics", "summary", sites / "north", tmp_path / "counts.json", *rest)
    patient = str(load_asset(place, "cohort").records["patient_id"].iloc[0])
    told = groprog("lineage", "impact", place.path, "--patient", patient)
    assert told.count("federated cox age and sex") == 1, "two rounds of one analysis are one fit"
    assert told.count("federated counts sex") == 1
    assert "federated" not in groprog("lineage", "impact", place.path, "--asset", "cohort")
    groprog("lineage", "verify", place.path)
    groprog("lineage", "rebuild", place.path)
    assert "federated cox age and sex" in groprog("lineage", "impact", place.path, "--patient", patient)
    groprog("lineage", "verify", place.path)
    with open_ledger(place.ledger_path) as connection:
        connection.execute(
            "DELETE FROM patients_seen WHERE role = 'fit' AND patient = (SELECT min(patient) FROM patients_seen)"
        )
    found = subprocess.run(
        [sys.executable, "-m", "groprog_assets.cli.main", "lineage", "verify", str(place.path)],
        capture_output=True,
        check=False,
    )
    assert found.returncode != 0
    assert b"altered rows" in found.stdout + found.stderr, "who was in a part is sealed"


def test_the_result_is_that_of_the_pooled_rows_and_no_file_names_a_patient(sites: Path, tmp_path: Path):
    request, result = sites / "request.json", None
    for number in range(30):
        merged = merge(request, answered(sites, request, tmp_path), sites / "keys")
        if merged.request is None:
            result = merged.result
            break
        request = tmp_path / f"request{number}.json"
        request.write_text(json.dumps(merged.request.document()))
    assert result is not None
    assert result["converged"]
    cohorts = [load_asset(workspace(sites, site), "cohort") for site in SITES]
    records = pd.concat([c.records.merge(c.outcomes, on="patient_id") for c in cohorts])
    records = records[records[["age", "sex"]].notna().all(axis=1)]
    x = np.column_stack([records["age"], records["sex"].astype(str) == "Male"]).astype(float)
    time, event = records["time"].to_numpy(), records["event"].to_numpy(bool)
    b, _ = obvious_cox(x - x.mean(axis=0), grouped(time, event, 5), event)
    assert [row["coefficient"] for row in result["covariates"]] == pytest.approx(b, abs=1e-9)
    names = {name for cohort in cohorts for name in cohort.records["patient_id"]}
    sent = "".join(path.read_text() for path in tmp_path.iterdir())
    assert not [name for name in names if name in sent]
    assert not any(key.hex() in sent for key in (study_key(workspace(sites, site).state) for site in SITES))


def test_altered_foreign_and_double_answers_are_refused(sites: Path, tmp_path: Path):
    request = sites / "request.json"
    files = answered(sites, request, tmp_path)
    sound = {path: path.read_text() for path in files}

    def refused(told: str, given: list[Path] = files) -> None:
        with pytest.raises(GroProgError, match=told):
            merge(request, given, sites / "keys")
        for path, text in sound.items():
            path.write_text(text)

    files[0].write_text(sound[files[0]].replace('"n": ', '"n": 1'))
    refused("signature does not fit")
    files[0].write_text(sound[files[1]].replace('"site": "south"', '"site": "north"'))
    refused("signature does not fit")
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**REQUEST, "fields": ["age"]}))
    files[0].write_text(
        json.dumps(answer(workspace(sites, "north"), other, "north", sites / "keys" / "north.key", "ada"))
    )
    refused("answers another request")
    refused("north twice", [files[0], *files])
    refused("none of west", files[:2])
    files[0].write_text("[]")
    refused("no answer of a site")
    (tmp_path / "keys").mkdir()
    with pytest.raises(LedgerError, match="no key"):
        merge(request, files, tmp_path / "keys")


def test_a_site_that_is_not_asked_and_a_key_in_the_study_are_refused(sites: Path):
    with pytest.raises(CohortError, match="north, south, west"):
        answer(workspace(sites, "north"), sites / "request.json", "east", sites / "keys" / "north.key", "ada")
    inside = sites / "north" / "site.key"
    make_key(inside)
    with pytest.raises(LedgerError, match="inside the study"):
        answer(workspace(sites, "north"), sites / "request.json", "north", inside, "ada")
    inside.unlink()


def test_every_answer_stands_in_the_log_and_without_it_none_is_given(sites: Path, monkeypatch: pytest.MonkeyPatch):
    held = workspace(sites, "south")
    path = held.state / "queries" / "federation.jsonl"
    before = len(path.read_bytes().splitlines()) if path.is_file() else 0
    sent = answer(held, sites / "request.json", "south", sites / "keys" / "south.key", "ada")
    row = checked_rows(path, path.read_bytes())[before]
    assert (row["actor"], row["endpoint"], row["outcome"]) == ("ada", "federation as south", "answered")
    assert row["canonical"] == f"cox of age, sex=Male, first, round 0, request {sent['request']}"

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("groprog_assets.store.query_log.os.pwrite", full)
    with pytest.raises(ArtifactError, match="No space left on device"):
        answer(held, sites / "request.json", "south", sites / "keys" / "south.key", "ada")
    assert len(path.read_bytes().splitlines()) == before + 1


def test_who_has_withdrawn_is_in_no_sum(sites: Path, monkeypatch: pytest.MonkeyPatch):
    held = workspace(sites, "north")
    whole = answer(held, sites / "request.json", "north", sites / "keys" / "north.key", "ada")
    leaving = {load_asset(held, "cohort").records["patient_id"].iloc[0]}
    monkeypatch.setattr("groprog_assets.intake.federated_answers.who_withdrew", lambda _, names: leaving & set(names))
    less = answer(held, sites / "request.json", "north", sites / "keys" / "north.key", "ada")
    assert less["payload"]["n"] == whole["payload"]["n"] - 1
