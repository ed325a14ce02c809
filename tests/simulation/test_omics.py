"""The omics half of the bundled study: what is planted comes back from every stage, and who may not be used is in none.

The bounds were chosen on studies of the seeds 1 to 5; the study here has the seed of `groprog simulate`. Its key, and with it the
folds of the panels, is another one in every session, for which the bounds of the panels leave room.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from groprog_assets.export.results_folder import export_results
from groprog_assets.methods.integration.strata import adjusted_rand_index
from groprog_assets.report.context import omics_checks
from groprog_assets.simulation.cohort import build_cohort
from groprog_assets.simulation.omics import PARAMETERS, build_omics, write_omics
from groprog_assets.simulation.world import SCALES, build_world
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from tests.trained_study import run

SEED = 20260101
ASSAYS = {"rna", "protein", "methylation"}
ACTIVITY = "high against low"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of the omics half alone, run whole and exported."""
    folder = tmp_path_factory.mktemp("bundled_omics")
    (folder / "truth").mkdir()
    size = SCALES["bundled"]
    world = build_world(size, SEED)
    cohort = build_cohort(world, size.patients, size.other_genes, SEED)
    block = write_omics(build_omics(world, cohort, SEED), folder)
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({"name": "bundled", "omics": block, "parameters": PARAMETERS}))
    run(path)
    export_results(Workspace(path))
    return path


def value(made: Path, asset: str) -> Any:
    return load_asset(Workspace(made), asset)


def truth(made: Path, name: str) -> pd.DataFrame:
    """A table of the truth, its patients under their pseudonyms, whether they may be used or not."""
    table = pd.read_csv(made.parent / "truth" / f"{name}.tsv", sep="\t")
    if "patient_id" not in table:
        return table
    key = study_key(Workspace(made).state)
    return table.set_index(table["patient_id"].map(lambda name: pseudonym(name, key)).rename("subject_id"))


def planted(made: Path) -> dict[str, str]:
    return json.loads((made.parent / "truth" / "omics.json").read_text())


def test_every_check_of_it_passes(made: Path):
    failed = {
        (asset, item["name"])
        for asset, held in omics_checks(Workspace(made)).items()
        for item in held
        if not item["passed"]
    }
    assert not failed


def test_who_may_not_be_used_is_in_no_value(made: Path):
    patients = truth(made, "omics_patients")
    refused = set(patients.index[patients["may_be_used"] == "no"])
    assert len(refused) == 3
    assert set(value(made, "subjects").table["subject_id"]) == set(patients.index) - refused
    assert set(value(made, "samples").table["subject_id"]) == set(patients.index) - refused
    counts = value(made, "consents").summary["refused"]
    assert counts == {"DUO:0000011 does not allow the purpose": 1, "no consent": 1, "withdrawn": 1}


def test_the_planted_batches_are_found_and_removed(made: Path):
    effects = value(made, "assay_corrected").effects.set_index("assay_id")
    assert set(effects.index) == ASSAYS
    patients = truth(made, "omics_patients")
    for assay, row in effects.iterrows():
        assert row["batches"] == patients[f"{assay}_batch"].nunique()
    assert (effects["batch_share_before"] > 0.05).all()
    assert (effects["batch_share_after"] < 0.01).all()
    assert (effects["factor_share_after"] > 0.9 * effects["factor_share_before"]).all()


def test_the_planted_factor_is_one_of_all_assays(made: Path):
    found = value(made, "factors")
    scores = found.table.pivot(index="subject_id", columns="factor", values="score")
    factor = truth(made, "omics_patients").loc[scores.index, "factor"]
    r = scores.corrwith(factor).abs()
    assert r.max() > 0.9
    shares = found.variance[found.variance["factor"] == r.idxmax()]
    assert set(shares["assay_id"]) == ASSAYS
    assert (shares["share"] > 0.03).all()


def test_the_planted_stratum_comes_back_and_dies_earlier(made: Path):
    found = value(made, "strata")
    strata = found.table.set_index("subject_id")["stratum"]
    patients = truth(made, "omics_patients").loc[strata.index]
    assert set(strata) == {1, 2}
    assert adjusted_rand_index(strata, patients["stratum"]) > 0.8
    assert found.survival["log_rank"]["p_value"] < 0.001
    assert found.survival["log_rank"]["permutation_p_value"] < 0.005
    worse = pd.crosstab(strata, patients["stratum"])[2].idxmax()
    median = found.outcomes.set_index("stratum")["median"]
    assert median[worse] < 0.6 * median.drop(worse).iloc[0]


def test_the_planted_biomarkers_are_those_of_their_outcome(made: Path):
    found = value(made, "biomarkers")
    chosen = found.table[found.table["biomarker"]].merge(
        truth(made, "omics_features"), left_on=["assay_id", "symbol"], right_on=["assay", "feature"]
    )
    assert len(chosen) == found.table["biomarker"].sum() > 0
    activity = chosen[chosen["outcome"] == ACTIVITY]
    assert (activity["weight"].abs() > 0.3).all()
    assert (activity["role"].isin(["pathway", "falling"])).mean() > 0.4
    assert (chosen.loc[chosen["outcome"] == "survival", "role"] == "stratum").mean() > 0.7
    assert found.summary[ACTIVITY]["performance"] > 0.85
    assert 0.55 < found.summary["survival"]["performance"] < 0.9


def test_the_planted_pathway_comes_first(made: Path):
    pathway = planted(made)["pathway"]
    sets = value(made, "biomarkers").sets
    for assay in ("rna", "protein"):
        own = sets[(sets["outcome"] == ACTIVITY) & (sets["assay_id"] == assay)].set_index("set_id")
        assert own["score"].abs().idxmax() == pathway
        assert own.loc[pathway, "q_value"] < 0.05
    factor = truth(made, "omics_patients")["factor"]
    scores = value(made, "pathway_scores").table
    of_rna = scores[scores["assay_id"] == "rna"].pivot(index="subject_id", columns="set_id", values="score")
    r = of_rna.corrwith(factor.reindex(of_rna.index)).abs()
    assert r.idxmax() == pathway
    assert r[pathway] > 0.9


def test_the_planted_drug_reverses_what_the_factor_does(made: Path):
    table = value(made, "reversal").table
    own = table[(table["outcome"] == ACTIVITY) & (table["assay_id"] == "rna")].set_index("drug")
    drug = planted(made)["drug"]
    assert own["score"].idxmin() == drug
    assert own.loc[drug, "score"] < -0.7
    assert own.loc[drug, "q_value"] < 0.05


def test_the_rare_disease_to_find_comes_first(made: Path):
    cases = truth(made, "rare_diseases")
    assert (cases["diagnosed"] == "no").sum() == 1
    ranked = value(made, "disease_ranking").table.set_index(["subject_id", "disease_id"])["rank"]
    rank = np.array([ranked.get((subject, disease), np.inf) for subject, disease in cases["disease_id"].items()])
    assert rank[(cases["diagnosed"] == "no").to_numpy()] == 1
    assert (rank == 1).sum() >= 6
    subject, disease = (
        cases.index[cases["diagnosed"] == "no"][0],
        cases["disease_id"][cases["diagnosed"] == "no"].iloc[0],
    )
    told = value(made, "case_studies").table
    own = told[told["subject_id"] == subject].drop_duplicates("disease_id").set_index("disease_id")
    assert own.loc[disease, "rank"] == 1


def test_the_report_and_the_results_show_it_and_name_nobody(made: Path):
    folder = made.parent / "results" / "omics"
    page = (folder / "report.html").read_text()
    for text in ("Survival by stratum", planted(made)["pathway"], planted(made)["drug"], "Simulated disease"):
        assert text in page
    assert (folder / "cases" / "undiagnosed.html").is_file()
    for path in folder.rglob("*"):
        assert path.is_dir() or b"SIM-0" not in path.read_bytes(), path


def half(folder: Path, patients: int, seed: int) -> dict[str, str]:
    """The digests of the files of the omics half of a small cohort."""
    (folder / "truth").mkdir(parents=True)
    world = build_world(SCALES["bundled"], seed)
    write_omics(build_omics(world, build_cohort(world, patients, 5, seed), seed), folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path: Path):
    first = half(tmp_path / "a", 20, 1)
    assert first == half(tmp_path / "b", 20, 1)
    other = half(tmp_path / "c", 20, 2)
    assert {name for name in first if first[name] != other[name]} >= {"omics/rna.tsv", "omics/packets.jsonl"}
    assert first["omics/findings.obo"] == other["omics/findings.obo"]
