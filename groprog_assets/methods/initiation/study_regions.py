"""Initiation regions from a study's filtered alignments, with the signal around them. Values in, values out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from groprog_assets.errors import Notice, Problem
from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.methods.initiation.surroundings import surroundings
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from groprog_assets.tables.values import Arrays, Document, Value

LEFT_OUT = "left out of the initiation regions"


class StudyRegions(NamedTuple):
    """The members of `InitiationRegions` and of `Surroundings`."""

    table: pd.DataFrame
    scores: pd.DataFrame
    profile: pd.DataFrame
    counts: pd.DataFrame
    metaplot: pd.DataFrame
    heat_map: Arrays
    summary: Document


def study_regions(
    filtered: Mapping[str, Value],
    libraries: Sequence[Library],
    gene_models: Value,
    sizes: pd.DataFrame,
    parameters: InitiationParameters,
    threads: int = 1,
) -> StudyRegions:
    """Regions and their surroundings. filtered: library -> value of `filtered_alignments`; gene_models: value with
    chrom_sizes (bp) and transcripts; sizes: `library_sizes`, the scale of reads per million; threads: strands scored at once.

    A Notice says of each library that is left out why, and where nothing is called why not.
    """
    positions = {name: item.positions for name, item in filtered.items()}
    shares = {name: item.summary["spliced_share"] for name, item in filtered.items()}
    genome = (gene_models.chrom_sizes, gene_models.transcripts)
    called = initiation_regions(positions, libraries, *genome, parameters, shares, threads)
    _say_what_is_lost(called.summary)
    used = {name: positions[name] for name in called.summary["libraries"]}
    scale = dict(zip(sizes["library"], sizes["size"].astype(float), strict=True))
    around = surroundings(called.table, used, libraries, scale, parameters.pair_false_discovery_rate)
    return StudyRegions(**called._asdict(), **around._asdict())


def left_out(problem: Problem) -> Problem:
    """A problem of `signal_problems`, as a run and the check before it tell it."""
    return Problem(problem.where, f"{LEFT_OUT}: {problem.value}", problem.rule, problem.remedy)


def none_called(reason: str) -> Problem:
    """The reason of `nothing_called`, as a run and the check before it tell it."""
    rule = "Starts of transcription are called from enough reads on both strands; everything else is computed."
    remedy = "Give libraries that show more, or mend those that are left out."
    return Problem("initiation regions", f"none can be called: {reason}", rule, remedy)


def _say_what_is_lost(summary: Document) -> None:
    told = [left_out(Problem(**problem)) for problems in summary["refused"].values() for problem in problems]
    if summary["nothing_called"]:
        told.append(none_called(summary["nothing_called"]))
    for problem in told:
        warnings.warn(Notice(problem), stacklevel=3)
