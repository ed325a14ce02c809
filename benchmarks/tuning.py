"""The 63-cell tuning grid of nf-core/nascent over the whole of hg38, both strands; wall and CPU time, peak memory.

    python -m benchmarks.tuning                  # 123.5 million simulated windows of 50 bp, 2 threads
    python -m benchmarks.tuning --share 0.1      # a tenth of every chromosome

nf-core/nascent 2.3.0 runs one R job a cell (untranscribed shape 5..45, leaving log-probability -100..-400), each of which reads
the BAM, makes the windows and the consensus annotation again. Here the windows are made once. Genes are planted and units
lie on most of them, so the surface has something to tell. One cell is fitted again by hand and must give the same row.
Limit: 3 minutes of wall time on 2 cores that do nothing else.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

import numpy as np
import pandas as pd

from groprog_assets.methods.transcription.transcript_agreement import evaluate_transcripts
from groprog_assets.methods.transcription.transcript_hmm import fit_transcript_hmm
from groprog_assets.methods.transcription.transcripts import call_transcripts
from groprog_assets.study.parameters import TranscriptionParameters

HG38 = (
    *(248_956_422, 242_193_529, 198_295_559, 190_214_555, 181_538_259, 170_805_979, 159_345_973, 145_138_636),
    *(138_394_717, 133_797_422, 135_086_622, 133_275_309, 114_364_328, 107_043_718, 101_991_189, 90_338_345),
    *(83_257_441, 80_373_285, 58_617_616, 64_444_167, 46_709_983, 50_818_468, 156_040_895, 57_227_415),
)
BIN_SIZE = 50
SHAPES = [float(shape) for shape in range(5, 50, 5)]
LEAVES = [float(leave) for leave in range(-100, -450, -50)]
LIMIT_S = 180.0


def simulated(sizes: dict[str, int], seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(coverage, consensus): genes about every 90 kb a strand, 70 % transcribed with 2-5 kb read-through, sparse background."""
    generator = np.random.default_rng(seed)
    parts, genes = [], []
    for chrom, length in sizes.items():
        windows = length // BIN_SIZE
        for strand in "+-":
            number = max(windows // 1800, 1)
            start = np.sort(generator.choice(windows, number, replace=False))
            room = np.diff(np.append(start, windows)) - 20
            width = np.minimum(generator.gamma(1.2, 300, number).astype(int) + 30, np.maximum(room, 1))
            kept = (room > 60) & (width > 30)
            start, width = start[kept], width[kept]
            active = generator.random(len(start)) < 0.7
            edges = np.zeros(windows + 1, np.int32)
            through = np.where(active, generator.integers(40, 100, len(start)), 0)
            late = np.minimum(start + width + (through if strand == "+" else 0), windows)
            early = np.maximum(start - (through if strand == "-" else 0), 0)
            np.add.at(edges, early[active], 1)
            np.add.at(edges, late[active], -1)
            inside = np.cumsum(edges[:-1]) > 0
            counts = generator.poisson(np.where(inside, 0.6, 0.004) * generator.gamma(0.8, 1.25, windows))
            window = np.flatnonzero(counts).astype(np.int32)
            parts.append((chrom, strand, window, counts[window].astype(np.int32)))
            genes.append(
                pd.DataFrame(
                    {"chrom": chrom, "start": start * BIN_SIZE, "end": (start + width) * BIN_SIZE, "strand": strand}
                )
            )
    sizes_of = [len(part[2]) for part in parts]
    coverage = pd.DataFrame(
        {
            "chrom": pd.Categorical(np.repeat([part[0] for part in parts], sizes_of)),
            "strand": pd.Categorical(np.repeat([part[1] for part in parts], sizes_of)),
            "window": np.concatenate([part[2] for part in parts]),
            "count": np.concatenate([part[3] for part in parts]),
        }
    )
    return coverage, pd.concat(genes, ignore_index=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--share", type=float, default=1.0, help="of every chromosome's length")
    chosen = options.parse_args()
    sizes = {f"chr{place + 1}": int(length * chosen.share) for place, length in enumerate(HG38)}
    coverage, consensus = simulated(sizes)
    windows = 2 * sum(length // BIN_SIZE for length in sizes.values())
    print(
        f"{windows / 1e6:.1f} million windows, {len(coverage) / windows:.1%} with reads, {coverage['count'].sum():,} reads, "
        f"{len(consensus):,} genes, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"
    )
    parameters = TranscriptionParameters(tuning_untranscribed_shape=SHAPES, tuning_log_prob_leave_transcribed=LEAVES)
    wall, cpu = time.perf_counter(), time.process_time()
    fitted = fit_transcript_hmm({"all": coverage}, sizes, consensus, BIN_SIZE, parameters)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    surface = fitted.tuning
    assert len(surface) == len(SHAPES) * len(LEAVES) == 63
    again = fit_transcript_hmm({"all": coverage}, sizes, consensus, BIN_SIZE, TranscriptionParameters(tune=False))
    agreement = evaluate_transcripts(call_transcripts({"all": coverage}, again.fit, sizes, BIN_SIZE), consensus)
    cell = surface[(surface["log_prob_leave_transcribed"] == -200) & (surface["untranscribed_shape"] == 5)].iloc[0]
    assert (cell["transcripts"], cell["merged"], cell["dissociated"]) == agreement[:1] + agreement[2:4]
    assert cell["error_rate"] == agreement.error_rate
    print(
        f"63 cells: {wall:.1f} s wall, {cpu:.1f} s CPU ({cpu / 63:.2f} s a cell); one cell fitted again gives the same row"
    )
    print(
        f"error rate {surface['error_rate'].min():.4f} to {surface['error_rate'].max():.4f}; preferred {fitted.fit['preferred']}"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    verdict = "within" if wall <= LIMIT_S else "over"
    print(f"{verdict} the {LIMIT_S:.0f} s limit; on two idle cores at best {cpu / 2:.0f} s")


if __name__ == "__main__":
    main()
