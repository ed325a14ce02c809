"""A study file from nf-core's samplesheet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from groprog_assets.errors import StudyError
from groprog_assets.study.check import check_study, load_study
from groprog_assets.study.new_study import TEMPLATE
from groprog_assets.study.samplesheet import init_from_samplesheet, read_samplesheet

NASCENT = (
    "sample,fastq_1,fastq_2\n"
    "DMSO_REP1,data/d1.fastq.gz,\nDMSO_REP2,data/d2.fastq.gz,\nE2_REP1,data/e1.fastq.gz,\nE2_REP2,data/e2.fastq.gz,\n"
)


def write(folder: Path, text: str) -> Path:
    path = folder / "sheet.csv"
    path.write_text(text)
    return path


def problems(folder: Path, text: str, **sides: str) -> str:
    with pytest.raises(StudyError) as caught:
        init_from_samplesheet(folder / "new", write(folder, text), **sides)
    assert not (folder / "new").exists()
    return str(caught.value)


def test_a_sheet_of_nf_core_becomes_a_study_that_loads(tmp_path: Path):
    (tmp_path / "data").mkdir()
    for name in ("d1", "d2", "e1", "e2"):
        (tmp_path / "data" / f"{name}.fastq.gz").touch()
    path, told = init_from_samplesheet(tmp_path / "new", write(tmp_path, NASCENT))
    assert told[0] == "libraries: 4, by condition: DMSO (2), E2 (2)"
    assert "E2 over DMSO, guessed from the names" in told[1]
    assert "bowtie2_index" in told[2]
    study = load_study(path)
    assert study.name == "new", "named after its folder"
    assert [(item.id, item.condition, item.replicate) for item in study.libraries] == [
        ("DMSO_REP1", "DMSO", 1),
        ("DMSO_REP2", "DMSO", 2),
        ("E2_REP1", "E2", 1),
        ("E2_REP2", "E2", 2),
    ]
    assert study.libraries[0].reads == [tmp_path / "data" / "d1.fastq.gz"]
    assert (study.contrast.treatment, study.contrast.control) == ("E2", "DMSO")
    assert study.cohort is None
    assert study.genome.bowtie2_index is not None
    text = (tmp_path / "new" / "study.yaml").read_text()
    assert "# cohort:" in text
    assert text.count("\n") > 100


def test_alignments_conditions_strand_and_the_wet_lab_record(tmp_path: Path):
    text = (
        "sample\tbam\tcondition\treplicate\tassay\tstrandedness\tcells\n"
        "a 1\t/abs/a.bam\tcontrol\t1\tPRO-seq\treverse\tMCF-7\nb\t/abs/b.bam\tTNF\t2\tPRO-seq\tauto\t\n"
    )
    read = read_samplesheet(write(tmp_path, text), Path("/abs"))
    assert read.libraries[0] == {
        "id": "a_1",
        "condition": "control",
        "replicate": 1,
        "assay": "pro-seq",
        "alignments": "a.bam",
        "strandedness": "reverse",
        "metadata": {"cells": "MCF-7"},
    }
    assert (*read.contrast, read.roots) == ("TNF", "control", [])


def test_what_a_study_cannot_take_is_refused_before_anything_is_written(tmp_path: Path):
    lanes = problems(tmp_path, "sample,fastq_1,fastq_2\nA_1,x_L1_1.fq.gz,x_L1_2.fq.gz\nA_1,x_L2_1.fq.gz,x_L2_2.fq.gz\n")
    assert "lanes" in lanes
    assert "cat x_L1_1.fq.gz x_L2_1.fq.gz > A_1_1.fastq.gz" in lanes
    assert "cat x_L1_2.fq.gz x_L2_2.fq.gz > A_1_2.fastq.gz" in lanes
    assert "samtools merge A_1.bam a.bam b.bam" in problems(tmp_path, "sample,bam\nA_1,a.bam\nA_1,b.bam\n")
    every = problems(
        tmp_path,
        "sample,fastq_1,strandedness,assay\nA_1,s3://bucket/x.fq,unstranded,rna-seq\nA_2,,auto,\n,x.fq,,\n",
    )
    for said in ("s3://bucket/x.fq", "unstranded", "rna-seq", "A_2 has no file", "no sample"):
        assert said in every
    assert "no column 'sample'" in problems(tmp_path, "name,fastq_1\nA,x.fq\n")
    assert "The conditions are A, B" in problems(tmp_path, "sample,bam\nA_1,a.bam\nB_1,b.bam\n", treatment="C")


def test_a_contrast_that_cannot_be_told_is_left_to_the_user(tmp_path: Path):
    sheet = write(tmp_path, "sample,bam\nA_1,a.bam\nB_1,b.bam\nC_1,c.bam\n")
    path, told = init_from_samplesheet(tmp_path / "new", sheet)
    assert "Which of A, B, C are compared?" in told[1]
    assert yaml.safe_load(path.read_text())["contrast"] == {"treatment": "FILL_IN", "control": "FILL_IN"}
    with pytest.raises(StudyError, match="FILL_IN"):
        load_study(path)
    assert read_samplesheet(sheet, tmp_path, treatment="A", control="C").contrast == ("A", "C")
    assert read_samplesheet(write(tmp_path, "sample,bam\nA_1,a\nB_1,b\n"), tmp_path, treatment="B").contrast == (
        "B",
        "A",
    )


def test_names_that_yaml_reads_otherwise_stay_names(tmp_path: Path):
    sheet = write(tmp_path, "sample,bam,condition\na,a.bam,NO\nb,b.bam,1\n")
    path, _ = init_from_samplesheet(tmp_path / "2026", sheet, treatment="NO", control="1")
    written = yaml.safe_load(path.read_text())
    assert written["contrast"] == {"treatment": "NO", "control": "1"}
    assert written["name"] == "2026"


def test_every_example_of_the_template_stands_where_it_belongs_without_its_mark():
    lines = TEMPLATE.read_text().splitlines()
    at = lines.index("loci:")
    section = lines[at : lines.index("", at)]
    shown = [line.replace("# ", "", 1) if re.match(r" *# +?(- |  )", line) else line for line in section]
    loci = yaml.safe_load("\n".join(shown))["loci"]
    assert [item["name"] for item in loci] == ["RUNX1", "enhancer", "eRNA"]


def test_the_template_still_has_the_sections_that_are_filled():
    text = TEMPLATE.read_text()
    for head in ("libraries:", "contrast:", "loci:", "ontology:", "cohort:"):
        assert text.count(f"\n{head}\n") == 1


@pytest.mark.parametrize("text", ["sample,bam\nA_1,a.bam\nA_2,b.bam\n", "sample,bam,condition\na,a.bam,A\nb,b.bam,A\n"])
def test_one_condition_alone_is_refused_with_what_to_do(tmp_path: Path, text: str):
    told = problems(tmp_path, text)
    assert "all libraries are of 'A'" in told
    assert "Add the libraries of the other condition" in told


def test_a_condition_is_not_compared_with_itself(tmp_path: Path):
    told = problems(tmp_path, "sample,bam\nA_1,a.bam\nB_1,b.bam\n", treatment="A", control="A")
    assert "both are 'A'" in told
    assert "The conditions are A, B" in told


def test_changed_names_and_absent_files_are_told(tmp_path: Path):
    (tmp_path / "a.bam").touch()
    sheet = write(tmp_path, "sample,bam,condition\na 1,a.bam,TNF α\nb,mïssing.bam,control\n")
    _, told = init_from_samplesheet(tmp_path / "new", sheet)
    assert "sample names changed to letters, digits, '_', '.', '-': 'a 1' to a_1" in told
    assert "conditions changed to letters, digits, '_', '.', '-': 'TNF α' to TNF__" in told
    (absent,) = [line for line in told if "not there" in line]
    assert absent.startswith(f"1 file is not there: {Path.cwd() / 'mïssing.bam'}. ")


def test_names_as_given_and_files_that_are_there_need_no_line(tmp_path: Path):
    for name in ("a.bam", "b.bam"):
        (tmp_path / name).touch()
    _, told = init_from_samplesheet(
        tmp_path / "new", write(tmp_path, "sample,bam,assay\nA_1,a.bam,gro-seq\nB_1,b.bam,gro-seq\n")
    )
    assert len(told) == 3


def test_two_names_that_become_one_are_no_lanes(tmp_path: Path):
    told = problems(tmp_path, "sample,bam\na 1,a.bam\na_1,b.bam\nb,c.bam\n")
    assert "'a_1' and 'a 1' are both a_1" in told
    assert "lanes" not in told


def test_commands_that_join_lanes_can_be_pasted(tmp_path: Path):
    (tmp_path / "my data").mkdir()
    for name in ("L1", "L2"):
        (tmp_path / "my data" / f"{name}.bam").write_text(name)
    told = problems(tmp_path, "sample,bam\nA_1,my data/L1.bam\nA_1,my data/L2.bam\n")
    assert f"samtools merge A_1.bam '{tmp_path}/my data/L1.bam' '{tmp_path}/my data/L2.bam'" in told


def test_what_is_left_to_fill_in_is_one_problem(tmp_path: Path):
    sheet = write(tmp_path, "sample,bam\nA_1,a.bam\nB_1,b.bam\nC_1,c.bam\n")
    path, _ = init_from_samplesheet(tmp_path / "new", sheet)
    about = [problem for problem in check_study(path) if "contrast" in problem.where]
    assert [problem.value for problem in about] == ["FILL_IN still stands for treatment and control"]
    assert about[0].remedy == "Write the names; the conditions are A, B, C."
    path.write_text(path.read_text().replace("treatment: FILL_IN", "treatment: A"))
    (about,) = [problem for problem in check_study(path) if "contrast" in problem.where]
    assert about.value == "FILL_IN still stands for control"


@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        ("sample,bam\nA_1,a.bam\nB_1,b.bam\n", ["A_1", "B_1"]),
        ("sample,bam,assay\nA_1,a.bam,pro-seq\nB_1,b.bam,\n", ["B_1"]),
        ("sample,bam,assay\nA_1,a.bam,pro-seq\nB_1,b.bam,PRO-seq\n", []),
    ],
)
def test_an_assay_that_is_not_given_is_assumed_aloud(tmp_path: Path, text: str, assumed: list[str]):
    path, told = init_from_samplesheet(tmp_path / "new", write(tmp_path, text))
    written = path.read_text()
    assert [item["id"] for item in yaml.safe_load(written)["libraries"] if item["assay"] == "gro-seq"] == assumed
    lines = [line for line in told if line.startswith("assay: ")]
    comments = [line for line in written.splitlines() if line.startswith("  # assay: ")]
    assert len(lines) == len(comments) == bool(assumed)
    for said in (*lines, *comments):
        assert ", ".join(assumed) in said
        assert "taken to be gro-seq" in said
        assert "correct `assay`" in said
