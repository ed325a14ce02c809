"""Fit of the transcription hidden Markov model on the pooled libraries, and its tuning surface. Tables in, tables out.

The windows of all libraries are added (reads pooled, as in groHMM). Each chromosome strand is one sequence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.positions import sequences as strand_sequences
from groprog_assets.methods.transcription.transcript_agreement import evaluate_transcripts
from groprog_assets.study.parameters import TranscriptionParameters
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document, Values
from groprog_kernels import hmm
from groprog_kernels.position_counts import added

Sequences = dict[tuple[str, str], hmm.WindowSequence]
THREADS = len(os.sched_getaffinity(0))


class TranscriptHMM(NamedTuple):
    """fit: JSON-able parameters and what they were fitted on; trace: table `em_trace`; tuning: table `tuning_surface`."""

    fit: Document
    trace: pd.DataFrame
    tuning: pd.DataFrame


class Elsewhere(Protocol):
    """Workers that compute the expensive parts of the fit, with identical results."""

    def expectation(self, sequences: Sequences) -> Callable[[hmm.Parameters], Iterable[hmm.Statistics]] | None:
        """The `expectation` of hmm.fit for these sequences; None where the threads of the fit itself are as fast."""

    def cells(
        self,
        sequences: Sequences,
        consensus: pd.DataFrame,
        bin_size: int,
        parameters: TranscriptionParameters,
        grid: list[tuple[float, float]],
        compat: Literal["exact", "grohmm"],
    ) -> list[tuple[float, ...]]:
        """`tuning_rows` of the grid."""


def fit_transcript_hmm(
    coverage: Mapping[str, Positions],
    chrom_sizes: Mapping[str, int],
    consensus: pd.DataFrame,
    bin_size: int,
    parameters: TranscriptionParameters,
    compat: Literal["exact", "grohmm"] = "exact",
    elsewhere: Elsewhere | None = None,
) -> TranscriptHMM:
    """Fit the model and, with `parameters.tune`, every cell of the grid from the same windows.

    coverage: {library: table `coverage`}; chrom_sizes: bp; consensus: table `consensus`, by which the grid is judged. With
    use_tuned, the returned fit is that of the cell that `tuned_by` prefers: the lowest error rate or the highest Dice
    coefficient (the first of equals). compat="grohmm" judges the cells by groHMM 1.41's shifted intervals instead of the exact
    ones. elsewhere: workers to use; without, threads of this process. Raises ReadsError when no window holds a read, and for a
    fit whose likelihood is no number.
    """
    sequences = pooled_sequences(coverage, chrom_sizes, bin_size)
    leave, shape = parameters.log_prob_leave_transcribed, parameters.untranscribed_shape
    cells: list[tuple[float, ...]] = []
    fits: dict[tuple[float, float], hmm.Fit] = {}
    grid = [
        (cell_leave, cell_shape)
        for cell_leave in parameters.tuning_log_prob_leave_transcribed
        for cell_shape in parameters.tuning_untranscribed_shape
    ]
    if parameters.tune and elsewhere is not None:
        cells = elsewhere.cells(sequences, consensus, bin_size, parameters, grid, compat)
    elif parameters.tune:
        fits = dict(zip(grid, _fit_each(sequences, parameters, grid), strict=True))
        cells = [(*cell, *_judged(sequences, fits[cell], consensus, bin_size, compat)) for cell in grid]
    tuning = pd.DataFrame(cells, columns=_TUNING_COLUMNS)
    preferred = {}
    if cells:
        for metric, place in (
            ("error_rate", tuning["error_rate"].argmin()),
            ("genes_recovered", tuning["genes_recovered"].argmax()),
            ("dice", tuning["dice"].argmax()),
        ):
            preferred[metric] = {name: float(tuning[name].iloc[place]) for name in _TUNING_COLUMNS[:2]}
    tuned = parameters.use_tuned and bool(cells)
    if tuned:
        leave, shape = preferred[parameters.tuned_by].values()
    fitted = fits.get((leave, shape))
    if fitted is None:
        expectation = elsewhere.expectation(sequences) if elsewhere is not None else None
        fitted = _fit(sequences, parameters, leave, shape, expectation=expectation)
    model = fitted.parameters
    fit = {
        "bin_size": bin_size,
        "log_prob_stay_untranscribed": float(model.log_transmat[0, 0]),
        "log_prob_enter_transcribed": float(model.log_transmat[0, 1]),
        "log_prob_leave_transcribed": float(model.log_transmat[1, 0]),
        "log_prob_stay_transcribed": float(model.log_transmat[1, 1]),
        "untranscribed_shape": model.untranscribed_shape,
        "untranscribed_scale": model.untranscribed_scale,
        "transcribed_shape": model.transcribed_shape,
        "transcribed_scale": model.transcribed_scale,
        "log_likelihood": fitted.trace[-1].log_likelihood,
        "iterations": len(fitted.trace),
        "em_tolerance": parameters.em_tolerance,
        "libraries": list(coverage),
        "sequences": len(sequences),
        "windows": sum(one.n_windows for one in sequences.values()),
        "windows_with_reads": sum(int(one.multiplicity[1:].sum()) for one in sequences.values()),
        "reads": int(sum((one.value * one.multiplicity).sum() for one in sequences.values())),
        "tuned": tuned,
        "tuned_by": parameters.tuned_by if tuned else None,
        "preferred": preferred,
    }
    trace = pd.DataFrame(
        {
            "iteration": np.arange(1, len(fitted.trace) + 1),
            "log_likelihood": [one.log_likelihood for one in fitted.trace],
            "log_prob_enter_transcribed": [one.parameters.log_transmat[0, 1] for one in fitted.trace],
            "transcribed_shape": [one.parameters.transcribed_shape for one in fitted.trace],
            "transcribed_scale": [one.parameters.transcribed_scale for one in fitted.trace],
        }
    )
    return TranscriptHMM(fit, conform(trace, "em_trace"), conform(tuning, "tuning_surface"))


def pooled_sequences(coverage: Mapping[str, Positions], chrom_sizes: Mapping[str, int], bin_size: int) -> Sequences:
    """{(chrom, strand): windows} of all libraries added up, + strands first, chromosomes in order of `chrom_sizes`.

    A chromosome has length // bin_size windows; reads in the trailing part are dropped. Both strands of a chromosome with
    reads are used. A strand without reads enters as windows of zeros, because it shows how rarely transcription begins; groHMM
    does the same when it is given such a strand. Chromosomes without reads, and those shorter than a window, are left out
    (groHMM stops at them). Raises ReadsError when none is left.
    """
    libraries = [strand_sequences(table, "window") for table in coverage.values()]
    made: Sequences = {}
    for key in dict.fromkeys(key for library in libraries for key in library):
        n_windows = chrom_sizes.get(key[0], 0) // bin_size
        window, count = added([library[key] for library in libraries if key in library])
        inside = np.searchsorted(window, n_windows)
        if inside:
            made[key] = hmm.sequence(window[:inside], count[:inside], n_windows)
    observed = {chrom for chrom, _ in made}
    none = np.empty(0, np.int64)
    sequences: Sequences = {
        (chrom, strand): made.get((chrom, strand)) or hmm.sequence(none, none, length // bin_size)
        for strand in "+-"
        for chrom, length in chrom_sizes.items()
        if chrom in observed
    }
    if not sequences:
        raise ReadsError(
            Problem(
                f"libraries {', '.join(coverage)}",
                "no read in any window",
                "The transcription model needs reads on the study's chromosomes.",
                "Look at the filter funnel and at the chromosome names of the alignments.",
            )
        )
    return sequences


def model_of(fit: Values) -> hmm.Parameters:
    """Parameters of the kernel from a stored fit."""
    return hmm.Parameters(
        np.array(
            [
                [fit["log_prob_stay_untranscribed"], fit["log_prob_enter_transcribed"]],
                [fit["log_prob_leave_transcribed"], fit["log_prob_stay_transcribed"]],
            ]
        ),
        fit["untranscribed_shape"],
        fit["untranscribed_scale"],
        fit["transcribed_shape"],
        fit["transcribed_scale"],
    )


def unit_intervals(sequences: Sequences, model: hmm.Parameters, bin_size: int) -> pd.DataFrame:
    """The units on the best paths, in order of the sequences: chrom, start, end, strand, grohmm_start, grohmm_end.

    start, end: exact, 0-based half-open bp. The other two: what groHMM 1.41 reports (1-based inclusive): the start one base
    early, the end one window late, zero width for a unit that reaches the last window.
    """
    frames = []
    with ThreadPoolExecutor(THREADS) as pool:
        paths = pool.map(partial(hmm.decode, parameters=model), sequences.values())
    for ((chrom, strand), one), found in zip(sequences.items(), paths, strict=True):
        start, end = found.start.astype(np.int64) * bin_size, found.end.astype(np.int64) * bin_size
        late = np.where(found.end == one.n_windows, start - 1, end + bin_size - 1)
        columns = {"start": start, "end": end, "strand": strand, "grohmm_start": start, "grohmm_end": late}
        frames.append(pd.DataFrame({"chrom": chrom, **columns}, index=range(len(start))))
    return pd.concat(frames, ignore_index=True)


def as_grohmm(transcripts: pd.DataFrame) -> pd.DataFrame:
    """The same units with start, end as groHMM 1.41 reports them, written 0-based half-open."""
    return transcripts.assign(start=transcripts["grohmm_start"] - 1, end=transcripts["grohmm_end"])


_TUNING_COLUMNS = [
    "log_prob_leave_transcribed",
    "untranscribed_shape",
    "transcripts",
    "merged",
    "dissociated",
    "error_rate",
    "genes_recovered",
    "dice",
    "log_likelihood",
]


def _fit(
    sequences: Sequences,
    parameters: TranscriptionParameters,
    leave: float,
    shape: float,
    expectation: Callable[[hmm.Parameters], Iterable[hmm.Statistics]] | None = None,
) -> hmm.Fit:
    """The fit of one cell, by workers that give the `expectation` or else by threads of this process."""
    start = _start(parameters, leave, shape)
    fitted = hmm.fit(list(sequences.values()), start, parameters.em_tolerance, THREADS, expectation)
    _require_likelihood(fitted, leave, shape)
    return fitted


def _fit_each(
    sequences: Sequences,
    parameters: TranscriptionParameters,
    cells: list[tuple[float, float]],
    threads: int | None = None,
) -> list[hmm.Fit]:
    """The fit of every (leave, shape), side by side. threads: None takes all."""
    starts = [_start(parameters, *cell) for cell in cells]
    fits = hmm.fit_each(list(sequences.values()), starts, parameters.em_tolerance, threads or THREADS)
    for cell, fitted in zip(cells, fits, strict=True):
        _require_likelihood(fitted, *cell)
    return fits


def _start(parameters: TranscriptionParameters, leave: float, shape: float) -> hmm.Parameters:
    return hmm.parameters(
        parameters.log_prob_enter_transcribed,
        leave,
        shape,
        parameters.transcribed_shape,
        parameters.transcribed_scale,
    )


def _require_likelihood(fitted: hmm.Fit, leave: float, shape: float) -> None:
    """ReadsError for a fit whose likelihood is no number."""
    if not np.isfinite(fitted.trace[-1].log_likelihood):
        value = f"leave {leave:g}, untranscribed shape {shape:g}: the likelihood is no number"
        rule = (
            "Below a shape of 1 the untranscribed state may take the reads and the transcribed one the empty windows."
        )
        raise ReadsError(Problem("parameters.transcription", value, rule, "Take shapes of 1 and more."))


def tuning_rows(
    sequences: Sequences,
    consensus: pd.DataFrame,
    bin_size: int,
    parameters: TranscriptionParameters,
    cells: list[tuple[float, float]],
    compat: Literal["exact", "grohmm"],
    threads: int | None = None,
) -> list[tuple[float, ...]]:
    """Rows of the tuning surface, columns as in `tuning_surface`: fits with both numbers of a cell held, judged by the consensus.

    cells: (leave, shape) each, the natural log of the chance to leave the transcribed state and the shape of the untranscribed
    gamma. threads: None takes all.
    """
    fits = _fit_each(sequences, parameters, cells, threads)
    return [
        (*cell, *_judged(sequences, fitted, consensus, bin_size, compat))
        for cell, fitted in zip(cells, fits, strict=True)
    ]


def _judged(
    sequences: Sequences, fitted: hmm.Fit, consensus: pd.DataFrame, bin_size: int, compat: Literal["exact", "grohmm"]
) -> tuple[float, ...]:
    """How the units of a fit agree with the genes: the columns of the tuning surface after the cell's two."""
    units = unit_intervals(sequences, fitted.parameters, bin_size)
    agreement = evaluate_transcripts(as_grohmm(units) if compat == "grohmm" else units, consensus)
    return (
        agreement.units,
        agreement.merged,
        agreement.dissociated,
        agreement.error_rate,
        agreement.genes_recovered,
        agreement.dice,
        fitted.trace[-1].log_likelihood,
    )
