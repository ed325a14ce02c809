"""Seqlets and motifs: a planted word is the first motif with its sign on held-out genes; nothing is found in nothing."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.sequence import motifs as method
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import cross_fit, fit_on_all
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.motif_sites import Sites
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.seqlets import find_seqlets
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.study_motifs import seqlet_bed, study_motifs
from groprog_assets.methods.sequence.windows import gene_codes
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import decode, encode_text, one_hot, reverse_complement
from tests.methods.sequence.planted import LAYOUT, WORD, planted

PARAMETERS = SequenceParameters(
    penalties=[1e3], words_kmer_penalty=1e3, word_penalty=1e2, promoter_end=200, motif_backgrounds=50
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory):
    genome, genes, target = planted(tmp_path_factory.mktemp("planted"))
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    targets = np.column_stack([target, -target])
    examples = Examples(codes, np.empty((len(codes), 0)), targets)
    splits = make_splits(genes, codes, LAYOUT, PARAMETERS)
    rung = ladder(LAYOUT, ["ridge_kmer+words"], PARAMETERS)[-1]
    fits = cross_fit(rung, examples, splits)
    parts = {"final": fit_on_all(rung, examples, splits)} | {f"fold{f}": p for f, p in enumerate(fits.predictors)}
    windows = {"tss": list(LAYOUT.tss), "tts": None}
    card = {
        "tasks": ["gain", "loss"],
        "windows": windows,
        "parameters": PARAMETERS.model_dump(mode="json"),
        "champions": {"promoter": rung.name},
    }
    genes = genes.assign(fold=splits.table["fold"].to_numpy())
    known = [Motif("other", "", one_hot(encode_text(b"GGGGTTTT").codes[None])[0].astype(float))]
    known.append(Motif("planted", "", one_hot(WORD[None])[0].astype(float)))
    near = genes[genes["gene"].str.split("_").str[1].astype(int) % 6 == 0]
    start = np.where(near["strand"] == "+", near["tss"] - 130, near["tss"] + 40)
    places = {c: (np.sort(start[near["chrom"] == c]), np.sort(start[near["chrom"] == c]) + 91) for c in genome.lengths}
    sites = [Sites("half_of_them.bed", places, len(near), 0)]
    model = PublishedModel(card, {"promoter": parts})
    made = study_motifs(model, genes, codes, targets, known, PARAMETERS, sites=sites)
    return genome, genes, codes, made


@pytest.mark.parametrize(("task", "sign"), [("gain", "up"), ("loss", "down")])
def test_the_planted_word_is_the_first_motif_with_its_sign_on_held_out_genes(found, task: str, sign: str):
    made = found[3]
    first = made.motifs[made.motifs["motif"] == f"{task}.{sign}.1"].iloc[0]
    word = decode(WORD)
    other = decode(reverse_complement(WORD))
    assert word[1:6] in first["consensus"] or other[1:6] in first["consensus"]
    assert np.sign(first["effect"]) == np.sign(first["z_held_out"]) == (1 if sign == "up" else -1)
    assert abs(first["effect"]) > 0.6
    assert abs(first["z_held_out"]) > 5
    assert -115 < first["position"] < -55
    assert first["best_match"] == "planted"
    assert first["match_q"] < 0.01


def test_seqlets_lie_on_the_planted_words(found):
    genome, genes, _, made = found
    rows = made.seqlets[made.seqlets["motif"] == "gain.up.1"]
    words = {decode(WORD), decode(reverse_complement(WORD))}
    held = [decode(genome.chromosome(row.chrom)[row.start - 7 : row.end + 7]) for row in rows.itertuples()]
    assert np.mean([any(word in text for word in words) for text in held]) > 0.8
    tss = rows["gene"].map(genes.set_index("gene")["tss"])
    plus = rows["strand"] == "+"
    assert (np.where(plus, rows["start"] - tss, tss - rows["end"] + 1) == rows["offset"]).all()


def test_sites_at_half_of_the_planted_words_are_found(found):
    made = found[3]
    first = made.sites.set_index("motif").loc["gain.up.1"]
    assert set(made.sites["motif"]) == set(made.motifs["motif"])
    assert 0.3 < first["hits_in"] / first["hits"] < 0.7
    assert first["controls_in"] < 0.1 * first["controls"]
    assert first["odds_ratio"] > 3
    assert first["q_value"] < 1e-3


def test_files_name_the_motifs(found, tmp_path):
    from groprog_assets.methods.sequence.meme import read_meme

    made = found[3]
    path = tmp_path / "m.meme"
    path.write_bytes(made.meme)
    assert [motif.name for motif in read_meme(path).motifs] == list(made.matrices)
    assert set(made.matrices) == set(made.motifs["motif"])
    lines = seqlet_bed(made.seqlets).decode().splitlines()
    assert len(lines) == len(made.seqlets)
    starts = [(line.split("\t")[0], int(line.split("\t")[1])) for line in lines]
    assert starts == sorted(starts)


def test_windows_without_contributions_have_no_seqlets():
    assert not len(find_seqlets(np.zeros((3, 40)), 0.01).row)
    assert not len(find_seqlets(np.zeros((0, 40)), 0.01).row)


def defined_seqlets(values: np.ndarray, level: float, shortest: int, longest: int) -> set[tuple]:
    """(row, start, end, total, p) by the rule of `find_seqlets`, one span after another."""
    width, large = values.shape[1], {}
    for length in range(shortest, min(longest, width) + 1):
        spans = [(row, at) for row in range(len(values)) for at in range(width - length + 1)]
        total = {(row, at): float(values[row, at : at + length].sum()) for row, at in spans}
        for sign in (1, -1):
            own = sorted(sign * value for value in total.values() if sign * value > 1e-9)
            bound = own[min(int(np.ceil((1 - level) * len(own))), len(own) - 1)] if own else np.inf
            for row, at in spans:
                inner = all((sign, length - 1, row, at + step) in large for step in (0, 1))
                if sign * total[row, at] >= bound and (length == shortest or inner):
                    p = sum(other >= sign * total[row, at] for other in own) / len(own)
                    large[sign, length, row, at] = total[row, at], p
    taken: set[tuple[int, int]] = set()
    kept = set()
    for (_, length, row, at), (total_here, p) in sorted(large.items(), key=lambda i: (-i[0][1], i[1][1], *i[0][2:])):
        bases = {(row, place) for place in range(at, at + length)}
        if not bases & taken:
            taken |= bases
            kept.add((row, at, at + length, round(total_here, 9), p))
    return kept


@pytest.mark.parametrize("level", [0.02, 0.2, 0.7])
def test_seqlets_equal_their_definition(level: float):
    for seed in range(6):
        # Eighths, so that sums are exact and some are equal.
        values = np.random.default_rng(seed).integers(-6, 9, (6, 14)) / 8
        found = find_seqlets(values, level, 3, 7)
        rows = zip(found.row.tolist(), found.start.tolist(), found.end.tolist(), found.total, found.p, strict=True)
        assert {(row, s, e, round(float(t), 9), float(p)) for row, s, e, t, p in rows} == defined_seqlets(
            values, level, 3, 7
        )


def test_a_seqlet_is_the_span_that_stands_out_and_no_two_overlap():
    random = np.random.default_rng(0)
    values = random.normal(0, 0.1, (200, 60))
    values[7, 20:28] += 2
    values[9, 30:36] -= 2
    found = find_seqlets(values, 0.002)
    for row, sign, first, last in ((7, 1, 20, 28), (9, -1, 30, 36)):
        own = found.chosen((found.row == row) & (np.sign(found.total) == sign))
        at = np.abs(own.total).argmax()
        assert own.start[at] <= first
        assert own.end[at] >= last
        assert own.total[at] == pytest.approx(values[row, own.start[at] : own.end[at]].sum())
    for row in range(200):
        own = found.chosen(found.row == row)
        assert (own.start[1:] >= own.end[:-1]).all()


def test_sites_are_aligned_on_their_strand():
    windows = np.array([encode_text(b"TTACGTGG").codes, encode_text(b"CACGTAAA").codes])
    found = method.aligned(windows, np.array([1, 1]), np.array([False, True]), 5)
    assert [decode(row) for row in found] == ["TACGT", "TACGT"]
    assert decode(method.aligned(windows[:1], np.array([-1]), np.array([False]), 3)[0]) == "NTT"


def test_held_out_z_is_welch_within_folds():
    from scipy.stats import ttest_ind

    random = np.random.default_rng(0)
    holds, fold = random.random(300) < 0.3, np.repeat([0, 1], 150)
    target = random.normal(size=300) + holds + 5 * fold
    target[::50] = np.nan
    z, each = method.held_out_z(holds, target, fold)
    here = np.isfinite(target) & (fold == 1)
    expected = ttest_ind(target[here & holds], target[here & ~holds], equal_var=False).statistic
    assert float(each.split(";")[1]) == pytest.approx(expected, abs=0.06)
    assert z > 5


def test_matches_of_nothing():
    matrix = np.full((4, 6), 0.25)
    assert method.best_matches([], []).name == []
    found = method.best_matches([matrix], [])
    assert found.name == [""]
    assert np.isnan(found.p).all()
