"""EM iteration and Viterbi of the transcription model beside hmmlearn and groHMM.

    python -m benchmarks.hmm                 # 61.8 million simulated windows (hg38, one strand), hmmlearn on one in eight
    python -m benchmarks.hmm --millions 8    # smaller
    python -m benchmarks.hmm --grohmm        # also groHMM's E-step, needs R with r-bioc-grohmm

hmmlearn (PyPI) runs its fastest form, a categorical HMM with scaling, on the same parameters; log-likelihood and path must
agree with ours. Time is CPU time of the calling thread, A B A B, median.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from groprog_kernels import hmm


def simulated(n: int, seed: int = 1) -> np.ndarray:
    """Counts of `n` windows: units of exponential length over a sparse background; 5-8 % of windows hold reads."""
    generator = np.random.default_rng(seed)
    edges = np.zeros(n + 1, dtype=np.int32)
    start = generator.integers(0, n, n // 5000)
    np.add.at(edges, start, 1)
    np.add.at(edges, np.minimum(start + generator.exponential(600, start.size).astype(int), n), -1)
    transcribed = np.cumsum(edges[:-1]) > 0
    return generator.poisson(np.where(transcribed, 0.6, 0.004) * generator.gamma(0.8, 1.25, n))


def timed(function, *arguments):
    begin = time.thread_time()
    result = function(*arguments)
    return result, time.thread_time() - begin


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--millions", type=float, default=61.8)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--grohmm", action="store_true")
    chosen = options.parse_args()
    n = int(chosen.millions * 1e6)
    counts = simulated(n)
    window = np.flatnonzero(counts)
    print(f"{n:,} windows, {100 * window.size / n:.1f} % with reads")
    sequence = hmm.sequence(window, counts[window], n)
    model = hmm.fit([sequence], hmm.parameters(log_prob_leave_transcribed=-20.0), 1e9).parameters
    part = n // 8
    piece = hmm.sequence(window[window < part], counts[window[window < part]], part)
    peer, codes = hmmlearn_model(piece, model, counts[:part])
    ours: dict[str, list[float]] = {"E-step": [], "M-step": [], "Viterbi": []}
    theirs: dict[str, list[float]] = {"E-step": [], "Viterbi": []}
    for _ in range(chosen.repeats):
        sums, seconds = timed(hmm.statistics, sequence, model)
        ours["E-step"].append(seconds / n)
        ours["M-step"].append(timed(hmm.maximise, model, sums)[1] / n)
        ours["Viterbi"].append(timed(hmm.decode, sequence, model)[1] / n)
        if peer is not None:
            likelihood, seconds = timed(hmmlearn_expectation, peer, codes)
            theirs["E-step"].append(seconds / part)
            (_, path), seconds = timed(peer.decode, codes)
            theirs["Viterbi"].append(seconds / part)
            assert np.isclose(
                hmmlearn_shift(piece, model) + likelihood, hmm.statistics(piece, model).log_likelihood, rtol=1e-9
            )
            found = hmm.decode(piece, model)
            ours_path = np.zeros(part + 1, dtype=np.int64)
            ours_path[found.start], ours_path[found.end] = 1, -1
            assert (np.cumsum(ours_path)[:-1] == path).all()
    for name, seconds in ours.items():
        line = f"{name:8s} ours {1e9 * statistics.median(seconds):8.3f} ns/window"
        if theirs.get(name):
            other = statistics.median(theirs[name])
            line += f"   hmmlearn {1e9 * other:8.1f} ns/window   ratio {other / statistics.median(seconds):6.1f}"
        print(line)
    if chosen.grohmm:
        grohmm(counts[: min(n, 1_000_000)])


def hmmlearn_model(piece: hmm.WindowSequence, model: hmm.Parameters, counts: np.ndarray):
    """hmmlearn's categorical model with our parameters (emission columns scaled to at most one), or None without it."""
    try:
        from hmmlearn.hmm import CategoricalHMM
    except ImportError:
        print("hmmlearn is not installed: pip install hmmlearn")
        return None, None
    peer = CategoricalHMM(n_components=2, implementation="scaling")
    peer.startprob_ = np.array([1.0, 0.0])
    peer.transmat_ = np.exp(model.log_transmat)
    emission = emissions(piece, model)
    peer.emissionprob_ = np.exp(emission - emission.max(axis=1, keepdims=True)).T
    peer.n_features = emission.shape[0]
    codes = np.searchsorted(piece.value, counts).reshape(-1, 1)
    # the columns are densities, not probabilities that sum to one
    peer._check = lambda: None
    return peer, codes


def emissions(piece: hmm.WindowSequence, model: hmm.Parameters) -> np.ndarray:
    return np.stack(
        [
            hmm.log_emission(piece.value, model.untranscribed_shape, model.untranscribed_scale),
            hmm.log_emission(piece.value, model.transcribed_shape, model.transcribed_scale),
        ],
        axis=1,
    )


def hmmlearn_shift(piece: hmm.WindowSequence, model: hmm.Parameters) -> float:
    """Log-likelihood that the scaling of the emission columns took out."""
    tally = piece.multiplicity.copy()
    tally[0] += piece.n_windows - piece.window.size
    return float((tally * emissions(piece, model).max(axis=1)).sum())


def hmmlearn_expectation(peer, codes) -> float:
    """hmmlearn's E-step over one sequence: forward, backward, posteriors, accumulated statistics."""
    stats = peer._initialize_sufficient_statistics()
    lattice, log_probability, posteriors, forward, backward = peer._fit_scaling(codes)
    peer._accumulate_sufficient_statistics(stats, codes, lattice, posteriors, forward, backward)
    return log_probability


def grohmm(counts: np.ndarray) -> None:
    """groHMM's EM on the same windows, its CPU time per window and iteration; fitted parameters must agree."""
    with tempfile.TemporaryDirectory() as folder:
        reads = Path(folder) / "reads.tsv"
        window = np.repeat(np.flatnonzero(counts), counts[counts > 0])
        np.savetxt(reads, window * 50 + 1, fmt="%d")
        program = Path(folder) / "run.R"
        program.write_text(
            f"""
suppressMessages(library(groHMM))
start <- scan("{reads}", quiet = TRUE)
reads <- GRanges("chr1", IRanges(start, width = 1), strand = "+", seqlengths = c(chr1 = {50 * len(counts)}))
both <- c(reads, GRanges("chr1", IRanges(start, width = 1), strand = "-", seqlengths = c(chr1 = {50 * len(counts)})))
used <- system.time(found <- detectTranscripts(both, LtProbB = -20, UTS = 5, threshold = 0.1, mc.cores = 1))
values <- c(used[["user.self"]] + used[["sys.self"]], found$emisParams[[2]][1:2], length(found$transcripts))
write(values, "{folder}/out", ncolumns = 4)
"""
        )
        said = subprocess.run(["Rscript", str(program)], capture_output=True, text=True, check=False)
        if not (Path(folder) / "out").exists():
            print(f"groHMM did not run: {said.stderr.strip().splitlines()[-1:] or said.returncode}")
            return
        seconds, shape, scale, units = (float(x) for x in (Path(folder) / "out").read_text().split())
    held = np.flatnonzero(counts)
    strands = [hmm.sequence(held, counts[held], len(counts))] * 2
    begin = time.process_time()
    fit = hmm.fit(strands, hmm.parameters(log_prob_leave_transcribed=-20.0))
    called = sum(len(hmm.decode(one, fit.parameters).start) for one in strands)
    mine = time.process_time() - begin
    assert np.allclose([fit.parameters.transcribed_shape, fit.parameters.transcribed_scale], [shape, scale], rtol=1e-4)
    assert called == units
    per = 1e9 / (2 * len(counts) * len(fit.trace))
    print(
        f"fit and decode, {len(fit.trace)} iterations, {called} units: ours {mine * per:.2f}, groHMM {seconds * per:,.0f} "
        f"ns/window/iteration, ratio {seconds / mine:,.0f}"
    )


if __name__ == "__main__":
    main()
