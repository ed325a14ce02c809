"""Reads of the simulated world, as an aligner would leave them: positions in, BAM, FASTQ and bigWig files out."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pysam

from groprog_assets.simulation.enhancers import enhancer_bases
from groprog_assets.simulation.world import World, rows_of

READ_LENGTH = 36
COMMAND = "bowtie2 --very-sensitive -x sim1 -U reads.fastq.gz"


class SimulatedLibrary(NamedTuple):
    """One library: depth is relative; `response` is how much of each planted fold change it shows, in halves of it (-1 as the
    control, 1 as the treatment); `number` sets it apart in the random stream."""

    id: str
    condition: str
    replicate: int
    response: float
    depth: float
    sorted: bool
    number: int


DESIGN = (
    SimulatedLibrary("control_1", "control", 1, -1.0, 1.0, True, 0),
    SimulatedLibrary("control_2", "control", 2, -1.0, 0.85, True, 1),
    SimulatedLibrary("treated_1", "treated", 1, 1.0, 1.1, True, 2),
    SimulatedLibrary("treated_2", "treated", 2, 1.0, 0.95, False, 3),
)
PATIENT_DEPTH = 0.4


def patient_library(response: float, place: int) -> SimulatedLibrary:
    """The nascent library of a patient who shows `response` of the planted changes; its name does not tell whose it is."""
    return SimulatedLibrary(
        f"nascent_{place + 1:03d}", "patients", place + 1, response, PATIENT_DEPTH, True, len(DESIGN) + place
    )


def profiles(world: World, seed: int) -> list[tuple[str, str, int, np.ndarray, float]]:
    """(chrom, strand, first base, rate per base in transcription order of +, log2 fold change) of every transcribed stretch.

    The rate of a window varies by a gamma of shape 4 shared by all libraries. The promoter, TSS-50..TSS+200, holds on average
    `pausing_index` times the density of the body, as an even part and a peak 35 bp after the TSS.
    """
    rng = np.random.default_rng([seed, 2])
    stretches: list[tuple[str, str, int, np.ndarray, float]] = []
    for gene in rows_of(world.genes[world.genes["expressed"]]):
        length = gene.end - gene.start
        rate = np.repeat(rng.gamma(4.0, 0.25, length // 50 + 1), 50)[:length]
        body = rate[200 : min(5_000, length)]
        body /= body.mean()
        even = min(1.0, gene.pausing_index)
        peak = np.exp(-0.5 * ((np.arange(200) - 35) / 12.0) ** 2)
        rate[:200] = even + peak * (gene.pausing_index * 250 - even * 200) / peak.sum()
        tail = np.linspace(0.8, 0.4, gene.run_through)
        rate = gene.rate * np.concatenate([rate, tail])
        start = gene.start if gene.strand == "+" else gene.start - gene.run_through
        stretches.append(
            (gene.chrom, gene.strand, start, rate if gene.strand == "+" else rate[::-1], gene.log2_fold_change)
        )
        upstream = np.full(150, gene.rate * 0.02 * min(gene.pausing_index, 5.0))
        opposite = "-" if gene.strand == "+" else "+"
        first = gene.tss - 250 if gene.strand == "+" else gene.tss + 100
        if first > 0:
            stretches.append((gene.chrom, opposite, first, upstream, 0.0))
    chrom, start, end = world.target
    stretches.append((chrom, "+", start, np.full(end - start, 0.02), 3.0))
    return stretches


def draw_reads(world: World, library: SimulatedLibrary, stretches: list, seed: int) -> pd.DataFrame:
    """Reads of a library: chrom (index), strand (0 +, 1 -), five_prime (0-based), quality (MAPQ), tie (equal second hit), left,
    of_enhancer.

    Gene-wise biological variation of 8 %, a thin even background, repeat reads thrown on either copy, 3 % of doubtful
    mappings. Reads that would leave the chromosome are not drawn. Those of enhancers stand last, with random numbers of their
    own: the others are those of the world without enhancers.
    """
    rng = np.random.default_rng([seed, 3, library.number])
    names = list(world.chrom_sizes)
    parts: list[tuple[np.ndarray, ...]] = []

    def add(chrom: str, strand: str, positions: np.ndarray, tie: bool) -> None:
        n = len(positions)
        parts.append(
            (
                np.full(n, names.index(chrom)),
                np.full(n, int(strand == "-")),
                positions.astype(np.int64),
                np.full(n, tie),
            )
        )

    for chrom, strand, first, rate, fold in stretches:
        counts = rng.poisson(rate * _factor(library, fold, rng))
        hit = np.flatnonzero(counts)
        add(chrom, strand, first + np.repeat(hit, counts[hit]), False)
    for chrom, size in world.chrom_sizes.items():
        for strand in "+-":
            add(chrom, strand, rng.integers(100, size - 100, rng.poisson(size * 5e-5 * library.depth)), False)
    for repeat in rows_of(world.repeats):
        add(repeat.chrom, repeat.strand, rng.integers(repeat.start, repeat.end - READ_LENGTH, rng.poisson(4_000)), True)
    drawn = [_reads(world, parts, rng)]
    own = np.random.default_rng([seed, 16, library.number])
    parts.clear()
    for enhancer in rows_of(world.enhancers):
        factor = _factor(library, enhancer.log2_fold_change, own)
        for strand in "+-":
            add(enhancer.chrom, strand, enhancer_bases(enhancer, factor, strand, own), False)
    if parts:
        drawn.append(_reads(world, parts, own).assign(of_enhancer=True))
    return pd.concat(drawn, ignore_index=True)


def _factor(library: SimulatedLibrary, fold: float, rng: np.random.Generator) -> float:
    """Depth times response times biological variation. Half of a change lies on either side, so that what changes is as well
    covered as the rest."""
    return float(library.depth * 2.0 ** (fold * 0.5 * library.response) * rng.gamma(156.0, 1 / 156.0))


def _reads(world: World, parts: list[tuple[np.ndarray, ...]], rng: np.random.Generator) -> pd.DataFrame:
    """The reads of `draw_reads` of (chrom, strand, five_prime, tie) arrays, with mapping qualities."""
    chrom, strand, five_prime, tie = (np.concatenate(column) for column in zip(*parts))
    quality = np.where(tie, 1, np.where(rng.random(len(tie)) < 0.03, rng.integers(2, 9, len(tie)), 42))
    size = np.array(list(world.chrom_sizes.values()))[chrom]
    left = np.where(strand == 0, five_prime, five_prime - READ_LENGTH + 1)
    keep = (left >= 0) & (left + READ_LENGTH <= size)
    frame = pd.DataFrame({"chrom": chrom, "strand": strand, "five_prime": five_prime, "quality": quality, "tie": tie})
    return frame.assign(left=left, of_enhancer=False)[keep]


def write_alignments(
    world: World, library: SimulatedLibrary, reads: pd.DataFrame, path: Path, fastq: Path | None, seed: int
) -> None:
    """`path` as BAM with bowtie2's header and tags (indexed when sorted); with `fastq`, the same reads as gzipped FASTQ.

    Bases come from the genome; qualities fall slowly along the read. One read in fifty is unmapped. Reads of enhancers are named
    after the others and have random numbers of their own, so that every other record is that of the world without enhancers.
    """
    rng = np.random.default_rng([seed, 4, library.number])
    names = list(world.chrom_sizes)
    others, of_enhancers = reads[~reads["of_enhancer"]], reads[reads["of_enhancer"]]
    n = len(others)
    first = _sequenced(others, library, 1, rng)
    second = _sequenced(of_enhancers, library, n + 1, np.random.default_rng([seed, 17, library.number]))
    reads, name, phred = (
        pd.concat([first[0], second[0]]),
        first[1] + second[1],
        np.concatenate([first[2], second[2]]),
    )
    if library.sorted:
        order = np.lexsort((reads["strand"], reads["left"], reads["chrom"]))
        reads, name, phred = reads.iloc[order], [name[k] for k in order.tolist()], phred[order]
    complement = np.zeros(256, np.uint8)
    complement[list(b"ACGTN")] = list(b"TGCAN")
    chrom, left = reads["chrom"].to_numpy(), reads["left"].to_numpy()
    offsets = np.concatenate([[0], np.cumsum([len(world.sequence[name]) for name in names])[:-1]])
    genome = np.concatenate([world.sequence[name] for name in names])
    bases = genome[(offsets[chrom] + left)[:, None] + np.arange(READ_LENGTH)]  # (n, READ_LENGTH), as on the + strand
    reverse = reads["strand"].to_numpy() == 1
    stored = np.where(reverse[:, None], phred[:, ::-1], phred)  # SAM stores both as on the + strand
    sequence, qualities = bases.tobytes().decode(), stored.tobytes().decode()
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate" if library.sorted else "unsorted"},
        "SQ": [{"SN": key, "LN": size} for key, size in world.chrom_sizes.items()],
        "PG": [{"ID": "bowtie2", "PN": "bowtie2", "VN": "2.5.4", "CL": COMMAND}],
    }
    head = str(pysam.AlignmentHeader.from_dict(header))
    starts = range(0, len(reads) * READ_LENGTH, READ_LENGTH)
    fields = zip(
        name,
        np.where(reverse, 16, 0).tolist(),
        [names[k] for k in chrom.tolist()],
        (left + 1).tolist(),
        reads["quality"].tolist(),
        reads["tie"].tolist(),
        starts,
    )
    lines = []
    for read, flag, where, base, quality, tie, at in fields:
        tags = "AS:i:0\tXS:i:0" if tie else "AS:i:0" if quality == 42 else "AS:i:0\tXS:i:-5"
        lines.append(
            f"{read}\t{flag}\t{where}\t{base}\t{quality}\t{READ_LENGTH}M\t*\t0\t0\t{sequence[at : at + READ_LENGTH]}\t"
            f"{qualities[at : at + READ_LENGTH]}\t{tags}\tNM:i:0\n"
        )
    unmapped = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (n // 50, READ_LENGTH))]
    for k, row in enumerate(unmapped):
        lines.append(
            f"{library.id}.u{k}\t4\t*\t0\t0\t*\t*\t0\t0\t{row.tobytes().decode()}\t{'#' * READ_LENGTH}\tYT:Z:UU\n"
        )
    text = path.with_suffix(".sam")
    text.write_text(head + "".join(lines))
    pysam.view("--no-PG", "-b", "-o", str(path), str(text), catch_stdout=False)
    text.unlink()
    if library.sorted:
        pysam.index(str(path))
    if fastq is not None:
        read_bases = np.where(reverse[:, None], complement[bases[:, ::-1]], bases).tobytes().decode()
        read_phred = phred.tobytes().decode()
        records = [
            f"@{read}\n{read_bases[at : at + READ_LENGTH]}\n+\n{read_phred[at : at + READ_LENGTH]}\n"
            for read, at in zip(name, starts)
        ]
        with open(fastq, "wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as file:
            file.write("".join(records).encode())


def _sequenced(
    reads: pd.DataFrame, library: SimulatedLibrary, first: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[str], np.ndarray]:
    """The reads in the order of the file, their names from number `first` on, and qualities (n, READ_LENGTH) as sequenced."""
    order = np.lexsort((reads["strand"], reads["left"], reads["chrom"]))
    if not library.sorted:
        order = rng.permutation(len(reads))
    mean = np.linspace(37.5, 35.0, READ_LENGTH)
    phred = np.clip(np.rint(rng.normal(mean, 1.5, (len(reads), READ_LENGTH))), 2, 41).astype(np.uint8) + 33
    return reads.iloc[order], [f"{library.id}.{k}" for k in range(first, first + len(reads))], phred


def write_marks(world: World, folder: Path, seed: int) -> dict[str, Path]:
    """Three chromatin tracks as bigWig, 100-bp steps: H3K4me3 and H3K27ac stand at used promoters with the gene's rate,
    H3K27me3 over silent genes."""
    import pyBigWig

    rng = np.random.default_rng([seed, 5])
    written = {}
    for mark, width in (("H3K4me3", 1_000), ("H3K27ac", 1_500), ("H3K27me3", 0)):
        path = folder / f"{mark}.bw"
        with pyBigWig.open(str(path), "w") as track:
            track.addHeader(list(world.chrom_sizes.items()))
            for chrom, size in world.chrom_sizes.items():
                signal = rng.gamma(2.0, 0.25, size // 100)
                here = world.genes[world.genes["chrom"] == chrom]
                for gene in rows_of(here[here["expressed"]]) if width else ():
                    at = slice(max(0, gene.tss - width) // 100, (gene.tss + width) // 100)
                    signal[at] += 100.0 * gene.rate
                for gene in rows_of(here[~here["expressed"]]) if not width else ():
                    signal[gene.start // 100 : gene.end // 100] += 4.0
                track.addEntries(chrom, 0, values=[float(v) for v in np.round(signal, 3)], span=100, step=100)
        written[mark] = path
    return written
