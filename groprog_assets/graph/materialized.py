"""What the function of an asset returns: its value, headline numbers, plots and verdicts of its checks. No Dagster."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Document, Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAXIMUM_PLOT_BYTES, PLOT_DPI = 50_000, 110


@dataclass(frozen=True)
class Materialized:
    """A value and what is said of it. `plots` draw matplotlib figures, by name, and are only called when the value is new."""

    value: Value
    headline: Document
    plots: dict[str, Callable[[], Figure]]
    verdicts: tuple[Verdict, ...]


def materialized(
    value: Value,
    *,
    plot: Callable[[], Figure] | Mapping[str, Callable[[], Figure]] | None = None,
    verdicts: tuple[Verdict, ...] | list[Verdict] = (),
    **headline: Any,
) -> Materialized:
    """`value` with its headline numbers; numbers become a history in the UI, text is shown as it is."""
    plots = dict(plot) if isinstance(plot, Mapping) else {"": plot} if plot else {}
    return Materialized(value, headline, plots, tuple(verdicts))


def png(figure: Figure) -> bytes:
    """PNG bytes of a matplotlib figure, at most 50 kB; empty when it never fits.

    It is drawn once. Where its bytes are too many they become 256 colours, and then fewer dots, of the same picture.
    """
    from PIL import Image

    from groprog_assets.figures.style import figure_bytes

    image = figure_bytes(figure, "png", PLOT_DPI)
    if len(image) <= MAXIMUM_PLOT_BYTES:
        return image
    with Image.open(io.BytesIO(image)) as drawn:
        whole = drawn.convert("RGB")
    for dots in (PLOT_DPI, 90, 72, 56, 42, 30):
        buffer = io.BytesIO()
        size = (whole.width * dots // PLOT_DPI, whole.height * dots // PLOT_DPI)
        smaller = whole.resize(size, Image.Resampling.BOX) if dots < PLOT_DPI else whole
        smaller.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG")
        if buffer.tell() <= MAXIMUM_PLOT_BYTES:
            return buffer.getvalue()
    return b""
