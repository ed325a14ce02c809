"""Libraries that are copies: equal files are refused before a run, equal reads in other files by a check of the run."""

from __future__ import annotations

from pathlib import Path

import pysam
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.study.check import check_study


def change(study: Path, edit) -> None:
    document = yaml.safe_load(study.read_text())
    edit({library["id"]: library for library in document["libraries"]}, document)
    study.write_text(yaml.safe_dump(document))


def copied(study: Path) -> None:
    reads = study.parent / "reads"
    (reads / "treated_2.bam").write_bytes((reads / "control_1.bam").read_bytes())


def same_file(study: Path) -> None:
    change(study, lambda libraries, _: libraries["control_2"].update(alignments="reads/control_1.bam"))


def linked(study: Path) -> None:
    reads = study.parent / "reads"
    (reads / "treated_2.bam").unlink()
    (reads / "treated_2.bam").symlink_to("control_1.bam")


@pytest.mark.parametrize(
    ("spoil", "value"),
    [
        (copied, "treated_2.bam of treated_2 is control_1.bam of control_1: byte by byte the same"),
        (same_file, "control_1.bam of control_2 is control_1.bam of control_1: it is the same file"),
        (linked, "treated_2.bam of treated_2 is control_1.bam of control_1: it is the same file"),
    ],
)
def test_equal_files_are_refused_and_the_remedy_leads_on(study: Path, spoil, value: str):
    text = study.read_text()
    spoil(study)
    (problem,) = check_study(study)
    assert problem.value == value
    assert f"{study}:" in problem.where
    assert problem.where.endswith(".alignments")
    study.write_text(text)
    name = "control_2" if spoil is same_file else "treated_2"
    change(study, lambda libraries, all_: all_["libraries"].remove(libraries[name]))
    assert check_study(study) == []


def test_the_two_tracks_of_a_library_differ(study: Path):
    track = study.parent / "marks" / "H3K27ac.bw"
    change(
        study,
        lambda libraries, _: (
            libraries["control_2"].pop("alignments"),
            libraries["control_2"].update(bigwig_plus=f"marks/{track.name}", bigwig_minus=f"marks/{track.name}"),
        ),
    )
    (problem,) = check_study(study)
    assert "two strands" in problem.rule
    assert problem.where.endswith("libraries[1].bigwig_minus")


def test_equal_reads_in_another_file_stop_the_run(study: Path):
    """The control again: other order, other compression, other names of the reads, another header."""
    reads = study.parent / "reads"
    with pysam.AlignmentFile(str(reads / "control_1.bam")) as given:
        header = given.header.to_dict()
        header["HD"]["SO"] = "unsorted"
        header["CO"] = ["another file"]
        rows = list(given.fetch(until_eof=True))[::-1]
    with pysam.AlignmentFile(str(reads / "treated_1.bam"), "wb", header=header) as file:
        for number, row in enumerate(rows):
            row.query_name = f"copy{number}"
            file.write(row)
    assert check_study(study) == []
    outcome = CliRunner().invoke(main, ["run", str(study), "--select", "+transcripts"])
    assert outcome.exit_code == 2, outcome.output
    assert "control_1 = treated_1" in outcome.output
    assert "Name the right file" in outcome.output
    assert "✓ transcripts" not in outcome.output
