"""Common style of all figures: palette, sizes, axes, and reproducible bytes.

The other modules of this room use it. matplotlib, NumPy and the standard library only. The colours are Okabe and Ito's (2008)
colour-blind-safe set, darkened where text needs contrast.
"""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

CONTROL = "#0072B2"
TREATMENT = "#D55E00"
UP = "#C2410C"
DOWN = "#0369A1"
NEUTRAL = "#8A94A3"
INK = "#1F2933"
SOFT_INK = "#5B6673"
GRID = "#E3E8EE"
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A", "#8A94A3")
"""For more than two groups, in this order."""
STRATA = ("#009E73", "#E69F00", "#B42318")
"""Low, middle and high risk."""

SMALL, WIDE, TALL = (4.6, 3.4), (8.2, 3.6), (8.2, 5.6)
"""Inches: half a page, a page across, a page across with several panels."""

PNG_DPI = 144

PNG_LEVEL = 3
"""Of zlib: two thirds of the time of its default, and a sixth more bytes."""

MOST_VECTOR_POINTS = 2000
"""Points of one kind that an SVG holds as shapes; more of them are one picture in it, at the dots per inch of the PNG."""

MOST_ROWS = 1000
"""Rows of a heat map that are given to matplotlib: over twice as many as it has dots in height."""

DRAWING = threading.RLock()
"""Held while figures are drawn: matplotlib's settings are those of the whole process."""

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT_INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": SOFT_INK,
    "ytick.color": SOFT_INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.6,
    "text.color": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "groprog",
    "path.simplify": True,
}


@contextmanager
def style() -> Iterator[None]:
    """The common look for the figures drawn inside the block; nothing outside it changes."""
    import matplotlib

    with matplotlib.rc_context(RC):
        yield


def new_figure(
    size: tuple[float, float] = SMALL, rows: int = 1, columns: int = 1, **gridspec: Any
) -> tuple[Figure, Any]:
    """A figure of `size` inches with rows x columns axes in the common look, without pyplot's global state.

    Returns (figure, axes); axes is one Axes when rows = columns = 1, else an object array of the shape matplotlib's
    `subplots` gives. `gridspec` goes to `Figure.subplots` (`sharex`, `width_ratios`, ...). Nothing needs closing.
    """
    with style():
        figure = _figure_class()(figsize=size, layout="constrained")
        return figure, figure.subplots(rows, columns, **gridspec)


@cache
def _figure_class() -> type[Figure]:
    """The class of our figures: matplotlib's, which draws all of a figure twice to write it once, the first time only to lay it
    out. Here the first time is the layout alone; the bytes written are the same."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    class LaidOutFigure(Figure):
        keeps_places = False
        """Whether the parts stay where they were in the file written before."""

        def draw(self, renderer: Any) -> None:
            layout = self.get_layout_engine()
            if isinstance(layout, ConstrainedLayoutEngine) and self.canvas.is_saving():
                with suppress(ValueError):  # as matplotlib does: a figure too small for its labels is drawn as it is
                    if self.axes and not self.keeps_places:
                        layout.execute(self)
            else:
                super().draw(renderer)

    return LaidOutFigure


def condition_colours(conditions: Sequence[str], control: str, treatment: str) -> dict[str, str]:
    """A colour for each condition: control and treatment keep theirs, others take the rest of the palette in order."""
    colours = {control: CONTROL, treatment: TREATMENT}
    others = [condition for condition in conditions if condition not in colours]
    spare = SERIES[2:]
    return {**colours, **{condition: spare[index % len(spare)] for index, condition in enumerate(others)}}


def say_empty(axes: Axes, reason: str) -> None:
    """Write the reason into axes without data, instead of an empty frame."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, reason, ha="center", va="center", color=SOFT_INK, transform=axes.transAxes, wrap=True)


def scatter(axes: Axes, x: Any, y: Any, **look: Any) -> None:
    """A scatter plot of x and y, both (n,), with the `look` of matplotlib's `scatter`; many points are one picture in an SVG."""
    axes.scatter(x, y, rasterized=len(x) > MOST_VECTOR_POINTS, **look)


def name_points(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    names: Sequence[str],
    edge: Literal["left", "right"] = "right",
) -> None:
    """Names in a column at an edge, in the order of their points' heights, a line or more apart; thin lines lead to them.

    x, y: (n,), places of the points on the axes, whose limits are set already and leave room at that edge. names: n texts.
    """
    low, high = axes.get_ylim()
    gap = (high - low) * 0.05
    order = np.argsort(y, kind="stable")
    heights = np.array(y, dtype=np.float64)[order]
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + gap)
    ceiling = high - gap / 2
    for place in range(len(heights) - 1, -1, -1):
        heights[place] = min(heights[place], ceiling)
        ceiling = heights[place] - gap
    place_of_names = axes.get_xlim()[edge == "right"]
    for point, height in zip(order, heights, strict=True):
        axes.annotate(
            names[point],
            (x[point], y[point]),
            (place_of_names, height),
            fontsize=7.5,
            color=INK,
            va="center",
            ha=edge,
            zorder=5,
            arrowprops={"arrowstyle": "-", "color": SOFT_INK, "lw": 0.5, "shrinkA": 0, "shrinkB": 2},
        )


def coloured_rows(axes: Axes, values: NDArray[np.float64], ends: tuple[float, float], top: float) -> AxesImage:
    """`values` (r, b) as colours from 0 to `top`, the first row on top; the axis of columns runs from ends[0] to ends[1], that
    of rows from 0 to r.

    Over MOST_ROWS rows are drawn as means of as many neighbours each, of values cut at `top`: what the dots of a picture show
    anyway, without matplotlib's filter over all of them.
    """
    rows = len(values)
    if rows > MOST_ROWS:
        first = np.linspace(0, rows, MOST_ROWS, endpoint=False).astype(np.int64)
        values = np.add.reduceat(np.minimum(values, top), first) / np.diff(first, append=rows)[:, None]
    image = axes.imshow(
        values,
        aspect="auto",
        extent=(*ends, rows, 0),
        cmap="cividis",
        vmin=0,
        vmax=top,
        interpolation="antialiased",
    )
    axes.grid(False)
    return image


def figure_bytes(figure: Figure, suffix: Literal["png", "svg"] = "png", dpi: int = PNG_DPI) -> bytes:
    """The figure as PNG or SVG bytes that are equal for equal figures: no dates, fixed ids, fixed software tag.

    `dpi` is dots per inch of a PNG and has no meaning for an SVG, whose text stays text. ValueError for another suffix.
    """
    if suffix not in ("png", "svg"):
        raise ValueError(f"A figure is written as png or svg, not {suffix!r}.")
    buffer = io.BytesIO()
    if suffix == "svg":
        with style():
            figure.savefig(buffer, format="svg", dpi=dpi, metadata={"Date": None, "Creator": "GroProg"})
        return buffer.getvalue()
    with style():
        figure.savefig(buffer, format="raw", dpi=dpi)
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    width = int(figure.get_figwidth() * dpi + 1e-8)  # as matplotlib counts dots
    dots = np.frombuffer(buffer.getbuffer(), np.uint8).reshape(-1, width, 4)
    about, packed = PngInfo(), io.BytesIO()
    about.add_text("Software", "GroProg")
    Image.fromarray(dots).convert("RGB").save(packed, "PNG", compress_level=PNG_LEVEL, dpi=(dpi, dpi), pnginfo=about)
    return packed.getvalue()


def laid_out_once(figure: Figure) -> dict[str, bytes]:
    """{"png": bytes, "svg": bytes} of a figure of `new_figure`. Its parts keep in the SVG the places that they have in the PNG:
    to find them takes as long as to draw."""
    made = {"png": figure_bytes(figure, "png")}
    figure.keeps_places = True  # type: ignore[attr-defined]
    return {**made, "svg": figure_bytes(figure, "svg")}


def data_uri(image: bytes | str) -> str:
    """An image as a `data:` address for HTML or Markdown: PNG from its signature, anything else as SVG text."""
    raw = image.encode() if isinstance(image, str) else image
    kind = "image/png" if raw.startswith(b"\x89PNG") else "image/svg+xml"
    return f"data:{kind};base64,{base64.b64encode(raw).decode('ascii')}"
