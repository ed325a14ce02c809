"""From pooled coverage to units, their repair, agreement and density; every groHMM table of the real chr7 libraries."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.annotation.gene_models import consensus_annotation, read_annotation
from groprog_assets.methods.transcription.transcript_agreement import evaluate_transcripts, overlapping_pairs
from groprog_assets.methods.transcription.transcript_density import (
    expressed_genes,
    figures,
    matched_density,
    transcript_density,
)
from groprog_assets.methods.transcription.transcript_hmm import fit_transcript_hmm, pooled_sequences
from groprog_assets.methods.transcription.transcripts import (
    as_grohmm,
    break_transcripts_on_genes,
    call_transcripts,
    combine_transcripts,
    repair_transcripts,
)
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.parameters import (
    AnnotationParameters,
    DensityParameters,
    DifferentialParameters,
    TranscriptionParameters,
)
from groprog_kernels import hmm, hmm_reference
from tests.oracles import grohmm

TWICE = ["S0mR1.bam", "S0mR1.bam", "S40mR1.bam", "S40mR1.bam"]
PLACE = ["chrom", "start", "end", "strand"]


def coverage_of(rows: list[tuple[str, str, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["chrom", "strand", "window", "count"])
    return frame.astype({"chrom": "category", "strand": "category", "window": "int32", "count": "int32"})


def genes_of(rows: list[tuple[str, int, int, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=PLACE)
    return frame.assign(gene=[f"G{i}" for i in range(len(frame))], name=[f"U{i}" for i in range(len(frame))])


def planted() -> tuple[dict[str, pd.DataFrame], dict[str, int], pd.DataFrame]:
    """Two libraries, two chromosomes; units in windows 100-200 (+), 50-90 (-) and 900-1000 (+, to chr1's end)."""
    generator = np.random.default_rng(4)
    rows: dict[str, list] = {"a": [], "b": []}
    for chrom, strand, first, last in (("chr1", "+", 100, 200), ("chr2", "-", 50, 90), ("chr1", "+", 900, 1000)):
        for window in range(first, last):
            for library in rows:
                count = int(generator.poisson(3)) + 1
                rows[library].append((chrom, strand, window, count))
    rows["a"].append(("chr1", "+", 600, 1))
    rows["a"].append(("chr1", "+", 1000, 7))
    sizes = {"chr1": 50_049, "chr2": 20_000, "chrTiny": 30, "chrEmpty": 9_000}
    genes = genes_of([("chr1", 5_000, 10_000, "+"), ("chr2", 2_600, 4_500, "-"), ("chr1", 45_000, 50_000, "+")])
    return {name: coverage_of(columns) for name, columns in rows.items()}, sizes, genes.assign(kind="single")


def test_planted_units_come_back() -> None:
    coverage, sizes, genes = planted()
    fitted = fit_transcript_hmm(coverage, sizes, genes, 50, TranscriptionParameters())
    json.dumps(fitted.fit)
    assert fitted.fit["sequences"] == 4
    assert fitted.fit["windows"] == 2800
    assert len(fitted.tuning) == 9
    assert (fitted.tuning["genes_recovered"] == 1).all()
    units = call_transcripts(coverage, fitted.fit, sizes, 50)
    assert units[PLACE].values.tolist() == [
        ["chr1", 5000, 10000, "+"],
        ["chr1", 45000, 50000, "+"],
        ["chr2", 2500, 4500, "-"],
    ]
    assert units["name"].tolist() == ["chr1_5000+", "chr1_45000+", "chr2_2500-"]
    assert (units["posterior"] > 0.99).all()
    assert (units["score"] == 1000 * units["posterior"]).all()
    inside = sum(int(table["count"].sum()) for table in coverage.values()) - 8
    assert units["count"].sum() == inside
    # groHMM: one base early, one window late; zero width at the chromosome's end
    assert units[["grohmm_start", "grohmm_end"]].values.tolist() == [[5000, 10049], [45000, 44999], [2500, 4549]]
    assert as_grohmm(units)["start"].tolist() == [4999, 44999, 2499]


def test_library_order_and_split_do_not_matter() -> None:
    coverage, sizes, genes = planted()
    parameters = TranscriptionParameters(tune=False)
    one = fit_transcript_hmm(coverage, sizes, genes, 50, parameters)
    both = pd.concat([table.astype({"chrom": "str", "strand": "str"}) for table in coverage.values()])
    both = both.groupby(["chrom", "strand", "window"], as_index=False)["count"].sum()
    joined = fit_transcript_hmm({"all": both}, sizes, genes, 50, parameters)
    turned = fit_transcript_hmm(dict(reversed(coverage.items())), sizes, genes, 50, parameters)
    assert one.trace.equals(joined.trace)
    assert one.trace.equals(turned.trace)
    assert len(one.tuning) == 0


def test_use_tuned_takes_the_lowest_error_rate() -> None:
    coverage, sizes, genes = planted()
    fitted = fit_transcript_hmm(coverage, sizes, genes, 50, TranscriptionParameters(use_tuned=True))
    best = fitted.tuning.iloc[fitted.tuning["error_rate"].argmin()]
    assert fitted.fit["tuned"]
    assert fitted.fit["log_prob_leave_transcribed"] == best["log_prob_leave_transcribed"]
    assert fitted.fit["untranscribed_shape"] == best["untranscribed_shape"]


def test_use_tuned_takes_the_highest_dice_when_asked() -> None:
    coverage, sizes, genes = planted()
    grid = {"tuning_log_prob_leave_transcribed": [-500.0, -10.0], "tuning_untranscribed_shape": [1.0, 5.0]}
    parameters = TranscriptionParameters(use_tuned=True, tuned_by="dice", **grid)
    fitted = fit_transcript_hmm(coverage, sizes, genes, 50, parameters)
    best = fitted.tuning.iloc[fitted.tuning["dice"].argmax()]
    assert best["dice"] > fitted.tuning["dice"].min()
    assert fitted.fit["tuned_by"] == "dice"
    assert fitted.fit["log_prob_leave_transcribed"] == best["log_prob_leave_transcribed"]
    assert fitted.fit["untranscribed_shape"] == best["untranscribed_shape"]


def test_a_fit_without_a_likelihood_is_an_error_with_a_remedy() -> None:
    coverage, sizes, genes = planted()
    grid = {"tuning_log_prob_leave_transcribed": [-500.0], "tuning_untranscribed_shape": [0.2]}
    with pytest.raises(ReadsError, match=r"shape 0.2: the likelihood is no number.*shapes of 1 and more"):
        fit_transcript_hmm(coverage, sizes, genes, 50, TranscriptionParameters(**grid))


def test_no_reads_is_an_error_with_a_remedy() -> None:
    sizes = {"chr1": 1000}
    for coverage in (
        {},
        {"a": coverage_of([])},
        {"a": coverage_of([("chr9", "+", 3, 1)])},
        {"a": coverage_of([("chr1", "+", 20, 1)])},
    ):
        with pytest.raises(ReadsError, match="no read in any window"):
            pooled_sequences(coverage, sizes, 50)


def test_a_silent_strand_takes_part_as_zeros_and_a_chromosome_without_reads_does_not() -> None:
    sizes = {"chr1": 1000, "chr2": 500, "chr3": 220}
    rows = [("chr1", "-", 3, 2), ("chr3", "+", 4, 9)]  # the one on chr3 lies in the trailing part
    sequences = pooled_sequences({"a": coverage_of(rows)}, sizes, 50)
    assert list(sequences) == [("chr1", "+"), ("chr1", "-")]
    dense = hmm.sequence(np.arange(20), np.zeros(20, int), 20)
    model = hmm.parameters()
    assert sequences["chr1", "+"].n_windows == 20
    assert hmm.statistics(sequences["chr1", "+"], model) == pytest.approx(hmm.statistics(dense, model), rel=1e-12)
    # the definition: forward and backward sums over 20 windows of one (count + 1)
    density = [float(hmm_reference.gamma_log_density(1.0, *pair)) for pair in ((5.0, 0.2), (0.5, 10.0))]
    found = hmm.statistics(sequences["chr1", "+"], model)
    log_likelihood, posterior, moves = hmm_reference.forward_backward(
        np.array([0.0, -np.inf]), model.log_transmat, np.tile(density, (20, 1))
    )
    assert found.log_likelihood == pytest.approx(log_likelihood, rel=1e-9)
    assert (found.stay, found.enter) == pytest.approx(tuple(moves[0]), rel=1e-9)
    assert found.occupancy == pytest.approx(posterior[:, 1].sum(), rel=1e-9)
    assert found.total == pytest.approx(found.occupancy)


def test_a_silent_strand_makes_transcription_rarer_and_calls_nothing() -> None:
    coverage, sizes, genes = planted()
    parameters = TranscriptionParameters(tune=False)
    fit = fit_transcript_hmm(coverage, sizes, genes, 50, parameters).fit
    sequences = pooled_sequences(coverage, sizes, 50)
    spoken = [one for one in sequences.values() if (one.value > 0).any()]
    start = hmm.parameters(-5.0, -200.0, 5.0, 0.5, 10.0)
    without = hmm.fit(spoken, start, parameters.em_tolerance, 1).parameters
    with_it = hmm.fit(list(sequences.values()), start, parameters.em_tolerance, 1).parameters
    assert (len(spoken), len(sequences)) == (2, 4)
    assert fit["log_prob_enter_transcribed"] == pytest.approx(with_it.log_transmat[0, 1], rel=1e-9)
    assert with_it.log_transmat[0, 1] < without.log_transmat[0, 1]
    units = call_transcripts(coverage, fit, sizes, 50)
    assert set(zip(units["chrom"], units["strand"], strict=True)) == {("chr1", "+"), ("chr2", "-")}


def test_other_windows_than_the_fit_are_refused() -> None:
    coverage, sizes, genes = planted()
    fit = fit_transcript_hmm(coverage, sizes, genes, 50, TranscriptionParameters(tune=False)).fit
    with pytest.raises(ValueError, match="50 bp"):
        call_transcripts(coverage, fit, sizes, 25)


def test_model_without_units_gives_an_empty_table() -> None:
    coverage = {"a": coverage_of([("chr1", "+", 3, 1)])}
    fit = fit_transcript_hmm(
        coverage, {"chr1": 100_000}, genes_of([]).assign(kind=""), 50, TranscriptionParameters()
    ).fit
    units = call_transcripts(coverage, fit, {"chr1": 100_000}, 50)
    assert len(units) == 0
    empty = transcript_density(units, genes_of([("chr1", 0, 10, "+")]), {}, DensityParameters(scale=10))
    assert empty.summary["tua"] == 0
    assert len(empty.profile) == 30


def test_overlaps_of_nested_and_abutting_intervals() -> None:
    first = genes_of([("chr1", 0, 100, "+"), ("chr1", 100, 200, "+"), ("chr2", 0, 10, "+"), ("chr1", 0, 500, "-")])
    second = genes_of([("chr1", 0, 1000, "+"), ("chr1", 50, 60, "+"), ("chr1", 99, 101, "+"), ("chr1", 200, 300, "+")])
    pairs = overlapping_pairs(first, second)
    assert list(zip(pairs.first, pairs.second, pairs.bases, strict=True)) == [
        (0, 0, 100),
        (0, 1, 10),
        (0, 2, 1),
        (1, 0, 100),
        (1, 2, 1),
    ]
    assert len(overlapping_pairs(first.iloc[:0], second).first) == 0
    assert len(overlapping_pairs(first, second.iloc[:0]).first) == 0


def test_genes_recovered_cannot_be_raised_by_over_calling() -> None:
    genes = genes_of([("chr1", 1000, 3000, "+"), ("chr1", 5000, 7000, "+")])
    right = genes_of([("chr1", 900, 3100, "+"), ("chr1", 5000, 7500, "+")])
    many = genes_of([("chr1", start, start + 200, "+") for start in range(1000, 900_000, 300)])
    one = genes_of([("chr1", 0, 10_000, "+")])
    assert evaluate_transcripts(right, genes).genes_recovered == 1
    assert evaluate_transcripts(many, genes).genes_recovered == 0
    assert evaluate_transcripts(many, genes).error_rate < 0.001
    assert evaluate_transcripts(one, genes).genes_recovered == 0
    assert evaluate_transcripts(one, genes).merged == 1
    scores = [evaluate_transcripts(units, genes).dice for units in (right, many, one)]
    assert scores == [1, 0, 0]
    half = pd.concat([right, many])
    assert evaluate_transcripts(half, genes).dice < evaluate_transcripts(half.head(len(right)), genes).dice


def test_nothing_to_repair_is_no_error() -> None:
    units = genes_of([("chr1", 0, 3000, "+")])
    genes = genes_of([("chr1", 100, 2900, "+")])
    repaired = repair_transcripts(units, genes, AnnotationParameters())
    assert repaired[[*PLACE, "status"]].values.tolist() == [["chr1", 0, 3000, "+", ""]]
    assert len(repair_transcripts(units.iloc[:0], genes, AnnotationParameters())) == 0
    assert len(repair_transcripts(units, genes.iloc[:0], AnnotationParameters())) == 1


def test_repair_agreement_and_density_fixture(shared) -> None:
    fixture = grohmm.unit(shared, "break_combine_eval_density")
    units, genes = (grohmm.bed(pd.DataFrame(fixture[name])) for name in ("tx", "annox"))
    genes = genes.assign(gene=[f"G{i}" for i in range(len(genes))])
    parameters = AnnotationParameters()
    broken = break_transcripts_on_genes(units, genes, parameters)
    want = pd.concat(
        [
            grohmm.bed(pd.DataFrame(fixture[f"broken_{name}"])).query("strand == @sign")
            for name, sign in (("plus", "+"), ("minus", "-"))
        ]
    )
    assert rows(broken) == rows(want)
    assert rows(combine_transcripts(broken, genes, parameters)) == rows(grohmm.bed(pd.DataFrame(fixture["combined"])))
    agreement, want = evaluate_transcripts(units, genes), fixture["eval"][0]
    assert (agreement.merged, agreement.dissociated, agreement.total) == (
        want["merged"],
        want["dissociated"],
        want["total"],
    )
    assert agreement.error_rate == pytest.approx(want["errorRate"], rel=1e-12)
    overlap = overlaps(units, genes)
    np.testing.assert_allclose(overlap, pd.DataFrame(fixture["overlap"]), rtol=1e-12)
    for scale in (1000, 100):
        want = fixture[f"density_scale{scale}"]
        assert_figures(figures(matched_density(units, genes, scale)[1]), want)


def overlaps(units: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """groHMM's table of overlaps: a row a pair."""
    pairs = overlapping_pairs(units, genes)
    unit = (units["end"] - units["start"]).to_numpy()[pairs.first]
    gene = (genes["end"] - genes["start"]).to_numpy()[pairs.second]
    columns = {"unit": pairs.bases / unit, "gene": pairs.bases / gene, "bases": pairs.bases}
    return pd.DataFrame({**columns, "similarity": pairs.bases / np.maximum(unit, gene)})


def rows(frame: pd.DataFrame) -> set[tuple]:
    status = frame["status"].replace("NA", "")
    return set(frame[PLACE].assign(status=status).itertuples(index=False, name=None))


def assert_figures(got: dict, want: dict) -> None:
    names = {"five_prime_fp": "FivePrimeFP", "tp": "TP", "post_tts": "PostTTS", "tua": "TUA"}
    for ours, theirs in names.items():
        assert got[ours] == pytest.approx(want[theirs], abs=1e-9)


@pytest.fixture(scope="module")
def chr7(shared):
    sizes = read_chrom_sizes(shared / "data" / "reference" / "hg19.chrom.sizes")
    models = read_annotation(shared / "data" / "reference" / "hg19.refGene.chr7.gtf.gz", sizes)
    positions = {file: grohmm.positions(shared, file) for file in ("S0mR1.bam", "S40mR1.bam")}
    coverage = grohmm.coverage(shared, TWICE)
    consensus = consensus_annotation(models)
    fitted = fit_transcript_hmm(coverage, sizes, consensus, 50, TranscriptionParameters(em_tolerance=0.1))
    units = call_transcripts(coverage, fitted.fit, sizes, 50)
    return sizes, consensus, positions, coverage, fitted, units


def test_units_equal_grohmm(shared, chr7) -> None:
    *_, units = chr7
    want = grohmm.transcripts(shared, "vignette_pooled")
    got = units[["chrom", "grohmm_start", "grohmm_end", "strand", "name"]].itertuples(index=False, name=None)
    assert set(got) == set(want[["chrom", "start1", "end1", "strand", "ID"]].itertuples(index=False, name=None))
    assert len(units) == len(want) == 830


def test_tuning_surface_equals_grohmm(shared, chr7) -> None:
    sizes, consensus, _, coverage, _, _ = chr7
    fitted = fit_transcript_hmm(coverage, sizes, consensus, 50, TranscriptionParameters(), compat="grohmm")
    want = grohmm.annotation_table(shared, "evaluate_all_runs").set_index("run")
    for cell in fitted.tuning.itertuples():
        row = want.loc[f"tune_B{cell.log_prob_leave_transcribed:.0f}_U{cell.untranscribed_shape:.0f}"]
        assert (cell.transcripts, cell.merged, cell.dissociated) == (row["txSize"], row["merged"], row["dissociated"])
        assert cell.error_rate == pytest.approx(row["errorRate"], abs=1e-9)
    for run in ("S0mR1_default", "pooled_unique_default"):
        agreement = evaluate_transcripts(grohmm.bed(grohmm.transcripts(shared, run)), consensus)
        row = want.loc[run]
        assert (agreement.merged, agreement.dissociated, agreement.units) == tuple(
            row[["merged", "dissociated", "txSize"]]
        )


def test_overlaps_equal_grohmm(shared, chr7) -> None:
    _, consensus, _, _, _, units = chr7
    want = grohmm.annotation_table(shared, "evaluate_overlap")
    got = overlaps(as_grohmm(units), consensus)
    order = np.lexsort(got.to_numpy().T), np.lexsort(want.to_numpy().T)
    np.testing.assert_allclose(got.to_numpy()[order[0]], want.to_numpy()[order[1]], atol=1e-9)


def test_repair_equals_grohmm(shared, chr7) -> None:
    _, consensus, *_, units = chr7
    broken = break_transcripts_on_genes(as_grohmm(units), consensus, AnnotationParameters())
    assert rows(broken) == rows(grohmm.bed(grohmm.annotation_table(shared, "tx_broken")))
    final = combine_transcripts(broken, consensus, AnnotationParameters())
    assert rows(final) == rows(grohmm.bed(grohmm.annotation_table(shared, "tx_final")))
    agreement, want = evaluate_transcripts(final, consensus), grohmm.summary(shared)["eval_final"][0]
    assert (agreement.merged, agreement.dissociated) == (want["merged"], want["dissociated"])
    assert agreement.error_rate == pytest.approx(want["errorRate"], abs=1e-9)


def test_density_equals_grohmm(shared, chr7) -> None:
    _, consensus, positions, _, _, units = chr7
    want = grohmm.summary(shared)
    expressed = expressed_genes(consensus, positions, DifferentialParameters())
    names = grohmm.annotation_table(shared, "expressed_consensus")["gene_id"]
    assert set(expressed["gene"]) == set(names)
    density = transcript_density(as_grohmm(units), consensus, positions, DensityParameters())
    assert_figures(density.summary, want["density_hmm_expressed"])
    assert_figures(figures(matched_density(as_grohmm(units), consensus, 1000)[1]), want["density_hmm_allconsensus"])
    final = repair_transcripts(as_grohmm(units), consensus, AnnotationParameters())
    density = transcript_density(final, consensus, positions, DensityParameters())
    assert_figures(density.summary, want["density_final_expressed"])
    assert density.profile["density"].between(0, 1).all()
    assert density.gene_overlap["gene"].is_unique
