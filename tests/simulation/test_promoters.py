"""The sequence half of the bundled study: planted words go with planted rates, models find them, variants have their sign."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import cross_fit, fit_on_all
from groprog_assets.methods.sequence.genome_codes import open_genome
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.metrics import task_metrics
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.study_motifs import study_motifs
from groprog_assets.methods.sequence.variants import Scorer, variant_effects
from groprog_assets.methods.sequence.vcf import read_variants
from groprog_assets.methods.sequence.windows import Layout, gene_codes, view_layout
from groprog_assets.simulation import SEQUENCE, VCF_HEADER
from groprog_assets.simulation.promoters import ACTIVATOR, REPRESSOR, plant_promoters
from groprog_assets.simulation.world import SCALES, build_world
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import write_fasta

PARAMETERS = SequenceParameters(**SEQUENCE["parameters"], motif_backgrounds=50)
LAYOUT = Layout(tuple(SEQUENCE["windows"]["tss"]))


@pytest.fixture(scope="module")
def world():
    return build_world(SCALES["bundled"], 20260101)


@pytest.fixture(scope="module")
def modelled(world, tmp_path_factory: pytest.TempPathFactory):
    """(genome, genes with folds, model, values): values are the planted densities with the noise of counts."""
    folder = tmp_path_factory.mktemp("promoters")
    path = write_fasta(folder / "g.fa", {chrom: bases.tobytes().decode() for chrom, bases in world.sequence.items()})
    genome = open_genome(path, folder / "codes", "promoters")
    genes = world.genes.reset_index(drop=True)
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    reads = np.random.default_rng(0).poisson(genes["rate"] * 2000)
    values = np.log2(reads + 0.5)[:, None]
    splits = make_splits(genes, codes, LAYOUT, PARAMETERS)
    layout = view_layout(LAYOUT, "promoter", PARAMETERS)
    examples = Examples(codes[:, : layout.width], np.empty((len(codes), 0)), values)
    rung = ladder(layout, ["ridge_kmer+words"], PARAMETERS)[-1]
    fit = cross_fit(rung, examples, splits)
    parts = {"final": fit_on_all(rung, examples, splits)} | {f"fold{f}": p for f, p in enumerate(fit.predictors)}
    card = {
        "tasks": ["body"],
        "windows": SEQUENCE["windows"],
        "parameters": PARAMETERS.model_dump(mode="json"),
        "champions": {"promoter": rung.name},
    }
    genes = genes.assign(fold=splits.table["fold"].to_numpy())
    return genome, genes, PublishedModel(card, {"promoter": parts}), values, fit, codes


def test_words_stand_where_the_truth_says_and_nothing_else_changes(world):
    for row in world.words.itertuples():
        text = world.sequence[row.chrom][row.start : row.end].tobytes().decode()
        other = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
        assert row.word == (text if row.strand == "+" else other)
    genes = world.genes.set_index("gene")
    rates = world.words["gene"].map(genes["rate"]).groupby(world.words["kind"]).median()
    assert rates["repressor"] < genes.loc[genes["expressed"], "rate"].quantile(0.3)
    assert rates["activator"] > genes.loc[genes["expressed"], "rate"].median()
    again = plant_promoters(world.sequence, world.genes, 20260101)
    assert again.words.equals(world.words)
    assert all(np.array_equal(again.sequence[name], bases) for name, bases in world.sequence.items())


def test_models_that_never_saw_the_chromosome_predict_from_the_words(modelled):
    _, _, _, values, fit, _ = modelled
    found = task_metrics(values[:, 0], fit.predicted[:, 0], fit.fold, fit.level[:, 0], fit.median[:, 0])
    assert found.pearson > 0.4
    assert min(found.by_fold) > 0.3


def test_the_planted_words_are_the_first_motifs_of_their_sign(modelled):
    _, genes, model, values, _, codes = modelled
    made = study_motifs(model, genes, codes, values, [], PARAMETERS)
    for sign, word in (("up", ACTIVATOR.decode()), ("down", REPRESSOR.decode())):
        first = made.motifs[made.motifs["sign"] == sign].iloc[0]
        other = word[::-1].translate(str.maketrans("ACGT", "TGCA"))
        assert any(part in first["consensus"] for text in (word, other) for part in (text[:5], text[1:6], text[3:])), (
            sign
        )
        assert first["same_sign"]


def test_planted_variants_have_their_sign(world, modelled, tmp_path: Path):
    genome, genes, model, _, _, _ = modelled
    path = tmp_path / "v.vcf"
    rows = world.variants.itertuples()
    path.write_text(
        VCF_HEADER + "".join(f"{v.chrom}\t{v.position}\t{v.name}\t{v.ref}\t{v.alt}\t.\t.\t.\n" for v in rows)
    )
    scorer = Scorer(model, genes, genome, {name: name for name in genome.lengths})
    effects = variant_effects(read_variants(path), scorer, {})
    held = effects.merge(world.variants, on=["chrom", "position", "gene"])
    strong = held[held["expected"] != 0]
    assert (np.sign(strong["effect"]) == strong["expected"]).all()
    assert held.loc[held["expected"] == -1, "effect"].max() < -0.3
    assert held.loc[held["expected"] == 0, "effect"].abs().max() < 0.1
