"""Distal fragments in contact with genes, from a BEDPE of contacts: one row a gene, however many fragments it has.

A row a pair of gene and fragment would put a gene's other rows into training when it is tested. Files in, arrays out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.genome_codes import GenomeCodes
from groprog_assets.methods.sequence.reference import lines_on_study
from groprog_assets.methods.sequence.splits import Pairs
from groprog_assets.study.annotation_files import ProblemCollector, coordinate, lines
from groprog_assets.study.bed import BedLine
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.text_tables import count_of
from groprog_kernels.windows import window_codes

_RULE = "A contact is chrom1, start1, end1, chrom2, start2, end2, then optionally name and score, tab-separated."


class Contacts(NamedTuple):
    """anchors: chrom, start, end (0-based, half-open) and number of the contact, two rows a contact; score (c,) reads of each;
    left_out: contacts on chromosomes that the study does not have."""

    anchors: pd.DataFrame
    score: NDArray[np.float64]
    left_out: int


class Fragments(NamedTuple):
    """Of g genes with k places each: codes (g, k * width) uint8, code 4 where there is none; weight (g, k), log(1 + score) over
    the highest of the file, 0 where there is none; chrom (g, k) and centre (g, k) of each, "" and -1 where there is none."""

    codes: NDArray[np.uint8]
    weight: NDArray[np.float64]
    chrom: NDArray[np.object_]
    centre: NDArray[np.int64]


def read_contacts(path: Path, sizes: Mapping[str, int], aliases: Mapping[str, frozenset[str]]) -> Contacts:
    """The contacts of a BEDPE; an 11th column is the count of reads where there is one, else the 8th, else each counts 1.

    Raises AnnotationError with every problem: too few columns, positions that are no numbers, an anchor outside its chromosome,
    a score that is no number or negative, no contact on a chromosome of the study. sizes: chromosome -> bp.
    """
    problems = ProblemCollector(path)
    rows: list[BedLine] = []
    contact: list[int] = []
    score: list[float] = []
    for number, line in lines(path):
        words = line.rstrip("\n").split("\t")
        at = f", line {number}"
        if words[0] in ("chrom1", "chr1") and len(words) > 1 and words[1] in ("start1", "x1"):
            continue
        places = [place for word in words[1:3] + words[4:6] if (place := coordinate(word)) is not None]
        if len(words) < 6 or len(places) < 4:
            if words[:6] == [".", "-1", "-1", ".", "-1", "-1"]:
                continue
            problems.add(at, line.strip()[:60], _RULE, "Write one contact a line.")
            continue
        given = words[10] if len(words) > 10 else words[7] if len(words) > 7 else "."
        try:
            value = 1.0 if given in (".", "") else float(given)
        except ValueError:
            value = np.nan
        if not (np.isfinite(value) and value >= 0):
            problems.add(at, f"score {given[:20]}", "A score is the number of reads of a contact.", "Correct it.")
            continue
        for name, (start, end) in ((words[0], places[:2]), (words[3], places[2:])):
            rows.append(BedLine(number, name, start, end, words))
            contact.append(len(score))
            if start >= end:
                rule = "An anchor covers at least one base."
                problems.add(at, f"{name}:{start}-{end}", rule, "Correct or remove the line.")
        score.append(value)
    anchors = pd.DataFrame(
        {
            "chrom": lines_on_study(problems, rows, sizes, aliases, "anchor"),
            "start": [row.start for row in rows],
            "end": [row.end for row in rows],
            "contact": contact,
        }
    )
    lost = anchors.loc[anchors["chrom"] == "", "contact"].unique()
    anchors = anchors[~anchors["contact"].isin(lost)]
    if not len(anchors):
        rule = "Contacts are named by the chromosomes of the study."
        problems.add(
            "", f"{count_of(len(score), 'contact')}, none on one of them", rule, "Name aliases in sequence.aliases."
        )
    problems.raise_any()
    return Contacts(anchors.reset_index(drop=True), np.array(score), len(lost))


def gene_fragments(
    contacts: Contacts, genes: pd.DataFrame, genome: GenomeCodes, names: Mapping[str, str], settings: NetParameters
) -> Fragments:
    """The strongest `fragments` contacts of each gene: those with an anchor within `anchor_distance` of its TSS.

    genes: chrom, strand, tss; names: chromosome -> name in the FASTA. The fragment is `fragment_width` bp around the middle of
    the other anchor, on the genome's forward strand; an other anchor that is near the TSS as well is none. Of equal scores the
    contact that stands first in the file goes first.
    """
    most, width = settings.fragments, settings.fragment_width
    count = len(genes)
    weight, centre = np.zeros((count, most)), np.full((count, most), -1, np.int64)
    chroms = np.full((count, most), "", object)
    codes = np.full((count, most, width), 4, np.uint8)
    first, second = contacts.anchors.iloc[::2], contacts.anchors.iloc[1::2]
    near = pd.concat([first, second], ignore_index=True)
    far = pd.concat([second, first], ignore_index=True)
    strength = np.log1p(contacts.score[near["contact"].to_numpy()])
    highest = float(np.log1p(contacts.score[contacts.anchors["contact"].unique()]).max(initial=0.0)) or 1.0
    chrom, tss = genes["chrom"].to_numpy(), genes["tss"].to_numpy()
    for name in np.unique(chrom):
        on = np.flatnonzero((near["chrom"] == name).to_numpy())
        if not len(on):
            continue
        own, other = near.iloc[on], far.iloc[on]
        order = np.lexsort((own["contact"].to_numpy(), -strength[on]))
        own, other, on = own.iloc[order], other.iloc[order], on[order]
        start, end = own["start"].to_numpy(), own["end"].to_numpy()
        there = other["chrom"].to_numpy() == name
        other_start, other_end = other["start"].to_numpy(), other["end"].to_numpy()
        for gene in np.flatnonzero(chrom == name):
            left, right = tss[gene] - settings.anchor_distance, tss[gene] + settings.anchor_distance
            found = (start <= right) & (end > left) & ~(there & (other_start <= right) & (other_end > left))
            chosen = np.flatnonzero(found)[:most]
            size = len(chosen)
            weight[gene, :size] = strength[on[chosen]] / highest
            centre[gene, :size] = (other_start[chosen] + other_end[chosen]) // 2
            chroms[gene, :size] = other["chrom"].to_numpy()[chosen]
    for name in {str(each) for each in chroms.ravel()} - {""}:
        rows = chroms == name
        if name in names:
            forward = np.zeros(int(rows.sum()), bool)
            codes[rows] = window_codes(genome.chromosome(names[name]), centre[rows] - width // 2, width, forward)
            genome.release()
    return Fragments(codes.reshape(count, most * width), weight, chroms, centre)


def sharing_fragments(fragments: Fragments, width: int) -> Pairs:
    """(p, 2) pairs of genes whose fragments overlap, each with the one before it on the chromosome, which joins all that do."""
    gene, place = np.nonzero(fragments.centre >= 0)
    chrom, centre = fragments.chrom[gene, place].astype(str), fragments.centre[gene, place]
    order = np.lexsort((centre, chrom))
    gene, chrom, centre = gene[order], chrom[order], centre[order]
    near = (chrom[1:] == chrom[:-1]) & (np.diff(centre) < width) & (gene[1:] != gene[:-1])
    return np.column_stack([gene[:-1][near], gene[1:][near]]).astype(np.int64).reshape(-1, 2)
