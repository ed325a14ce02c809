"""A study of a hundred and forty simulated subjects, run to its catalogue, and its server without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from groprog_assets.beacon.actors import add_actor
from groprog_assets.beacon.application import Answering, application
from groprog_assets.beacon.serving import served
from groprog_assets.store.workspace import Workspace
from tests.integrated_files import SUBJECTS, integrated_study
from tests.omics_files import omics_study, packet
from tests.trained_study import run

CASES = [
    {
        "name": "limbs",
        "title": "A case of short limbs",
        "packet": "case-0",
        "gene": "LIMB1",
        "compare": ["OMIM:100001"],
        "origin": "Simulated, all of it.",
    }
]


class Served:
    """A study's server: its application, tokens by role, the workspace."""

    def __init__(self, study: Path):
        self.workspace = Workspace(study)
        self.tokens = {role: add_actor(self.workspace.state, role, role) for role in ("registered", "steward")}
        self.answering: Answering = served(self.workspace, "127.0.0.1", 3080)
        self.application = application(self.answering)
        self.log = self.workspace.state / "queries" / "log.jsonl"

    def bearer(self, role: str) -> str:
        return f"Bearer {self.tokens[role]}"

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture(scope="session")
def made_portal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of one that was run whole: two thirds with limbs, a third with a heart; consents of two kinds."""
    folder = tmp_path_factory.mktemp("portal") / "study"
    study = omics_study(folder)
    rows, packets = [], []
    for k in range(140):
        terms = ["HP:0000011"] if k % 3 else ["HP:0000021"]
        terms += ["HP:0000012"] if k < 3 else []
        disease = "OMIM:100001" if k % 3 else "OMIM:100002"
        packets.append(packet(f"case-{k}", terms, disease))
        rows.append(f"case-{k}\t1\t2024-01-01\t{'DUO:0000042' if k % 2 else 'DUO:0000006'}")
    (folder / "packets.jsonl").write_text("".join(json.dumps(item) + "\n" for item in packets))
    (folder / "consents.tsv").write_text("subject\tversion\tgranted\tpermission\n" + "\n".join(rows) + "\n")
    study = omics_study_with(study)
    run(study)
    return study


def omics_study_with(study: Path) -> Path:
    document = yaml.safe_load(study.read_text())
    document["omics"] |= {"consents": {"table": "consents.tsv", "purpose": "health"}, "cases": CASES}
    document["parameters"] = {"disclosure": {"requests_a_minute": 10_000}}
    study.write_text(yaml.safe_dump(document))
    return study


def copied(made: Path, folder: Path) -> Path:
    """study.yaml of a copy of the study of `made`."""
    return Path(shutil.copytree(made.parent, folder)) / made.name


def served_copy(made: Path, folder: Path) -> Iterator[Served]:
    """The server of a copy; its log is closed at the end."""
    found = Served(copied(made, folder))
    yield found
    found.answering.desk.log.close()


@pytest.fixture
def portal(made_portal: Path, tmp_path: Path) -> Iterator[Served]:
    """Its server, on a copy that a test may change."""
    yield from served_copy(made_portal, tmp_path / "study")


REFERENCES = 12


@pytest.fixture(scope="session")
def made_measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of 64 simulated subjects with assays, gene sets and drugs, run to its catalogue.

    Twelve healthy references stand beside them, and one person has a gene and a protein far from these.
    """
    study = integrated_study(tmp_path_factory.mktemp("measured") / "study")
    folder = study.parent
    random = np.random.default_rng(8)
    names = [f"healthy-{k:02d}" for k in range(REFERENCES)]
    for assay, feature in (("rna", "GENE50"), ("protein", "PROT40")):
        held = pd.read_csv(folder / f"{assay}.tsv", sep="\t", index_col=0)
        own = pd.DataFrame(random.normal(8, 0.7, (len(held), REFERENCES)), index=held.index, columns=names)
        joined = held.join(own)
        joined.loc[feature, SUBJECTS[5]] = 61.0
        joined.to_csv(folder / f"{assay}.tsv", sep="\t", na_rep="NA")
    rows = pd.read_csv(folder / "samples.tsv", sep="\t", dtype=str).assign(is_reference="no")
    healthy = pd.DataFrame({"sample": names, "subject": names, "is_reference": "yes"})
    pd.concat([rows, healthy]).to_csv(folder / "samples.tsv", sep="\t", index=False)
    document = yaml.safe_load(study.read_text())
    few = {"subsamples": 10, "repeats": 1, "permutations": 100, "set_permutations": 200}
    # 24 subjects are severe and groups are told of from 20 on: with little noise they are with any key
    disclosure = {"requests_a_minute": 10_000, "listing_epsilon": 5}
    document["parameters"] = {"disclosure": disclosure, "integration": few}
    study.write_text(yaml.safe_dump(document))
    run(study)
    return study


@pytest.fixture
def measured(made_measured: Path, tmp_path: Path) -> Iterator[Served]:
    """Its server, on a copy that a test may change."""
    yield from served_copy(made_measured, tmp_path / "measured")
