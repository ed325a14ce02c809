"""A chromosome with planted starts and with what may be taken for them; positions and gene models of the parsers' own form.

Planted: genes with a pause and, for most, a start upstream on the other strand; enhancers outside genes and inside them with 5
to 100 reads on each strand. Not starts of two strands: units of one strand, pile-ups on one base, islands of several placements
that look alike on both strands, rears of elongation waves, and holes in bodies where nothing maps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.positions import position_table

LENGTH = 20_000_000
"""bp of the chromosome that is simulated."""
SIZES = {"chr1": LENGTH, "chr2": 2 * LENGTH}
"""chr2 has no read. It makes the genome one of long chromosomes, whose profile is the wide one."""
LEVELS = (5, 10, 20, 50, 100)
DECAY = 350
"""Mean bp from an enhancer's start to its reads."""


class World(NamedTuple):
    """positions: `positions`; models: `gene_models`; enhancers: centre, level, inside, plus, minus; both: centres where both
    strands start; islands, waves, holes: bases of what is no start."""

    positions: pd.DataFrame
    models: pd.DataFrame
    enhancers: pd.DataFrame
    both: np.ndarray
    islands: np.ndarray
    waves: np.ndarray
    holes: np.ndarray


def table_of(bases: dict[str, list[np.ndarray]], sizes: dict[str, int] = SIZES) -> pd.DataFrame:
    """`positions` of read bases on the only chromosome, by strand."""
    strand, position, count = [], [], []
    for code, name in enumerate("+-"):
        found, reads = np.unique(np.concatenate([np.empty(0, np.int64), *bases[name]]), return_counts=True)
        strand.append(np.full(len(found), code, np.int8))
        position.append(found.astype(np.int32))
        count.append(reads.astype(np.int32))
    codes = np.concatenate(strand)
    return position_table(np.zeros(len(codes), np.int32), codes, np.concatenate(position), np.concatenate(count), sizes)


def simulate(
    seed: int, *, genes: int = 160, enhancers: int = 400, decoys: int = 300, clumps: int = 1500, island: int = 120
) -> World:
    """A world of one seed; equal seeds give equal reads. clumps: weak units of one strand anywhere; some face by chance. island:
    bp on either side of an island's centre."""
    random = np.random.default_rng([seed, 17])
    held: dict[str, list[np.ndarray]] = {"+": [], "-": []}
    background = random.poisson(0.2e-3 * LENGTH, 2)
    for strand, number in zip("+-", background, strict=True):
        held[strand].append(random.integers(0, LENGTH, number))

    def burst(start: int, strand: str, reads: int, decay: float) -> None:
        held[strand].append(start + (1 if strand == "+" else -1) * random.exponential(decay, reads).astype(np.int64))

    both, waves, holes, rows, bodies = [], [], [], [], []
    slot = LENGTH // genes
    for number in range(genes):
        size = int(random.integers(5_000, 60_000))
        start = number * slot + int(random.integers(5_000, slot - size - 5_000))
        strand = "+-"[int(random.integers(2))]
        forward = 1 if strand == "+" else -1
        tss = start if strand == "+" else start + size - 1
        rows.append(("chr1", start, start + size, strand, f"T{number}", f"G{number}"))
        bodies.append((start, start + size))
        if random.random() < 0.15:  # an elongation wave: the rear stands inside the body, the start is silent
            rear = tss + forward * size // 3
            held[strand].append(
                rear + forward * random.integers(0, size // 2, int(size * random.uniform(0.004, 0.012)))
            )
            waves.append(rear)
            continue
        paused, density = int(random.integers(15, 120)), random.uniform(0.5e-3, 6e-3)
        held[strand].append(tss + forward * np.abs(random.normal(45, 25, paused)).astype(np.int64))
        body = tss + forward * random.integers(0, size, random.poisson(density * size))
        if random.random() < 0.25:
            hole = tss + forward * size // 2
            body = body[np.abs(body - hole) > 1_000]
            holes.append(hole + forward * 1_000)
        held[strand].append(body)
        if random.random() < 0.8:
            away = int(random.integers(80, 220))
            burst(tss - forward * away, "-" if strand == "+" else "+", int(random.integers(10, 60)), DECAY)
            both.append(tss - forward * away // 2)
    planted = []
    inside = np.zeros(LENGTH, bool)
    for start, end in bodies:
        inside[max(start - 3_000, 0) : end + 3_000] = True
    taken: list[int] = [*both]

    def free(within: bool) -> int:
        while True:
            if within:
                start, end = bodies[int(random.integers(len(bodies)))]
                place = int(random.integers(start + 2_000, end - 2_000))
            else:
                place = int(random.integers(5_000, LENGTH - 5_000))
            if (within or not inside[place]) and np.abs(np.array(taken) - place).min() > 4_000:
                taken.append(place)
                return place

    for number in range(enhancers):
        within, level = number % 4 == 3, LEVELS[number % len(LEVELS)]
        centre, half = free(within), int(random.integers(30, 120))
        for strand, start in (("+", centre + half), ("-", centre - half)):
            burst(start, strand, level, DECAY)
        planted.append((centre, level, within, centre + half, centre - half))
    islands = []
    for number in range(decoys):
        place = free(within=False)
        if number % 3 == 0:  # one strand
            burst(place, "+-"[number % 2], int(random.integers(10, 80)), 800)
        elif number % 3 == 1:  # one base
            held["+-"[number % 2]].append(np.full(int(random.integers(20, 200)), place))
        else:
            islands.append(place)
            for strand in "+-":
                held[strand].append(random.integers(place - island, place + island, int(random.integers(20, 60))))
    for _ in range(clumps):
        burst(int(random.integers(LENGTH)), "+-"[int(random.integers(2))], int(random.integers(3, 20)), DECAY)
    clipped = {strand: [np.clip(part, 0, LENGTH - 1) for part in parts] for strand, parts in held.items()}
    models = pd.DataFrame(rows, columns=["chrom", "start", "end", "strand", "transcript", "gene"])
    columns = ["centre", "level", "inside", "plus", "minus"]
    every = np.sort([*both, *(row[0] for row in planted)])
    return World(
        table_of(clipped),
        models,
        pd.DataFrame(planted, columns=columns),
        every,
        np.array(islands),
        np.array(waves),
        np.array(holes),
    )


def near(places: np.ndarray, others: np.ndarray, within: int) -> np.ndarray:
    """(n,) whether one of `others` lies within so many bp of each place."""
    ordered = np.sort(others)
    return np.searchsorted(ordered, places + within, side="right") > np.searchsorted(ordered, places - within)
