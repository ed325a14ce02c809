"""docs/figures.md: every figure of the bundled study with the caption that the report gives it; and its small images.

Names of images and the report's captions in, Markdown out; a results folder in, images out.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from groprog_assets.documentation.generated import GENERATED
from groprog_assets.report import (
    chromatin,
    external,
    genomics,
    initiation,
    libraries,
    paper,
    pausing,
    prognosis,
    reads,
    robustness,
    sections,
    sequence,
    strata,
)

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images" / "figures"
LARGEST_IMAGE = 150_000
"""Bytes that an image of the documentation may have."""
WIDEST = 1_200
"""Pixels; wider figures are made smaller."""
COLOURS = 256
FEWEST_COLOURS = 16
PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Reads and libraries", (*reads.CAPTIONS, *libraries.CAPTIONS)),
    ("Units, changes, functions", tuple(name for name in genomics.CAPTIONS if name != "workflow")),
    ("Where transcription starts", tuple(initiation.CAPTIONS)),
    ("Polymerase pausing", tuple(pausing.CAPTIONS)),
    ("Key loci", ("locus_",)),
    ("Chromatin marks", tuple(chromatin.CAPTIONS)),
    ("Sequence", tuple(sequence.CAPTIONS)),
    ("Patients and model", (*prognosis.CAPTIONS, *strata.CAPTIONS, *robustness.CAPTIONS)),
    ("Patients of other centres", ("external_",)),
    ("Beside the source paper", tuple(paper.CAPTIONS)),
    ("The graph", ("workflow",)),
)
"""Heading → names of figures, or the beginning of the names of those that a study names itself."""


def figures_page() -> str:
    """A heading a part of the report; each figure whose image is in docs/images/figures with its caption, then the captions of
    those that the bundled study does not have."""
    shown = {path.stem for path in IMAGES.glob("*.png")}
    lines = [
        "# Figures",
        "",
        GENERATED,
        "",
        "Every figure of the bundled study (`groprog simulate`, `groprog run`) with its caption in the report. In a results",
        "folder they are `figures/NAME.svg` and `figures/NAME.png`; the images here have fewer colours and are at most",
        f"{WIDEST:,} pixels wide. `make figures` makes them again. Captions are from `groprog_assets/report/`.",
    ]
    absent: list[str] = []
    for heading, names in PARTS:
        known = [name for name in names if not name.endswith("_")]
        found = [name for name in known if name in shown]
        found += sorted(name for name in shown for start in names if start.endswith("_") and name.startswith(start))
        absent += [name for name in known if name not in shown]
        if found:
            lines += ["", f"## {heading}"]
        for name in found:
            caption, alt = caption_of(name)
            lines += ["", f"### {name}", "", f"![{alt}](images/figures/{name}.png)", "", caption]
    if absent:
        lines += [
            "",
            "## Figures of other studies",
            "",
            "The bundled study learns from no other cohorts (`cohort.sources`), is not laid beside the source paper",
            "(`compare_with_paper`), and its model is not of the paper's form, which alone has eta.",
            "",
            "| figure | caption |",
            "| --- | --- |",
            *(f"| `{name}` | {caption_of(name)[0]} |" for name in absent),
        ]
    return "\n".join([*lines, ""])


def caption_of(name: str) -> tuple[str, str]:
    """(caption, alternative text) of a figure by its name. KeyError for a name that the report does not know."""
    if name.startswith("locus_"):
        return genomics.locus_caption(name.removeprefix("locus_"))
    if elsewhere := re.fullmatch(r"external_(.+)_(?:survival|calibration)", name):
        return external.captions(elsewhere[1])[name]
    return sections.CAPTIONS[name]


def write_images(results: Path, folder: Path = IMAGES) -> list[Path]:
    """Small copies of `results`/figures/*.png in `folder`, in place of those that are there; their paths.

    FileNotFoundError where there are none; nothing is removed then.
    """
    drawn = sorted((results / "figures").glob("*.png"))
    if not drawn:
        raise FileNotFoundError(f"{results / 'figures'} holds no PNG; run the study first")
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob("*.png"):
        earlier.unlink()
    written = []
    for path in drawn:
        target = folder / path.name
        target.write_bytes(small_png(path.read_bytes()))
        written.append(target)
    return written


def small_png(image: bytes) -> bytes:
    """A PNG with at most COLOURS colours, WIDEST pixels of width and LARGEST_IMAGE bytes; fewer colours where that needs them.

    ValueError for an image that cannot be made so small.
    """
    from PIL import Image

    with Image.open(BytesIO(image)) as opened:
        plain = opened.convert("RGB")
    if plain.width > WIDEST:
        plain = plain.resize((WIDEST, round(plain.height * WIDEST / plain.width)), Image.Resampling.LANCZOS)
    colours = COLOURS
    while colours >= FEWEST_COLOURS:
        held = BytesIO()
        plain.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            held, "PNG", optimize=True
        )
        if len(held.getvalue()) <= LARGEST_IMAGE:
            return held.getvalue()
        colours //= 2
    raise ValueError(f"an image of {plain.width} × {plain.height} pixels is over {LARGEST_IMAGE:,} bytes")
