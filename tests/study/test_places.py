"""Inbox, results and store hold no input, lie in none, and are no other's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from groprog_assets.study.check import check_study, load_study


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written.parent, tmp_path / "study"))


def with_places(folder: Path, **places: str) -> list[str]:
    """What `check_study` says of a study with these folders."""
    path = folder / "study.yaml"
    document = yaml.safe_load(path.read_text())
    document["results"] = places.get("results", "results")
    document["cohort"]["inbox"] = places.get("inbox", "inbox")
    document["compute"] = {"store": places["store"]} if "store" in places else {}
    path.write_text(yaml.safe_dump(document))
    return [str(problem) for problem in check_study(path)]


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"results": "."}, "results: .* contains the study file"),
        ({"results": "genome"}, "results: .* contains genome.chrom_sizes"),
        ({"inbox": "cohort"}, "cohort.inbox: .* contains cohort.clinical"),
        ({"store": "reads"}, "compute.store: .* contains libraries"),
        ({"inbox": "results/inbox"}, "cohort.inbox: .* lies in results"),
        ({"store": "inbox"}, "compute.store: .* is cohort.inbox"),
        ({"results": ".groprog"}, r"results: .* is \.groprog"),
        ({"store": ".groprog"}, r"compute.store: .* is \.groprog"),
        ({"results": "linked"}, "results: .* contains genome.chrom_sizes"),
    ],
)
def test_a_folder_that_overlaps_is_refused(folder: Path, places: dict[str, str], words: str) -> None:
    (folder / "linked").symlink_to(folder / "genome")
    (problem,) = with_places(folder, **places)
    assert re.search(words, problem), problem


def test_the_usual_folders_are_right(folder: Path) -> None:
    assert with_places(folder) == []
    assert with_places(folder, store=".groprog/store") == []
    assert with_places(folder, inbox="incoming/clinical", results="out/results") == []


def test_an_inbox_in_the_folder_of_a_cbioportal_study_is_refused(folder: Path) -> None:
    (folder / "cohort" / "clinical.tsv").rename(folder / "cohort" / "data_clinical_patient.txt")
    path = folder / "study.yaml"
    path.write_text(path.read_text().replace("cohort/clinical.tsv", "cohort"))
    (problem,) = with_places(folder, inbox="cohort/inbox")
    assert "lies in cohort.clinical" in problem


def test_a_linked_study_file_is_the_file_it_leads_to(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere.yaml"
    link.symlink_to(folder / "study.yaml")
    assert check_study(link) == []
    assert load_study(link).genome.annotation == folder / "genome" / "annotation.gtf"
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    (problem,) = check_study(loop)
    assert problem.rule == "The study file must exist and be readable."
