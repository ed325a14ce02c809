"""The checks that ask whether there is signal, on tables whose answer is plain."""

from __future__ import annotations

import pandas as pd

from groprog_assets.checks.signal import any_signal, both_strands


def positions(rows: list[tuple[str, str, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["chrom", "strand", "position", "count"])
    return frame.astype({"chrom": "category", "strand": "category"})


def test_a_chromosome_without_reads_is_no_fault():
    table = positions([("chr7", "+", 5, 30), ("chr7", "-", 9, 1)])
    table["chrom"] = table["chrom"].cat.add_categories(["chr1"])
    assert both_strands(table).passed


def test_a_strand_without_reads_is_named():
    verdict = both_strands(positions([("chr7", "+", 5, 30), ("chr7", "-", 9, 1), ("chr8", "-", 2, 20)]))
    assert not verdict.passed
    assert "chr8 +" in verdict.description
    assert "chr7" not in verdict.description


def test_a_library_with_one_strand_empty_fails_on_every_chromosome():
    verdict = both_strands(positions([("chr7", "+", 5, 30), ("chr8", "+", 2, 25)]))
    assert verdict.values == {"empty": 2}


def test_a_handful_of_reads_says_nothing_about_a_strand():
    assert both_strands(positions([("chrUn", "+", 5, 19), ("chr7", "+", 5, 30), ("chr7", "-", 5, 30)])).passed


def test_no_reads_at_all_blocks():
    assert any_signal(positions([]), "reads").blocking
    assert not any_signal(positions([]), "reads").passed
