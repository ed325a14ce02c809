"""Two-state gamma hidden Markov model of transcription over window counts: EM, best path, posterior.

The model of groHMM 1.41.1 (Chae, Danko, Kraus, BMC Bioinformatics 2015, doi:10.1186/s12859-015-0656-3): an observation is a
window's count + 1; state 0 (untranscribed) emits a gamma of mean one that is held fixed, state 1 (transcribed) a gamma that
is fitted; the chance of leaving state 0 is fitted, that of leaving state 1 held fixed; every sequence begins in state 0.
Written from the published algorithm; no line is taken from the program.

Windows without reads are not stored. A run of them multiplies by a power of one 2x2 matrix; the power, and its derivatives
that give the expected transitions and occupancy inside the run, are joined from tables of run lengths in base 256. All terms
are positive, so nothing cancels, and the cost is that of the windows with reads. Windows with one
count and as many empty ones after them share a matrix, and four models are computed in one pass over them.

    from groprog_kernels import hmm
    sequences = [hmm.sequence(window, count, n_windows) for ...]      # one a chromosome and strand
    fit = hmm.fit(sequences, hmm.parameters())
    starts, ends = hmm.decode(sequences[0], fit.parameters)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import hmm_cython  # type: ignore[attr-defined]
from groprog_kernels.viterbi import best_path

LANES = 4
"""Models that one pass computes side by side."""
LEAST_LOG_PROB = -500.0
"""Smallest log probability of a transition: below it the product of two would leave the range of a double."""


class Parameters(NamedTuple):
    """The model. `log_transmat` (2, 2) natural logs, rows from-state; gamma shapes and scales, mean = shape * scale."""

    log_transmat: NDArray[np.float64]
    untranscribed_shape: float
    untranscribed_scale: float
    transcribed_shape: float
    transcribed_scale: float


class WindowSequence(NamedTuple):
    """One chromosome strand. Made by `sequence`.

    `window` (k,) int32 windows with an entry, the first and the last window always among them; `code` (k,) int32 index into
    `value` (v,) distinct counts, value[0] = 0; `multiplicity` (v,) entries of each value; `n_windows` length.
    """

    window: NDArray[np.int32]
    code: NDArray[np.int32]
    value: NDArray[np.float64]
    multiplicity: NDArray[np.int64]
    n_windows: int


class Statistics(NamedTuple):
    """E-step sums; adding those of two sets of sequences gives those of both.

    `stay`, `enter`: expected transitions 0->0 and 0->1. `occupancy`, `total`, `total_log`: sums over windows of the posterior
    g of state 1, of g*y and of g*ln y, y = count + 1. `log_likelihood` natural log.
    """

    stay: float
    enter: float
    occupancy: float
    total: float
    total_log: float
    log_likelihood: float


class Iteration(NamedTuple):
    """One EM iteration: log-likelihood before the update, the parameters after it."""

    log_likelihood: float
    parameters: Parameters


class Fit(NamedTuple):
    """EM result: the parameters after the last update and every iteration."""

    parameters: Parameters
    trace: list[Iteration]


class Segments(NamedTuple):
    """Maximal runs of state 1: windows [start, end), int32, ascending."""

    start: NDArray[np.int32]
    end: NDArray[np.int32]


def parameters(
    log_prob_enter_transcribed: float = -5.0,
    log_prob_leave_transcribed: float = -200.0,
    untranscribed_shape: float = 5.0,
    transcribed_shape: float = 0.5,
    transcribed_scale: float = 10.0,
) -> Parameters:
    """Starting parameters from groHMM's arguments (LtProbA, LtProbB, UTS; defaults as there).

    The untranscribed gamma has scale 1/shape, so mean one. Raises ValueError with every problem: log probabilities outside
    [-500, 0), shapes or scales not positive and finite.
    """
    problems = []
    for name, log_prob in (
        ("log_prob_enter_transcribed", log_prob_enter_transcribed),
        ("log_prob_leave_transcribed", log_prob_leave_transcribed),
    ):
        if not LEAST_LOG_PROB <= log_prob < 0:
            problems.append(f"{name} is {log_prob}; it must lie in [{LEAST_LOG_PROB:g}, 0)")
    for name, number in (
        ("untranscribed_shape", untranscribed_shape),
        ("transcribed_shape", transcribed_shape),
        ("transcribed_scale", transcribed_scale),
    ):
        if not 0 < number < math.inf:
            problems.append(f"{name} is {number}; it must be positive and finite")
    if problems:
        raise ValueError("; ".join(problems))
    log_transmat = np.array(
        [
            [math.log1p(-math.exp(log_prob_enter_transcribed)), log_prob_enter_transcribed],
            [log_prob_leave_transcribed, math.log1p(-math.exp(log_prob_leave_transcribed))],
        ]
    )
    return Parameters(log_transmat, untranscribed_shape, 1 / untranscribed_shape, transcribed_shape, transcribed_scale)


def sequence(window: ArrayLike, count: ArrayLike, n_windows: int) -> WindowSequence:
    """The windows of one chromosome strand, ready for the model.

    window: (k,) strictly ascending integers in [0, n_windows). count: (k,) reads in each; windows not named hold 0. Counts
    may be any non-negative number (36-bp reads counted by bases are as good as reads); NaN marks a window that was not
    observed: it has emission one in both states and adds nothing to the gamma sums. n_windows: >= 1.
    Raises ValueError naming the first offender.
    """
    window = np.asarray(window)
    count = np.asarray(count)
    if window.ndim != 1 or window.shape != count.shape:
        raise ValueError(f"window {window.shape} and count {count.shape} must be one-dimensional and of one length")
    if n_windows < 1 or n_windows > np.iinfo(np.int32).max:
        raise ValueError(f"n_windows is {n_windows}; a sequence has 1 to 2**31 - 1 windows")
    if window.size:
        if not np.issubdtype(window.dtype, np.integer):
            raise ValueError(f"window indices are {window.dtype}; they must be integers")
        if window[0] < 0 or window[-1] >= n_windows or (np.diff(window) <= 0).any():
            raise ValueError(f"window indices must ascend strictly within [0, {n_windows})")
        if (count < 0).any() or np.isinf(count).any():
            raise ValueError("counts must be finite and not negative (NaN for a window that was not observed)")
    window = window.astype(np.int32, copy=False)
    value, code, multiplicity = _distinct(count)
    first = int(not window.size or window[0] != 0)
    last = int((not window.size or window[-1] != n_windows - 1) and not (first and n_windows == 1))
    if first or last:
        ends = ([0] * first, [n_windows - 1] * last)
        window = np.concatenate([ends[0], window, ends[1]]).astype(np.int32)
        code = np.concatenate([[0] * first, code, [0] * last]).astype(np.int32)
        multiplicity[0] += first + last
    return WindowSequence(np.ascontiguousarray(window), np.ascontiguousarray(code), value, multiplicity, int(n_windows))


def log_emission(count: ArrayLike, shape: float, scale: float) -> NDArray[np.float64]:
    """Log gamma density of count + 1, natural log, shape of `count`; NaN counts give 0 (both states alike)."""
    y = np.asarray(count, dtype=np.float64) + 1
    density = (shape - 1) * np.log(y) - y / scale - math.lgamma(shape) - shape * math.log(scale)
    return np.where(np.isnan(y), 0.0, density)


def statistics(sequence: WindowSequence, parameters: Parameters) -> Statistics:
    """E-step over one sequence (forward-backward), exact at a cost proportional to its entries."""
    return _expectation(sequence, [parameters])[0][0]


def add(parts: Iterable[Statistics]) -> Statistics:
    """The statistics of all sequences together; sums are exact (math.fsum), so their order does not matter."""
    columns = list(zip(*parts, strict=True)) or [()] * len(Statistics._fields)
    return Statistics(*(math.fsum(column) for column in columns))


def maximise(parameters: Parameters, statistics: Statistics) -> Parameters:
    """M-step: the chance of leaving state 0 and the transcribed gamma; what is held fixed stays.

    Without expected transitions (sequences of one window) the transition row is kept; a log probability stops at -500. A
    gamma that cannot be fitted (no occupancy, all observations equal, shape beyond 1e20) is kept, as in groHMM.
    """
    log_transmat = parameters.log_transmat.copy()
    left = statistics.stay + statistics.enter
    if left > 0:
        for state, expected in enumerate((statistics.stay, statistics.enter)):
            log_transmat[0, state] = max(math.log(expected / left), LEAST_LOG_PROB) if expected > 0 else LEAST_LOG_PROB
    fitted = gamma_mle(statistics.occupancy, statistics.total, statistics.total_log)
    if fitted is None:
        return parameters._replace(log_transmat=log_transmat)
    return parameters._replace(log_transmat=log_transmat, transcribed_shape=fitted[0], transcribed_scale=fitted[1])


def gamma_mle(weight: float, total: float, total_log: float) -> tuple[float, float] | None:
    """Maximum-likelihood (shape, scale) of a gamma from sum of weights, of w*y and of w*ln y; None where there is none.

    Start and Newton step as in groHMM 1.41 (Minka 2002): k0 = (3 - s + sqrt((s - 3)^2 + 24 s)) / (12 s) with
    s = ln(mean) - mean of logs, then k <- k - (ln k - digamma(k) - s) / (1/k - trigamma(k)) until it moves less than 1e-8 or
    10,000 steps; scale = mean / k. None: no weight, s = 0 (all observations equal), k not finite or beyond 1e20.
    """
    if not (weight > 0 and total > 0):
        return None
    s = math.log(total / weight) - total_log / weight
    root = (s - 3) ** 2 + 24 * s
    if s == 0 or root < 0 or not math.isfinite(s):
        return None
    shape = (3 - s + math.sqrt(root)) / (12 * s)
    for _ in range(10_000):
        if not 0 < shape <= 1e20:
            return None
        curvature = 1 / shape - _trigamma(shape)
        if curvature == 0:
            return None
        step = (math.log(shape) - _digamma(shape) - s) / curvature
        shape -= step
        if abs(step) < 1e-8:
            break
    if not 0 < shape <= 1e20:
        return None
    return shape, total / (shape * weight)


def fit(
    sequences: Sequence[WindowSequence],
    parameters: Parameters,
    tolerance: float = 0.1,
    threads: int = 1,
    expectation: Callable[[Parameters], Iterable[Statistics]] | None = None,
) -> Fit:
    """Baum-Welch EM over all sequences, which share the parameters.

    Stops when an iteration raises the log-likelihood by no more than `tolerance` (> 0) over the one before, a fall included;
    at least two iterations; the parameters are those after the last update (groHMM 1.41 threshold). `threads` sequences run
    in parallel; the result does not depend on it. `expectation` gives the `statistics` of every sequence under a model, for
    callers that compute them elsewhere. Raises ValueError without sequences.
    """
    if expectation is None:
        return fit_each(sequences, [parameters], tolerance, threads)[0]
    _require_fittable(sequences, tolerance)
    trace: list[Iteration] = []
    while not _settled(trace, tolerance):
        parameters = _iterate(trace, parameters, expectation(parameters))
    return Fit(parameters, trace)


def fit_each(
    sequences: Sequence[WindowSequence], models: Sequence[Parameters], tolerance: float = 0.1, threads: int = 1
) -> list[Fit]:
    """`fit` from each of the `models`, such as the cells of a tuning grid: the same numbers, LANES of them in one pass."""
    _require_fittable(sequences, tolerance)
    now = list(models)
    traces: list[list[Iteration]] = [[] for _ in now]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        while open_ones := [place for place, trace in enumerate(traces) if not _settled(trace, tolerance)]:
            asked = [now[place] for place in open_ones]
            made = [expected for expected, _ in pool.map(partial(_expectation, models=asked), sequences)]
            for place, parts in zip(open_ones, zip(*made, strict=True), strict=True):
                now[place] = _iterate(traces[place], now[place], parts)
    return [Fit(parameters, trace) for parameters, trace in zip(now, traces, strict=True)]


def decode(sequence: WindowSequence, parameters: Parameters) -> Segments:
    """Viterbi path of one sequence as its runs of state 1. Equal scores go to the lower state; the first window is state 0."""
    untranscribed, transcribed = _log_emissions(sequence, parameters)
    advantage = transcribed - untranscribed
    return Segments(*best_path(sequence.window, sequence.code, advantage, parameters.log_transmat))


def posterior(sequence: WindowSequence, parameters: Parameters) -> NDArray[np.float64]:
    """Probability of state 1 in every window given all counts, (n_windows,). Dense: for a region, not a genome."""
    every = np.arange(sequence.n_windows, dtype=np.int32)
    return _expectation(_with_entries(sequence, every), [parameters], keep_occupied=True)[1]


def mean_posterior(
    sequence: WindowSequence, parameters: Parameters, start: ArrayLike, end: ArrayLike
) -> NDArray[np.float64]:
    """Mean probability of state 1 over each [start, end) of windows, (m,). Intervals must not be empty; they may overlap.

    Cost: that of the entries plus the interval ends. Raises ValueError for intervals outside the sequence.
    """
    start, end = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)
    if start.size == 0:
        return np.zeros(0)
    if start.min() < 0 or end.max() > sequence.n_windows or (end <= start).any():
        raise ValueError(f"intervals must be non-empty and within [0, {sequence.n_windows})")
    cuts = np.unique(np.concatenate([start, end]))
    split = _with_entries(sequence, cuts[cuts < sequence.n_windows].astype(np.int32))
    occupied = np.concatenate([[0.0], np.cumsum(_expectation(split, [parameters], keep_occupied=True)[1])])
    first, last = np.searchsorted(split.window, start), np.searchsorted(split.window, end)
    return np.clip((occupied[last] - occupied[first]) / (end - start), 0.0, 1.0)


def _require_fittable(sequences: Sequence[WindowSequence], tolerance: float) -> None:
    if not sequences:
        raise ValueError("no sequences to fit")
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}; it must be positive")


def _iterate(trace: list[Iteration], parameters: Parameters, parts: Iterable[Statistics]) -> Parameters:
    """The model after an M-step from the statistics of all sequences; the iteration is added to `trace`."""
    sums = add(parts)
    after = maximise(parameters, sums)
    trace.append(Iteration(sums.log_likelihood, after))
    return after


def _settled(trace: list[Iteration], tolerance: float) -> bool:
    return len(trace) > 1 and not trace[-1].log_likelihood - trace[-2].log_likelihood > tolerance


def _expectation(
    sequence: WindowSequence, models: Sequence[Parameters], keep_occupied: bool = False
) -> tuple[list[Statistics], NDArray[np.float64]]:
    """Statistics under each model, and (when kept) for every entry the expected transcribed windows from it up to the next
    entry, under the first model of the last LANES."""
    found: list[Statistics] = []
    occupied = np.empty(sequence.window.size if keep_occupied else 0)
    kinds = hmm_cython.kinds(sequence.window, sequence.code, sequence.value.size)
    for first in range(0, len(models), LANES):
        group = models[first : first + LANES]
        found += _of_lanes(sequence, kinds, [*group, *[group[-1]] * (LANES - len(group))], occupied)[: len(group)]
    return found, occupied


def _of_lanes(
    sequence: WindowSequence, kinds: tuple[NDArray, ...], models: Sequence[Parameters], occupied: NDArray[np.float64]
) -> list[Statistics]:
    """Statistics under each of LANES models. Arrays have one shape whatever the models, so that none depends on the others."""
    log_emissions = np.stack([_log_emissions(sequence, model) for model in models], axis=-1)  # (2, values, models)
    larger = log_emissions.max(axis=0)
    emission = np.exp(log_emissions - larger).transpose(1, 0, 2)
    transmat = np.exp(np.stack([model.log_transmat for model in models], axis=-1))
    first = np.stack([transmat[0], np.zeros_like(transmat[0])])  # in state 0, its emission scaled out whole
    step = np.concatenate([emission[:, :, None] * transmat, first[None]]).reshape(-1, 4, LANES)
    b00, b01, b10, b11 = step[0]
    growth = (b00 + b11 + np.sqrt((b00 - b11) ** 2 + 4 * b01 * b10)) / 2
    y = sequence.value + 1
    seen = ~np.isnan(y)
    observed = np.stack([seen, np.where(seen, y, 0), np.log(np.where(seen, y, 1))], axis=1).astype(np.float64)
    kind, of_code, of_run, length = kinds
    head, tail = sequence.code[0], sequence.code[-1]
    sums = hmm_cython.expectation(
        kind,
        of_code,
        of_run,
        hmm_cython.run_records(step[0] / growth, length),
        step,
        np.concatenate([observed, np.zeros((1, 3))]),
        np.ascontiguousarray(emission[tail]),
        observed[tail],
        occupied,
    )
    silent = sequence.n_windows - sequence.window.size
    found = []
    for lane, (stay, enter, occupancy, total, total_log, scaled) in enumerate(sums.T.tolist()):
        parts = [
            scaled,
            log_emissions[0, head, lane] - larger[head, lane],
            silent * (larger[0, lane] + math.log(growth[lane])),
            *(sequence.multiplicity * larger[:, lane]),
        ]
        found.append(Statistics(stay, enter, occupancy, total, total_log, math.fsum(parts)))
    return found


def _log_emissions(sequence: WindowSequence, parameters: Parameters) -> tuple[NDArray[np.float64], ...]:
    """Log densities of the distinct counts in either state, (values,) each."""
    return (
        log_emission(sequence.value, parameters.untranscribed_shape, parameters.untranscribed_scale),
        log_emission(sequence.value, parameters.transcribed_shape, parameters.transcribed_scale),
    )


def _distinct(count: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int64]]:
    """(values, code of each count, entries of each value); value 0 first even where no count is 0."""
    if np.issubdtype(count.dtype, np.integer) and (count.size == 0 or count.max() < 1 << 20):
        tally = np.bincount(count) if count.size else np.zeros(1, dtype=np.int64)
        present = tally > 0
        present[0] = True
        rank = (np.cumsum(present) - 1).astype(np.int32)
        return np.flatnonzero(present).astype(np.float64), rank[count] if count.size else rank[:0], tally[present]
    value, place = np.unique(np.concatenate([[0], count]).astype(np.float64), return_inverse=True)
    code = place[1:].astype(np.int32)
    return value, code, np.bincount(code, minlength=value.size).astype(np.int64)


def _with_entries(sequence: WindowSequence, extra: NDArray[np.int32]) -> WindowSequence:
    """The same sequence with entries (of count zero) also at the windows `extra`, which rise strictly."""
    place = np.searchsorted(sequence.window, extra)
    absent = sequence.window[np.minimum(place, sequence.window.size - 1)] != extra
    place, extra = place[absent], extra[absent]
    multiplicity = sequence.multiplicity.copy()
    multiplicity[0] += extra.size
    window, code = np.insert(sequence.window, place, extra), np.insert(sequence.code, place, 0)
    return sequence._replace(window=window, code=code, multiplicity=multiplicity)


def _digamma(x: float) -> float:
    """Digamma for x > 0: upward recurrence to 10, then the asymptotic series (Abramowitz and Stegun 6.3.5, 6.3.18)."""
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    r = 1 / (x * x)
    series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series


def _trigamma(x: float) -> float:
    """Trigamma for x > 0: upward recurrence to 10, then the asymptotic series (Abramowitz and Stegun 6.4.6, 6.4.12)."""
    shift = 0.0
    while x < 10:
        shift += 1 / (x * x)
        x += 1
    r = 1 / (x * x)
    series = r * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r * (1 / 30 - r * (5 / 66 - r * 691 / 2730)))))
    return shift + (1 + series) / x + 0.5 * r
