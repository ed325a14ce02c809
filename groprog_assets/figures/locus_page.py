"""Figures 7 and 8, interactive: one self-contained HTML page per locus, drawn by igv.js. Tables in, bytes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from groprog_assets.figures.html_templates import html_templates
from groprog_assets.figures.loci import FEWEST_READS, genes_within, sentence, signal_range, with_enough_reads
from groprog_assets.figures.style import INK, NEUTRAL, SERIES, SOFT_INK, condition_colours
from groprog_assets.tables.values import Document

TEMPLATES = Path(__file__).with_name("templates")
WINDOW_FUNCTION = {1: "max", -1: "min"}
"""A pixel shows its highest base on either strand, because the mean of igv.js would lower every peak."""
IGV_VERSION = "3.8.10"
"""npm package igv, file dist/igv.min.js; its licence lies beside it in templates/igv."""


def locus_pages(
    table: pd.DataFrame,
    tracks: pd.DataFrame,
    fine: pd.DataFrame,
    genes: pd.DataFrame,
    chrom_sizes: Mapping[str, int],
    contrast: tuple[str, str],
    genome: str = "",
    regions: pd.DataFrame | None = None,
    libraries: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    annotated: pd.DataFrame | None = None,
) -> dict[str, bytes]:
    """{locus: its page} of every locus of `table`, by name; arguments as of `locus_page`."""
    return {
        name: locus_page(
            name, table, tracks, fine, genes, chrom_sizes, contrast, genome, regions, libraries, units, annotated
        )
        for name in sorted(set(table["locus"]))
    }


def locus_page(
    locus: str,
    table: pd.DataFrame,
    tracks: pd.DataFrame,
    fine: pd.DataFrame,
    genes: pd.DataFrame,
    chrom_sizes: Mapping[str, int],
    contrast: tuple[str, str],
    genome: str = "",
    regions: pd.DataFrame | None = None,
    libraries: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    annotated: pd.DataFrame | None = None,
) -> bytes:
    """UTF-8 HTML of one locus: a stranded track a condition and a lower one a library, a track a mark, the initiation
    regions, the called units, the genes, the transcripts with their exons; data and program are in the page.

    `table` is the loci table, `tracks` the locus_tracks table, of which the page takes its extent and the marks, `fine` the same
    strands by the base or nearly so, `genes` the genes table, chrom_sizes bp, `contrast` (control,
    treatment); `regions` the initiation_regions table, `libraries` library_tracks, `units` transcripts, `annotated` the
    gene_models near the loci with a column `exons` of (start, end) each. Plus lies
    above zero and minus below. The conditions share one y-range and the libraries another, so heights may be compared; where one
    peak is much higher than the rest, the range is that of the rest (`signal_range` of `figures/loci.py`). A content
    security policy in the page forbids any request. Raises KeyError for a locus the table does not hold.
    """
    rows = table[table["locus"] == locus]
    if rows.empty:
        raise KeyError(locus)
    held, near = (part[part["locus"] == locus] for part in (tracks, fine))
    chrom, start, end = extents(rows, held)[locus]
    session = {
        "reference": {"id": f"{genome} (study)", "name": genome, "format": "chromsizes", "wholeGenomeView": False},
        "sizes": f"{chrom}\t{int(chrom_sizes[chrom])}\n",
        "locus": f"{chrom}:{start + 1}-{end}",
        "loadDefaultGenomes": False,
        "queryParametersSupported": False,
        "showIdeogram": False,
        "showCenterGuideButton": False,
        "tracks": [
            *_signal(
                held,
                near,
                chrom,
                *contrast,
                libraries=None if libraries is None else libraries[libraries["locus"] == locus],
            ),
            *([] if regions is None else [_regions(regions, chrom, start, end)]),
            *([] if units is None else [_units(units, chrom, start, end)]),
            _genes(genes, chrom, start, end),
            *([] if annotated is None or annotated.empty else [_transcripts(annotated, chrom, start, end)]),
        ],
    }
    view = {
        "locus": locus,
        "title": f"{locus}, {chrom}:{start + 1:,}–{end:,}" + (f" ({genome})" if genome else ""),
        "subtitle": (
            f"{sentence(str(rows['reason'].iloc[0]))} Reads per million in each {_width(near)}, + above zero and − below. "
            f"No fold change under {FEWEST_READS} reads."
        ).strip(),
        "reliable": bool(rows["reliable"].all()),
        "rows": [
            {
                "condition": row.condition,
                "strand": row.strand.replace("-", "−"),
                "count": f"{row.count:,}",
                "signal": f"{row.signal:.2f}",
                "fold": _fold(row.log2_fold_change),
            }
            for row in _tuples(with_enough_reads(rows))
        ],
        "igv_version": IGV_VERSION,
        "igv": Markup(_program()),
        "session": Markup(json.dumps(session, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")),
    }
    return _template().render(**view).encode("utf-8")


def extents(table: pd.DataFrame, tracks: pd.DataFrame) -> dict[str, tuple[str, int, int]]:
    """{locus: (chromosome, start, end)} that its page shows: all of its tracks, or the locus itself where it has none."""
    found = {}
    for locus, rows in table.groupby("locus", sort=True):
        held = tracks[tracks["locus"] == locus]
        bounds = held if len(held) else rows
        found[str(locus)] = (str(rows["chrom"].iloc[0]), int(bounds["start"].min()), int(bounds["end"].max()))
    return found


def _fold(change: float) -> str:
    """A log2 fold change with its sign; a dash where there is none."""
    return "–" if pd.isna(change) else f"{change:+z.2f}".replace("-", "−")


def _width(fine: pd.DataFrame) -> str:
    width = int((fine["end"] - fine["start"]).max()) if len(fine) else 1
    return "base" if width == 1 else f"window of {width} bp"


def _signal(
    held: pd.DataFrame,
    stranded: pd.DataFrame,
    chrom: str,
    control: str,
    treatment: str,
    libraries: pd.DataFrame | None,
) -> list[Document]:
    marks = held[held["strand"] == "."]
    present = held.loc[held["strand"] != ".", "condition"].unique()
    conditions = sorted(present, key=lambda name: (name != control, name != treatment, name))
    colours = condition_colours(conditions, control, treatment)
    top = round(signal_range(stranded["signal"].to_numpy(float)), 4) if len(stranded) else 0.0
    scale: Document = {"autoscale": False, "min": -(top or 1.0), "max": top or 1.0}
    found: list[Document] = []
    for condition in conditions:
        own = stranded[stranded["condition"] == condition]
        found.append(_stranded(condition, own, chrom, colours[condition], 120, scale))
        if libraries is not None:
            by_window = {**scale, **_window_scale(libraries)}
            for library, rows in libraries[libraries["condition"] == condition].groupby("library", sort=True):
                found.append(_stranded(str(library), rows, chrom, colours[condition], 50, by_window))
    for place, (mark, rows) in enumerate(marks.groupby("condition", sort=False)):
        highest = round(float(rows["signal"].max() or 0) * 1.05, 4) or 1.0
        found.append(
            {
                "type": "wig",
                "name": str(mark),
                "height": 60,
                "color": SERIES[2 + place % (len(SERIES) - 2)],
                "autoscale": False,
                "min": 0,
                "max": highest,
                "features": _steps(rows, chrom, 1),
            }
        )
    return found


def _stranded(name: str, own: pd.DataFrame, chrom: str, colour: str, height: int, scale: Mapping[str, Any]) -> Document:
    """Both strands of a condition or a library as one track, plus above zero and minus below."""
    parts = [
        {
            "type": "wig",
            "name": f"{name} {strand}",
            "color": colour,
            "altColor": colour,
            "windowFunction": WINDOW_FUNCTION[sign],
            "features": _steps(own[own["strand"] == strand], chrom, sign),
            **scale,
        }
        for strand, sign in (("+", 1), ("-", -1))
    ]
    return {"type": "merged", "name": name, "height": height, "alpha": 1, "tracks": parts, **scale}


def _window_scale(libraries: pd.DataFrame) -> Document:
    """One y-range for all libraries, whose windows are wider than the bases of the conditions."""
    top = round(signal_range(libraries["signal"].to_numpy(float)), 4)
    return {"min": -top, "max": top}


def _steps(rows: pd.DataFrame, chrom: str, sign: int) -> list[Document]:
    """Windows as igv.js features; those without signal are left out, equal neighbours are one."""
    steps: list[Document] = []
    for row in _tuples(rows.sort_values("start")):
        value = 0.0 if pd.isna(row.signal) else round(sign * float(row.signal), 4)
        if not value:
            continue
        if steps and steps[-1]["end"] == row.start and steps[-1]["value"] == value:
            steps[-1]["end"] = int(row.end)
        else:
            steps.append({"chr": chrom, "start": int(row.start), "end": int(row.end), "value": value})
    return steps


def _genes(genes: pd.DataFrame, chrom: str, start: int, end: int) -> Document:
    features = [
        {"chr": chrom, "start": int(row.start), "end": int(row.end), "name": str(row.gene), "strand": str(row.strand)}
        for row in _tuples(genes_within(genes, chrom, start, end))
    ]
    return {
        "type": "annotation",
        "name": "Genes",
        "displayMode": "EXPANDED",
        "height": 80,
        "color": INK,
        "features": features,
    }


def _units(units: pd.DataFrame, chrom: str, start: int, end: int) -> Document:
    """Called transcription units within the extent."""
    near = units[(units["chrom"] == chrom) & (units["start"] < end) & (units["end"] > start)]
    features = [
        {"chr": chrom, "start": int(row.start), "end": int(row.end), "name": str(row.name), "strand": str(row.strand)}
        for row in _tuples(near)
    ]
    shown = {"displayMode": "EXPANDED", "height": 50, "color": SERIES[0], "features": features}
    return {"type": "annotation", "name": "Transcription units", **shown}


def _transcripts(annotated: pd.DataFrame, chrom: str, start: int, end: int) -> Document:
    """Annotated transcripts within the extent, exons as boxes, introns as lines; one without exons as one box."""
    near = annotated[
        (annotated["chrom"] == chrom) & (annotated["start"] < end) & (annotated["end"] > start)
    ].sort_values(["transcript", "start"])
    features = []
    for row in _tuples(near):
        place = {"chr": chrom, "start": int(row.start), "end": int(row.end)}
        boxes = [{"start": int(first), "end": int(last)} for first, last in row.exons]
        named = {"name": str(row.transcript), "strand": str(row.strand)}
        features.append({**place, **named, **({"exons": boxes} if boxes else {})})
    shown = {"displayMode": "EXPANDED", "height": 90, "color": SOFT_INK, "features": features}
    return {"type": "annotation", "name": "Transcripts, exons", **shown}


def _regions(regions: pd.DataFrame, chrom: str, start: int, end: int) -> Document:
    """Initiation regions within the extent: pairs dark, single starts lighter; the name tells class and confidence."""
    near = regions[(regions["chrom"] == chrom) & (regions["start"] < end) & (regions["end"] > start)]
    features = [
        {
            "chr": chrom,
            "start": int(row.start),
            "end": int(row.end),
            "name": f"{row.name} {row.claim or row.kind}, {row.confidence}",
            "strand": str(row.strand),
            "color": SERIES[2] if row.strand == "." else NEUTRAL,
        }
        for row in _tuples(near)
    ]
    return {
        "type": "annotation",
        "name": "Initiation regions",
        "displayMode": "EXPANDED",
        "height": 60,
        "color": SERIES[2],
        "features": features,
    }


def _tuples(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples(index=False)


@cache
def _program() -> str:
    return (TEMPLATES / "igv" / "igv.min.js").read_text(encoding="utf-8").replace("</script", "<\\/script")


@cache
def _template() -> Any:
    return html_templates(TEMPLATES).get_template("locus.html")
