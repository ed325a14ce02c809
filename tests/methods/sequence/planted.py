"""A small genome in which one word upstream of a gene raises its target, and genes to go with it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome
from groprog_assets.methods.sequence.windows import Layout
from groprog_kernels.bases import decode, reverse_complement

WORD = np.array([1, 0, 2, 3, 1, 0, 1], np.uint8)
"""CAGTCAC."""
LAYOUT = Layout((400, 200))
CHROMOSOMES = {"chrI": 120_000, "chrII": 90_000, "chrIII": 60_000}
SPACING = 800
SMAPS = Path("/proc/self/smaps")
"""Only Linux has it."""


def write_fasta(path: Path, sequences: dict[str, str], width: int = 60) -> Path:
    """A FASTA with lines of `width` letters."""
    lines = []
    for name, text in sequences.items():
        lines += [f">{name} a sequence", *(text[at : at + width] for at in range(0, len(text), width))]
    path.write_text("\n".join(lines) + "\n")
    return path


def planted(folder: Path, effect: float = 2.0, seed: int = 0) -> tuple[GenomeCodes, pd.DataFrame, np.ndarray]:
    """(genome, genes, target (g,)): every third gene holds WORD, on either strand, 60 to 120 bp upstream of its TSS."""
    random = np.random.default_rng(seed)
    sequences, rows, target = {}, [], []
    for chrom, size in CHROMOSOMES.items():
        codes = random.integers(0, 4, size).astype(np.uint8)
        for number, tss in enumerate(range(SPACING, size - SPACING, SPACING)):
            strand = "+-"[number % 2]
            holds = number % 3 == 0
            if holds:
                offset = int(random.integers(60, 113))
                word = WORD if random.random() < 0.5 else reverse_complement(WORD)
                word = word if strand == "+" else reverse_complement(word)
                start = tss - offset if strand == "+" else tss + offset - len(WORD) + 1
                codes[start : start + len(WORD)] = word
            end = tss + 500 if strand == "+" else tss - 500
            rows.append((f"{chrom}_{number}", chrom, strand, tss, end, 10))
            target.append(effect * holds + random.normal())
        sequences[chrom] = decode(codes)
    genes = pd.DataFrame(rows, columns=["gene", "chrom", "strand", "tss", "tts", "tss_reads"])
    path = write_fasta(folder / "planted.fa", sequences)
    return open_genome(path, folder / "codes", "planted"), genes, np.array(target)


def held_bytes(path: Path) -> int:
    """Bytes of a mapped file that count as memory of this process."""
    found, own = 0, False
    for line in SMAPS.read_text().splitlines():
        if re.match("[0-9a-f]+-[0-9a-f]+ ", line):
            own = line.endswith(str(path))
        elif own and line.startswith("Rss:"):
            found += int(line.split()[1]) * 1024
    return found
