"""Initiation regions of a study: usable libraries, starts of their sum, pairs, classes and counts. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem
from groprog_assets.methods.initiation.annotation import place_columns, start_offset
from groprog_assets.methods.initiation.capped import Control, focal_starts
from groprog_assets.methods.initiation.conditions import called_in
from groprog_assets.methods.initiation.flags import region_flags
from groprog_assets.methods.initiation.oriented import PooledReads
from groprog_assets.methods.initiation.pairs import pair_up
from groprog_assets.methods.initiation.region_counts import count_regions
from groprog_assets.methods.initiation.region_reads import region_reads
from groprog_assets.methods.initiation.regions import SIDES, join_regions
from groprog_assets.methods.initiation.scores import score_starts
from groprog_assets.methods.initiation.start_profile import NARROW, WIDE, Reach, StartProfile, learn_profile
from groprog_assets.methods.initiation.summary import headline
from groprog_assets.methods.initiation.usable_signal import signal_problems
from groprog_assets.methods.reads.positions import Positions
from groprog_assets.study.assays import CAPPED_ASSAYS
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document


class Calls(NamedTuple):
    """table: regions without the columns of annotation; starts: columns `scores.STARTS`; profile: None of capped signal."""

    table: pd.DataFrame
    starts: pd.DataFrame
    profile: StartProfile | None


class InitiationRegions(NamedTuple):
    """table: `initiation_regions`; scores: `initiation_scores`; profile: `initiation_profile`; counts: `initiation_counts`;
    summary: how they were called and how many there are, JSON-able."""

    table: pd.DataFrame
    scores: pd.DataFrame
    profile: pd.DataFrame
    counts: pd.DataFrame
    summary: Document


def initiation_regions(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    chrom_sizes: Mapping[str, int],
    gene_models: pd.DataFrame,
    parameters: InitiationParameters,
    spliced_shares: Mapping[str, float | None] | None = None,
    threads: int = 1,
) -> InitiationRegions:
    """Regions called once on the sum of all usable libraries, and the reads of every usable library in them.

    positions: `positions` tables by library id, those of controls too; gene_models: `gene_models` table. Libraries that
    `signal_problems` names are left out, as are capped ones beside run-on ones; the summary names them and why. Equal reads
    give equal tables for any order of chromosomes and any number of threads. With fewer than minimum_reads, or no chromosome
    with minimum_positions occupied bases, or no usable library, nothing is called and `summary["nothing_called"]` says why.
    """
    shares = spliced_shares or {}
    controls = {library.control for library in libraries if library.control is not None}
    libraries = [library for library in libraries if library.id not in controls]
    refused = {
        library.id: signal_problems(positions[library.id], library, gene_models, parameters, shares.get(library.id))
        for library in libraries
    }
    usable = [library for library in libraries if not refused[library.id]]
    usable, beside = of_one_kind(usable)
    capped = bool(usable) and usable[0].assay in CAPPED_ASSAYS
    refused |= {library.id: [capped_beside(library)] for library in beside}
    reach = reach_of(chrom_sizes, parameters)
    reads = PooledReads([positions[library.id] for library in usable], chrom_sizes, 2 * reach.half)
    summary: Document = {
        "assay_class": "capped" if capped else "run_on",
        "libraries": [library.id for library in usable],
        "refused": {name: [asdict(problem) for problem in problems] for name, problems in refused.items() if problems},
        "reads": reads.reads,
        "positions": sum(reads.positions.values()),
        "chromosomes_skipped": reads.skipped,
        "largest_weight": reads.most,
        "nothing_called": nothing_called(usable, reads, parameters),
    }
    control = control_of(usable, positions, chrom_sizes, 2 * reach.half, parameters) if capped else None
    if capped and controls:
        summary["control"] = _told_control(usable, positions, control)
    profile = None
    if parameters.profile is not None and not capped and not summary["nothing_called"]:
        profile, summary["nothing_called"] = _named_profile(usable, positions, chrom_sizes, reach, parameters)
        summary["profile_of"] = parameters.profile
    if summary["nothing_called"]:
        return _empty(summary)
    calls = call_regions(reads, reach, parameters, capped=capped, profile=profile, control=control, threads=threads)
    table = calls.table
    signal = "capped" if capped else _read_end(usable)
    offset = start_offset(table, gene_models, signal, parameters)
    for side, sign in (("plus", 1), ("minus", -1)):
        table[f"tss_estimate_{side}"] = (table[f"{side}_five_prime"] - sign * round(offset["offset"])).astype("Int64")
    counted = region_reads(table, reads, gene_models, parameters.counting_window)
    table = table.assign(**counted.sides, **place_columns(table, gene_models, parameters))
    table["flags"] = region_flags(table, counted.island, gene_models)
    table["name"] = [f"IR{number:06d}" for number in range(1, len(table) + 1)]
    best = table["pair_score"].fillna(table[["score_plus", "score_minus"]].max(axis=1))
    table["score"] = np.clip(np.round(10 * best), 0, 1000).astype(np.int64)
    table["confidence"] = _confidence(table, capped, parameters)
    table["claim"] = _claim(table, parameters)
    counts = count_regions(table, {library.id: positions[library.id] for library in usable}, parameters)
    by_condition = _pairs_by_condition(positions, usable, chrom_sizes, reach, calls, parameters, capped, threads)
    table["called_in"] = called_in(table, counts, usable, by_condition)
    table = conform(table.drop(columns="active_tss"), "initiation_regions")
    scores = conform(
        calls.starts.rename(columns={"five_prime": "position"})[["chrom", "strand", "position", "score"]],
        "initiation_scores",
    )
    shown = _empty(summary).profile if calls.profile is None else calls.profile.table()
    summary |= headline(table, calls.starts, calls.profile, offset, counted.active, parameters)
    return InitiationRegions(table, scores, shown, counts, summary)


def reach_of(chrom_sizes: Mapping[str, int], parameters: InitiationParameters) -> Reach:
    """The half width and bin of the profile: narrow where no chromosome is long, because genes are dense there."""
    return NARROW if max(chrom_sizes.values()) <= parameters.small_chromosome else WIDE


def call_regions(
    reads: PooledReads,
    reach: Reach,
    parameters: InitiationParameters,
    *,
    capped: bool = False,
    profile: StartProfile | None = None,
    control: Control | None = None,
    threads: int = 1,
) -> Calls:
    """Starts, pairs and regions of one signal; profile: that of another signal, so that scores compare; control: of capped."""
    if not capped and profile is None:
        profile = learn_profile(reads, reach)
    starts, pairs = _starts_and_pairs(reads, profile, control, parameters, threads)
    return Calls(join_regions(starts, pairs, parameters), starts, profile)


def _starts_and_pairs(
    reads: PooledReads,
    profile: StartProfile | None,
    control: Control | None,
    parameters: InitiationParameters,
    threads: int,
    *,
    of_pairs: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Starts by the profile, or without one as of capped signal, and their pairs; of_pairs: as in `score_starts`."""
    if profile is None:
        starts = focal_starts(reads, threads, control)
        return starts, pair_up(starts, parameters.nearest_capped_pair, parameters.farthest_capped_pair)
    starts = score_starts(reads, profile, threads, of_pairs=of_pairs)
    return starts, pair_up(starts, parameters.nearest_pair, parameters.farthest_pair)


def control_of(
    libraries: Sequence[Library],
    positions: Mapping[str, Positions],
    chrom_sizes: Mapping[str, int],
    shortest: int,
    parameters: InitiationParameters,
) -> Control | None:
    """The controls of these capped libraries together; None where none of them has one that passed its checks."""
    those = [library for library in libraries if library.control in positions]
    if not those:
        return None
    of = list(dict.fromkeys(str(library.control) for library in those))
    pools = ([library.id for library in those], of)
    capped, control = (PooledReads([positions[name] for name in names], chrom_sizes, shortest) for names in pools)
    return Control(capped, control, parameters.control_ratio)


def _told_control(
    libraries: Sequence[Library], positions: Mapping[str, Positions], control: Control | None
) -> Document:
    """{"libraries", "without", "scale", "reads"}: which control each library has, and those without one that can be used."""
    having = {library.id: library.control for library in libraries if library.control in positions}
    return {
        "libraries": having,
        "without": [library.id for library in libraries if library.id not in having],
        "scale": None if control is None else control.scale,
        "reads": 0 if control is None else control.control.reads,
    }


def _named_profile(
    libraries: Sequence[Library],
    positions: Mapping[str, Positions],
    chrom_sizes: Mapping[str, int],
    reach: Reach,
    parameters: InitiationParameters,
) -> tuple[StartProfile | None, str]:
    """The start profile of the library that the parameters name; None and why where that library cannot give one."""
    name = str(parameters.profile)
    if name not in [library.id for library in libraries]:
        return None, f"library {name}, whose start profile is asked for, cannot be used"
    reads = PooledReads([positions[name]], chrom_sizes, 2 * reach.half)
    lacking = nothing_called(libraries, reads, parameters)
    if lacking:
        return None, f"library {name}, whose start profile is asked for: {lacking}"
    return learn_profile(reads, reach), ""


def of_one_kind(libraries: Sequence[Library]) -> tuple[list[Library], list[Library]]:
    """The libraries that regions are called on, all capped or all run-on, and the capped ones beside run-on ones, left out."""
    run_on = [library for library in libraries if library.assay not in CAPPED_ASSAYS]
    if not run_on:
        return list(libraries), []
    return run_on, [library for library in libraries if library.assay in CAPPED_ASSAYS]


def capped_beside(library: Library) -> Problem:
    """Why a capped library beside run-on ones is left out."""
    return Problem(
        f"library {library.id}",
        library.assay,
        "Capped and run-on reads are scored differently; regions are called on the run-on libraries.",
        "Put the capped libraries into a study of their own.",
    )


def _read_end(libraries: Sequence[Library]) -> str:
    """The read end of most libraries, three_prime where as many have either."""
    return (
        "three_prime" if 2 * sum(lib.read_end == "three_prime" for lib in libraries) >= len(libraries) else "five_prime"
    )


def nothing_called(usable: Sequence[Library], reads: PooledReads, parameters: InitiationParameters) -> str:
    """Why nothing can be called in these libraries; empty where regions can."""
    if not usable:
        return "no library can be used"
    if reads.reads < parameters.minimum_reads:
        return f"{count_of(reads.reads, 'read')} on chromosomes long enough, fewer than {parameters.minimum_reads:,}"
    fullest = next(iter(reads.chromosomes().values()), 0)
    if fullest < parameters.minimum_positions:
        return f"no chromosome has {parameters.minimum_positions:,} occupied bases; the fullest has {fullest:,}"
    return ""


def _empty(summary: Document) -> InitiationRegions:
    empty = {
        name: conform(pd.DataFrame({column.name: [] for column in TABLES[name].columns}), name)
        for name in ("initiation_regions", "initiation_scores", "initiation_profile", "initiation_counts")
    }
    regions, scores, profile, counts = empty.values()
    return InitiationRegions(regions, scores, profile, counts, summary)


def _confidence(table: pd.DataFrame, capped: bool, parameters: InitiationParameters) -> np.ndarray:
    """Of pairs by q: strong at half the rate, medium at the rate, else weak; of single starts by score; ranked where only
    the rank of a single start counts."""
    rate = parameters.pair_false_discovery_rate
    score = table[["score_plus", "score_minus"]].max(axis=1)
    single = (table["kind"] == "single").to_numpy()
    of_pairs = np.select([table["q_pair"] <= rate / 2, table["q_pair"] <= rate], ["strong", "medium"], "weak")
    of_singles = np.select(
        [score >= parameters.strong_score, score >= parameters.medium_score], ["strong", "medium"], "weak"
    )
    return np.where(single, "ranked" if capped else of_singles, of_pairs)


def _claim(table: pd.DataFrame, parameters: InitiationParameters) -> np.ndarray:
    """What may be said of a region: candidate enhancer, active TSS, or nothing."""
    single = table["kind"] == "single"
    believed = ~single & (table["q_pair"] <= parameters.pair_false_discovery_rate) & (table["flags"] == "")
    return np.select(
        [believed & (table["class"] == "distal"), table["active_tss"] & (single | believed)],
        ["candidate enhancer", "active TSS"],
        "",
    )


def _pairs_by_condition(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    chrom_sizes: Mapping[str, int],
    reach: Reach,
    calls: Calls,
    parameters: InitiationParameters,
    capped: bool,
    threads: int,
) -> dict[str, pd.DataFrame]:
    """Pairs at the false discovery rate in the libraries of each condition alone, scored with the profile of all."""
    rate = parameters.pair_false_discovery_rate
    conditions = list(dict.fromkeys(library.condition for library in libraries))
    found = {}
    for condition in conditions:
        if len(conditions) == 1:
            table = calls.table
        else:
            tables = [positions[library.id] for library in libraries if library.condition == condition]
            reads = PooledReads(tables, chrom_sizes, 2 * reach.half)
            those = [library for library in libraries if library.condition == condition]
            control = control_of(those, positions, chrom_sizes, 2 * reach.half, parameters) if capped else None
            starts, pairs = _starts_and_pairs(reads, calls.profile, control, parameters, threads, of_pairs=True)
            sides = {f"{side}_five_prime": starts["five_prime"].to_numpy()[pairs[side]] for side in SIDES}
            chrom = starts["chrom"].to_numpy()[pairs["plus"]]
            table = pd.DataFrame({"chrom": chrom, **sides, "q_pair": pairs["q_pair"]})
        found[condition] = table[table["q_pair"] <= rate]
    return found
