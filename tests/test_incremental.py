"""A library that joins a finished study costs only itself: the others are neither read nor windowed again."""

from __future__ import annotations

from pathlib import Path

import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import open_workspace

WINDOWS = "gene_models or raw_reads or alignments or filtered_alignments or coverage or transcript_hmm"
LIBRARY = ("raw_reads", "alignments", "filtered_alignments", "coverage")


def groprog(*arguments: object) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_new_library_windows_only_itself(study: Path) -> None:
    document = yaml.safe_load(study.read_text())
    libraries = document["libraries"]
    study.write_text(yaml.safe_dump({**document, "libraries": libraries[:3]}, sort_keys=False))
    groprog("run", study, "--select", WINDOWS)
    workspace = open_workspace(study)
    before = {
        (asset, library["id"]): read_asset(workspace, asset, library["id"]).derivation
        for asset in LIBRARY
        for library in libraries[:3]
    }
    fitted = read_asset(workspace, "transcript_hmm").value().fit

    study.write_text(yaml.safe_dump({**document, "libraries": libraries}, sort_keys=False))
    output = groprog("run", study, "--select", WINDOWS)
    made = {line.split("  ")[0].strip("✓ ") for line in output.splitlines() if line.startswith("✓")}
    assert made == {*(f"{asset} [{libraries[3]['id']}]" for asset in LIBRARY), "transcript_hmm"}
    workspace = open_workspace(study)
    for (asset, library), derivation in before.items():
        assert read_asset(workspace, asset, library).derivation == derivation
    again = read_asset(workspace, "transcript_hmm").value().fit
    assert again["libraries"] == [library["id"] for library in libraries]
    assert again["reads"] > fitted["reads"]
    assert again["windows"] == fitted["windows"]
