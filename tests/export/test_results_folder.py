"""The results folder: both coordinate forms of units, nothing of a killed export left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.export import report_page, results_folder
from groprog_assets.lineage import ledger
from groprog_assets.store.workspace import open_workspace
from tests.trained_study import copied

REAL = """
name: other
data_roots: [{data}]
genome:
  name: hg19
  chrom_sizes: {data}/reference/hg19.chrom.sizes
  annotation: {data}/reference/hg19.refGene.chr7.gtf.gz
libraries:
  - {{id: zero, condition: vehicle, alignments: {data}/nascent/S0mR1.bam}}
  - {{id: forty, condition: oestradiol, alignments: {data}/nascent/S40mR1.bam}}
contrast: {{treatment: oestradiol, control: vehicle}}
cohort:
  clinical: {data}/cohorts/gbsg/cohort.csv
  patient_column: patient_id
  endpoint: {{time_column: time, event_column: event}}
  fields: [{{column: x3, name: age, kind: continuous}}]
parameters: {{representation: {{mode: clinical}}, transcription: {{tune: false}}}}
"""


def groprog(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def called(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny study run as far as its transcription units."""
    study = copied(written, tmp_path_factory.mktemp("called") / "study")
    groprog("run", study, "--select", "+transcripts")
    return study.parent


@pytest.fixture
def folder(called: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("GROPROG_STUDY", "")
    return Path(shutil.copytree(called, tmp_path / "study"))


def bed(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", header=None, names=["chrom", "start", "end", "name", "score", "strand"])


def test_units_stand_in_both_coordinate_forms(folder: Path) -> None:
    units = folder / "results" / "transcripts"
    exact, grohmm = bed(units / "all.bed"), bed(units / "grohmm.bed")
    table = pd.read_csv(units / "all.tsv", sep="\t")
    assert len(table) == len(exact) == len(grohmm) > 5
    assert (exact["start"] == table["start"]).all()
    assert (exact["end"] == table["end"]).all()
    assert (grohmm["start"] == table["grohmm_start"] - 1).all()
    assert (grohmm["end"] == table["grohmm_end"]).all()
    assert (grohmm["start"] == exact["start"] - 1).all()


def test_what_a_killed_export_left_is_removed_and_a_persons_files_stay(folder: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    results, state = folder / "results", folder / ".groprog"
    whole = {path.name: path.read_bytes() for path in (results / "transcripts").iterdir()}
    listed = json.loads((results / "manifest.json").read_text())
    (results / "manifest.json").write_text(json.dumps({**listed, "transcripts/gone.bed": ""}))
    (results / "transcripts" / "gone.bed").write_text("chr1")
    (results / "transcripts" / "all.bed").unlink()
    (results / "notes.txt").write_text("mine")
    half = [results / f".report.html.{ended.pid}.0123abcd.part", results / f".lineage.duckdb.{ended.pid}.part"]
    writing = results / f".all.bed.{os.getpid()}.0123abcd.part"
    for path in (*half, writing):
        path.write_text("half")
    (state / f".export.{ended.pid}.part").mkdir()
    assert "0 values computed" in groprog("run", folder / "study.yaml", "--select", "gene_models")
    assert {path.name: path.read_bytes() for path in (results / "transcripts").iterdir()} == whole
    assert not any(path.exists() for path in half)
    assert not list(state.glob("*.part"))
    assert writing.exists()
    assert (results / "notes.txt").read_text() == "mine"
    assert json.loads((results / "manifest.json").read_text()) == listed


def test_tracks_come_as_files_which_are_gone_once_they_are_copied(folder: Path) -> None:
    came = dict(results_folder._files(open_workspace(folder / "study.yaml")))
    tracks = {name: content for name, content in came.items() if name.endswith(".bw")}
    assert tracks
    assert all(isinstance(content, Path) and not content.exists() for content in tracks.values())
    (folder / ".groprog" / results_folder.NOTE).unlink()
    whole = {name: (folder / "results" / name).read_bytes() for name in tracks}
    next(folder.glob("results/coverage/*.bw")).write_bytes(b"cut")
    groprog("export", folder / "study.yaml")
    assert {name: (folder / "results" / name).read_bytes() for name in tracks} == whole


@pytest.mark.slow
def test_a_study_of_real_reads_gives_grohmms_units(shared: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(REAL.format(data=shared / "data"))
    groprog("run", study, "--select", "+transcripts")
    oracle = shared / "data" / "oracle" / "grohmm"
    columns = ["chrom", "start", "end", "strand"]
    found = bed(tmp_path / "results" / "transcripts" / "grohmm.bed")[columns]
    expected = bed(oracle / "pooled_unique_default.bed")[columns]
    assert len(found) == 581
    assert sorted(found.itertuples(index=False)) == sorted(expected.itertuples(index=False))
    path = pd.read_csv(oracle / "pooled_unique_default.viterbi_rle.tsv", sep="\t").query("state == 1")
    exact = bed(tmp_path / "results" / "transcripts" / "all.bed")
    windows = {(row.strand, row.win_start0 * 50, row.win_end0 * 50) for row in path.itertuples()}
    assert {(row.strand, row.start, row.end) for row in exact.itertuples()} == windows


def test_the_exported_report_tells_when_it_was_made_and_by_which_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    page = b"<p>Study s.<!--made--></p>"
    path = tmp_path / "lineage.duckdb"
    with ledger.open_ledger(path, make=True) as connection:
        for run, day in (("later", 2), ("first", 1)):
            row = (run, 1, datetime(2026, 1, day, 9, 30), "report", "", "a" * 64, "d" * 64, day == 2)
            connection.execute("INSERT INTO materializations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    state = SimpleNamespace(ledger_path=path, derivations=SimpleNamespace(current=lambda asset: "d" * 64))
    monkeypatch.setattr(report_page, "program_commit", lambda: "abc1234 and local changes")
    told = report_page.exported_page(page, state)
    assert told == b"<p>Study s. Made 2026-01-01 09:30 UTC. Commit abc1234 and local changes.</p>"
    monkeypatch.setattr(report_page, "program_commit", lambda: "")
    never = SimpleNamespace(ledger_path=tmp_path / "none", derivations=state.derivations)
    assert report_page.exported_page(page, never) == b"<p>Study s.</p>"


def test_a_git_hook_does_not_name_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    report_page.program_commit.cache_clear()
    own = report_page.program_commit()
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    report_page.program_commit.cache_clear()
    assert report_page.program_commit() == own
