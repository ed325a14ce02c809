"""The simulated genome: chromosomes, genes, transcription units, effects. Random numbers in, tables out; no files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.simulation.enhancers import enhancer_units, plant_enhancers
from groprog_assets.simulation.promoters import plant_promoters

GAP = 9_000
"""bp kept silent between units of one strand: at the published leaving probability (e^-200) a gap must hold about a hundred
empty 50-bp windows before two units are told apart."""

REPEAT_LENGTH = 8_000
TARGET_LENGTH = 4_000
ARRANGEMENTS = ("overlapping", "nested_antisense", "nested_sense", "abutting", "divergent")
GENE_COLUMNS = [
    "gene", "chrom", "start", "end", "strand", "tss", "tts", "arrangement", "expressed", "rate",
    "log2_fold_change", "pausing_index", "pause_class", "run_through",
]  # fmt: skip


class Scale(NamedTuple):
    """How large the world is: chromosome lengths and gene lengths in bp, patients, genes of each arrangement, enhancers."""

    chrom_sizes: dict[str, int]
    slot: int
    shortest: int
    longest: int
    patients: int
    per_arrangement: int
    changed: float
    other_genes: int
    enhancers: int


SCALES = {
    "bundled": Scale({"chr1": 4_200_000, "chr2": 3_000_000}, 32_000, 3_000, 21_000, 400, 4, 0.18, 300, 40),
    "tiny": Scale({"chr1": 420_000, "chr2": 280_000}, 20_000, 3_000, 9_000, 60, 1, 0.25, 6, 0),
}


class World(NamedTuple):
    """Everything planted. Coordinates 0-based half-open; rates are reads per bp of a library of depth one."""

    chrom_sizes: dict[str, int]
    sequence: dict[str, np.ndarray]
    genes: pd.DataFrame
    transcripts: pd.DataFrame
    units: pd.DataFrame
    repeats: pd.DataFrame
    target: tuple[str, int, int]
    blacklist: tuple[str, int, int]
    words: pd.DataFrame
    variants: pd.DataFrame
    enhancers: pd.DataFrame


def build_world(scale: Scale, seed: int) -> World:
    """The planted world of a seed; equal seeds give equal worlds.

    One gene arrangement a slot of `scale.slot` bp; the first slots of the last chromosome hold the repeat (twice), the
    positive-control target and a blacklisted desert. Units: one an expressed gene with its run-through, abutting genes of one
    strand share one unit, a gene nested in another of its strand has none of its own; an enhancer has one on each strand.
    """
    rng = np.random.default_rng([seed, 1])
    sequence = {
        chrom: np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, size)] for chrom, size in scale.chrom_sizes.items()
    }
    slots = [
        (chrom, start)
        for chrom, size in scale.chrom_sizes.items()
        for start in range(0, size - scale.slot + 1, scale.slot)
    ]
    last = list(scale.chrom_sizes)[-1]
    reserved = [slot for slot in slots if slot[0] == last][:4]
    free = [slot for slot in slots if slot not in reserved]
    special = [name for name in ARRANGEMENTS for _ in range(scale.per_arrangement)]
    arrangement = special + ["single"] * (len(free) - len(special))
    arrangement = [arrangement[k] for k in rng.permutation(len(arrangement))]
    rows: list[dict[str, object]] = []
    for (chrom, start), kind in zip(free, arrangement):
        rows += _arrange(kind, chrom, start, scale, rng)
    genes = pd.DataFrame(rows)
    genes["gene"] = [f"SG{k + 1:03d}" for k in range(len(genes))]
    genes = _plant_effects(genes, scale, rng)
    repeats = pd.DataFrame(
        {
            "chrom": last,
            "start": [reserved[0][1] + 5_000, reserved[1][1] + 5_000],
            "strand": "+",
            "name": ["SRNA45S1", "SRNA45S2"],
        }
    )
    repeats["end"] = repeats["start"] + REPEAT_LENGTH
    first, second = repeats["start"]
    sequence[last][second : second + REPEAT_LENGTH] = sequence[last][first : first + REPEAT_LENGTH]
    target_start = reserved[2][1] + 8_000
    blacklist_start = reserved[3][1] + 6_000
    promoters = plant_promoters(sequence, genes, seed)
    target = (last, target_start, target_start + TARGET_LENGTH)
    blacklist = (last, blacklist_start, blacklist_start + 3_000)
    transcripts, units = _transcripts(genes, repeats, rng), _units(genes, target)
    folds = transcripts["gene"].map(genes.set_index("gene")["log2_fold_change"]).fillna(0.0)
    enhancers = plant_enhancers(
        scale.enhancers,
        scale.chrom_sizes,
        transcripts.assign(log2_fold_change=folds),
        units,
        [target, blacklist],
        GAP,
        seed,
    )
    return World(
        scale.chrom_sizes,
        promoters.sequence,
        genes[GENE_COLUMNS],
        transcripts,
        pd.concat([units, enhancer_units(enhancers)]).sort_values(["chrom", "strand", "start"], ignore_index=True),
        repeats,
        target,
        blacklist,
        promoters.words,
        promoters.variants,
        enhancers,
    )


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows with the columns as attributes."""
    return iter(frame.itertuples())


def _arrange(kind: str, chrom: str, slot_start: int, scale: Scale, rng: np.random.Generator) -> list[dict[str, object]]:
    """Genes of one slot. The room left on both sides keeps units of neighbouring slots `GAP` apart."""
    margin = GAP // 2
    room = scale.slot - GAP
    left = slot_start + margin
    strand = "+" if rng.random() < 0.5 else "-"
    opposite = "-" if strand == "+" else "+"

    def gene(start: int, end: int, on: str, run_through: int) -> dict[str, object]:
        return {
            "chrom": chrom,
            "start": int(start),
            "end": int(end),
            "strand": on,
            "arrangement": kind,
            "run_through": int(run_through),
        }

    if kind == "single":
        run_through = int(rng.integers(400, 1_200))
        longest = min(scale.longest, room - 2 * run_through)
        length = int(np.clip(rng.lognormal(np.log(0.45 * longest), 0.45), scale.shortest, longest))
        start = left + run_through + int(rng.integers(0, room - length - 2 * run_through + 1))
        return [gene(start, start + length, strand, run_through)]
    third = (room - 1_000) // 3
    start = left + 500
    if kind == "overlapping":  # convergent: the 3' ends lie over each other
        return [gene(start, start + 2 * third, "+", 300), gene(start + third + 500, start + 3 * third, "-", 300)]
    if kind == "nested_antisense":
        return [gene(start, start + 3 * third, strand, 300), gene(start + third, start + 2 * third, opposite, 300)]
    if kind == "nested_sense":
        return [gene(start, start + 3 * third, strand, 300), gene(start + third, start + 2 * third, strand, 0)]
    if kind == "abutting":
        middle = start + 3 * third // 2
        return [gene(start, middle, strand, 300), gene(middle + 200, start + 3 * third, strand, 300)]
    middle = start + 3 * third // 2  # divergent: two genes from one promoter
    return [gene(start, middle, "-", 300), gene(middle + 300, start + 3 * third, "+", 300)]


def _plant_effects(genes: pd.DataFrame, scale: Scale, rng: np.random.Generator) -> pd.DataFrame:
    """Rates, fold changes and pausing. Only single expressed genes change, so that each change has one owner."""
    n = len(genes)
    forward = genes["strand"] == "+"
    genes["tss"] = np.where(forward, genes["start"], genes["end"] - 1)
    genes["tts"] = np.where(forward, genes["end"] - 1, genes["start"])
    single = (genes["arrangement"] == "single").to_numpy()
    genes["expressed"] = np.where(single, rng.random(n) < 0.82, True)
    genes["rate"] = np.where(genes["expressed"], np.clip(rng.lognormal(np.log(0.05), 0.4, n), 0.028, 0.16), 0.0)
    abutting = np.flatnonzero(genes["arrangement"] == "abutting")
    genes.loc[abutting[1::2], "rate"] = genes.loc[abutting[::2], "rate"].to_numpy()
    nested = np.flatnonzero(genes["arrangement"] == "nested_sense")[1::2]  # transcribed through, never on its own
    genes.loc[nested, "expressed"], genes.loc[nested, "rate"] = False, 0.0
    genes["log2_fold_change"] = 0.0
    candidates = rng.permutation(np.flatnonzero(single & genes["expressed"]))
    changed = round(scale.changed * len(candidates))
    up, down = candidates[:changed], candidates[changed : 2 * changed]
    genes.loc[up, "log2_fold_change"] = rng.uniform(1.6, 3.0, len(up))
    genes.loc[down, "log2_fold_change"] = -rng.uniform(1.6, 3.0, len(down))
    kind = rng.choice(["high", "intermediate", "low"], n, p=[0.4, 0.45, 0.15])
    index = np.select(
        [kind == "high", kind == "low"],
        [np.clip(rng.lognormal(np.log(7), 0.4, n), 4, 20), rng.uniform(0.1, 0.25, n)],
        np.clip(rng.lognormal(0.0, 0.2, n), 0.75, 1.4),
    )
    genes["pausing_index"] = np.where(genes["expressed"], index, np.nan)
    genes["pause_class"] = np.where(genes["expressed"], kind, "")
    return genes


def _transcripts(genes: pd.DataFrame, repeats: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Annotated transcripts. Half of the single genes with a pause have a second, silent start inside the gene, so the start
    that is used must be chosen from the reads; a tenth of the single genes has an isoform that ends early."""
    rows = []
    for gene in rows_of(genes):
        rows.append((gene.chrom, gene.start, gene.end, gene.strand, f"{gene.gene}.1", gene.gene))
        draw, inside = rng.random(), int((gene.end - gene.start) * rng.uniform(0.2, 0.4))
        inner_start = gene.pause_class == "high" and draw < 0.5
        early_end = not inner_start and draw > 0.9
        if gene.arrangement != "single" or not (inner_start or early_end):
            continue
        shorter_left = (gene.strand == "+") == inner_start
        start, end = (gene.start + inside, gene.end) if shorter_left else (gene.start, gene.end - inside)
        rows.append((gene.chrom, start, end, gene.strand, f"{gene.gene}.2", gene.gene))
    for repeat in rows_of(repeats):
        rows.append((repeat.chrom, repeat.start, repeat.end, repeat.strand, f"{repeat.name}.1", repeat.name))
    frame = pd.DataFrame(rows, columns=["chrom", "start", "end", "strand", "transcript", "gene"])
    return frame.sort_values(["chrom", "start", "end", "transcript"], ignore_index=True)


def _units(genes: pd.DataFrame, target: tuple[str, int, int]) -> pd.DataFrame:
    """Planted transcription units with the gene whose profile they carry; abutting units of one strand are joined."""
    rows = []
    for gene in rows_of(genes[genes["expressed"]]):
        start = gene.start - (gene.run_through if gene.strand == "-" else 0)
        end = gene.end + (gene.run_through if gene.strand == "+" else 0)
        rows.append([gene.chrom, start, end, gene.strand, gene.gene, gene.log2_fold_change])
    rows.append([target[0], target[1], target[2], "+", "target", 3.0])
    columns = ["chrom", "start", "end", "strand", "genes", "log2_fold_change"]
    joined: list[list[Any]] = []
    for row in pd.DataFrame(rows, columns=columns).sort_values(["chrom", "strand", "start"]).to_numpy().tolist():
        if joined and joined[-1][0] == row[0] and joined[-1][3] == row[3] and row[1] - joined[-1][2] < 500:
            joined[-1][2], joined[-1][4] = max(joined[-1][2], row[2]), f"{joined[-1][4]};{row[4]}"
        else:
            joined.append(row)
    return pd.DataFrame(joined, columns=columns)
