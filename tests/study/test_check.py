"""Every bad study file gets all its problems at once, each with line, rule and remedy, and nothing is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.check import check_study, load_study, study_notices
from groprog_assets.study.new_study import TEMPLATE, init_study


@pytest.fixture
def tiny(written: Path) -> Path:
    return written.parent


@pytest.fixture
def broken(tiny: Path, tmp_path: Path) -> Callable[..., list[Problem]]:
    """Check a copy of the tiny study after `change` edited its content."""

    def check(change: Callable[[dict, Path], None]) -> list[Problem]:
        folder = tmp_path / "study"
        shutil.copytree(tiny, folder)
        content = yaml.safe_load((folder / "study.yaml").read_text())
        change(content, folder)
        (folder / "study.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
        problems = check_study(folder / "study.yaml")
        assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before
        return problems

    return check


def text_of(problems: list[Problem]) -> str:
    assert all(problem.where and problem.rule and problem.remedy for problem in problems)
    return "\n".join(map(str, problems))


def test_the_tiny_study_has_no_problem_and_absolute_paths(tiny: Path) -> None:
    assert check_study(tiny / "study.yaml") == []
    study = load_study(tiny / "study.yaml")
    assert study.genome.chrom_sizes == tiny / "genome" / "chrom.sizes"
    assert study.results == tiny / "results"
    assert [notice.where for notice in study_notices(study)] == ["cohort.fields, treatment"]


def test_a_relative_path_to_the_study_gives_the_same_study(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny)
    assert load_study("study.yaml") == load_study(tiny / "study.yaml")


def test_a_retired_parameter_is_named_with_the_way_out(broken: Callable[..., list[Problem]], tmp_path: Path) -> None:
    (problem,) = broken(lambda content, _: content.update(parameters={"normalization": {"epsilon": 1e-8}}))
    assert "parameters.normalization.epsilon" in problem.where
    assert problem.value == "1e-08"
    assert problem.rule.startswith("Nothing ever read it")
    assert (
        problem.remedy == "Remove it, and `normalization` with it where that is then empty: the results stay the same."
    )
    file = tmp_path / "study" / "study.yaml"
    content = yaml.safe_load(file.read_text())
    del content["parameters"]["normalization"]
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    assert check_study(file) == []


def test_all_problems_come_at_once_each_with_its_line(tmp_path: Path, tiny: Path) -> None:
    text = (tiny / "study.yaml").read_text()
    text = text.replace("treatment: treated", "treatment: treeted", 1).replace("id: control_2", "id: control_1", 1)
    text = text.replace("column: STAGE", "column: STAGES", 1).replace(
        "genome/annotation.gtf", "genome/annotation.gff", 1
    )
    folder = tmp_path / "study"
    shutil.copytree(tiny, folder)
    (folder / "study.yaml").write_text(text)
    problems = check_study(folder / "study.yaml")
    assert len(problems) == 4
    assert all(problem.where.startswith(f"{folder / 'study.yaml'}:") for problem in problems)
    lines = text.splitlines()
    by_line = {int(p.where.split(", ")[0].rsplit(":", 1)[1]): p for p in problems}
    for line in by_line:
        assert any(word in lines[line - 1] for word in ("STAGES", "treeted", "annotation.gff", "control_1"))
    assert "Did you mean 'treated'?" in text_of(problems)
    assert "Did you mean 'STAGE'?" in text_of(problems)
    assert "Did you mean 'annotation.gtf'?" in text_of(problems)


@pytest.mark.parametrize(
    ("text", "line", "needle"),
    [
        ("name: a\ngenome: {name: x\nlibraries: []\n", 3, "not valid YAML"),
        ("name: a\n\tgenome: x\n", 2, "not valid YAML"),
        ("name: !!python/object/apply:os.system [echo]\n", 1, "not valid YAML"),
        ("name: a\nname: b\n", 2, "stands twice"),
        ("- a\n- b\n", 1, "mapping"),
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
        ("just text\n", 1, "mapping"),
        ("name: a\n---\nname: b\n", 2, "not valid YAML"),
        ("name: \x07bell\n", 1, "not valid YAML"),
    ],
)
def test_malformed_yaml_names_its_line(tmp_path: Path, text: str, line: int, needle: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    problems = check_study(path)
    assert any(problem.where.startswith(f"{path}:{line}") and needle in str(problem) for problem in problems), problems
    with pytest.raises(StudyError):
        load_study(path)


def test_values_that_explode_through_anchors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 9)]
    path.write_text("\n".join(rows))
    assert "too many values" in text_of(check_study(path))


def test_a_file_that_is_not_there_not_text_or_a_folder(tmp_path: Path) -> None:
    assert "groprog study init" in text_of(check_study(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes("name: a\ntitle: \xe9t\xe9\n".encode("latin-1"))
    assert f"{tmp_path / 'latin.yaml'}:2" in text_of(check_study(tmp_path / "latin.yaml"))
    assert "folder" in text_of(check_study(tmp_path))


def at(content: dict, *keys: str | int) -> dict:
    for key in keys:
        content = content[key]
    return content


CASES: dict[str, tuple[Callable[[dict, Path], object], str]] = {
    "unknown key": (lambda c, f: c["genome"].update(chrom_size="x"), "Did you mean 'chrom_sizes'?"),
    "unknown parameter": (
        lambda c, f: c["parameters"].update(coverage={"binsize": 50}),
        "Did you mean 'bin_size'?",
    ),
    "limits of few events in the wrong order": (
        lambda c, f: c["parameters"].update(linear_path={"fallback_events": [30, 12]}),
        "[30, 12]. The first is at least 0 and below the second",
    ),
    "limits of few events that are equal": (
        lambda c, f: c["parameters"].update(linear_path={"fallback_events": [20, 20]}),
        "[20, 20]. The first is at least 0 and below the second",
    ),
    "limit of few events below 0": (
        lambda c, f: c["parameters"].update(linear_path={"fallback_events": [-5, 3]}),
        "([0, 1]: no fallback)",
    ),
    "parameter out of bounds": (lambda c, f: c["parameters"].update(coverage={"bin_size": 0}), "greater than or equal"),
    "wrong type": (lambda c, f: at(c, "libraries", 0).update(replicate="first"), "valid integer"),
    "number where text": (lambda c, f: at(c, "libraries", 0).update(id=7), "Put it in quotes"),
    "missing field": (lambda c, f: c.pop("contrast"), "'contrast' is required"),
    "name as path": (lambda c, f: at(c, "libraries", 0).update(id="../x"), "partition names"),
    "duplicate ids by case": (lambda c, f: at(c, "libraries", 1).update(id="CONTROL_1"), "stands twice"),
    "same replicate twice": (lambda c, f: at(c, "libraries", 1).update(replicate=1), "replicate 1 stands 2 times"),
    "contrast without library": (lambda c, f: c["contrast"].update(control="contrl"), "Did you mean 'control'?"),
    "contrast of a patient's own library": (
        lambda c, f: (
            c["libraries"].append({**c["libraries"][-1], "id": "own", "condition": "washed"}),
            c["cohort"].update(nascent_libraries={"P0001": "own"}),
            c["contrast"].update(control="washed"),
        ),
        "'washed' has no library",
    ),
    "contrast of one": (lambda c, f: c["contrast"].update(control="treated"), "compares two conditions"),
    "library without source": (lambda c, f: at(c, "libraries", 0).pop("alignments"), "neither reads nor alignments"),
    "one bigwig": (lambda c, f: at(c, "libraries", 0).update(bigwig_plus="marks/H3K27ac.bw"), "one bigWig of two"),
    "bigwig beside alignments": (
        lambda c, f: at(c, "libraries", 0).update(bigwig_plus="marks/H3K27ac.bw", bigwig_minus="marks/H3K27ac.bw"),
        "one source",
    ),
    "fastq without index": (
        lambda c, f: (
            at(c, "libraries", 0).pop("alignments"),
            at(c, "libraries", 0).update(reads=["cohort/clinical.tsv"]),
        ),
        "bowtie2_index",
    ),
    "index missing": (lambda c, f: c["genome"].update(bowtie2_index="genome/none"), "bowtie2-build"),
    "locus without place": (lambda c, f: at(c, "loci", 0).pop("gene"), "neither gene nor interval"),
    "locus with both": (lambda c, f: at(c, "loci", 0).update(interval="chr1:1-2"), "gene and interval"),
    "locus with a region too": (lambda c, f: at(c, "loci", 0).update(region="chr1:1-2"), "gene and region"),
    "region without a place": (
        lambda c, f: c["loci"].append({"name": "r", "region": "IR000001", "reason": "x"}),
        "IR000001",
    ),
    "region beyond the end": (
        lambda c, f: c["loci"].append({"name": "r", "region": "chr1:1-999999999:+", "reason": "x"}),
        "chr1 ends at",
    ),
    "control of a run-on library": (
        lambda c, f: at(c, "libraries", 0).update(control=at(c, "libraries", 1)["id"]),
        "capped assay",
    ),
    "control that is not listed": (
        lambda c, f: at(c, "libraries", 0).update(assay="pro-cap", control="nobody"),
        "nobody",
    ),
    "library that is its own control": (
        lambda c, f: at(c, "libraries", 0).update(assay="pro-cap", control=at(c, "libraries", 0)["id"]),
        "is a control",
    ),
    "profile of nobody": (lambda c, f: c.update(parameters={"initiation": {"profile": "nobody"}}), "nobody"),
    "profile of a capped library": (
        lambda c, f: (
            at(c, "libraries", 0).update(assay="gro-cap"),
            c.update(parameters={"initiation": {"profile": at(c, "libraries", 0)["id"]}}),
        ),
        "without a profile",
    ),
    "target region without a place": (lambda c, f: c.update(signature_target={"region": "chr1:5-2"}), "chr1:5-2"),
    "interval unreadable": (lambda c, f: c.update(signature_target="chr1:9-5"), "chrom:start-end"),
    "interval elsewhere": (lambda c, f: c.update(signature_target="chr9:1-5"), "not a chromosome"),
    "interval beyond": (lambda c, f: c.update(signature_target="chr1:1-999999999"), "another assembly"),
    "mark of another build": (lambda c, f: at(c, "marks", 0).update(build="hg19"), "the study's assembly"),
    "mark without source": (lambda c, f: at(c, "marks", 0).pop("source"), "'source' is required"),
    "obo without gaf": (lambda c, f: c["ontology"].pop("gaf"), "obo without gaf"),
    "gmt beside obo": (lambda c, f: c["ontology"].update(gmt="ontology/go.obo"), "Keep one"),
    "absent column": (lambda c, f: at(c, "cohort", "fields", 0).update(column="AGES"), "Did you mean 'AGE'?"),
    "absent endpoint": (lambda c, f: at(c, "cohort", "endpoint").update(time_column="PFS"), "'PFS' is not a column"),
    "absent patient column": (lambda c, f: c["cohort"].update(patient_column="PATIENT"), "Did you mean 'PATIENT_ID'?"),
    "absent batch": (lambda c, f: c["cohort"].update(batch_column="SITE"), "'SITE' is not a column"),
    "outcome as covariate": (
        lambda c, f: at(c, "cohort", "fields", 0).update(column="OS_MONTHS"),
        "may not be an input",
    ),
    "reserved name": (lambda c, f: at(c, "cohort", "fields", 0).update(name="time"), "Rename the field"),
    "ordinal without levels": (lambda c, f: at(c, "cohort", "fields", 2).update(levels=[]), "lowest first"),
    "level twice": (lambda c, f: at(c, "cohort", "fields", 2).update(levels=["I", "I"]), "stands once"),
    "vocabulary astray": (lambda c, f: at(c, "cohort", "fields", 2).update(vocabulary={"x": "V"}), "leads to levels"),
    "units that overlap": (
        lambda c, f: at(c, "cohort", "fields", 0).update(
            unit="years",
            units=[
                {"unit": "years", "lowest": 0, "highest": 120},
                {"unit": "days", "lowest": 100, "highest": 44000, "factor": 0.0027},
            ],
        ),
        "days overlaps years",
    ),
    "own unit with a factor": (
        lambda c, f: at(c, "cohort", "fields", 0).update(
            unit="years", units=[{"unit": "years", "lowest": 0, "highest": 120, "factor": 2}]
        ),
        "own unit",
    ),
    "range upside down": (
        lambda c, f: at(c, "cohort", "fields", 0).update(
            unit="years", units=[{"unit": "years", "lowest": 120, "highest": 0}]
        ),
        "lower and a higher",
    ),
    "factor of nothing": (
        lambda c, f: at(c, "cohort", "fields", 0).update(
            unit="years", units=[{"unit": "days", "lowest": 0, "highest": 9, "factor": 0}]
        ),
        "positive number",
    ),
    "units of levels": (
        lambda c, f: at(c, "cohort", "fields", 2).update(units=[{"unit": "x", "lowest": 0, "highest": 9}]),
        "Levels have no unit",
    ),
    "event and censored": (
        lambda c, f: at(c, "cohort", "endpoint").update(event_values=["1"], censored_values=["1"]),
        "not both",
    ),
    "signature without expression": (lambda c, f: c["cohort"].pop("expression"), "no expression"),
    "matched without libraries": (
        lambda c, f: c["parameters"].update(representation={"mode": "matched"}),
        "no nascent_libraries",
    ),
    "stranger library": (
        lambda c, f: c["cohort"].update(nascent_libraries={"p": "control_3"}),
        "Did you mean 'control_",
    ),
    "external unit": (
        lambda c, f: at(c, "validation", 0, "fields", 0).update(unit="months"),
        "units: [{unit: months, lowest: ..., highest: ..., factor: years in one months}]",
    ),
    "path upwards": (lambda c, f: c["cohort"].update(clinical="../../etc/passwd"), "data_roots"),
    "absolute path": (lambda c, f: c["cohort"].update(clinical="/etc/passwd"), "data_roots"),
    "results elsewhere": (lambda c, f: c.update(results="../elsewhere"), "data_roots"),
    "missing file": (lambda c, f: (f / "genome" / "genome.fa").unlink(), "does not exist"),
    "empty file": (lambda c, f: (f / "marks" / "H3K27ac.bw").write_bytes(b""), "is empty"),
    "folder as file": (lambda c, f: c["genome"].update(annotation="genome"), "is a folder"),
    "broken sizes": (lambda c, f: (f / "genome" / "chrom.sizes").write_text("chr1\tlong\n"), "its length in bp"),
    "not a BAM": (lambda c, f: (f / "reads" / "control_1.bam").write_bytes(b"x" * 99), "does not begin as a BAM"),
    "false gzip": (
        lambda c, f: (
            (f / "genome" / "a.gtf.gz").write_text("chr1"),
            c["genome"].update(annotation="genome/a.gtf.gz"),
        ),
        "not gzip",
    ),
    "time of the outcome as time of recording": (
        lambda c, f: c["cohort"]["fields"][1].update(recorded_column="OS_MONTHS"),
        "What is predicted may not be an input",
    ),
    "level of the unrecorded without their time": (
        lambda c, f: c["cohort"]["fields"][1].update(until_recorded="Male"),
        "Name the column of the time, or remove it",
    ),
    "unrecorded patients at no level": (
        lambda c, f: c["cohort"]["fields"][1].update(recorded_column="ALBUMIN", until_recorded="none"),
        "State one of them, or add it",
    ),
    "coordination without marks": (
        lambda c, f: (c.pop("marks", None), c.update(parameters={"descriptors": {"coordination": True}})),
        "compares the nascent signal with chromatin marks",
    ),
    "activity without loci": (
        lambda c, f: (c.pop("loci", None), c.update(parameters={"descriptors": {"key_locus_activity": True}})),
        "The activity is that of key loci",
    ),
    "descriptors from sequence without a sequence half": (
        lambda c, f: (c.pop("sequence", None), c.update(parameters={"descriptors": {"sequence": True}})),
        "These descriptors are made by the sequence half",
    ),
    "descriptors from sequence without expression": (
        lambda c, f: c.update(parameters={"representation": {"mode": "clinical"}, "descriptors": {"sequence": True}}),
        "it weighs the patients' expression, in signature mode",
    ),
    "prior without its descriptor": (
        lambda c, f: c.update(parameters={"representation": {"coordination_prior": 1.0}}),
        "Set parameters.descriptors.coordination: true",
    ),
    "prior without expression": (
        lambda c, f: c.update(
            parameters={
                "representation": {"coordination_prior": 1.0, "mode": "clinical"},
                "descriptors": {"coordination": True},
            }
        ),
        "which the signature mode reads",
    ),
    "folds not JSON": (
        lambda c, f: ((f / "splits.json").write_text("{"), c["cohort"].update(splits="splits.json")),
        "Fixed folds are JSON",
    ),
    "binary clinical": (lambda c, f: c["cohort"].update(clinical="reads/treated_2.bam"), "cohort.clinical"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_named(case: str, broken: Callable[..., list[Problem]]) -> None:
    change, needle = CASES[case]
    problems = broken(change)
    assert problems
    assert needle in text_of(problems), text_of(problems)


def test_a_truncated_bam_is_seen(broken: Callable[..., list[Problem]]) -> None:
    def cut(content: dict, folder: Path) -> None:
        path = folder / "reads" / "treated_1.bam"
        path.write_bytes(path.read_bytes()[:-500])

    problems = broken(cut)
    assert len(problems) == 1
    assert "truncated" in str(problems[0])


def test_data_roots_widen_the_reach(tiny: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((tiny / "study.yaml").read_text())
    for part in ("chrom_sizes", "annotation", "blacklist", "multi_copy", "fasta"):
        content["genome"][part] = f"../data/{content['genome'][part]}"
    home = tmp_path / "study"
    shutil.copytree(tiny, home)
    shutil.copytree(tiny, tmp_path / "data")
    (home / "study.yaml").write_text(yaml.safe_dump(content))
    assert len(check_study(home / "study.yaml")) == 5
    (home / "study.yaml").write_text(yaml.safe_dump({**content, "data_roots": ["../data"]}))
    assert check_study(home / "study.yaml") == []
    assert load_study(home / "study.yaml").genome.fasta == tmp_path / "data" / "genome" / "genome.fa"
    content["genome"]["fasta"] = "../data_of_others/genome.fa"
    (home / "study.yaml").write_text(yaml.safe_dump({**content, "data_roots": ["../data"]}))
    assert "add '../data_of_others' to data_roots" in text_of(check_study(home / "study.yaml"))


def test_the_template_lacks_only_the_files(tmp_path: Path) -> None:
    path = init_study(tmp_path / "new" / "study")
    problems = check_study(path)
    assert problems
    assert all("does not exist" in problem.value for problem in problems)
    load_study(path)
    with pytest.raises(StudyError, match="never overwritten"):
        init_study(path.parent)
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="folder of its own"):
        init_study(tmp_path / "file")


def test_the_template_explains_every_field() -> None:
    from groprog_assets.study import omics_study as omics
    from groprog_assets.study import schema as study
    from groprog_assets.study import sequence_study as sequence

    text = TEMPLATE.read_text()
    parts = [
        study.Study, study.Genome, study.Library, study.Contrast, study.Locus, study.Mark, study.Ontology,
        study.ClinicalField, study.Endpoint, study.Expression, study.Cohort, study.ExternalCohort,
        study.Compute, sequence.Sequence, sequence.SequenceWindows, sequence.TargetTable,
        study.Compute, omics.Omics, omics.PhenopacketSource, omics.PhenotypeOntologies, omics.OntologyVersions, omics.Consents,
        omics.ConsentToAll,
    ]  # fmt: skip
    missing = [f"{part.__name__}.{name}" for part in parts for name in part.model_fields if f"{name}:" not in text]
    assert not missing


def test_notices_are_no_errors(tiny: Path) -> None:
    study = load_study(tiny / "study.yaml")
    landmark = study.parameters.model_copy(
        update={"cohort": study.parameters.cohort.model_copy(update={"landmark_months": 3.0})}
    )
    assert study_notices(study.model_copy(update={"parameters": landmark})) == []
    fewer = study.model_copy(update={"libraries": study.libraries[1:]})
    assert "Without replicates" in text_of(study_notices(fewer))


def _with(study, **changed):
    """The study with its first library changed."""
    first = type(study.libraries[0]).model_validate({**study.libraries[0].model_dump(exclude={"read_end"}), **changed})
    return study.model_copy(update={"libraries": [first, *study.libraries[1:]]})


@pytest.mark.parametrize("assay", ["gro-seq", "pro-seq", "chro-seq", "gro-cap", "pro-cap"])
def test_the_read_end_left_out_is_that_of_the_assay_and_not_questioned(tiny: Path, assay: str) -> None:
    changed = _with(load_study(tiny / "study.yaml"), assay=assay)
    usual = "three_prime" if assay in ("pro-seq", "chro-seq") else "five_prime"
    assert changed.libraries[0].read_end == usual
    notices = [notice for notice in study_notices(changed) if notice.where.startswith("libraries[0]")]
    assert notices == []
    for read_end in {"five_prime", "three_prime", "coverage"} - {usual}:
        told = next(n for n in study_notices(_with(changed, assay=assay, read_end=read_end)) if "[0]" in n.where)
        assert told.where == "libraries[0], control_1.read_end"
        assert f"{read_end} with {assay}" in told.value
        assert f"read_end: {usual}" in told.remedy


def test_an_unusual_strand_and_libraries_that_differ_are_told(tiny: Path) -> None:
    study = load_study(tiny / "study.yaml")
    text = text_of(study_notices(_with(study, assay="pro-seq", strandedness="forward")))
    assert "forward with pro-seq: its reads are taken as the RNA's sequence" in text
    assert "gro-seq (control_2), pro-seq (control_1)" in text
    assert "five_prime (control_2), three_prime (control_1)" in text
    assert "libraries" not in text_of(study_notices(_with(study, strandedness="auto")))


@pytest.mark.parametrize("named", ["new", "new/study.yaml"])
def test_a_study_that_is_not_there_is_begun_by_the_command_that_is_named(tmp_path: Path, named: str) -> None:
    with pytest.raises(StudyError) as caught:
        load_study(tmp_path / named)
    assert str(caught.value.problems[0].remedy).endswith(f"groprog study init {tmp_path / 'new'}")


def test_a_missing_bowtie2_index_comes_with_the_command_that_makes_it(broken: Callable[..., list[Problem]]) -> None:
    said = text_of(broken(lambda content, _: content["genome"].update(bowtie2_index="genome/index")))
    assert "bowtie2-build " in said
    assert "genome/index" in said.split("bowtie2-build ")[1]
