"""Motif files: what is read is what is written; log-odds are not taken for probabilities; every problem is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.sequence.meme import UNIFORM, Motif, meme_text, read_meme

HEAD = "MEME version 4.4\n\nALPHABET= ACGT\n\nstrands: + -\n\n"
MATRIX = "letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0\n 0.9 0.1 0.0 0.0\n 0.0 0.0 0.25 0.75\n"
LOG_ODDS = "log-odds matrix: alength= 4 w= 2 n= 100 bayes= 8 E= 0\n 0.25 0.25 0.25 0.25\n 0.25 0.25 0.25 0.25\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "motifs.meme"
    path.write_text(text)
    return path


def test_probabilities_are_read_and_log_odds_before_them_are_not(tmp_path: Path):
    text = HEAD + "MOTIF ABF1 YKL112W\n\n" + LOG_ODDS + "\n" + MATRIX + "URL http://example.org\n"
    (motif,), background = read_meme(written(tmp_path, text))
    assert (motif.name, motif.other, motif.sites, motif.width) == ("ABF1", "YKL112W", 20, 2)
    assert motif.probabilities.tolist() == [[0.9, 0], [0.1, 0], [0, 0.25], [0, 0.75]]
    assert background == UNIFORM


def test_background_on_one_line_or_two_and_names_of_memes_own_output(tmp_path: Path):
    shares = "Background letter frequencies (from file `x'):\nA 0.3 C 0.2\nG 0.2 T 0.3\n"
    text = HEAD + shares + "MOTIF ACGT MEME-1\twidth =  2  sites = 20  llr = 9\n" + MATRIX
    (motif,), background = read_meme(written(tmp_path, text))
    assert (motif.name, motif.other) == ("ACGT", "MEME-1")
    assert background == pytest.approx((0.3, 0.2, 0.2, 0.3))


def test_a_matrix_without_stated_width_ends_where_the_numbers_do(tmp_path: Path):
    text = HEAD + "MOTIF a\n" + MATRIX.replace(" w= 2", "") + "MOTIF b\n" + MATRIX
    assert [motif.width for motif in read_meme(written(tmp_path, text)).motifs] == [2, 2]


def test_what_is_written_is_read_again(tmp_path: Path):
    random = np.random.default_rng(0)
    motifs = [Motif(f"m{k}", "two words" * (k % 2), random.dirichlet(np.ones(4), 5 + k).T, 30.0) for k in range(4)]
    path = tmp_path / "m.meme.gz"
    path.write_bytes(gzip.compress(meme_text(motifs, (0.3, 0.2, 0.2, 0.3)).encode()))
    again, background = read_meme(path)
    assert background == (0.3, 0.2, 0.2, 0.3)
    for motif, other in zip(motifs, again, strict=True):
        assert motif.name == other.name
        assert other.other == motif.other.replace(" ", "_")
        assert np.allclose(motif.probabilities, other.probabilities, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MOTIF a\n" + MATRIX, "no line `MEME version`"),
        (HEAD, "no motif"),
        (HEAD.replace("ACGT", "ACDEFGHIKLMNPQRSTVWY") + "MOTIF a\n" + MATRIX, "alphabet ACDEF"),
        (HEAD + "MOTIF a\n" + LOG_ODDS, "motif a has no probability matrix"),
        (HEAD + "MOTIF a\n" + MATRIX + "MOTIF a\n" + MATRIX, "motif a again"),
        (HEAD + "MOTIF a\n" + MATRIX.replace("w= 2", "w= 3"), "2 rows of the 3"),
        (HEAD + "MOTIF a\n" + MATRIX.replace("0.9", "0.5"), "0.5 0.1 0.0 0.0"),
        (HEAD + "MOTIF a\n" + MATRIX.replace("0.9", "1.2").replace("0.1", "-.2"), "1.2 -.2"),
        (HEAD + MATRIX, "a matrix without a line MOTIF"),
        (HEAD + "Background letter frequencies\nA 0.3 C 0.2 G nan T 0.3\nMOTIF a\n" + MATRIX, "background A 0.3"),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 0 nsites= 1\n", "0 rows"),
    ],
)
def test_every_problem_is_told(tmp_path: Path, text: str, told: str):
    with pytest.raises(AnnotationError) as error:
        read_meme(written(tmp_path, text))
    assert told in str(error.value)


def test_a_file_that_is_no_text_is_told(tmp_path: Path):
    path = tmp_path / "x.meme"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_meme(path)
