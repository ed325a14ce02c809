"""High or low in place of the value: log odds of rungs and nets, and how they are judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.compute.shards.sequence_net import fitter_of
from groprog_assets.fitting.high_low import cuts, labels
from groprog_assets.methods.sequence.baselines import Examples, RidgeKmer
from groprog_assets.methods.sequence.high_low import HighLow, for_high_low
from groprog_assets.methods.sequence.metrics import task_metrics
from groprog_assets.methods.sequence.published_model import unpacked
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.study_model import evaluate_study, fit_study
from groprog_assets.methods.sequence.windows import gene_codes
from groprog_assets.prognosis.sequence_rungs import every_rung
from groprog_assets.report.sequence import _high_low
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.sequence_study import Sequence
from tests.methods.sequence.planted import LAYOUT, planted


def test_high_is_above_the_median_of_what_has_a_value():
    targets = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    cut = cuts(targets)
    assert cut[0] == 2
    assert np.isnan(cut[1])
    assert labels(targets, cut)[:, 0].tolist()[:3] == [0, 0, 1], "the median itself is low"
    assert np.isnan(labels(targets, cut)[3, 0])
    assert np.isnan(labels(targets, cut)[:, 1]).all()


def test_a_ridge_answers_the_first_order_log_odds_of_the_labels():
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (200, LAYOUT.width)).astype(np.uint8)
    targets = np.exp(3 * random.normal(size=(200, 1)))
    targets[:9] = np.nan
    examples = Examples(codes, np.empty((200, 0)), targets)
    plain = RidgeKmer(LAYOUT, SequenceParameters(penalties=[1e3]))
    asked = for_high_low(plain)
    assert isinstance(asked, HighLow)
    assert asked.name == "ridge_kmer"
    found = asked.fit(examples, examples.rows(np.arange(0)))
    coded = np.where(targets > np.median(targets[9:]), 2.0, -2.0)
    coded[:9] = np.nan
    expected = plain.fit(examples._replace(targets=coded), examples.rows(np.arange(0)))
    predicted = found.predict(codes, examples.side)
    assert np.allclose(predicted, expected.predict(codes, examples.side), atol=1e-4)
    restored = asked.restored(found.arrays())
    assert np.array_equal(restored.predict(codes, examples.side), predicted)


def test_log_odds_are_judged_at_zero_and_by_the_brier_score():
    target = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    log_odds = np.array([-3.0, -1.0, 0.5, -0.2, 2.0, 4.0])
    fold, level, median = np.zeros(6, int), np.array([3.5]), np.array([3.5])
    found = task_metrics(target, log_odds, fold, level, median, log_odds=True)
    high = target > 3.5
    brier = np.mean((high - expit(log_odds)) ** 2)
    assert found.mse == pytest.approx(brier)
    assert found.r2 == pytest.approx(1 - brier / 0.25)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.recall == pytest.approx(2 / 3)
    assert found.auroc == pytest.approx(8 / 9)
    plain = task_metrics(target, log_odds, fold, level, median)
    assert (plain.pearson, plain.auroc) == (found.pearson, found.auroc)
    assert plain.recall != found.recall


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """A planted word decides between low and high; two tasks, the second turned round."""
    genome, genes, target = planted(tmp_path_factory.mktemp("planted"), effect=4.0)
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    section = Sequence.model_validate(
        {
            "windows": {"tss": LAYOUT.tss, "tts": None},
            "views": ["promoter"],
            "models": ["ridge_kmer", "ridge_kmer+words", "cnn", "ridge+cnn"],
            "task": "high_low",
            "parameters": {
                "penalties": [1e3],
                "words_kmer_penalty": 1e3,
                "word_penalty": 1e2,
                "bootstrap_samples": 100,
                "nets": {"width": 8, "blocks": 1, "epochs": 2, "learning_rate": 5e-3},
            },
        }
    )
    values = genes[["gene"]].assign(plain=np.exp(target), turned=-target)
    splits = make_splits(genes, codes, LAYOUT, section.parameters)
    given = genes, codes, values, splits, section, {"file": "f", "sha256": "0"}
    return given, fit_study(*given, str, every_rung, fitter_of(Pool(), Here(None, None)))


def test_the_ladder_of_a_study_answers_high_or_low(made):
    (genes, codes, _values, splits, section, _), model = made
    tasks = pd.DataFrame({"task": ["plain", "turned"], "replicate_r": 0.9})
    found = evaluate_study(model, genes, codes, splits, tasks, section)
    held = found.metrics.set_index(["task", "rung"])
    assert held.loc[("plain", "ridge_kmer+words"), "auroc"] > 0.75
    assert held.loc[("plain", "ridge_kmer+words"), "accuracy"] > 0.65
    assert 0 < held.loc[("plain", "ridge_kmer+words"), "mse"] < 0.25
    assert held.loc[("plain", "mean"), "auroc"] == pytest.approx(0.5)
    assert model.summary["card"]["task"] == found.summary["task"] == "high_low"
    step = next(item for item in model.summary["views"]["promoter"]["steps"] if item["rung"] == "ridge_kmer+words")
    assert step["promoted"]
    before = held.loc[("plain", step["against"]), "auroc"]
    assert step["difference"] == pytest.approx(held.loc[("plain", "ridge_kmer+words"), "auroc"] - before)
    assert "log odds" in str(_high_low(found.summary))
    assert not _high_low({})


def test_a_net_learns_the_labels_by_cross_entropy_and_is_published(made):
    (_, codes, values, _splits, section, _), model = made
    files = model.files
    assert unpacked(files, every_rung).card["task"] == "high_low"
    layout = LAYOUT.promoter(section.parameters.promoter_end)
    net = every_rung(layout, ["cnn"], section.parameters)[-1]
    targets = values[["plain", "turned"]].to_numpy()
    examples = Examples(codes[:, : layout.width], np.empty((len(codes), 0)), targets)
    asked = for_high_low(net)
    assert asked.name == "cnn"
    nothing = examples.rows(np.arange(0))
    found = asked.fit(examples, nothing)
    predicted = found.predict(examples.codes, examples.side)
    # Any rising function of the values gives the same labels, and so the same net, byte for byte.
    again = for_high_low(net).fit(
        examples._replace(targets=np.column_stack([np.log(targets[:, 0]), targets[:, 1]])), nothing
    )
    assert np.array_equal(again.predict(examples.codes, examples.side), predicted)
    mean = labels(targets, cuts(targets)).mean(axis=0)
    assert expit(predicted).mean(axis=0) == pytest.approx(mean, abs=0.15), "calibrated in the large"
    plain = net.fit(examples, nothing).predict(examples.codes, examples.side)
    assert not np.allclose(plain, predicted)


def test_missing_values_teach_nothing(made):
    torch = pytest.importorskip("torch")
    from groprog_assets.model.sequence.rungs import HighLowLesson

    (_, codes, values, _, section, _), _ = made
    targets = values[["plain", "turned"]].to_numpy().copy()
    targets[::2, 1] = np.nan
    examples = Examples(codes, np.empty((len(codes), 0)), targets)
    lesson = HighLowLesson(examples, examples.rows(np.arange(0)), section.parameters.nets, LAYOUT.width)
    rows = np.arange(40)
    log_odds = torch.linspace(-2, 2, 80).reshape(40, 2)
    y = labels(targets, cuts(targets))[rows]
    p = expit(log_odds.numpy().astype(float))
    each = -(np.nan_to_num(y) * np.log(p) + (1 - np.nan_to_num(y)) * np.log(1 - p))
    held = np.isfinite(y)
    assert float(lesson.error(log_odds, rows)) == pytest.approx(each[held].mean(), rel=1e-5)


def test_the_study_takes_two_questions(tmp_path: Path):
    assert Sequence.model_validate({}).task == "value"
    with pytest.raises(ValueError, match="high_low"):
        Sequence.model_validate({"task": "other"})
