"""What `study check` says of sites, side columns and channels that cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.test_sequence_study import SECTION, checked, with_sequence
from tests.test_without_cohort import without_cohort
from tests.trained_study import copied


def test_columns_and_tracks_that_cannot_be_read_are_told(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    (path.parent / "half.tsv").write_text("gene\thours\nnobody\tlong\n")
    own = {**SECTION, "side": "half.tsv", "channels": ["nothing"], "models": ["ridge_kmer", "cnn_bilstm"]}
    output = checked(with_sequence(path, own))
    for part in ("Channels are names of marks", "reads neither sequence.side nor sequence.channels"):
        assert part in output, part
    output = checked(with_sequence(path, {**SECTION, "side": "half.tsv"}))
    assert "'long' in column hours" in output
    (path.parent / "half.tsv").write_text("gene\thours\nnobody\t1\n")
    assert "0 of 1 ids are genes: nobody against" in checked(path)
    assert "no column 'days'" in checked(
        with_sequence(path, {**SECTION, "side": {"table": "half.tsv", "columns": ["days"]}})
    )


def test_sites_that_fit_no_chromosome_are_told(written: Path, tmp_path: Path):
    path = without_cohort(copied(written, tmp_path / "study"))
    (path.parent / "a.bed").write_text("nowhere\t5\t9\n")
    (path.parent / "b.bed").write_text("chr1\t5\t999999999\nchr1\t7\n")
    (path.parent / "c").mkdir()
    (path.parent / "c" / "a.bed").write_text("chr1\t5\t9\nelsewhere\t5\t9\n")
    output = checked(with_sequence(path, {**SECTION, "sites": ["a.bed", "b.bed"]}))
    for part in ("1 site, none on chr1", "Lift them over", "covers at least one base"):
        assert part in output, part
    output = checked(with_sequence(path, {**SECTION, "sites": ["c/a.bed"]}))
    assert "1 site is on other chromosomes" in output
    assert "no problems" in output
    assert "a name of its own" in checked(with_sequence(path, {**SECTION, "sites": ["c/a.bed", "a.bed"]}))
