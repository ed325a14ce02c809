"""The HMM kernel against the textbook in log space, on sequences where zeros and ties are common, and against groHMM."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import hmm, hmm_cython, hmm_reference, viterbi_reference
from tests.oracles import grohmm

START = np.array([0.0, -np.inf])

COUNTS = st.lists(
    st.one_of(st.just(0), st.just(0), st.just(0), st.integers(0, 4), st.sampled_from([30, 1517])),
    min_size=1,
    max_size=80,
)
MODELS = st.builds(
    hmm.parameters,
    st.sampled_from([-0.2, -1.0, -5.0, -30.0]),
    st.sampled_from([-0.5, -2.0, -5.0, -200.0, -400.0]),
    st.sampled_from([5.0, 10.0, 45.0]),
    st.sampled_from([0.5, 1.3, 4.0]),
    st.sampled_from([0.7, 2.0, 10.0]),
)


def sequence_of(counts: list[float]) -> hmm.WindowSequence:
    counts = np.asarray(counts)
    window = np.flatnonzero(counts)
    return hmm.sequence(window, counts[window], len(counts))


def emissions(counts: list[float], model: hmm.Parameters) -> np.ndarray:
    y = np.asarray(counts, dtype=float) + 1
    return np.stack(
        [
            hmm_reference.gamma_log_density(y, model.untranscribed_shape, model.untranscribed_scale),
            hmm_reference.gamma_log_density(y, model.transcribed_shape, model.transcribed_scale),
        ],
        axis=1,
    )


def path_of(segments: hmm.Segments, n: int) -> np.ndarray:
    path = np.zeros(n, dtype=int)
    for start, end in zip(segments.start, segments.end, strict=True):
        path[start:end] = 1
    return path


def path_score(path: np.ndarray, model: hmm.Parameters, emission: np.ndarray) -> float:
    if path[0]:
        return -math.inf
    return emission[np.arange(len(path)), path].sum() + model.log_transmat[path[:-1], path[1:]].sum()


def assert_equals_reference(counts: list[float], model: hmm.Parameters) -> None:
    emission = emissions(counts, model)
    likelihood, posterior, moved = hmm_reference.forward_backward(START, model.log_transmat, emission)
    got = hmm.statistics(sequence_of(counts), model)
    y = np.asarray(counts, dtype=float) + 1
    seen = ~np.isnan(y)
    g, y = posterior[seen, 1], y[seen]
    scale = 1 + np.abs(emission[~np.isnan(emission)]).sum()
    assert got.log_likelihood == pytest.approx(likelihood, rel=1e-12, abs=1e-12 * scale)
    want = (moved[0, 0], moved[0, 1], g.sum(), (g * y).sum(), (g * np.log(y)).sum())
    # the reference itself carries rounding of about the log-likelihood's last digits
    tolerance = 1e-14 * scale * len(counts) + 1e-11
    np.testing.assert_allclose(got[:5], want, rtol=tolerance, atol=tolerance * (1 + y.max(initial=0)))
    np.testing.assert_allclose(
        hmm.posterior(sequence_of(counts), model), posterior[:, 1], atol=tolerance, rtol=tolerance
    )


@settings(deadline=None, max_examples=200)
@given(COUNTS, MODELS)
def test_expectation_equals_reference(counts: list[int], model: hmm.Parameters) -> None:
    assert_equals_reference(counts, model)


@settings(deadline=None, max_examples=300)
@given(COUNTS, MODELS)
def test_decoded_path_is_a_best_path(counts: list[int], model: hmm.Parameters) -> None:
    emission = emissions(counts, model)
    best = viterbi_reference.viterbi(START, model.log_transmat, emission)
    found = path_of(hmm.decode(sequence_of(counts), model), len(counts))
    assert path_score(found, model, emission) == pytest.approx(path_score(best, model, emission), rel=1e-13, abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 257, 70_000])
def test_all_zero_sequences(n: int) -> None:
    model = hmm.parameters(-3.0, -7.0)
    if n < 1000:
        assert_equals_reference([0] * n, model)
    got = hmm.statistics(hmm.sequence([], [], n), model)
    assert got.stay + got.enter == pytest.approx(
        n - 1 - got.occupancy + hmm.posterior(hmm.sequence([], [], n), model)[-1]
    )
    assert got.total == got.occupancy
    assert got.total_log == 0
    assert len(hmm.decode(hmm.sequence([], [], n), hmm.parameters()).start) == 0


@pytest.mark.parametrize("count", [0, 1, 900])
def test_one_window_is_state_zero(count: int) -> None:
    model = hmm.parameters()
    got = hmm.statistics(sequence_of([count]), model)
    assert got[:5] == (0, 0, 0, 0, 0)
    assert got.log_likelihood == pytest.approx(float(hmm.log_emission(count, 5, 0.2)))
    assert len(hmm.decode(sequence_of([count]), model).start) == 0
    assert hmm.posterior(sequence_of([count]), model).tolist() == [0]


def test_gaps_longer_than_every_table() -> None:
    """Runs of 66,000 zeros use three digits in base 256."""
    counts = np.zeros(132_500, dtype=int)
    counts[[66_100, 66_101, 66_103]] = [4, 9, 2]
    assert_equals_reference(list(counts), hmm.parameters(-2.0, -9.0))


def test_many_windows_keep_twelve_digits() -> None:
    generator = np.random.default_rng(3)
    transcribed = np.repeat(generator.random(400) < 0.2, 50)
    counts = generator.poisson(np.where(transcribed, 1.5, 0.02))
    assert_equals_reference(list(counts), hmm.parameters(-5.0, -20.0, transcribed_shape=1.2, transcribed_scale=2.0))


def test_rare_counts_and_runs_are_kinds_of_their_own() -> None:
    """More than 256 distinct counts, runs of more than 1,023 windows, and entries beyond two blocks of 512."""
    generator = np.random.default_rng(5)
    counts = np.zeros(14_000, dtype=int)
    counts[:1500] = generator.permutation(1500)
    counts[[3000, 5000, 7500, 7501, 10_000]] = [1, 2, 1, 700, 3]
    kind, of_code, _, length = hmm_cython.kinds(*sequence_of(counts)[:2], 1501)
    assert len(kind) > 1024
    assert len(of_code) > 1024
    assert (length > 1023).sum() == 5
    assert_equals_reference(list(counts), hmm.parameters(-2.0, -9.0, transcribed_shape=1.2, transcribed_scale=200.0))


def test_entries_of_a_kind_share_count_and_run() -> None:
    counts = [0, 1, 0, 0, 1, 0, 0, 2, 1, 0, 0, 1]
    kind, of_code, of_run, length = hmm_cython.kinds(*sequence_of(counts)[:2], 3)
    assert kind.tolist() == [0, 1, 1, 2, 1]
    assert of_code.tolist() == [3, 1, 2]
    assert length[of_run].tolist() == [0, 2, 0]


@settings(deadline=None, max_examples=50)
@given(st.lists(COUNTS, min_size=1, max_size=3), st.lists(MODELS, min_size=1, max_size=9))
def test_models_side_by_side_are_each_as_alone(counts: list[list[int]], models: list[hmm.Parameters]) -> None:
    sequences = [sequence_of(one) for one in counts]
    together = hmm.fit_each(sequences, models, 0.1, threads=2)
    for model, got in zip(models, together, strict=True):
        alone = hmm.fit(sequences, model, 0.1)
        assert [step.log_likelihood for step in got.trace] == [step.log_likelihood for step in alone.trace]
        assert got.parameters[1:] == alone.parameters[1:]
        np.testing.assert_array_equal(got.parameters.log_transmat, alone.parameters.log_transmat)


def test_models_side_by_side_leave_the_range_each_on_its_own() -> None:
    one = sequence_of(np.random.default_rng(3).poisson(0.7, 4_000))
    models = [hmm.parameters(enter, -9.0, shape) for enter, shape in ((-1.0, 5.0), (-5.0, 45.0), (-30.0, 10.0))]
    together = hmm.fit_each([one], models, 0.1)
    for model, got in zip(models, together, strict=True):
        assert got.trace[0].log_likelihood == hmm.statistics(one, model).log_likelihood


def test_unit_may_reach_the_last_window() -> None:
    counts = [0] * 40 + [9] * 60
    found = hmm.decode(sequence_of(counts), hmm.parameters())
    assert (found.start.tolist(), found.end.tolist()) == ([40], [100])


@settings(deadline=None, max_examples=50)
@given(COUNTS, MODELS, st.data())
def test_mean_posterior_is_the_mean(counts: list[int], model: hmm.Parameters, data: st.DataObject) -> None:
    sequence = sequence_of(counts)
    dense = hmm.posterior(sequence, model)
    start = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=5))
    end = [data.draw(st.integers(one + 1, len(counts))) for one in start]
    want = [dense[a:b].mean() for a, b in zip(start, end, strict=True)]
    np.testing.assert_allclose(hmm.mean_posterior(sequence, model, start, end), want, atol=1e-9)


def test_statistics_add_over_sequences() -> None:
    one, two = sequence_of([0, 3, 1, 0]), sequence_of([0] * 9 + [2])
    model = hmm.parameters()
    both = hmm.add([hmm.statistics(one, model), hmm.statistics(two, model)])
    assert both == hmm.add([hmm.statistics(two, model), hmm.statistics(one, model)])
    first, second = hmm.fit([one, two], model), hmm.fit([two, one], model, threads=2)
    assert [step.log_likelihood for step in first.trace] == [step.log_likelihood for step in second.trace]


def test_unobserved_windows_weigh_nothing() -> None:
    counts = [0, 2, math.nan, 5, 0, math.nan, 0, 0, math.nan]
    assert_equals_reference(counts, hmm.parameters(-1.0, -2.0))


def test_counts_need_not_be_whole() -> None:
    assert_equals_reference([0, 0.5, 36, 17.25, 0, 0, 1.5], hmm.parameters(-1.0, -2.0))


def test_fit_climbs_and_recovers_planted_parameters() -> None:
    generator = np.random.default_rng(8)
    transcribed = np.repeat(generator.random(300) < 0.15, 100)
    y = np.where(transcribed, np.rint(generator.gamma(2.0, 3.0, transcribed.size)), 1).clip(1)
    fit = hmm.fit([sequence_of(y - 1)], hmm.parameters(), 0.01)
    likelihood = [step.log_likelihood for step in fit.trace]
    assert all(np.diff(likelihood) > -1e-6)
    assert likelihood[-1] - likelihood[-2] <= 0.01
    assert fit.parameters.transcribed_shape * fit.parameters.transcribed_scale == pytest.approx(6.0, rel=0.05)
    assert fit.parameters.log_transmat[1, 0] == -200
    path = path_of(hmm.decode(sequence_of(y - 1), fit.parameters), len(y))
    assert (path == transcribed).mean() > 0.995


def test_fit_on_silence_stops() -> None:
    fit = hmm.fit([hmm.sequence([], [], 5000)], hmm.parameters())
    assert np.isfinite(fit.trace[-1].log_likelihood)
    assert fit.parameters.log_transmat[0, 1] < -5


@pytest.mark.parametrize(
    ("weight", "total", "total_log"), [(0, 0, 0), (5, 5, 0), (3, 6, 3 * math.log(2)), (1, math.inf, 1), (4, 4, 1)]
)
def test_gamma_that_cannot_be_fitted(weight: float, total: float, total_log: float) -> None:
    assert hmm.gamma_mle(weight, total, total_log) is None


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="ascend strictly"):
        hmm.sequence([3, 3], [1, 1], 10)
    with pytest.raises(ValueError, match=r"within \[0, 10\)"):
        hmm.sequence([10], [1], 10)
    with pytest.raises(ValueError, match="not negative"):
        hmm.sequence([1], [-1], 10)
    with pytest.raises(ValueError, match="integers"):
        hmm.sequence([1.5], [1], 10)
    with pytest.raises(ValueError, match="one length"):
        hmm.sequence([1], [1, 2], 10)
    with pytest.raises(ValueError, match="n_windows"):
        hmm.sequence([], [], 0)
    with pytest.raises(ValueError, match=r"enter.*leave.*shape"):
        hmm.parameters(0.0, -1000.0, -1.0)
    with pytest.raises(ValueError, match="no sequences"):
        hmm.fit([], hmm.parameters())
    with pytest.raises(ValueError, match="tolerance"):
        hmm.fit([sequence_of([0])], hmm.parameters(), 0)
    with pytest.raises(ValueError, match="non-empty"):
        hmm.mean_posterior(sequence_of([0, 1]), hmm.parameters(), [1], [1])


def test_gamma_mle_equals_grohmm(shared) -> None:
    fixture = grohmm.unit(shared, "gamma_mle")
    x = np.array(fixture["x"])
    shape, scale = hmm.gamma_mle(len(x), x.sum(), np.log(x).sum())
    assert (shape, scale) == pytest.approx((fixture["shape"], fixture["scale"]), rel=1e-9)


@pytest.mark.parametrize("name", ["em_synth_B-5_U5", "em_synth_B-20_U5", "em_synth_B-100_U15", "em_synth_B-200_U5"])
def test_synthetic_fits_equal_grohmm(shared, name: str) -> None:
    fixture = grohmm.unit(shared, name)
    want = fixture["result"]
    sequences = [sequence_of(counts) for counts in fixture["counts"]]
    start = hmm.parameters(fixture["LtProbA"], fixture["LtProbB"], fixture["UTS"])
    fit = hmm.fit(sequences, start, fixture["threshold"])
    assert_fit(fit, want)
    np.testing.assert_allclose([step.log_likelihood for step in fit.trace], want["loglik"], atol=2e-6)
    np.testing.assert_allclose(
        [step.parameters.transcribed_shape for step in fit.trace], want["shape_trace"], atol=2e-6
    )
    for sequence, path, log_posterior in zip(sequences, want["viterbi"], want["logpost1"], strict=True):
        np.testing.assert_array_equal(path_of(hmm.decode(sequence, fit.parameters), len(path)), path)
        posterior = np.exp(
            [float(value.replace("Inf", "inf")) if isinstance(value, str) else value for value in log_posterior]
        )
        np.testing.assert_allclose(hmm.posterior(sequence, fit.parameters), posterior, rtol=1e-5, atol=1e-9)


def assert_fit(fit: hmm.Fit, want: dict) -> None:
    model = fit.parameters
    np.testing.assert_allclose([model.transcribed_shape, model.transcribed_scale], want["emis1"][:2], rtol=1e-4)
    np.testing.assert_allclose(model.log_transmat[0], want["ltrans0"], rtol=1e-4)


def test_real_region_equals_grohmm(shared) -> None:
    fixture = grohmm.unit(shared, "em_real_region")
    sequences = [
        hmm.sequence(fixture["counts"][s]["idx0"], fixture["counts"][s]["val"], fixture["n"]) for s in ("plus", "minus")
    ]
    start = hmm.parameters(fixture["LtProbA"], fixture["LtProbB"], fixture["UTS"])
    fit = hmm.fit(sequences, start, fixture["threshold"])
    assert_fit(fit, fixture["result"])
    np.testing.assert_allclose([step.log_likelihood for step in fit.trace], fixture["result"]["loglik"], atol=1e-4)
    path = grohmm.folder(shared) / "units" / "em_real_region.logpost1.tsv.gz"
    with gzip.open(path, "rt") as text:
        log_posterior = np.genfromtxt(text, names=True, delimiter="\t")
    for sequence, runs, strand in zip(sequences, fixture["viterbi_rle"], ("plus", "minus"), strict=True):
        want = np.repeat(np.atleast_1d(runs["val"]), np.atleast_1d(runs["len"]))
        np.testing.assert_array_equal(path_of(hmm.decode(sequence, fit.parameters), fixture["n"]), want)
        np.testing.assert_allclose(hmm.posterior(sequence, fit.parameters), np.exp(log_posterior[strand]), atol=2e-5)


def test_base_coverage_region_equals_grohmm(shared) -> None:
    """36-bp reads counted by bases: values up to hundreds, 63 units."""
    fixture = grohmm.unit(shared, "em_real_region_36bp_coverage")
    sequences = [hmm.sequence(one["idx0"], one["val"], fixture["n"]) for one in fixture["counts"]]
    fit = hmm.fit(sequences, hmm.parameters(), 0.1)
    assert_fit(fit, fixture)
    starts = [hmm.decode(sequence, fit.parameters).start * 50 for sequence in sequences]
    want = [[unit["start1"] for unit in fixture["transcripts"] if unit["strand"] == strand] for strand in "+-"]
    assert [list(one) for one in starts] == want


@pytest.mark.parametrize("run", grohmm.RUNS)
def test_chromosome_runs_equal_grohmm(shared, run: str) -> None:
    """Every fitted run on chr7: states identical in all 6.4 million windows, parameters to 1e-4."""
    want = grohmm.parameters(shared, run)
    sequences = []
    for strand, n_windows in zip("+-", want["n_windows"], strict=True):
        window, count = grohmm.windows(shared, tuple(want["files"]), strand)
        inside = window < n_windows
        sequences.append(hmm.sequence(window[inside], count[inside], n_windows))
    start = hmm.parameters(want["LtProbA"], want["LtProbB"], want["UTS"])
    fit = hmm.fit(sequences, start, want["threshold"])
    assert_fit(fit, want)
    if "n_iter" in want:
        assert len(fit.trace) == want["n_iter"]
    units = grohmm.transcribed_windows(shared, run)
    for sequence, strand in zip(sequences, "+-", strict=True):
        found = hmm.decode(sequence, fit.parameters)
        on = units[units["strand"] == strand]
        np.testing.assert_array_equal(found.start, on["start"])
        np.testing.assert_array_equal(found.end, on["end"])
