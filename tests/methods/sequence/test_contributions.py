"""Contributions: their sum is the prediction less the background's; a planted word has them; strands, tracks, unknown bases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from groprog_assets.methods.sequence import contributions as method
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.contributions import background_prediction, contributions
from groprog_assets.methods.sequence.explanations import MeanTrack
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import LAYOUT, WORD, planted

PARAMETERS = SequenceParameters(penalties=[1e3], words_kmer_penalty=1e3, word_penalty=1e2)
BOTH = Layout((300, 200), (100, 150))
MODELS = ["ridge_kmer", "ridge_kmer+words"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    genome, genes, target = planted(tmp_path_factory.mktemp("planted"))
    return genome, genes, target, {name: name for name in genome.lengths}


def explained(world, layout: Layout, name: str):
    genome, genes, target, names = world
    codes = gene_codes(genes, genome, names, layout)
    codes[3, 40:60] = 4
    examples = Examples(codes, np.empty((len(codes), 0)), np.column_stack([target, -target]))
    rung = next(item for item in ladder(layout, MODELS, PARAMETERS) if item.name == name)
    predictor = rung.fit(examples, examples.rows(np.zeros(len(codes), bool)))
    return codes, predictor, contributions(predictor, name, layout, PARAMETERS, codes, 0)


@pytest.mark.parametrize("name", ["mean", "gc", *MODELS])
@pytest.mark.parametrize("layout", [LAYOUT, BOTH], ids=["start", "both ends"])
def test_they_sum_to_the_prediction_less_that_of_the_background(world, layout: Layout, name: str):
    codes, predictor, found = explained(world, layout, name)
    expected = predictor.predict(codes, np.empty((len(codes), 0)))[:, 0] - background_prediction(predictor, 0)
    assert np.allclose(found.observed.sum(axis=1), expected, atol=1e-4)
    assert expected.std() > 0.1 or name == "mean"


@pytest.mark.parametrize("name", MODELS)
def test_observed_is_hypothetical_at_the_base_that_is_there(world, name: str):
    codes, _, found = explained(world, LAYOUT, name)
    known = codes < 4
    row, column = np.nonzero(known)
    assert np.array_equal(found.observed[row, column], found.hypothetical[row, codes[known], column])


def test_the_planted_word_has_the_contribution_and_the_bases_beside_it_have_none(world):
    codes, _, found = explained(world, LAYOUT, "ridge_kmer+words")
    holds = [
        (row, at) for row in range(len(codes)) for at in range(280, 340) if (codes[row, at : at + 7] == WORD).all()
    ]
    assert len(holds) > 20
    inside = np.mean([found.observed[row, at : at + 7].sum() for row, at in holds])
    beside = np.mean([found.observed[row, at - 30 : at - 23].sum() for row, at in holds])
    assert inside > 1.0
    assert abs(beside) < 0.2


def test_a_rung_that_does_not_explain_itself_is_refused(world):
    codes, predictor, _ = explained(world, LAYOUT, "ridge_kmer")
    with pytest.raises(ValueError, match="does not explain itself"):
        method.explained(predictor, "gbm", LAYOUT, PARAMETERS, codes, 0)
    with pytest.raises(ValueError, match="belong to no bases"):
        contributions(predictor, "cnn", LAYOUT, PARAMETERS, codes, 0)


def test_references_depend_on_the_seed_and_the_window_alone(world):
    genome, genes, _, names = world
    codes = gene_codes(genes, genome, names, LAYOUT)[:6]
    found = method.shuffled_references(codes, 20, 1)
    assert found.shape == (6, 20, LAYOUT.width)
    assert np.array_equal(method.shuffled_references(codes[3:], 20, 1), found[3:])
    assert not np.array_equal(method.shuffled_references(codes, 20, 2), found)


def test_a_track_has_the_mean_over_genes_in_genome_orientation(tmp_path: Path):
    genes = pd.DataFrame({"chrom": ["c", "c", "d"], "strand": ["+", "-", "+"], "tss": [4, 9, 1], "tts": [40, 2, 30]})
    layout = Layout((3, 5))
    values = np.arange(24, dtype=float).reshape(3, 8)
    codes = np.zeros((3, 8), np.uint8)
    codes[0, 7] = 4
    track = MeanTrack(genes, layout, {"c": 50, "d": 5})
    track.add(np.arange(3), values, codes)
    path = tmp_path / "t.bw"
    path.write_bytes(track.written())
    held: dict[tuple[str, int], list[float]] = {}
    for row, gene in enumerate(genes.itertuples()):
        for column in range(8):
            offset = column - 3
            place = gene.tss + offset if gene.strand == "+" else gene.tss - offset
            if 0 <= place < {"c": 50, "d": 5}[gene.chrom] and codes[row, column] < 4:
                held.setdefault((gene.chrom, place), []).append(values[row, column])
    with pyBigWig.open(str(path)) as bigwig:
        found = {(chrom, start): value for chrom in ("c", "d") for start, _, value in bigwig.intervals(chrom) or ()}
    assert found == pytest.approx({place: np.mean(each) for place, each in held.items()})
