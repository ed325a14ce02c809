"""What the function of an asset returns: its value, headline numbers, plots and verdicts of its checks. No Dagster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groprog_assets.checks.verdict import Verdict
from groprog_assets.tables.values import Document, Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAXIMUM_PLOT_BYTES = 50_000


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
    """PNG bytes of a matplotlib figure, at most 50 kB: the resolution falls until it fits; empty when it never does."""
    from groprog_assets.figures.style import figure_bytes

    for dots in (110, 90, 72, 56, 42, 30):
        image = figure_bytes(figure, "png", dots)
        if len(image) <= MAXIMUM_PLOT_BYTES:
            return image
    return b""
