"""The consensus annotation: rule by rule on small genes, a slow twin on random ones, groHMM's table on chr7."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.annotation.consensus import consensus_annotation
from groprog_assets.methods.annotation.gene_models import read_annotation
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from tests.oracles import grohmm

COLUMNS = ["chrom", "start", "end", "strand", "gene"]


def models(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(transcript=[f"T{i}" for i in range(len(frame))])


def found(rows: list[tuple], gap: int = 1, width: int = 1) -> list[tuple]:
    return list(consensus_annotation(models(rows), gap, width)[COLUMNS].itertuples(index=False, name=None))


def slow_twin(rows: list[tuple], width: int) -> set[tuple]:
    """groHMM's rules as they are written, base by base and pair by pair."""
    genes: dict[str, list[tuple]] = {}
    for row in rows:
        genes.setdefault(row[4], []).append(row)
    singles, several = [], []
    for gene, own in genes.items():
        longest = max(own, key=lambda row: row[2] - row[1])
        if len(own) == 1:
            singles.append(own[0])
        elif len({(row[0], row[3]) for row in own}) > 1:
            several.append(longest)
        else:
            depth = np.zeros(200, dtype=int)
            for row in own:
                depth[row[1] : row[2]] += 1
            edges = np.flatnonzero(np.diff(np.r_[0, depth >= 2, 0]))
            regions = list(zip(edges[::2], edges[1::2], strict=True))
            if regions:
                start, end = max(regions, key=lambda region: region[1] - region[0])
                several.append((own[0][0], int(start), int(end), own[0][3], gene))
            else:
                several.append(longest)

    def inside(one: tuple, other: tuple) -> bool:
        return one[0] == other[0] and one[3] == other[3] and other[1] <= one[1] and one[2] <= other[2]

    def alone(intervals: list[tuple]) -> list[tuple]:
        kept = []
        for i, one in enumerate(intervals):
            for j, other in enumerate(intervals):
                if i != j and inside(one, other) and (one[1:3] != other[1:3] or j < i):
                    break
            else:
                kept.append(one)
        return kept

    several, singles = alone(several), alone(singles)
    singles = [one for one in singles if not any(inside(one, other) for other in several)]
    several = [one for one in several if not any(inside(one, other) for other in singles)]
    table = [list(row) for row in sorted(singles + several, key=lambda row: (row[3], row[0], row[1], row[2]))]
    changed = True
    while changed:
        changed = False
        for i, one in enumerate(table):
            for other in table[i + 1 :]:
                if one[0] == other[0] and one[3] == other[3] and one[2] > other[1] and one[1] < other[2]:
                    if one[3] == "+":
                        one[2] = other[1]
                    else:
                        other[1] = one[2]
                    changed = True
    return {tuple(row) for row in table if row[2] - row[1] >= width}


INTERVAL = st.tuples(
    st.sampled_from(["chr1", "chr1", "chr2"]),
    st.integers(0, 30),
    st.integers(1, 30),
    st.sampled_from("++-"),
    st.sampled_from("ABCDEF"),
).map(lambda t: (t[0], t[1], t[1] + t[2], t[3], t[4]))


@settings(deadline=None, max_examples=500)
@given(st.lists(INTERVAL, min_size=1, max_size=12), st.sampled_from([1, 5]))
def test_equals_the_slow_twin(rows: list[tuple], width: int) -> None:
    got = found(rows, width=width)
    assert len(got) == len(set(got))
    assert set(got) == slow_twin(rows, width)


def test_rules_one_by_one() -> None:
    one = ("chr1", 10, 50, "+", "A")
    assert found([one]) == [one]
    assert found([one, ("chr1", 30, 90, "+", "A")]) == [("chr1", 30, 50, "+", "A")]
    assert found([one, ("chr1", 60, 90, "+", "A")]) == [one]
    assert found([one, ("chr2", 60, 190, "+", "A")]) == [("chr2", 60, 190, "+", "A")]
    assert found([one, ("chr1", 20, 30, "+", "B")]) == [one]
    assert found([one, ("chr1", 20, 30, "-", "B")]) == [one, ("chr1", 20, 30, "-", "B")]
    assert found([one, ("chr1", 40, 90, "+", "B")]) == [("chr1", 10, 40, "+", "A"), ("chr1", 40, 90, "+", "B")]
    minus = [("chr1", 10, 50, "-", "A"), ("chr1", 40, 90, "-", "B")]
    assert found(minus) == [("chr1", 10, 50, "-", "A"), ("chr1", 50, 90, "-", "B")]
    assert found(minus, gap=11)[1] == ("chr1", 60, 90, "-", "B")
    assert found([one, ("chr1", 50, 90, "+", "")]) == [one]
    assert found([one], width=41) == []
    assert found([]) == []


def test_kind_says_what_stands_behind() -> None:
    rows = [("chr1", 10, 50, "+", "A"), ("chr1", 10, 50, "+", "A"), ("chr1", 80, 90, "+", "B")]
    assert consensus_annotation(models(rows), 1, 1)["kind"].tolist() == ["isoforms", "single"]


def test_chr7_equals_grohmm(shared) -> None:
    folder = shared / "data" / "reference"
    table = consensus_annotation(
        read_annotation(folder / "hg19.refGene.chr7.gtf.gz", read_chrom_sizes(folder / "hg19.chrom.sizes"))
    )
    want = grohmm.bed(grohmm.annotation_table(shared, "consensus_refGene_chr7")).rename(columns={"gene_id": "gene"})
    assert set(table[COLUMNS].itertuples(index=False, name=None)) == set(
        want[COLUMNS].itertuples(index=False, name=None)
    )
    assert len(table) == 957
