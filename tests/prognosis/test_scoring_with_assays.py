"""`groprog score` with assay files of new patients: the model's constants carry them, and what these do not know is told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.cli.main import main
from groprog_assets.errors import CohortError
from groprog_assets.methods.integration.patient_assays import PatientAssays
from groprog_assets.model.assay_encoder import AssayEncoder
from groprog_assets.model.checkpoint import load_model
from groprog_assets.model.encoded_files import encoded_fold
from groprog_assets.model.predict import predict
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.prognosis.new_patients import NewPatients, read_assays_of
from groprog_assets.prognosis.scoring import Scored, score_patients
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import open_workspace
from tests.methods.integration.test_fold_covariates import TRAIN, planted
from tests.test_cohort_without_libraries import PATIENTS, study_files
from tests.trained_study import LITTLE, run

NEW = ("P003", "P011", "P020", "P042")
GENES = tuple(f"ENSG{k:011d}" for k in range(40))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort with counts in two batches and log intensities, whose factor is in its hazard, run up to its model."""
    path = study_files(tmp_path_factory.mktemp("assays") / "study")
    folder = path.parent
    random = np.random.default_rng(4)
    rna = pd.read_csv(folder / "rna.tsv", sep="\t", index_col=0)
    factor = np.log2(rna.iloc[:15]).mean().to_numpy()
    values = 20 + np.outer(np.r_[np.ones(12), np.zeros(18)], factor - factor.mean()) + random.normal(0, 0.4, (30, 60))
    values[random.random(values.shape) < 0.02] = np.nan
    values[:, :10][4] = 20.0
    names = pd.Index([f"P{k:05d}" for k in range(30)], name="protein")
    protein = pd.DataFrame(values, index=names, columns=[f"{name}-protein" for name in PATIENTS])
    protein.drop(columns=["P007-protein"]).to_csv(folder / "protein.tsv", sep="\t", na_rep="NA")
    samples = pd.read_csv(folder / "samples.tsv", sep="\t", dtype=str).assign(assay="rna")
    samples["site"] = [("north", "south")[k // 2 % 2] for k in range(60)]
    own = samples.assign(sample=[f"{name}-protein" for name in PATIENTS], assay="protein", batch="")
    pd.concat([samples, own]).to_csv(folder / "samples.tsv", sep="\t", index=False)
    (folder / "sets.gmt").write_text("\t".join(["driven", "na", *GENES[:15]]) + "\n")
    document = yaml.safe_load(path.read_text())
    document["omics"]["assays"][0]["batch_correction"] = {"covariates": ["site"]}
    document["omics"]["assays"].append(
        {
            **{"name": "protein", "omics": "proteome", "path": "protein.tsv", "scale": "log2", "unit": "intensity"},
            **{"id_system": "uniprot", "batch_correction": {"method": "none"}},
        }
    )
    document["omics"]["gene_sets"] = "sets.gmt"
    document["cohort"]["omics"] = ["rna", "protein"]
    document["parameters"] |= LITTLE | {"evaluation": {"repeats": 1, "folds": 2, "bootstrap_samples": 20}}
    document["parameters"]["integration"] = {"subsamples": 10}
    path.write_text(yaml.safe_dump(document))
    run(path, "+risk_model")
    return path


def new_files(study: Path, folder: Path, patients: tuple[str, ...] = NEW) -> NewPatients:
    """The study's own rows of `patients`, as the files of new ones, in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    source = study.parent
    clinical = pd.read_csv(source / "clinical.tsv", sep="\t", dtype=str).set_index("PATIENT_ID", drop=False)
    clinical.loc[list(patients), ["PATIENT_ID", "AGE"]].to_csv(folder / "new.tsv", sep="\t", index=False)
    samples = pd.read_csv(source / "samples.tsv", sep="\t", dtype=str)
    samples[samples["subject"].isin(patients)].to_csv(folder / "samples.tsv", sep="\t", index=False)
    for name in ("rna", "protein"):
        table = pd.read_csv(source / f"{name}.tsv", sep="\t", index_col=0, dtype=str, keep_default_na=False)
        wanted = [f"{patient}-{name}" for patient in patients]
        table[[held for held in wanted if held in table]].to_csv(folder / f"{name}.tsv", sep="\t")
    assays = {name: folder / f"{name}.tsv" for name in ("rna", "protein")}
    return NewPatients(folder / "new.tsv", assays=assays, samples=folder / "samples.tsv")


def scored(study: Path, files: NewPatients) -> Scored:
    return score_patients(open_workspace(study), files)


def encoder_of(model: RiskModel) -> AssayEncoder:
    (encoder,) = model.encoders.matrices
    assert isinstance(encoder, AssayEncoder)
    return encoder


def rewritten(path: Path, change) -> None:
    """The table at `path` (text cells, features as index) after `change`."""
    change(pd.read_csv(path, sep="\t", index_col=0, dtype=str, keep_default_na=False)).to_csv(path, sep="\t")


def test_a_training_patient_given_again_has_the_covariates_of_the_final_fit(trained: Path, tmp_path: Path):
    everyone = tuple(PATIENTS[:-1])  # the last has no consent, and is in no assay
    found = scored(trained, new_files(trained, tmp_path, everyone))
    held = encoded_fold(load_asset(open_workspace(trained), "encoded_tensors"), "everyone").train
    assert held.patient_id[:-1].tolist() == list(everyone)
    np.testing.assert_allclose(
        found.model.encoders.transform(found.inputs).further, held.encoded.further[:-1], rtol=1e-6, atol=1e-6
    )
    names = encoder_of(found.model).genes
    assert "factor_1" in names
    assert "rna: driven" in names
    assert held.encoded.further[:-1].any(axis=1).all()
    notes = found.table.set_index("patient_id")["notes"]
    assert "no protein: scored by the other assays" in notes["P007"]
    missing = pd.read_csv(trained.parent / "protein.tsv", sep="\t", index_col=0)["P003-protein"].isna().sum()
    assert (f"protein: {missing} of 30 features missing, left out" in notes["P003"]) == bool(missing)


def test_new_patients_are_scored_alike_alone_in_any_order_and_nothing_is_fitted(trained: Path, tmp_path: Path):
    whole = scored(trained, new_files(trained, tmp_path / "whole")).table.set_index("patient_id")
    turned = scored(trained, new_files(trained, tmp_path / "turned", NEW[::-1])).table.set_index("patient_id")
    pd.testing.assert_frame_equal(turned.loc[list(NEW)], whole, rtol=1e-9)
    for patient in NEW:
        alone = scored(trained, new_files(trained, tmp_path / patient, (patient,))).table.set_index("patient_id")
        pd.testing.assert_frame_equal(alone, whole.loc[[patient]], rtol=1e-9)
    bare = scored(trained, new_files(trained, tmp_path / "bare")._replace(assays={}, samples=None)).table
    assert bare["notes"].str.contains("no assay: counted as average").all()
    assert not np.isclose(bare["risk"], whole["risk"]).any()


PLANTED = planted()[0]
FOUND = PLANTED.take(TRAIN).fit()
ALL = PLANTED.covariates(FOUND.document, FOUND.arrays)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=12, unique=True))
def test_covariates_of_any_patients_in_any_order_are_those_of_each_alone(rows: list[int]):
    held = PLANTED.take(np.array(rows))
    np.testing.assert_allclose(held.covariates(FOUND.document, FOUND.arrays), ALL[rows], rtol=1e-9, atol=1e-12)
    standing = held.standing(FOUND.document, FOUND.arrays, 3.0)
    alone = [PLANTED.take(np.array([row])).standing(FOUND.document, FOUND.arrays, 3.0) for row in rows]
    for name, told in standing.items():
        assert told.missing.tolist() == [int(one[name].missing[0]) for one in alone]
        assert told.slope.tolist() == pytest.approx([float(one[name].slope[0]) for one in alone], nan_ok=True)
        assert told.off_level.tolist() == pytest.approx([float(one[name].off_level[0]) for one in alone])
        assert told.beyond.tolist() == pytest.approx([float(one[name].beyond[0]) for one in alone])


def unequal_features() -> PatientAssays:
    """Counts of 60 patients without batches, whose features have levels of 2 to 2,000."""
    random = np.random.default_rng(8)
    counts = np.round(np.exp2(random.uniform(1, 11, (80, 1)) + 0.5 * random.normal(size=(80, 60)))) + 1
    (rna, _) = PLANTED.assays
    own = rna._replace(values=counts, owner=np.arange(60), batch=[None] * 60, correction=None)
    return replace(PLANTED, assays=(own,))


def test_logarithms_given_as_counts_and_counts_as_logarithms_are_refused():
    counts = unequal_features()

    def problems(trained_on: PatientAssays, given: PatientAssays) -> list[str]:
        encoder = AssayEncoder.fit(trained_on)
        assert encoder is not None
        return [f"{problem.value}; {problem.remedy}" for problem in encoder.problems(given.take(np.arange(4)))]

    def logarithms(assays: PatientAssays, scale: str, method: str) -> PatientAssays:
        (own,) = assays.assays
        changed = own._replace(values=np.log2(own.values + 1).round(), scale=scale, method=method)
        return replace(assays, assays=(changed,))

    assert problems(counts, counts) == []
    told = problems(counts, logarithms(counts, "count", counts.assays[0].method))
    assert any("4 patients with values that rise 0." in one and "the scale count" in one for one in told)
    read_as_log2 = logarithms(counts, "log2", "log2, sample medians")
    (raw,) = counts.assays
    told = problems(read_as_log2, replace(counts, assays=(raw._replace(scale="log2"),)))
    assert any("the scale log2" in one for one in told)


def test_what_is_missing_or_of_an_unknown_batch_is_masked_and_told(trained: Path, tmp_path: Path):
    files = new_files(trained, tmp_path)
    rewritten(files.assays["protein"], lambda table: table.drop(index=["P00002", "P00025"]))
    samples = pd.read_csv(tmp_path / "samples.tsv", sep="\t", dtype=str)
    samples.loc[samples["sample"] == "P011-rna", "batch"] = "z"
    samples.loc[samples["sample"] == "P020-rna", "batch"] = ""
    samples.loc[samples["sample"] == "P042-rna", "site"] = "west"
    samples.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    table = scored(trained, files).table.set_index("patient_id")
    notes = table["notes"]
    assert notes.str.contains(r"protein: [2-6] of 30 features missing, left out").all()
    assert "rna: batch 'z' was not in training, counted as not measured" in notes["P011"]
    assert "rna: no batch given, counted as not measured" in notes["P020"]
    assert "rna: site 'west' was not in training, counted as not measured" in notes["P042"]
    assert "rna" not in notes["P003"]
    protein = files._replace(assays={"protein": files.assays["protein"]}, samples=files.samples)
    without = scored(trained, protein).table.set_index("patient_id")
    np.testing.assert_allclose(table["risk"].iloc[1:], without["risk"].iloc[1:], rtol=1e-9)
    assert not np.isclose(table["risk"].iloc[0], without["risk"].iloc[0])


def test_samples_named_as_the_patients_need_no_table(trained: Path, tmp_path: Path):
    files = new_files(trained, tmp_path)
    whole = scored(trained, files._replace(assays={"protein": files.assays["protein"]}))
    rewritten(files.assays["protein"], lambda table: table.rename(columns=lambda name: name.removesuffix("-protein")))
    rewritten(files.assays["protein"], lambda table: table.assign(stranger="20"))
    named = scored(trained, files._replace(assays={"protein": files.assays["protein"]}, samples=None))
    np.testing.assert_allclose(named.table["risk"], whole.table["risk"])
    assert named.notices == ("assay protein: 1 sample of nobody in the table left out",)


def refused(trained: Path, files: NewPatients) -> str:
    with pytest.raises(CohortError) as error:
        scored(trained, files)
    for problem in error.value.problems:
        assert problem.value
        assert problem.rule
        assert problem.remedy
    return str(error.value)


def test_what_the_model_does_not_know_is_refused(trained: Path, tmp_path: Path):
    files = new_files(trained, tmp_path)
    rna, protein = files.assays["rna"], files.assays["protein"]
    assert "The model reads rna, protein." in refused(trained, files._replace(assays={"methylation": rna}))
    assert "no batch of its samples" in refused(trained, files._replace(samples=None))
    assert "Give --assay NAME FILE too" in refused(trained, files._replace(assays={}))
    only = files._replace(assays={"protein": protein})
    nobody = tmp_path / "nobody.tsv"
    pd.read_csv(files.patients, sep="\t").assign(PATIENT_ID=list("abcd")).to_csv(nobody, sep="\t", index=False)
    assert "none of 4 samples" in refused(trained, only._replace(patients=nobody))
    whole = protein.read_text()

    def other(change) -> str:
        protein.write_text(whole)
        rewritten(protein, change)
        return refused(trained, only)

    assert "1 sample of 5 in no row of the sample table" in other(lambda table: table.assign(stranger="20"))
    assert "0 features of the model" in other(lambda table: table.rename(index=lambda name: f"Q{name[1:]}"))
    numbers = lambda table: table.apply(pd.to_numeric, errors="coerce")  # noqa: E731
    for change in (lambda values: values * np.log10(2), lambda values: values / 1000):
        assert "A sample's median is within 10 SD" in other(lambda table, change=change: change(numbers(table)))
    order = lambda table: numbers(table).set_axis(table.index[::-1], axis=0)  # noqa: E731 # values of other features
    rewritten(rna, lambda table: order(table) ** 2)
    assert "SD or beyond" in refused(trained, files._replace(assays={"rna": rna}))
    assert "A log2 value is in [-64, 64]." in other(lambda table: 2 ** numbers(table))
    rewritten(rna, lambda table: numbers(table) / 3.7)
    assert "A count is a whole number" in refused(trained, files._replace(assays={"rna": rna}))


def test_a_study_file_that_states_another_unit_or_scale_than_in_training_is_refused(trained: Path, tmp_path: Path):
    files = new_files(trained, tmp_path)
    before = trained.read_text()
    try:
        for field, value in (("unit", "ng/ml"), ("scale", "ln")):
            document = yaml.safe_load(before)
            document["omics"]["assays"][1][field] = value
            trained.write_text(yaml.safe_dump(document))
            told = refused(trained, files)
            assert f"{field} {value}" in told
            assert f"trained on values whose {field} is" in told
    finally:
        trained.write_text(before)


def arguments(files: NewPatients, names: tuple[str, ...] = ("rna", "protein")) -> list[str]:
    given = [text for name in names for text in ("--assay", name, str(files.assays[name]))]
    return [str(files.patients), *given, "--samples", str(files.samples)]


def command(study: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["score", str(study), *more])


def test_page_and_lineage_tell_covariates_and_files(trained: Path, tmp_path: Path):
    files = new_files(trained, tmp_path)
    output = tmp_path / "out" / "scores.tsv"
    done = command(trained, *arguments(files), "--output", str(output), "--pages", str(tmp_path / "pages"))
    assert done.exit_code == 0, done.output
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*.tsv")}
    told = json.loads((tmp_path / "out" / "scores.lineage.json").read_text())
    assert {row["role"]: row["sha256"] for row in told["read"]} == {
        "patients": digests["new.tsv"],
        "samples": digests["samples.tsv"],
        "assay rna": digests["rna.tsv"],
        "assay protein": digests["protein.tsv"],
    }
    assert told["scores"]["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    record = open_workspace(trained).derivations.current_record("risk_model")
    assert open_workspace(trained).derivations.read(told["risk_model"]) == record
    page = " ".join((tmp_path / "pages" / "P003.html").read_text().split())
    assert "assays: factor_1" in page
    assert "assays together" in page
    assert digests["protein.tsv"] in page
    assert "assays: factor_1 (gene)" not in page


def test_a_refusal_writes_nothing(trained: Path, tmp_path: Path):
    files = new_files(trained, tmp_path)
    output = tmp_path / "out.tsv"
    twice = [*arguments(files), "--assay", "rna", str(files.assays["rna"])]
    files.assays["protein"].write_text("protein\tP003\nP00001\tmany\n")
    own = tmp_path / "out.lineage.json"  # would be written over
    own.write_text(files.assays["rna"].read_text())
    over = arguments(files._replace(assays={**files.assays, "rna": own}), ("rna",))
    for given_ in (arguments(files), twice, over):
        done = command(trained, *given_, "--output", str(output), "--pages", str(tmp_path / "pages"))
        assert done.exit_code == 2
        assert "Traceback" not in done.output
    assert own.read_text() == files.assays["rna"].read_text()
    assert not output.exists()
    assert not (tmp_path / "pages").exists()


def test_the_folder_of_the_model_is_all_that_a_score_needs(trained: Path, tmp_path: Path):
    workspace = open_workspace(trained)
    files = new_files(trained, tmp_path)
    whole = scored(trained, files)
    folder = tmp_path / "model"
    folder.mkdir()
    for name, blob in load_asset(workspace, "risk_model").files.items():
        (folder / name).write_bytes(blob.content)
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    model = load_model(folder)
    (assays,) = read_assays_of(files, workspace.study, model, list(NEW)).read
    again = predict(model, replace(whole.inputs, matrices=(assays,)))
    np.testing.assert_array_equal(again.risk, whole.prediction.risk)
