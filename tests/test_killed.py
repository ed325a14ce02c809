"""kill -9 at random moments, then resume: the results have the same bytes and the ledger holds every run once.

GROPROG_KILLS says how often whole runs are killed (24), GROPROG_SHORT_KILLS how often the projector, the store and the export
are by themselves (20 each), GROPROG_KILL_SEED where.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.export.results_folder import export_results
from groprog_assets.lineage.collect import collect
from groprog_assets.lineage.verification import verify
from groprog_assets.running.execution import study_instance
from groprog_assets.simulation import simulate_study
from groprog_assets.store.artifacts import Blob, Bundle, Store, digest_bytes, digest_file
from groprog_assets.store.derivations import Derivations
from groprog_assets.store.half_written import remove_remains
from groprog_assets.store.workspace import Workspace
from tests.killing import Point, Runner, in_order, timed_points, written_points
from tests.ledger_rows import table_rows

KILLS = int(os.environ.get("GROPROG_KILLS", "24"))
SEED = int(os.environ.get("GROPROG_KILL_SEED", "7"))
IN_A_CHAIN = 40
SHORT = int(os.environ.get("GROPROG_SHORT_KILLS", "20"))
MOVING = {"lineage.duckdb", "lineage_head.json"}  # they say when and in which run
QUICK = "gene_models"


MADE = re.compile(rb" Made \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC\.")


def results_of(folder: Path) -> dict[str, str]:
    found = sorted(path for path in (folder / "results").rglob("*") if path.is_file() and path.name not in MOVING)
    digests = {str(path.relative_to(folder)): digest_file(path) for path in found}
    # The exported report tells when it was made, which is a moment of this run and in the list of files too.
    page, listed = folder / "results" / "report.html", folder / "results" / "manifest.json"
    digests["results/report.html"] = digest_bytes(MADE.sub(b"", page.read_bytes()))
    names = json.loads(listed.read_bytes())
    digests["results/manifest.json"] = digest_bytes(json.dumps({**names, "report.html": ""}).encode())
    return digests


def stored_of(folder: Path) -> set[str]:
    """Every stored value, named by its bytes."""
    return {path.name for path in (folder / ".groprog" / "store").glob("??/*") if path.name[0] != "."}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest study with every asset: few patients, few epochs, two folds, two libraries."""
    study = simulate_study(tmp_path_factory.mktemp("written"), scale="tiny", fastq=False)
    document = yaml.safe_load(study.read_text())
    document["parameters"]["training"] |= {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2}
    document["parameters"]["evaluation"] |= {"folds": 2, "bootstrap_samples": 10}
    document["libraries"] = document["libraries"][::2]
    study.write_text(yaml.safe_dump(document))
    return study.parent


def sound(folder: Path, whole: Path, fresh: Path) -> None:
    """What must hold of a study that was killed often and then ended by itself."""
    assert results_of(folder) == results_of(whole)
    assert stored_of(whole) <= stored_of(folder)
    assert list(folder.rglob("*.part")) == []
    workspace = Workspace(folder / "study.yaml")
    for path in workspace.store.root.glob("??/*"):
        assert digest_file(path) == path.name
    for path in workspace.derivations.root.glob("records/??/*.json"):
        assert workspace.derivations.read(path.stem)
    assert verify(workspace.ledger_path) == []
    with study_instance(workspace) as instance:
        assert collect(instance, workspace.ledger_path, workspace.derivations) == 0
        collect(instance, fresh, workspace.derivations)
        runs = [record.dagster_run.run_id for record in instance.get_run_records()]
    rows, again = table_rows(workspace.ledger_path), table_rows(fresh)
    rows.pop("seals"), again.pop("seals")
    assert rows == again
    assert sorted(row[0] for row in rows["runs"] if not row[0].startswith("event-")) == sorted(runs)


def project(study: str, path: str) -> None:
    """Project into a ledger; what a killed one left off is taken up, a whole one is begun again."""
    workspace, ledger_path = Workspace(Path(study)), Path(path)
    with study_instance(workspace) as instance:
        collect(instance, ledger_path, workspace.derivations)
        if ledger_path.with_name("whole").exists():
            shutil.rmtree(ledger_path.parent)
            collect(instance, ledger_path, workspace.derivations)
        ledger_path.with_name("whole").touch()


def export(study: str) -> None:
    workspace = Workspace(Path(study))
    for path in sorted(workspace.results.rglob("*.tsv"))[::2]:
        path.unlink()
    export_results(workspace)


def publish(folder: str) -> None:
    """Forty values as an asset stores them: bytes, record, memo, pointer."""
    store, records = Store(Path(folder) / "store"), Derivations(Path(folder) / "derivations")
    for number in range(40):
        content = Random(number).randbytes(200_000)
        reference = store.put(Bundle(content=Blob(content, ".bin"), number={"n": number}))
        digest = records.write({"asset": "made", "output": reference.as_json(), "inputs": []})
        records.remember(digest_bytes(b"%d" % number), digest)
        records.point("made", f"p{number}", digest)


@pytest.mark.slow
def test_a_projector_killed_often_loses_and_doubles_nothing(written: Path, tmp_path: Path, monkeypatch):
    for name in ("DAGSTER_HOME", "GROPROG_STUDY"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = Path(shutil.copytree(written, tmp_path / "study"))
    for _ in range(2):
        run = CliRunner().invoke(
            main, ["run", str(folder / "study.yaml"), "--select", "gene_models or raw_reads or +cohort"]
        )
        assert run.exit_code == 0, run.output
    place = tmp_path / "ledger" / "lineage.duckdb"
    runner, random = Runner(tmp_path / "child.log"), Random(SEED)
    before = table_rows(Workspace(folder / "study.yaml").ledger_path)
    for _ in range(SHORT // 10):
        runner.killed_often(project, (str(folder / "study.yaml"), str(place)), 10, random)
        assert table_rows(place) == before
        assert verify(place) == []
        assert not list(place.parent.glob("*.wal"))


@pytest.mark.slow
def test_values_published_under_kills_are_whole_or_absent(tmp_path: Path):
    runner, random = Runner(tmp_path / "child.log"), Random(SEED)
    publish(str(tmp_path / "whole"))
    for number in range(SHORT // 10):
        folder = tmp_path / f"killed{number}"
        for _ in range(10):
            runner.short(publish, (str(folder),), random.uniform(0, 0.4))
            for path in folder.glob("store/??/*"):
                assert path.name.startswith(".") or digest_file(path) == path.name
            for _, partition, digest in Derivations(folder / "derivations").pointers():
                assert Derivations(folder / "derivations").read(digest), partition
        remove_remains(folder)
        publish(str(folder))
        assert listing(folder) == listing(tmp_path / "whole")
        shutil.rmtree(folder)


def listing(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest_file(path) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_killed_at_any_moment_a_run_ends_with_the_same_bytes(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("DAGSTER_HOME", "GROPROG_STUDY"):
        monkeypatch.setenv(name, str(tmp_path))
    random, runner = Random(SEED), Runner(tmp_path / "child.log")
    whole = tmp_path / "whole"
    shutil.copytree(written, whole)
    killed, timeline = runner.run(whole / "study.yaml")
    assert not killed
    assert [mark.where for mark in timeline][-1] == "end"
    fell: list[tuple[str, str, float]] = []
    while len(fell) < KILLS:
        chain = tmp_path / f"chain{len(fell)}"
        shutil.copytree(written, chain)
        study, many = chain / "study.yaml", min(IN_A_CHAIN, KILLS - len(fell))
        points = written_points(timeline, random, many // 4)
        points += [Point("ledger", random.uniform(0, 0.4)) for _ in range(many // 4)]
        points += [Point("instance", random.uniform(0, 1.5)) for _ in range(many // 10)]  # its databases are being made
        points += timed_points(timeline, random, many - len(points))
        for point in in_order(points, timeline):
            kind = "write" if point.write else point.where if point.where in ("ledger", "instance") else "moment"
            died = False
            while not died:  # who is done before the moment comes is asked again, for an earlier one
                died, told = runner.run(study, QUICK if kind == "ledger" else "", point)
                point = point._replace(seconds=point.seconds / 2)
            fell.append((kind, told[-1].where, told[-1].seconds))
        command = [sys.executable, "-m", "groprog_assets.cli.main", "run", str(study)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[1])
        assert done.returncode == 0, done.stdout + done.stderr
        sound(chain, whole, tmp_path / f"fresh{len(fell)}" / "lineage.duckdb")
        before = results_of(chain)
        runner.killed_often(export, (str(study),), SHORT // 5, random)
        assert results_of(chain) == before
        shutil.rmtree(chain)
        if record := os.environ.get("GROPROG_KILL_LOG"):
            Path(record).write_text(json.dumps({"kills": fell, "timeline": timeline}))
    assert {kind for kind, _, _ in fell} == {"write", "ledger", "instance", "moment"}
