"""Chromosome sizes: read by one function, so that `groprog study check` and the run say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.study.check import check_study
from groprog_assets.study.chrom_sizes import read_chrom_sizes


def written(folder: Path, text: str) -> Path:
    path = folder / "chrom.sizes"
    path.write_text(text)
    return path


def test_chrom_sizes(tmp_path: Path) -> None:
    path = written(tmp_path, "# x\nchr2\t50\t7\t60\t61\n\nchr1 10\n")
    assert list(read_chrom_sizes(path).items()) == [("chr2", 50), ("chr1", 10)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no chromosome"),
        ("chr1\n", "its length"),
        ("chr1\t0\n", "its length"),
        ("chr1\t-5\n", "its length"),
        ("chr1\t5\nchr1\t6\n", "again"),
    ],
)
def test_bad_chrom_sizes(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AnnotationError, match=said):
        read_chrom_sizes(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr1\t5\nchr1\t6\n", "line 2: chr1 again"),
        ("chr1\tlong\nchr2\t-5\n", "line 2: chr2"),
        ("# empty\n", "no chromosome"),
    ],
)
def test_study_check_says_what_the_run_would(study: Path, text: str, said: str) -> None:
    path = written(study.parent / "genome", text)
    with pytest.raises(AnnotationError) as caught:
        read_chrom_sizes(path)
    found = [problem for problem in check_study(study) if "chrom_sizes" in problem.where]
    assert len(found) == len(caught.value.problems)
    assert any(said in problem.value for problem in found)
