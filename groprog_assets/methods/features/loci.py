"""Key loci (4.6, figures 7-8) and the perturbed target as positive control. Tables in, tables out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.features.chromatin_signal import binned_signal
from groprog_assets.methods.features.locus_regions import CalledRegion, called_region
from groprog_assets.methods.reads.bigwig_track import Track, open_track
from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import StrandedIndex, pooled_index, total_reads
from groprog_assets.study.intervals import Place, parse_place
from groprog_assets.study.parameters import LociParameters
from groprog_assets.study.schema import Contrast, Library, Locus, Mark, TargetRegion
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document
from groprog_kernels.window_counts import bin_edges, bin_windows, count_windows

PSEUDOCOUNT = 0.5
MASKED_LIMIT = 0.5
MOST_WINDOWS = 5_000_000
"""Largest number of windows of a locus; a longer locus starts with wider windows."""


class Loci(NamedTuple):
    """table: `loci`; tracks, fine: `locus_tracks`; libraries: `library_tracks`; summary: JSON-able reliability and positive
    control."""

    table: pd.DataFrame
    tracks: pd.DataFrame
    fine: pd.DataFrame
    libraries: pd.DataFrame
    summary: Document


class Interval(NamedTuple):
    """0-based half-open."""

    chrom: str
    start: int
    end: int


class PooledCondition(NamedTuple):
    """The libraries of a condition as one: its positions by chromosome and strand, and its size in reads."""

    positions: StrandedIndex
    reads: float


def loci(
    loci: Sequence[Locus],
    signature_target: str | TargetRegion | None,
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    contrast: Contrast,
    genes: pd.DataFrame,
    masks: pd.DataFrame,
    marks: Sequence[Mark],
    chrom_sizes: Mapping[str, int],
    parameters: LociParameters,
    sizes: Mapping[str, float] | None = None,
    regions: pd.DataFrame | None = None,
    counting_window: int = 500,
) -> Loci:
    """Reads, tracks and reliability of every key locus, per condition and strand; libraries of a condition are pooled.

    sizes {library id: reads}: library sizes for reads per million; by default the reads of each library. regions:
    `initiation_regions`, of which a locus or the target may be one; counting_window: bp from the 5' base of a side.

    A locus given as a gene reaches from its dominant TSS to its TTS and is shown with flanks; one given as an interval is shown
    as it stands; one given as a region is what `called_region` finds there, each strand counted in the window of its side, and
    is shown with flanks. Where no region is called, the interval stands in its place and is not reliable. `fine` has the same
    strands by single bases, or by the narrowest windows (a power of two) of which no strand has more than `page_windows` with
    reads; only those with reads. Tracks of marks have the mark's name as condition and "." as strand; chromosomes a mark lacks
    are left out. The fold change (treatment over control, 0.5 added to both counts, in reads per million) stands in both
    conditions' rows and is missing in others and on a strand without reads; `maximum` is the highest of the windows shown that
    reach into the locus. A locus is reliable when under half of it is masked and its gene has one placement. The summary's
    `signature_target` tells whether the perturbed interval rose on the strand with more reads; None when there is no target.
    Raises AnnotationError for unknown genes, unknown chromosomes and malformed intervals, all at once.
    """
    spans, problems = _spans(loci, genes, chrom_sizes)
    target = None
    if signature_target is not None:
        text = signature_target if isinstance(signature_target, str) else signature_target.region
        target, wrong = _parse_place("signature_target", text, chrom_sizes)
        problems += wrong
    if problems:
        raise AnnotationError(problems)
    called = {
        locus.name: None if regions is None else called_region(spans[locus.name], regions, counting_window)
        for locus in loci
        if locus.region is not None
    }
    pooled = {}
    for condition in dict.fromkeys(library.condition for library in libraries):
        ids = [library.id for library in libraries if library.condition == condition]
        index = pooled_index(positions, ids)
        reads = total_reads(index) if sizes is None else sum(sizes[library] for library in ids)
        pooled[condition] = PooledCondition(index, reads)
    rows, tracks, fine, reliability = [], [], [], {}
    extents: dict[str, Interval] = {}
    with contextlib.ExitStack() as stack:
        open_marks = {mark.name: stack.enter_context(open_track(mark.bigwig)) for mark in marks if loci}
        for locus in loci:
            place, found = spans[locus.name], called.get(locus.name)
            span = Interval(place.chrom, place.start, place.end)
            if found is not None:
                span = Interval(place.chrom, found.start, min(found.end, chrom_sizes.get(place.chrom, found.end)))
            masked = masked_fraction(span, masks)
            placements = _placements(locus, genes)
            reliable = masked < MASKED_LIMIT and placements <= 1 and not (locus.name in called and found is None)
            told: Document = {"masked": masked, "placements": placements, "reliable": reliable}
            if locus.name in called:
                told |= {"place": place.text, "region": None if found is None else found.document}
            reliability[locus.name] = told
            shown = span
            if locus.interval is None:
                limit = chrom_sizes.get(span.chrom, span.end + parameters.flank)
                shown = Interval(
                    span.chrom, max(span.start - parameters.flank, 0), min(span.end + parameters.flank, limit)
                )
            extents[locus.name] = shown
            rows += _rows(locus, span, shown, pooled, contrast, reliable, parameters, found)
            tracks += _tracks(locus.name, shown, pooled, parameters)
            fine += _fine_tracks(locus.name, shown, pooled, parameters)
            tracks += _mark_tracks(locus.name, shown, open_marks, parameters)
    empty = {name: pd.DataFrame(columns=TABLES[name].column_names) for name in ("loci", "locus_tracks")}
    shown_tracks, by_base = (
        conform(pd.concat(parts, ignore_index=True) if parts else empty["locus_tracks"], "locus_tracks")
        for parts in (tracks, fine)
    )
    return Loci(
        conform(pd.DataFrame(rows) if rows else empty["loci"], "loci"),
        shown_tracks,
        by_base,
        _library_tracks(extents, positions, libraries, parameters, sizes),
        {
            "loci": reliability,
            "signature_target": None
            if target is None
            else _positive_control(Interval(*target[:3]), pooled, contrast)
            if isinstance(signature_target, str)
            else _region_control(
                target, None if regions is None else called_region(target, regions, counting_window), pooled, contrast
            ),
        },
    )


def masked_fraction(span: Interval, masks: pd.DataFrame) -> float:
    """Fraction of the interval's bases inside any mask, overlapping masks counted once; an empty interval gives 0."""
    here = masks[(masks["chrom"] == span.chrom) & (masks["start"] < span.end) & (masks["end"] > span.start)]
    covered, reached = 0, span.start
    for start, end in sorted(zip(here["start"], here["end"], strict=True)):
        left, right = max(start, reached), min(end, span.end)
        covered += max(right - left, 0)
        reached = max(reached, right)
    return float(covered / (span.end - span.start)) if span.end > span.start else 0.0


def _spans(
    loci: Sequence[Locus], genes: pd.DataFrame, chrom_sizes: Mapping[str, int]
) -> tuple[dict[str, Place], list[Problem]]:
    by_gene = genes.set_index("gene")
    spans, problems = {}, []
    for locus in loci:
        where = f"loci, {locus.name}"
        if (text := locus.interval or locus.region) is not None:
            span, wrong = _parse_place(where, text, chrom_sizes)
            problems += wrong
            if span is not None:
                spans[locus.name] = span
        elif (locus.gene or locus.name) in by_gene.index:
            gene: Any = by_gene.loc[locus.gene or locus.name]
            first, last = sorted((int(gene["tss"]), int(gene["tts"])))
            spans[locus.name] = Place(str(gene["chrom"]), first, last + 1, "")
        else:
            problems.append(
                Problem(
                    where,
                    f"gene {locus.gene or locus.name} is not among the study's {count_of(len(genes), 'gene')}",
                    "A locus is a gene of the annotation, an interval or a region.",
                    "Give interval: chrom:start-end, or the annotation's symbol.",
                )
            )
    return spans, problems


def _parse_place(where: str, text: str, chrom_sizes: Mapping[str, int]) -> tuple[Place | None, list[Problem]]:
    place = parse_place(text)
    if place is None:
        return None, [
            Problem(where, text, "Intervals are chrom:start-end, 1-based.", "For instance chr21:34800000-35100000.")
        ]
    if place.chrom not in chrom_sizes:
        return None, [
            Problem(
                where,
                f"chromosome {place.chrom}",
                f"Known are {', '.join(list(chrom_sizes)[:5])}{' ...' if len(chrom_sizes) > 5 else ''}.",
                "Name a chromosome of the study's chromosome sizes.",
            )
        ]
    if place.end > chrom_sizes[place.chrom]:
        return None, [
            Problem(
                where,
                text,
                f"1 <= start <= end <= {chrom_sizes[place.chrom]}, the length of {place.chrom}.",
                "Was it written for another assembly?",
            )
        ]
    return place, []


def _placements(locus: Locus, genes: pd.DataFrame) -> int:
    named = genes.loc[genes["gene"] == (locus.gene or locus.name), "placements"]
    return int(named.to_numpy().max()) if len(named) else 1


def _rows(
    locus: Locus,
    span: Interval,
    shown: Interval,
    pooled: Mapping[str, PooledCondition],
    contrast: Contrast,
    reliable: bool,
    parameters: LociParameters,
    region: CalledRegion | None,
) -> list[Document]:
    rows = []
    edges = _edges(shown, parameters)
    within = (edges[:-1] < span.end) & (edges[1:] > span.start)
    for strand in "+-":
        side = span if region is None or strand not in region.windows else Interval(span.chrom, *region.windows[strand])
        counts = {name: _count(condition.positions, side, strand) for name, condition in pooled.items()}
        read = counts[contrast.treatment] + counts[contrast.control] > 0
        fold = _log2_fold_change(counts, pooled, contrast) if read else np.nan
        for name, condition in pooled.items():
            scale = 1e6 / max(condition.reads, 1)
            binned = _binned(condition.positions, shown, strand, len(within))[within]
            rows.append(
                {
                    "locus": locus.name,
                    "chrom": span.chrom,
                    "start": span.start,
                    "end": span.end,
                    "condition": name,
                    "strand": strand,
                    "count": counts[name],
                    "signal": counts[name] * scale,
                    "maximum": float(binned.max(initial=0)) * scale,
                    "log2_fold_change": fold if name in (contrast.treatment, contrast.control) else np.nan,
                    "reliable": reliable,
                    "reason": locus.reason,
                }
            )
    return rows


def _edges(shown: Interval, parameters: LociParameters) -> np.ndarray:
    # Ends of the windows that a locus is shown in: `bins` of them, or one a base.
    return bin_edges(shown.start, shown.end, min(parameters.bins, shown.end - shown.start))


def _tracks(
    name: str, shown: Interval, pooled: Mapping[str, PooledCondition], parameters: LociParameters
) -> list[pd.DataFrame]:
    edges = _edges(shown, parameters)
    return [
        pd.DataFrame(
            {
                "locus": name,
                "condition": condition,
                "strand": strand,
                "start": edges[:-1],
                "end": edges[1:],
                "signal": _binned(held.positions, shown, strand, len(edges) - 1) * 1e6 / max(held.reads, 1),
            }
        )
        for condition, held in pooled.items()
        for strand in "+-"
    ]


def _library_tracks(
    extents: Mapping[str, Interval],
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    parameters: LociParameters,
    sizes: Mapping[str, float] | None,
) -> pd.DataFrame:
    """Every library's own reads per million in the windows of every locus; windows without reads are left out."""
    parts = [pd.DataFrame(columns=TABLES["library_tracks"].column_names)]
    for library in libraries if extents else ():
        index = pooled_index(positions, [library.id])
        held = {library.id: PooledCondition(index, total_reads(index) if sizes is None else sizes[library.id])}
        for name, shown in extents.items():
            for track in _tracks(name, shown, held, parameters):
                own = track.rename(columns={"condition": "library"}).assign(condition=library.condition)
                parts.append(own[own["signal"] > 0])
    return conform(pd.concat(parts, ignore_index=True), "library_tracks")


def _fine_tracks(
    name: str, shown: Interval, pooled: Mapping[str, PooledCondition], parameters: LociParameters
) -> list[pd.DataFrame]:
    strands = [(condition, held, strand) for condition, held in pooled.items() for strand in "+-"]
    width = 1
    while (shown.end - shown.start) // width > MOST_WINDOWS:
        width *= 2
    while True:
        starts = np.arange(shown.start, shown.end, width)
        ends = np.minimum(starts + width, shown.end)
        counts = [_counts(held.positions, shown.chrom, strand, starts, ends) for _, held, strand in strands]
        if max((np.count_nonzero(count) for count in counts), default=0) <= parameters.page_windows:
            break
        width *= 2
    return [
        pd.DataFrame(
            {
                "locus": name,
                "condition": condition,
                "strand": strand,
                "start": starts[count > 0],
                "end": ends[count > 0],
                "signal": count[count > 0] * 1e6 / max(held.reads, 1),
            }
        )
        for (condition, held, strand), count in zip(strands, counts, strict=True)
    ]


def _mark_tracks(
    name: str, shown: Interval, marks: Mapping[str, Track], parameters: LociParameters
) -> list[pd.DataFrame]:
    edges = _edges(shown, parameters)
    tracks = []
    for mark, track in marks.items():
        signal = binned_signal(track, shown.chrom, edges)
        if not np.isnan(signal).all():
            tracks.append(
                pd.DataFrame(
                    {
                        "locus": name,
                        "condition": mark,
                        "strand": ".",
                        "start": edges[:-1],
                        "end": edges[1:],
                        "signal": signal,
                    }
                )
            )
    return tracks


def _positive_control(target: Interval, pooled: Mapping[str, PooledCondition], contrast: Contrast) -> Document:
    strands = {}
    for strand in "+-":
        counts = {
            name: _count(pooled[name].positions, target, strand) for name in (contrast.treatment, contrast.control)
        }
        strands[strand] = {
            "treatment": counts[contrast.treatment],
            "control": counts[contrast.control],
            "log2_fold_change": _log2_fold_change(counts, pooled, contrast),
        }
    fuller = max("+-", key=lambda strand: strands[strand]["treatment"] + strands[strand]["control"])
    reads = strands[fuller]["treatment"] + strands[fuller]["control"]
    fold = strands[fuller]["log2_fold_change"]
    return {
        "interval": f"{target.chrom}:{target.start + 1}-{target.end}",
        "strands": strands,
        "strand": fuller,
        "log2_fold_change": fold,
        "reads": reads,
        "rises": bool(reads > 0 and fold > 0),
    }


def _region_control(
    place: Place, region: CalledRegion | None, pooled: Mapping[str, PooledCondition], contrast: Contrast
) -> Document:
    """The document of `_positive_control` for the sides of a region together; the fold change is None where none is called."""
    told: Document = {"interval": place.text, "region": None if region is None else region.document}
    if region is None:
        return {**told, "strands": {}, "strand": place.strand, "log2_fold_change": None, "reads": 0, "rises": False}
    strands, total = {}, dict.fromkeys((contrast.treatment, contrast.control), 0)
    for strand, window in region.windows.items():
        counts = {name: _count(pooled[name].positions, Interval(place.chrom, *window), strand) for name in total}
        total = {name: total[name] + counts[name] for name in total}
        strands[strand] = {
            "treatment": counts[contrast.treatment],
            "control": counts[contrast.control],
            "log2_fold_change": _log2_fold_change(counts, pooled, contrast),
        }
    fold, reads = _log2_fold_change(total, pooled, contrast), sum(total.values())
    return {
        **told,
        "strands": strands,
        "strand": "".join(region.windows),
        "log2_fold_change": fold,
        "reads": reads,
        "rises": bool(reads > 0 and fold > 0),
    }


def _log2_fold_change(counts: Mapping[str, int], pooled: Mapping[str, PooledCondition], contrast: Contrast) -> float:
    rate = {
        name: (counts[name] + PSEUDOCOUNT) / max(pooled[name].reads, 1)
        for name in (contrast.treatment, contrast.control)
    }
    return float(np.log2(rate[contrast.treatment] / rate[contrast.control]))


def _count(index: StrandedIndex, span: Interval, strand: str) -> int:
    return int(_counts(index, span.chrom, strand, np.array([span.start]), np.array([span.end]))[0])


def _counts(index: StrandedIndex, chrom: str, strand: str, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    held = index.get((chrom, strand))
    return np.zeros(len(start), np.int64) if held is None else count_windows(held, start, end)


def _binned(index: StrandedIndex, span: Interval, strand: str, bins: int) -> np.ndarray:
    held = index.get((span.chrom, strand))
    return np.zeros(bins, np.int64) if held is None else bin_windows(held, [span.start], [span.end], bins)[0]
