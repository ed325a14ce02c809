"""The table of new patients' own libraries: what stands in it is taken or refused by name. Their scores: test_matched_mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import CohortError
from groprog_assets.prognosis.patient_libraries import read_libraries

TRAINING = [{"id": "a", "assay": "pro-seq", "read_end": "three_prime"}]
PATIENTS = ["P1", "P2", "P3"]


def table(folder: Path, text: str) -> Path:
    for name in ("one.bam", "two.bam", "plus.bw", "minus.bw"):
        (folder / name).write_bytes(b"")
    path = folder / "libraries.tsv"
    path.write_text(text.replace(" ", "\t"))
    return path


def test_files_lie_beside_the_table_and_the_assay_is_that_of_training(tmp_path: Path):
    path = table(tmp_path, "ID alignments bigwig_plus bigwig_minus\nP2 one.bam\t\t\nP1\t\tplus.bw minus.bw\n")
    found = read_libraries(path, "ID", PATIENTS, TRAINING)
    assert list(found) == ["P2", "P1"]
    assert found["P2"].alignments == tmp_path / "one.bam"
    assert (found["P1"].bigwig_plus, found["P1"].bigwig_minus) == (tmp_path / "plus.bw", tmp_path / "minus.bw")
    assert {(one.assay, one.read_end) for one in found.values()} == {("pro-seq", "three_prime")}
    assert len({one.id for one in found.values()}) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ID alignments\nP9 one.bam\n", "patient 'P9'"),
        ("ID alignments\nP1 one.bam\nP1 two.bam\n", "patient 'P1'"),
        ("ID alignments\nP1 absent.bam\n", "absent.bam"),
        ("ID alignments bigwig_plus\nP1 one.bam plus.bw\n", "files: alignments, bigwig_plus"),
        ("ID bigwig_plus\nP1 plus.bw\n", "files: bigwig_plus"),
        ("ID alignments read_end\nP1 one.bam five_prime\n", "read_end 'five_prime'"),
        ("ID alignments strandedness\nP1 one.bam sideways\n", "strandedness 'sideways'"),
        ("patient alignments\nP1 one.bam\n", "no column 'ID'"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(tmp_path: Path, text: str, said: str):
    with pytest.raises(CohortError) as raised:
        read_libraries(table(tmp_path, text), "ID", PATIENTS, TRAINING)
    assert said in str(raised.value)


def test_every_problem_comes_at_once_with_its_line(tmp_path: Path):
    path = table(tmp_path, "ID alignments\nP9 one.bam\nP1 absent.bam\nP2 two.bam\n")
    with pytest.raises(CohortError) as raised:
        read_libraries(path, "ID", PATIENTS, TRAINING)
    assert [problem.where.rpartition(", ")[2] for problem in raised.value.problems] == ["line 2", "line 3"]


def test_where_training_mixes_read_ends_each_library_must_state_its_own(tmp_path: Path):
    mixed = [*TRAINING, {"id": "b", "assay": "pro-seq", "read_end": "five_prime"}]
    with pytest.raises(CohortError, match="read_end ''"):
        read_libraries(table(tmp_path, "ID alignments\nP1 one.bam\n"), "ID", PATIENTS, mixed)
