# %% [markdown]
# # Transcription units with `groprog_kernels` alone
#
# The kernels need NumPy and no study file: arrays in, arrays out. This notebook simulates windows with planted units, fits the
# two-state model, takes the best path and the posterior from it, and then does the same from a BAM file.
#
# `docs/hmm_notebook.py` is its source; `make docs` writes `docs/hmm_notebook.ipynb` from it, and the tests run it.

# %%
import os
import tempfile
from pathlib import Path

import numpy as np
import pysam

from groprog_kernels import hmm, hmm_reference, reads

# %% [markdown]
# ## Windows with planted units
#
# One strand of a 1-Mb chromosome in 50-bp windows. Nearly all windows are empty; three stretches are transcribed.

# %%
generator = np.random.default_rng(1)
bin_size = 50
n_windows = 1_000_000 // bin_size
planted = [(2_000, 2_400), (7_500, 7_900), (15_000, 16_500)]
counts = generator.poisson(0.01, n_windows)
for first, last in planted:
    counts[first:last] += generator.negative_binomial(1.5, 0.25, last - first)
print(f"{n_windows:,} windows, {(counts > 0).mean():.1%} with reads, highest {counts.max()}")

# %% [markdown]
# ## Fit
#
# A `sequence` is one chromosome strand; only windows with reads need naming. `parameters` holds the starting values of
# groHMM 1.41 under its arguments' meanings. EM sums statistics over sequences, so a genome is a list of them.

# %%
window = np.flatnonzero(counts)
sequence = hmm.sequence(window, counts[window], n_windows)
fit = hmm.fit([sequence], hmm.parameters(), tolerance=0.1)
for number, step in enumerate(fit.trace, 1):
    print(f"iteration {number}: log-likelihood {step.log_likelihood:.3f}")
model = fit.parameters
print(f"transcribed gamma: shape {model.transcribed_shape:.3f}, scale {model.transcribed_scale:.3f}")

# %% [markdown]
# ## Best path
#
# `decode` is Viterbi; it returns the runs of the transcribed state as windows `[start, end)`.

# %%
units = hmm.decode(sequence, model)
for start, end in zip(units.start, units.end, strict=True):
    print(f"unit {start * bin_size:,}-{end * bin_size:,} bp")
found = list(zip(units.start.tolist(), units.end.tolist(), strict=True))
assert len(found) == len(planted)
assert all(abs(a - c) < 10 and abs(b - d) < 10 for (a, b), (c, d) in zip(found, planted, strict=True))

# %% [markdown]
# ## Posterior
#
# `posterior` is the probability of the transcribed state in every window given all counts, and `mean_posterior` that of
# intervals without laying out the genome. It is the confidence of a unit: the BED score is a thousand times it.

# %%
probability = hmm.posterior(sequence, model)
confidence = hmm.mean_posterior(sequence, model, units.start, units.end)
assert np.allclose(confidence, [probability[start:end].mean() for start, end in found])
background = np.setdiff1d(np.arange(n_windows), np.concatenate([np.arange(a, b) for a, b in found]))
print(f"confidence of the units {np.round(confidence, 4)}; mean outside them {probability[background].mean():.1e}")

# %% [markdown]
# The fast path is exact: the plain definition, one window at a time, gives the same likelihood.

# %%
part = slice(1_500, 3_000)
log_emission = np.stack(
    [
        hmm.log_emission(counts[part], model.untranscribed_shape, model.untranscribed_scale),
        hmm.log_emission(counts[part], model.transcribed_shape, model.transcribed_scale),
    ],
    axis=1,
)
log_startprob = np.array([0.0, -np.inf])
dense_likelihood, *_ = hmm_reference.forward_backward(log_startprob, model.log_transmat, log_emission)
short = hmm.sequence(np.flatnonzero(counts[part]), counts[part][counts[part] > 0], 1_500)
difference = hmm.statistics(short, model).log_likelihood - dense_likelihood
print(f"log-likelihood against the dense definition: {dense_likelihood:.6f}, differs by {difference:.1e}")
assert abs(difference) < 1e-12 * abs(dense_likelihood)

# %% [markdown]
# ## From a BAM
#
# `reads.count_windows` streams an alignment file once (no index, any order) into windows of both strands. `GROPROG_BAM` may name
# your own file; else a small one is written here. For every read's base instead of windows, see `reads.decode_reads`.

# %%
place = Path(os.environ.get("GROPROG_BAM") or Path(tempfile.mkdtemp()) / "simulated.bam")
if not place.exists():
    header = {"HD": {"VN": "1.6", "SO": "unsorted"}, "SQ": [{"SN": "chr1", "LN": n_windows * bin_size}]}
    with pysam.AlignmentFile(str(place), "wb", header=header) as file:
        for start in np.repeat(np.flatnonzero(counts) * bin_size, counts[counts > 0]):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.reference_id = "r", 0, 0
            read.reference_start, read.mapping_quality, read.cigarstring = int(start), 60, "30M"
            file.write(read)
with pysam.AlignmentFile(str(place)) as file:
    chrom_lengths = dict(zip(file.references, file.lengths, strict=True))
windows = reads.count_windows(place, chrom_lengths, bin_size, minimum_mapping_quality=10)
print({step: number for step, number in windows.outcomes.items() if number})

# %%
sequences = {
    line: hmm.sequence(np.flatnonzero(found), found[found > 0], len(found))
    for line, found in windows.counts.items()
    if found.any()
}
genome = hmm.fit(list(sequences.values()), hmm.parameters(), threads=2)
for (chrom, strand), one in sequences.items():
    called = hmm.decode(one, genome.parameters)
    sure = hmm.mean_posterior(one, genome.parameters, called.start, called.end)
    print(f"{chrom} {strand}: {len(called.start)} units, median confidence {np.median(sure):.4f}")
if "GROPROG_BAM" not in os.environ:
    assert np.array_equal(windows.counts["chr1", "+"], counts)
    assert np.array_equal(called.start, units.start)
