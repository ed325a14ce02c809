"""Assays joined in the graph: what is planted in a study comes back in its tables, checks, report and results."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.export.results_folder import export_results
from groprog_assets.methods.integration.strata import adjusted_rand_index
from groprog_assets.report.context import omics_checks
from groprog_assets.store.identities import names
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import ASKED_ASSETS, Workspace
from tests.integrated_files import SUBJECTS, integrated_study, planted
from tests.trained_study import run

FEWER = {"integration": {"subsamples": 20, "repeats": 2, "permutations": 500}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of one that was run whole."""
    path = integrated_study(tmp_path_factory.mktemp("integrated") / "study")
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "parameters": FEWER}))
    run(path)
    export_results(Workspace(path))
    return path


def of_subjects(made: Path, values: np.ndarray) -> pd.Series:
    """A planted value by pseudonym."""
    by_name = names(Workspace(made).state)
    return pd.Series(values, index=[by_name[name] for name in SUBJECTS])


def passed(made: Path, asset: str) -> dict[str, bool]:
    return {item["name"]: item["passed"] for item in omics_checks(Workspace(made))[asset]}


def test_the_planted_factor_comes_back(made: Path):
    found = load_asset(Workspace(made), "factors")
    scores = found.table.pivot(index="subject_id", columns="factor", values="score")
    factor = of_subjects(made, planted()["factor"])[scores.index]
    assert np.abs(np.corrcoef(scores.T, factor)[-1, :-1]).max() > 0.9
    assert len(scores) == 64
    assert set(found.weights["assay_id"]) == {"rna", "protein"}
    assert "GENE0" in set(found.weights["symbol"])
    assert passed(made, "factors")["enough_subjects"]


def test_the_planted_strata_have_unequal_survival(made: Path):
    found = load_asset(Workspace(made), "strata")
    strata = found.table.set_index("subject_id")["stratum"]
    assert len(strata) == 61  # three subjects have no protein
    assert adjusted_rand_index(strata, of_subjects(made, planted()["stratum"])[strata.index]) > 0.95
    assert found.survival["log_rank"]["permutation_p_value"] < 0.01
    worse = found.outcomes.set_index("stratum")["median"]
    assert worse[2] < worse[1]
    assert all(passed(made, "strata").values())
    network = load_asset(Workspace(made), "fused_network")
    assert network.network["network"].shape == (61, 61)
    near = network.table[network.table["rank"] == 1]
    assert (strata[near["subject_id"]].to_numpy() == strata[near["other_id"]].to_numpy()).mean() > 0.95


def test_the_planted_biomarkers_pathway_and_drug_come_back(made: Path):
    workspace = Workspace(made)
    found = load_asset(workspace, "biomarkers")
    own = found.table[found.table["outcome"] == "severe against mild"]
    named = set(own.loc[own["biomarker"], "symbol"])
    assert named
    assert named <= {f"GENE{k}" for k in range(30)} | {f"PROT{k}" for k in range(10)}
    assert own.set_index("symbol").loc["GENE3", "effect"] == pytest.approx(1.8, abs=0.6)
    assert found.summary["severe against mild"]["performance"] > 0.95
    assert 0.6 < found.summary["survival"]["performance"] < 0.95
    assert set(found.targets["drug_id"]) <= {"D1"}
    sets = found.sets[(found.sets["outcome"] == "severe against mild") & (found.sets["assay_id"] == "rna")]
    assert sets.set_index("set_id")["q_value"].lt(0.05).to_dict() == {"PLANTED": True, "OTHER": False, "UNKNOWN": False}
    scores = load_asset(workspace, "pathway_scores").table
    planted_scores = scores[scores["set_id"] == "PLANTED"].set_index("subject_id")["score"]
    stratum = of_subjects(made, planted()["stratum"])[planted_scores.index].to_numpy()
    assert planted_scores[stratum == 1].min() > planted_scores[stratum == 0].max()
    drugs = load_asset(workspace, "reversal").table
    drugs = drugs[(drugs["outcome"] == "severe against mild") & (drugs["assay_id"] == "rna")].set_index("drug")
    assert drugs.loc["fixer", "score"] < -0.9
    assert drugs.loc["fixer", "q_value"] < 0.05 < drugs.loc["blank", "q_value"]
    assert all(passed(made, "biomarkers").values())
    assert all(passed(made, "reversal").values())


def test_the_report_and_the_results_tell_of_them(made: Path):
    folder = made.parent / "results" / "omics"
    page = (folder / "report.html").read_text()
    for text in (
        "Variance of each assay",
        "Survival by stratum",
        "severe against mild",
        "no evidence of benefit",
        "fixer",
    ):
        assert text in page
    assert "64 B" not in page  # counts are no bytes
    links = {link for link in re.findall(r'href="([^"#]+)"', page) if "://" not in link}
    assert {"biomarkers.tsv", "drug_reversal.tsv", "factor_weights.tsv", "ranked_sets.tsv"} <= links
    assert not [link for link in links if not (folder / link).is_file()]
    assert len(pd.read_csv(folder / "subject_strata.tsv", sep="\t")) == 61
    for name in ("biomarkers", "pathway_scores", "drug_reversal", "factor_weights", "ranked_sets", "target_candidates"):
        assert (folder / f"{name}.tsv").is_file()
    assert not any(name in path.read_text() for path in folder.iterdir() for name in SUBJECTS)


def test_a_second_run_makes_nothing_anew(made: Path):
    assert not run(made).total()


def test_too_few_subjects_fail_a_check_and_not_the_run(tmp_path: Path):
    path = integrated_study(tmp_path / "study")
    rows = pd.read_csv(path.parent / "samples.tsv", sep="\t", dtype=str)
    rows.iloc[3:10].to_csv(path.parent / "samples.tsv", sep="\t", index=False)
    for name in ("rna.tsv", "protein.tsv"):
        cells = pd.read_csv(path.parent / name, sep="\t", dtype=str, index_col=0)
        cells.filter(items=SUBJECTS[3:10]).to_csv(path.parent / name, sep="\t", na_rep="NA")
    run(path)
    strata = load_asset(Workspace(path), "strata")
    assert strata.table.empty
    assert not passed(path, "strata")["enough_subjects"]
    assert "7 samples have every one of" in strata.summary["why_not"]
    assert not passed(path, "biomarkers")["enough_subjects"]


def test_a_study_that_asks_nothing_has_no_answers(tmp_path: Path):
    asked = ("groups", "survival", "gene_sets", "drug_signatures", "drug_targets")
    workspace = Workspace(integrated_study(tmp_path / "study", **dict.fromkeys(asked)))
    assert workspace.has("strata")
    assert not any(workspace.has(asset) for asset in ASKED_ASSETS)


def told(path: Path) -> str:
    done = CliRunner().invoke(main, ["omics", "check", str(path)])
    assert done.exit_code, done.output
    return " ".join(done.output.split())


def test_what_the_check_says_of_bad_input(tmp_path: Path):
    path = integrated_study(tmp_path / "study")
    rows = pd.read_csv(path.parent / "samples.tsv", sep="\t", dtype=str)
    rows.loc[4, "died"], rows.loc[5, "months"] = "perhaps", "-3"
    rows.to_csv(path.parent / "samples.tsv", sep="\t", index=False)
    (path.parent / "drugs.gmt").write_text("lonely_up\tna\tGENE1\n")
    (path.parent / "targets.tsv").write_text("drug_id\tname\nD1\tone\n")
    said = told(path)
    for text in ("'perhaps'", "An event is 1 or 0", "'-3'", "NAME_up and NAME_down", "gene_id"):
        assert text in said
    alone = integrated_study(tmp_path / "other", groups=None, survival=None)
    assert "neither groups nor survival" in told(alone)
    wrong = integrated_study(tmp_path / "third", groups={"column": "nosuch"})
    assert "no column nosuch" in told(wrong)
