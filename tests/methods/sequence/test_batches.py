"""Values of several protocols: refused without a batch, offsets of training genes alone, a planted shift that costs nothing."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError, Notice
from groprog_assets.methods.sequence import targets as method
from groprog_assets.methods.sequence.baselines import Examples, RidgeKmerWords
from groprog_assets.methods.sequence.batches import Batches, batch_offsets, levelled, tell_unjudged
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.study_model import fit_study
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.report.sequence_card import sequence_card
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.sequence_study import Sequence, TargetTable
from tests.methods.sequence.planted import planted

LAYOUT = Layout((400, 100))
PARAMETERS = SequenceParameters(word_genes=10)


def table(folder: Path, protocols: list[str], **fields) -> TargetTable:
    rows = [f"g{place}\t{place}\t{protocol}" for place, protocol in enumerate(protocols)]
    path = folder / "t.tsv"
    path.write_text("\n".join(["gene\ta\tprotocol", *rows]) + "\n")
    return TargetTable(table=path, **{"id": "gene", "columns": ["a"], "unit": "tpm", **fields})


def test_values_of_several_protocols_are_refused_and_the_remedy_works(tmp_path: Path):
    given = table(tmp_path, ["poly-A"] * 15 + ["total"] * 15)
    with pytest.raises(AnnotationError, match="column protocol names poly-A, total") as refused:
        method.read_target_table(given)
    assert "`batch: protocol`" in refused.value.problems[0].remedy
    genes = pd.DataFrame({"gene": [f"g{place}" for place in (20, 3, 99)]})
    made = method.table_targets(given.model_copy(update={"batch": "protocol"}), genes, PARAMETERS)
    assert made.batches == Batches("protocol", ["poly-A", "total"], [1, 0, -1])
    for unit in ("tpm", "log2"):
        allowed = table(tmp_path, ["total"] * 30, unit=unit)
        assert method.table_targets(allowed, genes, PARAMETERS).batches is None


def test_logarithms_of_several_protocols_are_refused_too(tmp_path: Path):
    given = table(tmp_path, ["GRO-seq", "PRO-seq"] * 15, unit="log2")
    with pytest.raises(AnnotationError, match="Values in log2 of several protocols have no common level") as refused:
        method.read_target_table(given)
    remedy = refused.value.problems[0].remedy
    assert "`batch: protocol`" in remedy
    assert "brought to one level already" in remedy


def test_bad_batches_come_with_the_problems_of_the_values(tmp_path: Path):
    given = table(tmp_path, ["a"] * 20 + ["b"] * 3 + [""] * 2, batch="protocol")
    given.table.write_text(given.table.read_text().replace("g7\t7", "g7\tmuch"))
    with pytest.raises(AnnotationError) as refused:
        method.read_target_table(given)
    told = "\n".join(str(problem) for problem in refused.value.problems)
    for said in ("'much' in column a", "2 genes without a cell in column protocol", "3 genes of protocol b"):
        assert said in told
    with pytest.raises(AnnotationError, match="no column 'kit'"):
        method.read_target_table(table(tmp_path, ["a"] * 20, batch="kit"))


def test_two_spellings_are_one_protocol(tmp_path: Path):
    spelt = ["PRO-seq", "pro-seq", " PRO-seq"] * 10
    assert len(method.read_target_table(table(tmp_path, spelt))) == 30
    with pytest.raises(AnnotationError, match=r"PRO-seq, pro-seq in column protocol\. A batch has one name"):
        method.read_target_table(table(tmp_path, spelt, batch="protocol"))


def test_offsets_are_differences_of_means_of_training_genes():
    targets = np.array([[1.0], [3.0], [10.0], [12.0], [500.0], [7.0]])
    batches = Batches("kit", ["x", "y", "z"], [0, 0, 1, 1, 1, 2])
    train = np.array([True, True, True, True, False, False])
    offsets = batch_offsets(targets, batches, train)
    assert offsets[:2, 0].tolist() == [2 - 6.5, 11 - 6.5]
    assert np.isnan(offsets[2, 0])
    found = levelled(targets, batches, train)[:, 0]
    assert found[:5].tolist() == [5.5, 7.5, 5.5, 7.5, 495.5]
    assert np.isnan(found[5])
    assert levelled(targets, None) is targets


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    genome, genes, target = planted(tmp_path_factory.mktemp("planted"))
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    label = np.random.default_rng(3).integers(0, 2, len(target))
    shifted = target + 6 * label
    batches = Batches("protocol", ["one", "two"], label.tolist())
    return genes, codes, target, shifted, batches, make_splits(genes, codes, LAYOUT, PARAMETERS)


def test_genes_of_a_batch_that_trains_nowhere_else_are_told():
    targets, batches = np.arange(6.0)[:, None], Batches("kit", ["a", "b"], [0, 0, 0, 1, 1, 1])
    roles = np.array([["test"] * 3 + ["train"] * 3, ["train"] * 3 + ["test"] * 3])
    with pytest.warns(Notice, match=r"6 genes of 6 with a value cannot be judged\. No gene of a, b trains"):
        tell_unjudged(targets, batches, roles)
    targets[0] = np.nan
    with pytest.warns(Notice, match=r"2 genes of 5 .* of a trains"):
        tell_unjudged(targets, batches, roles[:1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell_unjudged(targets, batches._replace(of_gene=[0, 1, 0, 1, 0, 1]), roles)


def test_a_planted_shift_of_a_protocol_costs_no_accuracy_and_a_fold_never_reads_its_test_genes(world):
    _, codes, target, shifted, batches, splits = world
    rung, none = RidgeKmerWords(LAYOUT, PARAMETERS), np.empty((len(codes), 0))

    def fitted(values, given):
        return cross_fit(rung, Examples(codes, none, values[:, None]), splits, batches=given)

    def r(fit) -> float:
        return float(np.corrcoef(fit.predicted[:, 0], target)[0, 1])

    clean, spoilt, mended = fitted(target, None), fitted(shifted, None), fitted(shifted, batches)
    assert r(mended) > r(clean) - 0.03 > r(spoilt) + 0.1
    assert np.corrcoef(mended.targets[:, 0], target)[0, 1] > 0.99
    assert np.array_equal(clean.targets[:, 0], target)
    test = splits.roles[0] == "test"
    changed = np.where(test, shifted + 1000 * np.asarray(batches.of_gene), shifted)
    assert np.array_equal(fitted(changed, batches).predicted[test], mended.predicted[test])


def test_the_model_of_a_study_keeps_its_offsets_on_the_card(world):
    genes, codes, target, shifted, batches, splits = world
    section = Sequence(
        windows={"tss": LAYOUT.tss, "tts": None}, views=["locus"], models=["ridge_kmer"], parameters=PARAMETERS
    )
    values = pd.DataFrame({"gene": genes["gene"], "a": shifted})
    reference = {"file": "f", "sha256": "0"}
    made = fit_study(genes, codes, values, splits, section, reference, batches=batches)
    card = made.summary["card"]
    offsets = card["batch"]["offsets"]["a"]
    assert offsets["two"] - offsets["one"] == pytest.approx(6, abs=0.6)
    held = made.predictions[made.predictions["rung"] == "ridge_kmer"]
    assert np.corrcoef(held["target"], target)[0, 1] > 0.99
    assert "Offsets of protocol, log2, taken off the targets" in sequence_card(card, None, None)
    assert "batch" not in fit_study(genes, codes, values, splits, section, reference).summary["card"]
