"""Splits: joined genes are found by slow definitions, folds hold whole chromosomes, nothing joined crosses, no duplicates."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import ModelError
from groprog_assets.methods.sequence import splits as method
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import reverse_complement

PARAMETERS = SequenceParameters()


def frame(places):
    rows = [
        (f"g{n}", chrom, strand, tss, tss + (150 if strand == "+" else -150))
        for n, (chrom, strand, tss) in enumerate(places)
    ]
    return pd.DataFrame(rows, columns=["gene", "chrom", "strand", "tss", "tts"])


PLACES = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from("+-"), st.integers(200, 900)), min_size=1, max_size=9
)


@settings(deadline=None)
@given(PLACES, st.sampled_from([Layout((30, 20)), Layout((30, 20), (10, 40))]))
def test_components_by_overlap_equal_the_slow_definition(places, layout):
    genes = frame(places)
    covered = []
    for _, row in genes.iterrows():
        held = set()
        for site, around in (("tss", layout.tss), ("tts", layout.tts)):
            if around is not None:
                sign = 1 if row["strand"] == "+" else -1
                held |= {row[site] + sign * offset for offset in range(-around[0], around[1])}
        covered.append((row["chrom"], held))
    pairs = [
        (i, j)
        for i, j in combinations(range(len(genes)), 2)
        if covered[i][0] == covered[j][0] and covered[i][1] & covered[j][1]
    ]
    slow = method.components(len(genes), np.array(pairs, np.int64).reshape(-1, 2))
    fast = method.components(len(genes), method.overlapping_windows(genes, layout))
    assert fast.tolist() == slow.tolist()


def test_windows_that_share_sequence_are_joined_on_either_strand():
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (6, 500)).astype(np.uint8)
    codes[3, 100:300] = codes[0, 250:450]
    codes[4] = reverse_complement(codes[1])
    codes[5, :60] = codes[2, :60]  # 41 shared 20-mers, 50 are needed
    pairs, repeats = method.similar_windows(codes, PARAMETERS)
    assert pairs.tolist() == [[0, 3], [1, 4]]
    assert repeats == 0
    alike = np.tile(codes[:1], (4, 1))
    few = PARAMETERS.model_copy(update={"shared_kmer_holders": 3})
    pairs, repeats = method.similar_windows(alike, few)
    assert (len(pairs), repeats) == (0, 481)


def genome(genes_per_chromosome=(40, 30, 20), spacing=3000):
    places = [
        (f"c{c}", "+-"[n % 2], 5000 + spacing * n) for c, count in enumerate(genes_per_chromosome) for n in range(count)
    ]
    genes = frame(places)
    codes = np.random.default_rng(1).integers(0, 4, (len(genes), 200)).astype(np.uint8)
    return genes, codes


def test_folds_are_chromosomes_and_nothing_joined_crosses():
    genes, codes = genome()
    codes[80] = codes[3]  # one gene of c2 is a copy of one of c0
    made = method.make_splits(genes, codes, Layout((100, 100)), PARAMETERS, {"g50": "family", "g85": "family"})
    fold, component = made.table["fold"].to_numpy(), made.table["component"].to_numpy()
    assert genes.groupby("chrom")["gene"].nunique().tolist() == [int((fold == f).sum()) for f in range(3)]
    for f, roles in enumerate(made.roles):
        assert (roles[fold == f] == "test").all()
        learning = np.isin(roles, ("train", "validation"))
        assert not set(component[learning]) & set(component[roles == "test"])
        method.refuse_duplicates(codes, roles, genes["gene"].to_numpy())
    assert made.roles[0][80] == "dropped"
    assert made.roles[2][3] == "dropped"
    assert made.roles[1][85] == "dropped"
    assert made.summary["homolog_on_another_chromosome"] == 2
    assert set(made.table.loc[made.table["dropped"], "gene"]) == {"g3", "g80", "g50", "g85"}


def test_validation_is_one_block_of_a_chromosome_with_a_gap_around_it():
    genes, codes = genome((100, 100))
    made = method.make_splits(genes, codes, Layout((100, 100)), PARAMETERS)
    tss = genes["tss"].to_numpy()
    for roles in made.roles:
        block = tss[roles == "validation"]
        assert len(block) == 12
        assert block.max() - block.min() == 11 * 3000
        nearest = np.abs(tss[roles == "train"][:, None] - block).min()
        assert nearest > PARAMETERS.validation_gap


def test_one_chromosome_is_cut_into_blocks_with_gaps():
    genes, codes = genome((400,))
    made = method.make_splits(genes, codes, Layout((100, 100)), PARAMETERS)
    assert made.summary["by"] == "blocks of one chromosome"
    tss = genes["tss"].to_numpy()
    for roles in made.roles:
        test, learnt = tss[roles == "test"], tss[np.isin(roles, ("train", "validation"))]
        assert len(test) == 80
        assert np.abs(learnt[:, None] - test).min() > PARAMETERS.block_gap


def test_many_chromosomes_are_balanced():
    places = [(f"c{c}", "+", 1000 + n) for c in range(15) for n in range(3 * c + 1)]
    fold = method.assign_folds(frame(places), PARAMETERS)
    counts = np.bincount(fold)
    assert len(counts) == 10
    assert counts.max() - counts.min() <= 20


def test_a_window_on_both_sides_is_an_error():
    codes = np.array([[0, 1], [2, 3], [0, 1]], np.uint8)
    with pytest.raises(ModelError, match=r"c \(test\) and a \(training\)"):
        method.refuse_duplicates(codes, np.array(["train", "train", "test"]), np.array(["a", "b", "c"]))
    method.refuse_duplicates(codes, np.array(["dropped", "train", "test"]), np.array(["a", "b", "c"]))
