"""Links by attention: the fragment that tells has the most of it, each gene by the net without its fold; table and BEDPE."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import CrossFit
from groprog_assets.methods.sequence.fragments import Fragments
from groprog_assets.methods.sequence.links import held_out_links, link_bedpe, no_links, told_links
from groprog_assets.model.sequence.rungs import NetRung
from tests.model.sequence.test_forms import FRAGMENT, OWN, WINDOW, codes_of

GENES = 300


def planted(seed: int) -> tuple[Examples, np.ndarray]:
    """(examples with two fragments a gene, which of them tells): both have as many contacts; one of them, now the first and now
    the second, holds copies of AAGG in half of the genes, whose target is higher, and of CTCT in the others."""
    random = np.random.default_rng(seed)
    codes = codes_of(GENES, WINDOW + 2 * FRAGMENT, seed)
    high, which = random.random(GENES) < 0.5, random.integers(0, 2, GENES)
    for row in range(GENES):
        first = WINDOW + which[row] * FRAGMENT
        word = [0, 0, 2, 2] if high[row] else [1, 3, 1, 3]
        for at in random.integers(first, first + FRAGMENT - 12, 20):
            codes[row, at : at + 12] = word * 3
    target = np.where(high, 1.0, -1.0) + 0.1 * random.normal(size=GENES)
    return Examples(codes, np.ones((GENES, 2)), target[:, None]), which


def table_of(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"gene": [f"g{n}" for n in range(count)], "chrom": "c", "strand": "+", "tss": np.arange(count) * 10_000}
    )


def fragments_of(examples: Examples) -> Fragments:
    count = len(examples.codes)
    centre = np.arange(2 * count).reshape(count, 2) * 5000 + 4000
    return Fragments(examples.codes[:, WINDOW:], examples.side, np.full((count, 2), "c", object), centre)


def test_the_fragment_that_tells_has_the_most_attention_of_a_net_that_never_saw_the_gene():
    train, _ = planted(0)
    test, which = planted(1)
    own = OWN.model_copy(update={"epochs": 10, "learning_rate": 3e-3, "head_dropout": 0.0, "dropout": 0.0})
    fitted = NetRung("cnn_bilstm", WINDOW, own, 1).fit(train, train.rows(np.arange(50)))
    nothing = np.zeros((1, 1))
    fit = CrossFit(np.zeros((GENES, 1)), np.zeros(GENES, int), nothing, nothing, [fitted], nothing)
    links = held_out_links(table_of(GENES), fit, test, fragments_of(test), "promoter", "cnn_bilstm")
    assert len(links) == 2 * GENES
    assert np.allclose(links.groupby("gene")["attention"].sum(), 1, atol=1e-5)
    most = links["attention"].to_numpy().reshape(GENES, 2).argmax(axis=1)
    assert (most == which).mean() > 0.9
    assert np.array_equal(fitted.links(test.codes[:3], test.side[:3]).sum(axis=1).round(5), np.ones(3))


class Told:
    def __init__(self, number):
        self.number = number

    def links(self, codes, side):
        return np.where(side > 0, self.number + codes[:, :1] / 10, 0)


def test_each_gene_is_asked_of_the_net_without_its_fold_and_absent_fragments_have_no_row():
    codes = np.array([[1, 0, 0], [2, 0, 0], [3, 0, 0]], np.uint8)
    side = np.array([[1.0, 0.5], [0.7, 0.0], [0.0, 0.0]])
    centre = np.array([[5000, 20], [9000, -1], [-1, -1]])
    fragments = Fragments(
        np.zeros((3, 200), np.uint8), side, np.array([["c", "d"], ["c", ""], ["", ""]], object), centre
    )
    nothing = np.zeros((2, 1))
    fit = CrossFit(np.zeros((3, 1)), np.array([0, 1, 0]), nothing, nothing, [Told(10), Told(20)], nothing)
    found = held_out_links(table_of(3), fit, Examples(codes, side, nothing), fragments, "promoter", "cnn_bilstm")
    assert found[["gene", "attention", "contact"]].to_numpy().tolist() == [
        ["g0", 10.1, 1.0],
        ["g0", 10.1, 0.5],
        ["g1", 20.2, 0.7],
    ]
    assert found[["chrom", "start", "end"]].to_numpy().tolist() == [["c", 4950, 5050], ["d", 0, 70], ["c", 8950, 9050]]
    lines = link_bedpe(found).decode().splitlines()
    assert lines[0].startswith("#chrom1\tstart1")
    assert lines[3] == "c\t8950\t9050\tc\t10000\t10001\tg1\t20.2\t.\t+\tpromoter\tcnn_bilstm"


def test_what_is_told_of_links_counts_genes_with_a_choice():
    rows = [("a", 1.0, 0.2), ("a", 0.4, 0.8), ("b", 0.9, 0.7), ("b", 0.1, 0.3), ("c", 1.0, 1.0)]
    links = pd.DataFrame(rows, columns=["gene", "contact", "attention"]).assign(
        view="promoter", rung="cnn_bilstm", fold=0, gene_chrom="x", tss=5, strand="+", chrom="x", start=1, end=9
    )
    told = told_links(links)
    assert (told["genes"], told["fragments"], told["chosen"]) == (3, 5, 2)
    assert told["most_contacts"] == pytest.approx(0.5)
    assert [row["gene"] for row in told["strongest"]] == ["a", "b"]
    assert told_links(no_links()) == {}
