"""A small genome in which one word upstream of a gene raises its target, and genes to go with it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import cross_fit, fit_on_all
from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.variants import Scorer
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.study.sequence_parameters import SequenceParameters
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


def scored_world(folder: Path):
    """(genome, its genes with their folds, the scorer of a model of both that was fitted to the planted word)."""
    genome, genes, target = planted(folder)
    parameters = SequenceParameters(penalties=[1e3], words_kmer_penalty=1e3, word_penalty=1e2, promoter_end=200)
    names = {name: name for name in genome.lengths}
    codes = gene_codes(genes, genome, names, LAYOUT)
    examples = Examples(codes, np.empty((len(codes), 0)), np.column_stack([target, -target]))
    splits = make_splits(genes, codes, LAYOUT, parameters)
    rung = ladder(LAYOUT, ["ridge_kmer+words"], parameters)[-1]
    fits = cross_fit(rung, examples, splits)
    parts = {
        "final": fit_on_all(rung, examples, splits),
        **{f"fold{f}": held for f, held in enumerate(fits.predictors)},
    }
    card = {
        "tasks": ["up", "down"],
        "windows": {"tss": list(LAYOUT.tss), "tts": None},
        "parameters": parameters.model_dump(),
        "champions": {"promoter": rung.name},
    }
    model = PublishedModel(card, {"promoter": parts})
    genes = genes.assign(fold=splits.table["fold"])
    return genome, genes, Scorer(model, genes, genome, names)


def write(path: Path, rows) -> Path:
    """A VCF with these rows of eight columns or more."""
    lines = [
        "##fileformat=VCFv4.2",
        '##INFO=<ID=AF,Number=A,Type=Float,Description="x">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    path.write_text("\n".join([*lines, *("\t".join(map(str, row)) for row in rows)]) + "\n")
    return path
