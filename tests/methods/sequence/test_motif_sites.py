"""Motifs against given sites: hits that lie in them are told from windows like the hits, by distance and by GC."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.sequence.motif_sites import Sites, motif_sites, read_sites
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters

LAYOUT = Layout((300, 100))
GENES, SPACING, WIDTH = 400, 2000, 8
SIZES = {"chrI": 1_000_000}


def genes_and_hits(rich: np.ndarray, holds: np.ndarray, seed: int = 0):
    """(genes, codes, seqlets): genes on both strands, windows of GC share .7 where `rich`, else .3; a hit where it `holds`."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"gene": [f"g{n}" for n in range(GENES)], "chrom": "chrI", "strand": ["+", "-"] * (GENES // 2)}
    )
    table["tss"] = SPACING * (np.arange(GENES) + 1)
    strong = random.random((GENES, LAYOUT.width)) < np.where(rich, 0.7, 0.3)[:, None]
    codes = np.where(strong, random.integers(1, 3, strong.shape), 3 * random.integers(0, 2, strong.shape)).astype(
        np.uint8
    )
    offset = random.integers(-120, -60, GENES)
    start, end = placed(table, offset, WIDTH)
    seqlets = table.assign(task="body", motif="body.up.1", start=start, end=end, offset=offset)
    return table, codes, seqlets[holds].reset_index(drop=True)


def placed(genes: pd.DataFrame, offset, width: int):
    plus, tss = genes["strand"].to_numpy() == "+", genes["tss"].to_numpy()
    start = np.where(plus, tss + offset, tss - offset - width + 1)
    return start, start + width


def sites(start, end, name: str = "sites.bed") -> Sites:
    return Sites(name, {"chrI": (np.sort(np.asarray(start)), np.sort(np.asarray(end)))}, len(start), 0)


def compared(table, codes, seqlets, *given: Sites) -> pd.DataFrame:
    return motif_sites(seqlets, table, codes, LAYOUT, given, SequenceParameters())


def test_sites_at_the_hits_are_found_and_counted_as_fisher_counts_them():
    random = np.random.default_rng(1)
    holds = random.random(GENES) < 0.25
    table, codes, seqlets = genes_and_hits(random.random(GENES) < 0.5, holds)
    some = seqlets[random.random(len(seqlets)) < 0.6]
    others = table[~holds & (random.random(GENES) < 0.2)]
    wide = placed(others, np.full(len(others), -130), 90)
    [row] = compared(table, codes, seqlets, sites(np.r_[some["start"], wide[0]], np.r_[some["end"], wide[1]])).to_dict(
        "records"
    )
    assert (row["hits"], row["hits_in"]) == (len(seqlets), len(some))
    assert row["controls"] <= 5 * len(seqlets)
    counts = [
        [row["hits_in"], row["hits"] - row["hits_in"]],
        [row["controls_in"], row["controls"] - row["controls_in"]],
    ]
    assert row["p_value"] == pytest.approx(fisher_exact(counts).pvalue)
    assert row["p_value"] == row["q_value"] < 1e-6
    assert 1 < row["lower"] < row["odds_ratio"] < row["upper"]
    assert row["gc_controls"] == pytest.approx(row["gc_hits"], abs=0.02)


def test_sites_of_all_promoters_are_no_sites_of_the_motif():
    holds = np.arange(GENES) % 4 < 2
    table, codes, seqlets = genes_and_hits(np.ones(GENES, bool), holds)
    start, end = placed(table, np.full(GENES, -150), 110)
    [row] = compared(table, codes, seqlets, sites(start, end)).to_dict("records")
    assert row["hits_in"] == row["hits"]
    assert row["controls_in"] == row["controls"] > 100
    assert row["p_value"] == 1
    assert np.isnan(row["odds_ratio"])


def test_sites_of_sequence_rich_in_gc_are_no_sites_of_a_motif_of_such_promoters():
    random = np.random.default_rng(2)
    rich = random.random(GENES) < 0.4
    holds = random.random(GENES) < np.where(rich, 0.75, 0.03)
    table, codes, seqlets = genes_and_hits(rich, holds)
    inside = rich & (random.random(GENES) < 0.6)
    start, end = placed(table[inside], np.full(int(inside.sum()), -150), 110)
    [row] = compared(table, codes, seqlets, sites(start, end)).to_dict("records")
    assert row["p_value"] > 0.01
    naive = [[row["hits_in"], row["hits"] - row["hits_in"]], [(inside & ~holds).sum(), (~inside & ~holds).sum()]]
    assert fisher_exact(naive).pvalue < 1e-4, "without matching it looks enriched"


def test_chance_gives_small_p_as_seldom_as_it_should():
    random = np.random.default_rng(3)
    p = []
    for seed in range(60):
        holds = random.random(GENES) < 0.2
        table, codes, seqlets = genes_and_hits(random.random(GENES) < 0.5, holds, seed)
        chosen = table[random.random(GENES) < 0.3]
        start, end = placed(chosen, np.full(len(chosen), -150), 110)
        p.append(compared(table, codes, seqlets, sites(start, end))["p_value"].iloc[0])
    assert np.mean(np.array(p) < 0.1) < 0.2


def test_overlapping_hits_count_once_and_files_are_tested_apart():
    holds = np.arange(GENES) < 40
    table, codes, seqlets = genes_and_hits(np.ones(GENES, bool), holds)
    doubled = pd.concat(
        [seqlets, seqlets.assign(start=seqlets["start"] + 2, end=seqlets["end"] + 2)], ignore_index=True
    )
    other = seqlets.assign(motif="body.up.2")
    none = pd.DataFrame({**{name: seqlets[name] for name in seqlets}, "motif": ""})
    start, end = placed(table, np.full(GENES, -50), 20)
    given = sites(seqlets["start"], seqlets["end"]), sites(start, end, "b.bed")
    rows = compared(table, codes, pd.concat([doubled, other, none], ignore_index=True), *given)
    assert rows["hits"].tolist() == [40] * 4
    assert rows["sites"].tolist() == ["sites.bed", "b.bed"] * 2
    assert rows["motif"].tolist() == ["body.up.1"] * 2 + ["body.up.2"] * 2
    assert not len(compared(table, codes, seqlets))
    assert not len(compared(table, codes, none.iloc[:0], *given))


def test_overlap_is_that_of_half_open_intervals_whatever_their_nesting():
    given = [(10, 100), (20, 30), (200, 201)]
    held = sites(*zip(*given, strict=True))
    start = np.arange(0, 220)
    found = held.overlapped(np.full(len(start), "chrI"), start, start + 3)
    expected = [any(s < b and a < s + 3 for a, b in given) for s in start]
    assert found.tolist() == expected


def test_a_bed_is_read_under_other_names_and_its_faults_are_told(tmp_path: Path):
    path = tmp_path / "s.bed"
    path.write_text("track name=x\nI\t5\t9\tpeak\nI\t2\t4\nelsewhere\t1\t2\n")
    found = read_sites(path, SIZES, {"I": frozenset({"chrI"})})
    assert (found.name, found.total, found.left_out) == ("s.bed", 3, 1)
    assert found.places["chrI"][0].tolist() == [2, 5]
    path.write_text("chrI\t5\nchrI\t9\t9\nchrI\t5\t2000000\n")
    with pytest.raises(AnnotationError) as raised:
        read_sites(path, SIZES, {})
    told = str(raised.value)
    for part in ("line 1", "line 2", "at least one base", "line 3", "ends at 1000000", "Lift them over"):
        assert part in told, part
    path.write_text("other\t5\t6\n")
    with pytest.raises(AnnotationError, match="none on chrI"):
        read_sites(path, SIZES, {})
