"""Words planted upstream of genes, and variants that break them: sequence that goes with the planted transcription.

The rates of the genes are drawn first and stay as they are; which genes hold a word is drawn from their rates, with random
numbers of its own. Tables in, tables out; no files.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ACTIVATOR, REPRESSOR = b"CCGGAAGT", b"GCTGTCCA"
"""Genes that are transcribed much hold the first, silent and weak genes the second."""
NEAREST, FARTHEST = 30, 120
"""bp upstream of the TSS between which a word lies."""
STRONG, WEAK = 0.5, 0.35
"""Share of the genes, those of the highest rates and those of the lowest, with which the words go."""
PLANTED, BY_CHANCE = 0.9, 0.04
"""Share of these genes that hold their word, and of the other genes that hold it all the same."""
COLUMNS = ["gene", "chrom", "start", "end", "strand", "word", "kind"]


class PlantedPromoters(NamedTuple):
    """sequence: bases of each chromosome with the words; words: a row a planted word; variants: a row a variant."""

    sequence: dict[str, NDArray[np.uint8]]
    words: pd.DataFrame
    variants: pd.DataFrame


def plant_promoters(sequence: dict[str, NDArray[np.uint8]], genes: pd.DataFrame, seed: int) -> PlantedPromoters:
    """The words and the variants of a seed; `sequence` itself is left as it is.

    genes: gene, chrom, strand, tss, rate. Each word lies on either strand. Of each chromosome, the first
    gene with one word alone gets a variant in the middle of it, for each kind: breaking the activator lowers transcription, the
    repressor raises it. One more variant of each chromosome lies 20 bp before such a word and should change little.
    """
    rng = np.random.default_rng([seed, 9])
    made = {chrom: bases.copy() for chrom, bases in sequence.items()}
    rank = genes["rate"].rank(pct=True, method="min").to_numpy()
    rows: list[tuple[str, str, int, int, str, str, str]] = []
    for kind, word, fitting in (("activator", ACTIVATOR, rank > 1 - STRONG), ("repressor", REPRESSOR, rank <= WEAK)):
        holds = rng.random(len(genes)) < np.where(fitting, PLANTED, BY_CHANCE)
        for name, chrom, side, tss in genes.loc[holds, ["gene", "chrom", "strand", "tss"]].to_numpy().tolist():
            offset = int(rng.integers(NEAREST + len(word), FARTHEST + 1))
            start = tss - offset if side == "+" else tss + offset - len(word) + 1
            if any(row[1] == chrom and abs(row[2] - start) < len(word) for row in rows):
                continue  # two genes of one promoter: the word of the first stays whole
            strand = "+" if rng.random() < 0.5 else "-"
            bases = np.frombuffer(word if strand == "+" else _other_strand(word), np.uint8)
            made[chrom][start : start + len(word)] = bases
            rows.append((name, chrom, start, start + len(word), strand, word.decode(), kind))
    words = pd.DataFrame(rows, columns=COLUMNS)
    return PlantedPromoters(made, words, _variants(made, words))


def _other_strand(word: bytes) -> bytes:
    return word[::-1].translate(bytes.maketrans(b"ACGT", b"TGCA"))


def _variants(sequence: dict[str, NDArray[np.uint8]], words: pd.DataFrame) -> pd.DataFrame:
    """chrom, position (1-based), name, ref, alt, gene, expected (-1, 0, 1: the sign of the effect)."""
    rows = []
    words = words[~words["gene"].duplicated(keep=False)]
    for chrom in sequence:
        for kind, expected in (("activator", -1), ("repressor", 1)):
            held = words[(words["chrom"] == chrom) & (words["kind"] == kind)]
            for gene, start in held[["gene", "start"]].head(1).itertuples(index=False):
                places = [(int(start) + len(ACTIVATOR) // 2, f"{gene}_{kind}", expected)]
                if kind == "activator":
                    places.append((int(start) - 20, f"{gene}_beside", 0))
                for place, name, sign in places:
                    ref = chr(sequence[chrom][place])
                    alt = {"A": "T", "T": "A", "C": "G", "G": "C"}[ref]
                    rows.append((chrom, place + 1, name, ref, alt, gene, sign))
    table = pd.DataFrame(rows, columns=["chrom", "position", "name", "ref", "alt", "gene", "expected"])
    return table.sort_values(["chrom", "position"], kind="stable", ignore_index=True)
