"""What `groprog study check` says of libraries is what the run reads."""

from __future__ import annotations

from pathlib import Path

import pyBigWig
import pysam
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.intake import library_preview
from groprog_assets.intake.library_preview import preview_libraries
from groprog_assets.methods.annotation import gene_models, masks
from groprog_assets.methods.reads.bigwig import write_bigwigs
from groprog_assets.methods.reads.filtered_alignments import filter_alignments
from groprog_assets.simulation import simulate_study
from groprog_assets.study.check import load_study
from groprog_assets.study.chrom_sizes import read_chrom_sizes


def change(study: Path, **library: str) -> None:
    document = yaml.safe_load(study.read_text())
    document["libraries"][0] |= library
    study.write_text(yaml.safe_dump(document))


def said_of(study: Path, name: str):
    preview = preview_libraries(load_study(study))
    return next(notice for notice in preview.notices if notice.where.endswith(name))


def check(study: Path):
    return CliRunner().invoke(main, ["study", "check", str(study)])


def test_the_counts_are_those_of_the_run(study: Path):
    loaded = load_study(study)
    sizes = read_chrom_sizes(loaded.genome.chrom_sizes)
    genes = gene_models.read_annotation(loaded.genome.annotation, sizes)
    masked = masks.read_masks(loaded.genome, sizes)
    preview = preview_libraries(loaded)
    assert preview.problems == []
    for library, notice in zip(loaded.libraries, preview.notices, strict=True):
        assert library.alignments
        done = filter_alignments(
            library.alignments, library, sizes, masked, genes, loaded.parameters.filtering, loaded.genome
        )
        summary = done.summary
        assert notice.where.endswith(library.id)
        assert f"all {summary['reads']:,} records read, {summary['kept']:,} kept" in notice.value
        removed = int(done.funnel.set_index("step").loc["not_unique", "removed"])
        assert f"not_unique {removed:,}" in notice.value
        assert f"of {summary['strandedness']['reads']:,} reads over genes" in notice.value
        assert "strand forward" in notice.value
        assert "counted is the RNA's 5' end: 5' base of the read" in notice.value
        assert "2 of 2 contigs are among the 2 chromosomes" in notice.value
    outcome = check(study)
    assert outcome.exit_code == 0
    assert str(preview.notices[0]) in outcome.output


def test_a_negative_minus_track_is_said_to_be_counted_by_its_absolute_values(study: Path):
    loaded = load_study(study)
    sizes, library = read_chrom_sizes(loaded.genome.chrom_sizes), loaded.libraries[0]
    genes = gene_models.read_annotation(loaded.genome.annotation, sizes)
    masked = masks.read_masks(loaded.genome, sizes)
    assert library.alignments
    given = (library, sizes, masked, genes, loaded.parameters.filtering, loaded.genome)
    pair = write_bigwigs(filter_alignments(library.alignments, *given).positions, sizes, study.parent / "one")
    turned = study.parent / "one_positive.bw"
    with pyBigWig.open(str(pair[1])) as before, pyBigWig.open(str(turned), "w") as after:
        after.addHeader(list(before.chroms().items()))
        for chrom in before.chroms():
            starts, ends, values = zip(*before.intervals(chrom), strict=True)
            after.addEntries([chrom] * len(starts), list(starts), ends=list(ends), values=[-value for value in values])
    document = yaml.safe_load(study.read_text())
    del document["libraries"][0]["alignments"]
    study.write_text(yaml.safe_dump(document))
    told = "values of the minus track are negative, their absolute values are counted"
    for minus, said in ((pair[1], True), (turned, False)):
        change(study, bigwig_plus=str(pair[0]), bigwig_minus=str(minus))
        assert (told in said_of(study, library.id).value) is said, minus


def test_a_fastq_is_read_to_its_end_and_a_cut_one_refused(tmp_path: Path):
    path = simulate_study(tmp_path / "study", scale="tiny", fastq=True)
    loaded = load_study(path)
    library = next(item for item in loaded.libraries if item.reads)
    first = library.reads[0]
    preview = preview_libraries(loaded)
    assert preview.problems == []
    content = first.read_bytes()
    first.write_bytes(content[: len(content) // 2])
    (problem,) = preview_libraries(loaded).problems
    assert problem.where == str(first)
    assert "cut" in problem.value or "truncated" in problem.value
    assert "Copy or download the file again" in check(path).output


def test_of_a_large_file_the_first_records_are_read(study: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(library_preview, "LARGEST_PART", 100)
    monkeypatch.setattr(library_preview, "SMALLEST_PART", 100)
    assert "the first " in said_of(study, "control_1").value


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"strandedness": "reverse"}, ("strand reverse", "other than usual for gro-seq", "is left out of the run.")),
        ({"assay": "pro-seq"}, ("strand forward", "other than usual for pro-seq", "3' end: last base of the read")),
        ({"read_end": "coverage"}, ("counted is the RNA's 5' end", "Coverage mode: windows of the unit model")),
    ],
)
def test_strand_and_base_follow_what_is_declared(study: Path, declared: dict[str, str], words: tuple[str, ...]):
    change(study, **declared)
    assert all(word in str(said_of(study, "control_1")) for word in words)


def test_a_flipped_library_is_told_with_the_remedy_that_mends_it(study: Path):
    change(study, strandedness="reverse")
    outcome = check(study)
    assert "Declare strandedness: forward (or auto)" in outcome.output
    change(study, strandedness="forward")
    assert "left out of the run" not in check(study).output


def test_a_library_that_can_show_no_starts_is_told_before_the_run(study: Path):
    """Its minus track is a valid file without a value, as a pipeline leaves it that filtered a strand away."""
    loaded = load_study(study)
    sizes, library = read_chrom_sizes(loaded.genome.chrom_sizes), loaded.libraries[0]
    genes = gene_models.read_annotation(loaded.genome.annotation, sizes)
    assert library.alignments
    given = (library, sizes, masks.read_masks(loaded.genome, sizes), genes, loaded.parameters.filtering, loaded.genome)
    plus, _ = write_bigwigs(filter_alignments(library.alignments, *given).positions, sizes, study.parent / "one")
    with pyBigWig.open(str(study.parent / "empty.bw"), "w") as track:
        track.addHeader(list(sizes.items()))
    assert not any("initiation" in notice.value for notice in preview_libraries(loaded).notices)
    document = yaml.safe_load(study.read_text())
    del document["libraries"][0]["alignments"]
    study.write_text(yaml.safe_dump(document))
    change(study, bigwig_plus=str(plus), bigwig_minus=str(study.parent / "empty.bw"))
    told = [notice for notice in preview_libraries(load_study(study)).notices if notice.where.endswith(library.id)]
    assert told[1].value.startswith("left out of the initiation regions: one strand: 0 of ")
    assert "Give both tracks" in told[1].remedy
    assert str(told[1]) in check(study).output


def test_a_capped_library_beside_run_on_ones_is_told_before_the_run(study: Path):
    change(study, assay="pro-cap")
    loaded = load_study(study)
    notices = preview_libraries(loaded).notices
    told = [each for each in notices if each.value == "left out of the initiation regions: pro-cap"]
    assert [each.where for each in told] == [f"library {loaded.libraries[0].id}"]
    assert "Put the capped libraries into a study of their own" in told[0].remedy


def test_regions_of_the_check_rest_on_the_libraries_of_the_experiment(study: Path):
    """A patient's own library calls no regions in the run: its reads do not fill up those that are too few."""
    document = yaml.safe_load(study.read_text())
    loaded = load_study(study)
    reads = sum(int(told.value.split(" kept")[0].split()[-1].replace(",", "")) for told in _libraries_told(loaded))
    document["parameters"]["initiation"] = {"minimum_reads": reads * 9 // 10}
    study.write_text(yaml.safe_dump(document))
    loaded = load_study(study)
    assert not any("none can be called" in notice.value for notice in preview_libraries(loaded).notices)
    assert loaded.cohort is not None
    owned = loaded.cohort.model_copy(update={"nascent_libraries": {"P0001": loaded.libraries[0].id}})
    notices = preview_libraries(loaded.model_copy(update={"cohort": owned})).notices
    assert any("none can be called" in notice.value for notice in notices)


def _libraries_told(study):
    return [notice for notice in preview_libraries(study).notices if notice.where.startswith("libraries[")]


def test_too_few_reads_for_initiation_regions_are_told_before_the_run(study: Path):
    asked = "none can be called: "
    assert not any(asked in notice.value for notice in preview_libraries(load_study(study)).notices)
    document = yaml.safe_load(study.read_text())
    document["parameters"]["initiation"] = {"minimum_reads": 10**9}
    study.write_text(yaml.safe_dump(document))
    said = next(notice for notice in preview_libraries(load_study(study)).notices if asked in notice.value)
    assert said.value.endswith("reads on chromosomes long enough, fewer than 1,000,000,000")


def test_the_same_reads_in_another_file_are_refused(study: Path):
    reads = study.parent / "reads"
    pysam.sort("-n", "-l", "9", "-o", str(reads / "treated_1.bam"), str(reads / "control_1.bam"))
    outcome = check(study)
    assert outcome.exit_code == 2
    assert "control_1 = treated_1: the same reads" in outcome.output


def test_an_annotation_of_another_build_is_refused(study: Path):
    document = yaml.safe_load(study.read_text())
    document["genome"]["name"] = "hg38"
    for mark in document.get("marks", []):
        mark["build"] = "GRCh38.p14"
    study.write_text(yaml.safe_dump(document))
    path = study.parent / "genome" / "annotation.gtf"
    text = path.read_text()
    path.write_text("#!genome-build GRCh37.p13\n" + text)
    outcome = check(study)
    assert outcome.exit_code == 2
    assert "annotation.gtf, line 1" in outcome.output
    assert "the annotation is of GRCh37.p13" in outcome.output
    for fitting in (
        "#!genome-build GRCh38.p13\n",
        "##description: annotation of the human genome (GRCh38), version 44\n",
    ):
        path.write_text(fitting + text)
        outcome = check(study)
        assert outcome.exit_code == 0, outcome.output
        assert "0 of 2 known chromosomes have the lengths of hg38" in outcome.output


@pytest.mark.parametrize("part", [100, 1_000_000])
def test_a_spike_in_that_no_library_has_is_refused_before_the_run(
    study: Path, monkeypatch: pytest.MonkeyPatch, part: int
):
    """The run compares libraries by their spike-in and would end after all reads are filtered."""
    monkeypatch.setattr(library_preview, "LARGEST_PART", part)
    monkeypatch.setattr(library_preview, "SMALLEST_PART", part)
    document = yaml.safe_load(study.read_text())
    document["genome"]["spike_in_prefix"] = "dm6_"
    study.write_text(yaml.safe_dump(document))
    outcome = check(study)
    assert outcome.exit_code == 2
    for library in document["libraries"]:
        assert f"library {library['id']}: no unique reads on spike-in chromosomes" in " ".join(outcome.output.split())
