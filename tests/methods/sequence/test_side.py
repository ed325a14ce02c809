"""What models read beside the bases: columns of a table and tracks along the window, planted so that they decide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.compute.shards.sequence_net import fitter_of
from groprog_assets.errors import AnnotationError, ModelError
from groprog_assets.methods.sequence.explanations import study_attributions
from groprog_assets.methods.sequence.metrics import task_metrics
from groprog_assets.methods.sequence.published_model import unpacked
from groprog_assets.methods.sequence.side import (
    SideInputs,
    channel_tracks,
    read_side_table,
    side_columns,
    side_elsewhere,
    study_side,
    typical_columns,
)
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.study_model import fit_study
from groprog_assets.methods.sequence.study_motifs import study_motifs
from groprog_assets.methods.sequence.variants import Scorer
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.prognosis.sequence_rungs import every_rung
from groprog_assets.study.schema import Mark
from groprog_assets.study.sequence_study import Sequence, SideTable
from tests.methods.sequence.planted import CHROMOSOMES, LAYOUT, planted

PENALTIES = {"penalties": [1e3], "words_kmer_penalty": 1e3, "word_penalty": 1e2, "bootstrap_samples": 100}
NETS = {"width": 8, "blocks": 1, "epochs": 12, "learning_rate": 5e-3, "dropout": 0.0, "head_dropout": 0.0, "batch": 32}


def bigwig(path: Path, values: dict[str, np.ndarray]) -> Path:
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader([(chrom, len(each)) for chrom, each in values.items()])
        for chrom, each in values.items():
            at = np.flatnonzero(each)
            if len(at):
                track.addEntries(
                    [chrom] * len(at), at.tolist(), ends=(at + 1).tolist(), values=each[at].astype(float).tolist()
                )
    return path


def mark(path: Path, name: str = "open") -> Mark:
    return Mark(name=name, bigwig=path, cell_type="K562", build="made up", source="a test")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    """(section, genes, codes, values, splits, side): the target is a word, a half-life, and a peak of a track upstream."""
    folder = tmp_path_factory.mktemp("side")
    genome, genes, target = planted(folder)
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    random = np.random.default_rng(5)
    halflife = random.normal(30, 10, len(genes))
    peak = random.random(len(genes)) < 0.5
    values = {chrom: np.zeros(size) for chrom, size in CHROMOSOMES.items()}
    for chrom, strand, tss, has in zip(genes["chrom"], genes["strand"], genes["tss"], peak, strict=True):
        # Everywhere a peak of the same height in the same stretch, at one of two places, which a mean does not tell apart.
        first = 105 if has else 205
        start = tss - first - 30 if strand == "+" else tss + first + 1
        values[chrom][start : start + 30] = 20
    track = bigwig(folder / "open.bw", values)
    table = folder / "halflife.tsv"
    frame = pd.DataFrame({"gene": genes["gene"], "hours": halflife.round(6).astype(str), "text": "1"})
    frame.loc[::7, "hours"] = "NA"
    frame.to_csv(table, sep="\t", index=False)
    section = Sequence.model_validate(
        {
            "windows": {"tss": LAYOUT.tss, "tts": None},
            "views": ["promoter"],
            "models": ["ridge_kmer", "ridge_kmer+words", "gbm", "cnn"],
            "side": {"table": str(table), "columns": ["hours"]},
            "channels": ["open"],
            "parameters": {**PENALTIES, "boosting_rounds": [40], "motif_backgrounds": 50, "nets": NETS},
        }
    )
    targets = pd.DataFrame({"gene": genes["gene"], "life": target / 2 + (halflife - 30) / 5, "peak": 2.0 * peak})
    targets["peak"] += random.normal(0, 0.3, len(genes))
    splits = make_splits(genes, codes, LAYOUT, section.parameters)
    side = study_side(section, [mark(track)], genes, LAYOUT)
    return section, genes, codes, targets, splits, side, track


@pytest.fixture(scope="module")
def made(world):
    section, genes, codes, targets, splits, side, _ = world
    given = genes, codes, targets, splits, section, {"file": "f", "sha256": "0"}, str, every_rung
    return fit_study(*given, fitter_of(Pool(), Here(None, None)), None, side)


def r_of(made, rung: str, task: str) -> float:
    rows = made.predictions[(made.predictions["rung"] == rung) & (made.predictions["task"] == task)]
    nothing = np.zeros(3)
    y, p, fold = (rows[name].to_numpy() for name in ("target", "predicted", "fold"))
    return task_metrics(y, p, fold, nothing, nothing).pearson


def test_a_planted_column_is_read_by_every_rung(world, made):
    section, genes, codes, targets, splits, _, _ = world
    plain = fit_study(
        genes,
        codes,
        targets,
        splits,
        section.model_copy(update={"models": ["ridge_kmer"]}),
        {"file": "f", "sha256": "0"},
    )
    assert r_of(plain, "ridge_kmer", "life") < 0.3
    for rung in ("ridge_kmer", "ridge_kmer+words", "gbm", "cnn"):
        assert r_of(made, rung, "life") > 0.6, rung
    assert "side" not in plain.summary["card"]
    net = made.predictions[(made.predictions["rung"] == "cnn") & (made.predictions["task"] == "life")]
    assert ((net["target"] - net["predicted"]) ** 2).mean() < net["target"].var(), "in the unit of the column as given"


def test_a_net_reads_the_bases_of_a_track_and_the_others_its_stretches(made):
    assert r_of(made, "cnn", "peak") > 0.8
    assert abs(r_of(made, "ridge_kmer", "peak")) < 0.3, "both places lie in one stretch"


def test_the_model_predicts_from_its_files_what_it_predicted_and_refuses_without_the_columns(world, made):
    section, genes, codes, _targets, splits, side, track = world
    model = unpacked(made.files, every_rung)
    rung = model.card["champions"]["promoter"]
    held = made.predictions[made.predictions["rung"] == rung]
    expected = held["predicted"].to_numpy().reshape(2, -1).T
    for fold in range(3):
        rows = np.flatnonzero(splits.table["fold"] == fold)
        given = side_elsewhere(model.side, section.side, [mark(track)], genes.iloc[rows], model.layout)
        found = model.predict(codes[rows], "promoter", f"fold{fold}", given)
        assert np.allclose(found, expected[rows], atol=1e-4)
    parts = [model.predict(codes[:5], "promoter", f"fold{f}", side.inputs.rows(np.arange(5))) for f in range(3)]
    assert np.allclose(model.uncertainty(codes[:5], "promoter", side.inputs.rows(np.arange(5))), np.std(parts, axis=0))
    with pytest.raises(ModelError, match="it reads hours, open"):
        model.predict(codes, "promoter")
    with pytest.raises(ModelError, match="no mark open"):
        side_elsewhere(model.side, section.side, [], genes, model.layout)
    with pytest.raises(ModelError, match="reads the side columns hours"):
        side_elsewhere(model.side, None, [mark(track)], genes, model.layout)
    other = Path(section.side.table).with_name("other.tsv")
    other.write_text("gene\tdays\nchrI_0\t1\n")
    with pytest.raises(AnnotationError, match="no column 'hours'"):
        side_elsewhere(model.side, SideTable(table=other, id="gene"), [mark(track)], genes, model.layout)


@pytest.mark.parametrize("rung", ["ridge_kmer+words", "cnn"])
def test_contributions_sum_to_the_prediction_less_a_background_with_the_same_columns(world, rung: str):
    section, genes, codes, targets, splits, side, _ = world
    nets = section.parameters.nets.model_copy(update={"epochs": 2})
    parameters = section.parameters.model_copy(update={"nets": nets, "explanation_references": 3})
    own = section.model_copy(update={"models": [rung], "parameters": parameters})
    made = fit_study(
        genes, codes, targets[["gene", "life"]], splits, own, {"file": "f", "sha256": "0"}, str, every_rung, side=side
    )
    model = unpacked(made.files, every_rung)
    if model.card["champions"]["promoter"] != rung:
        forced = {**model.card, "champions": {"promoter": rung}}
        wide = LAYOUT.promoter(parameters.promoter_end)
        from groprog_assets.methods.sequence.baselines import Examples
        from groprog_assets.methods.sequence.published_model import packed
        from groprog_assets.methods.sequence.side import with_channels

        last = with_channels(every_rung(wide, [rung], parameters)[-1], 1)
        examples = Examples(codes[:, : wide.width], side.inputs.for_rung(rung, wide), targets[["life"]].to_numpy())
        fits = {
            f"fold{f}": last.fit(examples.rows(r == "train"), examples.rows(r == "validation"))
            for f, r in enumerate(splits.roles)
        }
        model = unpacked(packed(forced, {"promoter": {"final": fits["fold0"], **fits}}), every_rung)
    at = genes.assign(fold=splits.table["fold"].to_numpy())
    some = np.arange(0, len(genes), 9)
    found = study_attributions(
        model,
        at.iloc[some].reset_index(drop=True),
        codes[some],
        CHROMOSOMES,
        side=side._replace(inputs=side.inputs.rows(some)),
    )
    assert found.summary["gap_share"] < 0.01
    assert found.table["sum"].abs().max() > 0.01


def test_variants_and_motifs_ask_the_model_with_the_genes_own_columns(world, made):
    section, genes, codes, targets, splits, side, _ = world
    model = unpacked(made.files, every_rung)
    at = genes.assign(fold=splits.table["fold"].to_numpy())
    scorer = Scorer.__new__(Scorer)
    scorer.model, scorer.view, scorer.side = model, "promoter", side.inputs
    rows = np.arange(0, len(genes), 11)
    found = scorer.predict(codes[rows], rows, "fold1")
    assert np.array_equal(found, model.predict(codes[rows], "promoter", "fold1", side.inputs.rows(rows)))
    made_motifs = study_motifs(
        model, at, codes, targets[["life", "peak"]].to_numpy(), [], section.parameters, side=side
    )
    assert made_motifs.summary["seqlets"] >= 0


def test_missing_numbers_take_the_mean_and_say_so(tmp_path: Path):
    path = tmp_path / "t.tsv"
    path.write_text("id\ta\tb\nx\t1\t5\ny\tNA\t7\nz\t3\t9\n")
    table = read_side_table(SideTable(table=path, id="id"))
    described = [{"name": "a", "mean": 2.0, "missing": True}, {"name": "b", "mean": 7.0, "missing": False}]
    assert side_columns(table, ["z", "y", "w"], described).tolist() == [[3, 9, 0], [2, 7, 1], [2, 7, 1]]
    assert typical_columns(2, described).tolist() == [[2, 7, 0]] * 2
    path.write_text("gene\ta\tb\nx\t1\t\nx\tlong\t\n")
    with pytest.raises(AnnotationError) as raised:
        read_side_table(SideTable(table=path, id="gene"))
    for part in ("x stands twice", "'long' in column a", "Side columns are numbers", "column b has none"):
        assert part in str(raised.value), part
    path.write_text("gene\ta\nx\t1\ny\tinf\n")
    with pytest.raises(AnnotationError, match="1 infinite value in column a"):
        read_side_table(SideTable(table=path, id="gene"))


def test_tracks_are_in_the_direction_of_the_gene_and_nothing_outside(tmp_path: Path):
    values = np.zeros(300)
    values[10:13] = [1, 2, 3]
    path = bigwig(tmp_path / "t.bw", {"c": values})
    genes = pd.DataFrame(
        {"chrom": ["c", "c", "other"], "strand": ["+", "-", "+"], "tss": [5, 12, 9], "tts": [200, 2, 9]}
    )
    found = channel_tracks([mark(path)], ["open"], genes, Layout((20, 10), (2, 3)))
    assert found.shape == (3, 1, 30 + 8 + 5)
    assert np.allclose(np.sinh(found[0, 0, 20 + 5 : 20 + 8]), [1, 2, 3])
    assert np.allclose(np.sinh(found[1, 0, 20:23]), [3, 2, 1])
    assert found[0, 0, :15].sum() == 0
    assert not found[2].any()
    layout = Layout((300, 100))
    inputs = SideInputs(np.ones((1, 1)), np.arange(400, dtype=np.float32)[None, None])
    assert inputs.for_rung("cnn", layout)[0, 1:].tolist() == list(range(400))
    means = inputs.for_rung("ridge_kmer", layout)[0, 1:]
    assert means.tolist() == [np.arange(a, b).mean() for a, b in ((0, 50), (50, 200), (200, 300), (300, 400))]
