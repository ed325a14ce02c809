"""Folders as nf-core/nascent 2.0 to 2.3 writes them: names from its documentation, configuration and test snapshots."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyBigWig
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.errors import ReadsError, StudyError
from groprog_assets.intake.nfcore_folder import init_from_nfcore, nfcore_libraries
from groprog_assets.methods.reads.bigwig import read_bigwig_pair
from groprog_assets.methods.reads.filtered_alignments import filter_alignments
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.schema import Genome, Library, Study
from tests.methods.nascent import masks

SAMPLES = ("cd4_REP1", "cd4_REP2", "jurkat_REP1", "jurkat_REP2")


def made(folder: Path, *names: str, assay: str | list[str] | None = "PROseq") -> Path:
    """A results folder with files of these names, a few bytes each."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    if assay is not None:
        info = folder / "pipeline_info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "params_2025-06-29_14-47-13.json").write_text(json.dumps({"assay_type": assay, "aligner": "bwa"}))
    return folder


def release_2_2(folder: Path) -> Path:
    """BAM in samtools/, tracks in deeptools/ and bedtools/, the tag directories of HOMER, the predicted transcripts."""
    names = [
        f"samtools/{sample}.{end}"
        for sample in SAMPLES
        for end in ("sorted.bam", "sorted.bam.bai", "flagstat", "stats")
    ]
    names += [f"deeptools/{sample}.{strand}.bigWig" for sample in SAMPLES for strand in ("plus", "minus")]
    names += [f"bedtools/{sample}.{strand}.bedGraph" for sample in SAMPLES for strand in ("plus", "minus")]
    names += [
        "homer/cd4_tagdir/chr1.tags.tsv",
        "homer/cd4.bed",
        "pints/cd4_1_bidirectional_peaks.bed",
        "bedtools/cd4_filtered.bed",
    ]
    return made(folder, *names)


def release_2_3(folder: Path) -> Path:
    """BAM in the folder of the aligner, with the sums of the replicates; tracks in coverage_graphs/."""
    names = [f"bwa/{sample}.sorted.{end}" for sample in SAMPLES for end in ("bam", "bam.bai")]
    names += ["bwa/cd4.bam", "bwa/jurkat.bam"]
    names += [f"bwa/samtools_stats/{sample}.sorted.bam.flagstat" for sample in SAMPLES]
    names += [f"coverage_graphs/{sample}.{strand}.{form}" for sample in SAMPLES for strand in ("plus", "minus")
              for form in ("bedGraph", "bigWig")]  # fmt: skip
    return made(folder, *names, *(f"coverage_graphs/{sample}.dreg.bedGraph" for sample in SAMPLES))


@pytest.mark.parametrize(("release", "at"), [(release_2_2, "samtools"), (release_2_3, "bwa")])
def test_a_library_for_each_sample_and_none_for_a_sum(tmp_path: Path, release, at: str):
    found = nfcore_libraries(release(tmp_path / "results"))
    assert [library["id"] for library in found.libraries] == list(SAMPLES)
    assert [(library["condition"], library["replicate"]) for library in found.libraries] == [
        ("cd4", 1), ("cd4", 2), ("jurkat", 1), ("jurkat", 2)
    ]  # fmt: skip
    for library in found.libraries:
        assert library["alignments"] == tmp_path / "results" / at / f"{library['id']}.sorted.bam"
        assert library["assay"] == "pro-seq"
        Library.model_validate(library)
    assert any("sum of the replicates" in notice for notice in found.notices) is (release is release_2_3)


def test_the_deduplicated_alignments_come_first_and_cram_is_taken(tmp_path: Path):
    umi = made(
        tmp_path / "umi",
        "umitools/a_REP1.umi_dedup.sorted.bam",
        "samtools/a_REP1.sorted.bam",
        "star/b_REP1.markdup.sorted.bam",
    )
    assert [Path(str(library["alignments"])).name for library in nfcore_libraries(umi).libraries] == [
        "a_REP1.umi_dedup.sorted.bam",
        "b_REP1.markdup.sorted.bam",
    ]
    cram = made(tmp_path / "cram", "bwa/cd4_REP1.cram", "bwa/cd4_REP1.cram.crai", "bwa/cd4.bam", "bwa/jurkat.cram")
    found = nfcore_libraries(cram)
    assert [(library["id"], library["condition"], library["replicate"]) for library in found.libraries] == [
        ("cd4_REP1", "cd4", 1),
        ("jurkat", "jurkat", 1),
    ]


def test_a_sample_without_alignments_has_its_tracks_and_a_notice(tmp_path: Path):
    names = [
        f"coverage_graphs/a_REP1.{strand}.{form}" for strand in ("plus", "minus") for form in ("bigWig", "bedGraph")
    ]
    found = nfcore_libraries(made(tmp_path, *names, "deeptools/b_REP1.plus.bigWig", "deeptools/b_REP1.minus.bigWig"))
    assert [Path(str(library["bigwig_minus"])).name for library in found.libraries] == [
        "a_REP1.minus.bedGraph",
        "b_REP1.minus.bigWig",
    ]
    assert any("a_REP1, b_REP1: tracks only" in notice for notice in found.notices)


def test_a_sample_that_was_aligned_and_left_no_file_is_named(tmp_path: Path):
    kept = [f"bwa/{sample}.sorted.bam" for sample in SAMPLES[:2]]
    statistics = [
        *(f"bwa/samtools_stats/{sample}.sorted.bam.flagstat" for sample in SAMPLES[:3]),
        f"samtools/{SAMPLES[3]}.flagstat",
        "bwa/samtools_stats/cd4.sorted.bam.flagstat",
    ]
    found = nfcore_libraries(made(tmp_path, *kept, *statistics))
    assert [library["id"] for library in found.libraries] == ["cd4_REP1", "cd4_REP2"]
    (lost,) = [notice for notice in found.notices if "neither alignments nor tracks" in notice]
    assert lost.startswith("jurkat_REP1, jurkat_REP2: ")


@pytest.mark.parametrize(
    ("assay", "written", "said"),
    [
        ("GROseq", "gro-seq", ""),
        ("PROcap", "pro-cap", ""),
        ("CAGE", "gro-cap", "CAGE"),
        ("R_5", "gro-seq", "R_5"),
        (["PROseq"], "gro-seq", "PROseq"),
        (None, "gro-seq", "no assay_type"),
    ],
)
def test_the_assay_is_the_recorded_one_or_it_is_said(
    tmp_path: Path, assay: str | list[str] | None, written: str, said: str
):
    found = nfcore_libraries(made(tmp_path, "bwa/a_REP1.sorted.bam", "bwa/b_REP1.sorted.bam", assay=assay))
    assert found.libraries[0]["assay"] == written
    assert any(said in line for line in found.assumed) if said else found.assumed == found.notices == []
    path, told = init_from_nfcore(tmp_path / "new", tmp_path)
    comments = [line.removeprefix("  # ") for line in path.read_text().splitlines()]
    assert all(line in told and line in comments for line in found.assumed)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "no alignments and no tracks"),
        (("bwa/a_REP1.sorted.bam", "star/a_REP1.sorted.bam"), "one aligner"),
        (("deeptools/a_REP1.plus.bigWig",), "bigwig_minus"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_nothing_written(tmp_path: Path, names: tuple[str, ...], said: str):
    results = made(tmp_path / "results", *names)
    with pytest.raises(StudyError, match=said):
        init_from_nfcore(tmp_path / "study", results)
    assert not (tmp_path / "study").exists()


def test_the_command_writes_a_study_that_its_schema_reads(tmp_path: Path):
    results = release_2_3(tmp_path / "results")
    asked = ["study", "init", str(tmp_path / "study"), "--nfcore", str(results)]
    sides = ["--treatment", "jurkat", "--control"]
    assert "The conditions are cd4, jurkat" in CliRunner().invoke(main, [*asked, *sides, "cd8"]).output
    assert not (tmp_path / "study").exists()
    ran = CliRunner().invoke(main, [*asked, *sides, "cd4"])
    assert ran.exit_code == 0, ran.output
    assert "contrast: jurkat over cd4" in ran.output
    assert "genome: left to fill in" in ran.output
    assert "sum of the replicates" in ran.output
    document = yaml.safe_load((tmp_path / "study" / "study.yaml").read_text())
    study = Study.model_validate(document)
    assert document["data_roots"] == ["../results"]
    assert document["libraries"][0]["alignments"] == "../results/bwa/cd4_REP1.sorted.bam"
    assert (tmp_path / "study" / document["libraries"][0]["alignments"]).is_file()
    assert [library.id for library in study.libraries] == list(SAMPLES)
    assert study.contrast.model_dump() == {"treatment": "jurkat", "control": "cd4"}
    assert study.cohort is None, "the template's examples of patients, loci and ontology are comments"
    assert (study.loci, study.ontology, study.name) == ([], None, "study")
    again = CliRunner().invoke(main, ["study", "init", str(tmp_path / "study"), "--nfcore", str(results)])
    assert "exists already" in again.output


def test_a_contrast_that_the_names_do_not_tell_is_asked_for(tmp_path: Path):
    path, told = init_from_nfcore(tmp_path / "study", release_2_3(tmp_path / "results"))
    assert yaml.safe_load(path.read_text())["contrast"] == {"treatment": "FILL_IN", "control": "FILL_IN"}
    assert any("Which of cd4, jurkat are compared?" in line for line in told)


SIZES = {"chr1": 100_000}
GENES = pd.DataFrame(
    {"chrom": ["chr1"], "start": [10_000], "end": [60_000], "strand": ["+"], "transcript": ["t"], "gene": ["g"]}
)


def track(path: Path, intervals: list[tuple[int, int, float]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(SIZES.items()))
        file.addEntries(
            ["chr1"] * len(intervals),
            [start for start, _, _ in intervals],
            ends=[end for _, end, _ in intervals],
            values=[float(value) for *_, value in intervals],
        )
    return path


def pair(folder: Path, sense: str, sign: int = 1) -> tuple[Path, Path]:
    """2,000 read ends of a gene on +, in the track named `sense`, and 200 on the other strand."""
    many = [(10_000 + 20 * k + k % 5, 10_001 + 20 * k + k % 5, 1.0 + k % 2) for k in range(2_000)]
    few = [(10_007 + 200 * k + k % 5, 10_008 + 200 * k + k % 5, 1.0) for k in range(200)]
    other = "minus" if sense == "plus" else "plus"
    for name, intervals in ((sense, many), (other, few)):
        negative = sign if name == "minus" else 1
        track(folder / f"a.{name}.bigWig", [(start, end, value * negative) for start, end, value in intervals])
    return folder / "a.plus.bigWig", folder / "a.minus.bigWig"


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("sense", "declared", "status", "sense_reads_on"),
    [
        ("plus", "auto", "ok", "+"),
        ("minus", "auto", "ok", "+"),
        ("minus", "forward", "flipped", "-"),
        ("minus", "reverse", "ok", "+"),
        ("plus", "reverse", "flipped", "-"),
    ],
)
def test_exchanged_tracks_are_turned_under_auto_and_refused_when_declared(
    tmp_path: Path, sign: int, sense: str, declared: str, status: str, sense_reads_on: str
):
    """Tracks of PRO-seq with exchanged strands. Under auto the genes decide; a declaration they contradict fails the library."""
    plus, minus = pair(tmp_path, sense, sign)
    genome = Genome.model_validate({"name": "x", "chrom_sizes": "sizes", "annotation": "genes.gtf"})
    tracks = {"bigwig_plus": plus, "bigwig_minus": minus}
    library = Library.model_validate(
        {"id": "a", "condition": "c", "assay": "pro-seq", "strandedness": declared, **tracks}
    )
    done = filter_alignments(plus, library, SIZES, masks(()), GENES, FilteringParameters(), genome)
    verdict = done.summary["strandedness"]
    assert verdict["status"] == status
    assert any("exchanged" in text for text in done.summary["warnings"]) is (sense == "minus" and declared == "auto")
    assert done.positions.groupby("strand", observed=True)["count"].sum().idxmax() == sense_reads_on
    if status == "flipped":
        other = "reverse" if declared == "forward" else "forward"
        assert f"strandedness: {other} (or auto)" in verdict["remedy"]


def test_the_pipelines_own_tracks_are_refused_with_what_to_give(tmp_path: Path):
    """deepTools' bigWig in bins of 50 bp, bedtools' bedGraph of whole reads."""
    bins = [(50 * k, 50 * k + 50, float(1 + k % 3)) for k in range(100, 1_500)]
    plus, minus = track(tmp_path / "p.bigWig", bins), track(tmp_path / "m.bigWig", bins)
    with pytest.raises(ReadsError, match="bins"):
        read_bigwig_pair(plus, minus, SIZES)
    text = "".join(f"chr1\t{at}\t{at + 36}\t1\n" for at in range(0, 90_000, 60))
    for name in ("plus", "minus"):
        (tmp_path / f"a.{name}.bedGraph").write_text(text)
    with pytest.raises(ReadsError) as error:
        read_bigwig_pair(tmp_path / "a.plus.bedGraph", tmp_path / "a.minus.bedGraph", SIZES)
    assert "Give the alignments instead" in str(error.value)
