"""The size of effects beside the study's clearest word: a model that holds the planted word, and one that smears it."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.oracle import oracle_effects
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.windows import gene_codes
from groprog_assets.report.sequence_card import sequence_card
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import decode
from tests.methods.sequence.planted import LAYOUT, WORD, planted
from tests.report.test_sequence import CARD

PARAMETERS = SequenceParameters(penalties=[3e3], words_kmer_penalty=1e3, word_penalty=1e1, promoter_end=200)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """(examples of 335 genes, their folds, {rung: its models, none of which saw its fold})."""
    genome, genes, target = planted(tmp_path_factory.mktemp("oracle"), effect=3.0)
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    nothing = np.random.default_rng(4).normal(size=len(target))
    examples = Examples(codes, np.empty((len(codes), 0)), np.column_stack([target, -target, nothing]))
    splits = make_splits(genes, codes, LAYOUT, PARAMETERS)
    rungs = {rung.name: rung for rung in ladder(LAYOUT, ["ridge_kmer", "ridge_kmer+words"], PARAMETERS)}
    fits = {name: cross_fit(rungs[name], examples, splits).predictors for name in ("ridge_kmer", "ridge_kmer+words")}
    return examples, splits.table["fold"].to_numpy(), fits


def asked(made, rung, **given):
    examples, fold, fits = made
    return oracle_effects(fits[rung], examples, fold, LAYOUT, ["up", "down", "none"], PARAMETERS, **given)


def test_a_model_that_holds_the_word_tells_sizes_and_one_that_smears_it_ranks_only(made):
    sizes, ranks = asked(made, "ridge_kmer+words"), asked(made, "ridge_kmer")
    for found in (sizes["up"], ranks["up"]):
        assert found["word"] == decode(WORD)
        assert found["association"] == pytest.approx(3, abs=0.5)
        assert found["genes"] >= len(made[0].targets) // 3 - 5
    assert sizes["up"]["rank_only"] is False
    assert sizes["up"]["effect"] < -1
    assert ranks["up"]["rank_only"] is True
    assert -1 < ranks["up"]["effect"] < 0, "the sign is right, the size is not"
    assert abs(sizes["up"]["control"]) < 0.2


def test_the_word_of_a_fall_is_judged_in_the_other_direction(made):
    found = asked(made, "ridge_kmer+words")["down"]
    assert found["association"] < -2
    assert found["effect"] > 1
    assert found["rank_only"] is False


def test_a_model_whose_effect_has_the_wrong_sign_ranks_only(made):
    examples, fold, fits = made

    class Turned:
        def __init__(self, own):
            self.own = own

        def predict(self, codes, side):
            return -self.own.predict(codes, side)

    turned = [Turned(each) for each in fits["ridge_kmer+words"]]
    assert oracle_effects(turned, examples, fold, LAYOUT, ["up"], PARAMETERS)["up"]["rank_only"] is True


def test_a_task_without_a_clear_word_is_not_tested_and_the_card_says_so(made):
    found = asked(made, "ridge_kmer+words")
    assert found["none"] is None
    told = sequence_card(
        {**CARD, "oracle": {"promoter": {**found, "smeared": asked(made, "ridge_kmer")["up"]}}}, None, None
    )
    rows = [line for line in told.splitlines() if line.startswith("|") and " promoter |" in line]
    assert [row.split("|")[-2].strip() for row in rows] == [
        *("size and rank", "size and rank", "no clear word: not tested", "rank only"),
    ]
    assert "Size of effects" not in sequence_card(CARD, None, None)


def test_each_carrier_is_asked_of_the_model_that_never_saw_its_fold(made):
    examples, fold, fits = made
    seen: dict[int, int] = {}

    class Watched:
        def __init__(self, number):
            self.number = number

        def predict(self, codes, side):
            for row in np.flatnonzero((examples.codes[:, None] == codes[None]).all(axis=2).any(axis=1)):
                seen[int(row)] = self.number
            return fits["ridge_kmer"][self.number].predict(codes, side)

    oracle_effects([Watched(n) for n in range(len(fits["ridge_kmer"]))], examples, fold, LAYOUT, ["up"], PARAMETERS)
    assert len(seen) > 50
    assert all(fold[row] == number for row, number in seen.items())


def test_log_odds_are_beside_an_association_in_log_odds(made):
    found = asked(made, "ridge_kmer+words", log_odds=True)["up"]
    assert 1 < found["association"] < 4, "of 4 if all carriers and no others were high"
