"""What lies in the folder of a study is held against the ledger, and no run takes for its own what was put there by hand."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.lineage.check_points import check_point_path
from groprog_assets.lineage.present import COPY, HEAD, MANIFEST
from groprog_assets.store.artifacts import digest_bytes
from groprog_assets.store.derivations import Derivations, memo_key
from groprog_assets.store.signatures import Unsealed
from groprog_assets.store.workspace import Workspace
from tests.trained_study import copied

SELECT = ["--select", "gene_models or clinical_records or patient_expression"]
ASSET = "gene_models"


def groprog(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def verify(study: Path, *options: str) -> list[str]:
    """The problems, and nothing else wrong."""
    said = groprog("lineage", "verify", "--study", study, "--json", *options)
    assert said.exit_code in (0, 2), said.output
    found = json.loads(said.stdout)
    assert found["sound"] == (said.exit_code == 0) == (not found["problems"])
    return list(found["problems"])


@pytest.fixture(scope="module")
def exported(twice_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of the study that was run twice, its results exported and sealed, verified once."""
    path = copied(twice_run, tmp_path_factory.mktemp("exported") / "study")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "GROPROG_STUDY"):
            patch.setenv(name, str(path))
        patch.setattr(
            "groprog_assets.export.results_folder._files", lambda workspace: [("figures/a.tsv", b"1"), ("b.tsv", b"2")]
        )
        assert groprog("export", path).exit_code == 0
        (path.parent / "results" / "mine.txt").write_text("a file of the user's own")
        assert verify(path) == []
    return path


@pytest.fixture
def study(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DAGSTER_HOME", "GROPROG_STUDY"):
        monkeypatch.setenv(name, str(tmp_path))
    return copied(exported, tmp_path / "study")


def records(study: Path) -> Derivations:
    return Workspace(study).derivations


def forged(study: Path) -> tuple[str, str]:
    """(circumstances, digest) of a derivation by hand: those of the present value, with a value of one's own."""
    workspace = Workspace(study)
    record = workspace.derivations.current_record(ASSET)
    assert record is not None
    record["output"] = workspace.store.put({"forged": True}).as_json()
    return memo_key(record), workspace.derivations.write(record)


def earlier(study: Path) -> str:
    now = records(study).current(ASSET)
    (found,) = [
        path.stem
        for path in (records(study).root / "records").glob("*/*.json")
        if json.loads(path.read_bytes())["asset"] == ASSET and path.stem != now
    ]
    return found


def memo(study: Path) -> Path:
    record = records(study).current_record(ASSET)
    assert record is not None
    key = memo_key(record)
    return records(study).root / "memo" / key[:2] / key


def pointer(study: Path) -> Path:
    return records(study).root / "current" / ASSET / "_.json"


def other_memo(study: Path) -> str:
    return next(path.read_text() for path in memo(study).parents[1].glob("*/*") if path != memo(study))


POINTERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "an earlier value": (lambda study: records(study).point(ASSET, "", earlier(study)), "is an earlier value"),
    "a forged value": (lambda study: records(study).point(ASSET, "", forged(study)[1]), "the ledger does not know"),
    "empty": (lambda study: pointer(study).write_bytes(b""), "names no derivation"),
    "garbage": (lambda study: pointer(study).write_text('{"derivation":"../../x"}'), "names no derivation"),
    "missing": (lambda study: pointer(study).unlink(), "none"),
    "another asset's": (
        lambda study: shutil.copy(pointer(study), records(study).root / "current" / "clinical_records" / "_.json"),
        "is an earlier value",
    ),
}
MEMOS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a forged value": (lambda study: memo(study).write_text(forged(study)[1]), "is not sealed"),
    "empty": (lambda study: memo(study).write_text(""), "0 characters that name no derivation"),
    "another asset's": (lambda study: memo(study).write_text(other_memo(study)), "under other circumstances"),
    "other circumstances": (lambda study: memo(study).write_text(earlier(study)), "under other circumstances"),
    "one added": (lambda study: records(study).remember("ab" * 32, forged(study)[1]), "is not sealed"),
}


def computed(study: Path) -> str:
    said = groprog("run", study, *SELECT)
    assert said.exit_code == 0, said.output
    return said.output


@pytest.mark.parametrize("name", POINTERS)
def test_a_changed_pointer_is_found_and_a_run_mends_it(study: Path, name: str):
    act, seen = POINTERS[name]
    right = records(study).current(ASSET)
    act(study)
    problems = verify(study)
    assert seen in problems[0]
    assert len(problems) == 1
    assert "run" in problems[0]
    if name not in ("a forged value", "missing"):
        return
    assert "0 values computed, 3 kept" in computed(study)
    assert records(study).current(ASSET) == right
    assert verify(study) == []


def test_a_value_of_an_asset_that_no_run_made_is_found_and_deleted(study: Path):
    records(study).point("unheard", "", forged(study)[1])
    (problem,) = verify(study)
    place = records(study).root / "current" / "unheard" / "_.json"
    assert f"Delete {place}" in problem
    place.unlink()
    assert verify(study) == []


@pytest.mark.parametrize("name", MEMOS)
def test_a_changed_memo_is_found_and_never_used(study: Path, name: str):
    act, seen = MEMOS[name]
    right = records(study).current(ASSET)
    act(study)
    (problem,) = verify(study)
    assert "memo" in problem
    assert seen in problem
    if name in ("another asset's", "other circumstances"):
        return
    said = computed(study)
    assert ("1 value computed, 2 kept" if name != "one added" else "0 values computed, 3 kept") in said
    assert records(study).current(ASSET) == right, "the same bytes again"
    if name == "one added":
        (records(study).root / "memo" / "ab" / ("ab" * 32)).unlink()
    assert verify(study) == []


def test_a_memo_whose_bytes_differ_is_not_used(study: Path):
    workspace = Workspace(study)
    record = workspace.derivations.current_record(ASSET)
    assert record is not None
    place = workspace.store.path(record["output"]["sha256"])
    place.write_bytes(place.read_bytes() + b" ")
    (problem,) = verify(study)
    assert problem.startswith(f"value of {ASSET}: missing or altered")
    assert "1 value computed, 2 kept" in computed(study)
    assert verify(study) == []


def test_what_a_killed_run_made_is_told_from_what_was_put_there(study: Path):
    """Made and signed, its run not recorded: used again, and no problem; with another signature it is neither."""
    key, digest = forged(study)
    workspace = Workspace(study)
    memo(study).write_text(digest)
    signed = Unsealed(workspace.state)
    signed.add(key, digest)
    assert verify(study) == []
    assert "not sealed yet: 1 value or entry" in groprog("lineage", "verify", "--study", study).output
    place = signed.root / digest
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    assert len(verify(study)) == 1
    signed.add("cd" * 32, digest)
    assert len(verify(study)) == 1, "signed for other circumstances"
    assert not signed.holds(key, digest)


def test_a_run_seals_what_it_signed(study: Path):
    document = yaml.safe_load(study.read_text())
    document["parameters"]["annotation"]["minimum_width"] = 901
    study.write_text(yaml.safe_dump(document))
    assert "1 value computed, 2 kept" in computed(study)
    assert not list(Unsealed(Workspace(study).state).root.glob("*"))
    assert verify(study) == []


RESULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "the list edited": (lambda folder: _append(folder / MANIFEST, b" "), MANIFEST),
    "the list removed": (lambda folder: (folder / MANIFEST).unlink(), MANIFEST),
    "the head edited": (lambda folder: (folder / HEAD).write_text('{"sequence":1,"seal":"x"}'), HEAD),
    "the head emptied": (lambda folder: (folder / HEAD).write_text(""), HEAD),
    "the copy removed": (lambda folder: (folder / COPY).unlink(), COPY),
    "the copy emptied": (lambda folder: (folder / COPY).write_bytes(b""), COPY),
}


def _append(path: Path, content: bytes) -> None:
    path.write_bytes(path.read_bytes() + content)


@pytest.mark.parametrize("name", RESULTS)
def test_results_that_are_not_as_sealed_are_found_and_exported_again(study: Path, name: str):
    act, file = RESULTS[name]
    act(study.parent / "results")
    (problem,) = verify(study)
    assert f"results/{file}: " in problem
    assert groprog("export", study).exit_code == 0
    assert verify(study) == []


def test_an_edited_results_file_is_found_by_name(study: Path):
    folder = study.parent / "results"
    names = sorted(json.loads((folder / MANIFEST).read_text()))
    assert names
    for name in names:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole + b"\n")
        (problem,) = verify(study)
        assert f"results/{name}: sha256 {digest_bytes(whole + bytes([10]))[:12]}" in problem
        (folder / name).write_bytes(whole)
    assert verify(study) == []
    listed = json.loads((folder / MANIFEST).read_text())
    (folder / names[0]).write_bytes(b"forged")
    (folder / MANIFEST).write_text(json.dumps({**listed, names[0]: digest_bytes(b"forged")}))
    (problem,) = verify(study)
    assert f"results/{MANIFEST}: " in problem, "a list that was edited with the file is not the sealed one"


def test_an_edited_copy_of_the_ledger_is_found(study: Path):
    with duckdb.connect(str(study.parent / "results" / COPY)) as connection:
        connection.execute("UPDATE runs SET actor = 'mallory' WHERE run_id = (SELECT min(run_id) FROM runs)")
    (problem,) = verify(study)
    assert f"results/{COPY}: its table runs differs" in problem
    computed(study)
    assert verify(study) == []


def test_full_reads_records_and_values_that_are_not_current(study: Path):
    workspace = Workspace(study)
    digest = records(study).current(ASSET)
    assert digest is not None
    place = workspace.store.path(workspace.derivations.read(digest)["output"]["sha256"])
    document = yaml.safe_load(study.read_text())
    document["parameters"]["annotation"]["minimum_width"] = 4000
    study.write_text(yaml.safe_dump(document))
    computed(study)
    assert verify(study, "--full") == []
    whole = place.read_bytes()
    place.write_bytes(whole + b" ")
    assert verify(study) == []
    (problem,) = verify(study, "--full")
    assert problem.startswith(f"value {place.name[:12]} of {ASSET}: altered")
    assert f"Delete {place.name} from the store" in problem
    place.unlink()
    assert verify(study, "--full") == []
    assert (
        json.loads(groprog("lineage", "verify", "--study", study, "--full", "--json").stdout)["earlier_values_gone"]
        == 1
    )
    workspace.derivations.mark_erased(digest)
    told = groprog("lineage", "verify", "--study", study, "--full").output
    assert "earlier values: 1 erased, 0 otherwise no longer in the store" in told
    record = workspace.derivations.root / "records" / digest[:2] / f"{digest}.json"
    record.write_bytes(record.read_bytes() + b" ")
    assert verify(study) == []
    (problem,) = verify(study, "--full")
    assert "was altered" in problem


def test_status_shows_the_last_verification(study: Path):
    assert verify(study) == []
    assert "up to seal 4: sound" in groprog("status", study).output
    pointer(study).write_bytes(b"")
    assert len(verify(study)) == 1
    assert "up to seal 4: 1 problem" in groprog("status", study).output
    assert json.loads(groprog("status", study, "--json").stdout)["verified"]["sound"] is False
    check_point_path(Workspace(study).ledger_path).unlink()
    assert "never: `groprog lineage verify`" in groprog("status", study).output


def test_it_says_how_closely_it_looked(study: Path):
    check_point_path(Workspace(study).ledger_path).unlink()
    first = groprog("lineage", "verify", "--study", study).output
    assert "rows of all 4 seals: one by one" in first
    second = groprog("lineage", "verify", "--study", study).output
    assert "rows up to seal 4: one sha256 a table, as at the check-point of" in second
    assert "the 0 seals after it: row by row" in second
    assert "rows of all 4 seals: one by one" in groprog("lineage", "verify", "--study", study, "--full").output
    head = first.split("head ")[1].split()[0]
    assert "rows of all 4 seals: one by one" in groprog("lineage", "verify", "--study", study, "--head", head).output


def test_what_is_no_regular_file_is_named_and_not_waited_for(study: Path):
    held = records(study).root
    pointer = held / "current" / ASSET / "_.json"
    memo = sorted((held / "memo").glob("??/*"))[0]
    result = study.parent / "results" / "b.tsv"
    for path in (pointer, memo, result):
        path.unlink()
    os.mkfifo(pointer)
    memo.mkdir()
    os.mkfifo(result)
    problems = "\n".join(verify(study))
    assert f"{pointer} names no derivation" in problems
    assert f"Delete {memo}" in problems
    assert f"{result}: no regular file" in problems
    assert "Remove it; then" in problems


@pytest.mark.parametrize("content", ["[1]", "3", "null", '{"other": 1}'])
def test_a_pointer_that_holds_something_else_is_named(study: Path, content: str):
    pointer = records(study).root / "current" / ASSET / "_.json"
    pointer.write_text(content)
    assert any(f"{pointer} names no derivation" in problem for problem in verify(study))


def test_a_key_that_is_lost_or_short_is_named_and_none_is_made(study: Path):
    key = Workspace(study).state / "pseudonym.key"
    before = key.read_text()
    key.write_text("short")
    assert any(str(key) in problem for problem in verify(study))
    key.unlink()
    assert any("a key was made here" in problem for problem in verify(study))
    assert not key.exists()
    key.write_text(before)
    assert verify(study) == []


def test_a_crate_holds_what_the_manifest_lists_and_no_file_of_the_user(study: Path, tmp_path: Path):
    results, crate = study.parent / "results", tmp_path / "crate"
    (results / "figures" / "own.tsv").write_text("harmless")
    listed = json.loads((results / MANIFEST).read_text())
    (results / "risk_scores.tsv").write_text("rows")
    listed["risk_scores.tsv"] = digest_bytes(b"rows")
    (results / MANIFEST).write_text(json.dumps(listed))
    (results / "b.tsv").write_text("the user's own, in the place of a result")
    said = groprog("lineage", "export", "--study", study, "--format", "rocrate", "--output", crate)
    assert said.exit_code == 0, said.output
    packed = {path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_file()}
    assert packed == {"figures/a.tsv", MANIFEST, HEAD, "ro-crate-metadata.json"}
    told = " ".join(said.output.split())
    assert "left out, as they name patients: risk_scores.tsv" in told
    assert "left out, as they are not as they were exported: b.tsv" in told
    assert "left out, as the manifest does not list them: 2 files" in told
    assert "own.tsv" not in told, "a name of the user's own may name anybody"


@pytest.mark.parametrize("form", ["rocrate", "html"])
@pytest.mark.parametrize("where", ["used", "results/crate", "results"])
def test_a_folder_of_an_export_is_its_own(study: Path, tmp_path: Path, form: str, where: str):
    place = study.parent / where
    (study.parent / "used").mkdir()
    (study.parent / "used" / "stale.tsv").write_text("of an earlier export, or somebody's own")
    before = sorted(study.parent.rglob("*"))
    said = groprog("lineage", "export", "--study", study, "--format", form, "--output", place)
    assert said.exit_code == 2, said.output
    assert "a folder of its own" in said.output
    assert sorted(study.parent.rglob("*")) == before


@pytest.mark.parametrize("content", ["[]", '["figures/a.tsv"]', "3", '"x"', "no JSON"])
def test_a_manifest_that_is_no_list_of_files_makes_no_crate(study: Path, tmp_path: Path, content: str):
    (study.parent / "results" / MANIFEST).write_text(content)
    said = groprog("lineage", "export", "--study", study, "--format", "rocrate", "--output", tmp_path / "crate")
    assert said.exit_code == 2, said.output
    assert "no results" in said.output
    assert not (tmp_path / "crate").exists()


def test_of_a_folder_that_nothing_was_exported_to_no_crate_is_made(study: Path, tmp_path: Path):
    (study.parent / "results" / MANIFEST).unlink()
    said = groprog("lineage", "export", "--study", study, "--format", "rocrate", "--output", tmp_path / "crate")
    assert said.exit_code == 2
    assert "no results" in said.output
    assert not (tmp_path / "crate").exists()
