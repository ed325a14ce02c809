"""What an asset returns: its value, the numbers a person looks at first, a plot, and its checks. No Dagster here."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAXIMUM_PLOT_BYTES = 50_000


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check: whether it passed, what was seen, and what to do when it did not."""

    name: str
    passed: bool
    description: str
    values: dict[str, Any] = field(default_factory=dict)
    blocking: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "passed": bool(self.passed),
            "description": self.description,
            "values": self.values,
            "blocking": self.blocking,
        }


@dataclass(frozen=True)
class Materialized:
    """A value and what is said of it. `plot` draws a matplotlib figure and is only called when the value is new."""

    value: Any
    headline: dict[str, Any]
    plot: Callable[[], Any] | None
    verdicts: tuple[Verdict, ...]


def materialized(
    value: Any,
    *,
    plot: Callable[[], Any] | None = None,
    verdicts: tuple[Verdict, ...] | list[Verdict] = (),
    **headline: Any,
) -> Materialized:
    """`value` with its headline numbers; numbers become a history in the UI, text is shown as it is."""
    return Materialized(value, headline, plot, tuple(verdicts))


def png(figure: Any) -> bytes:
    """PNG bytes of a matplotlib figure, at most 50 kB: the resolution falls until it fits; the figure is closed."""
    from matplotlib import pyplot

    try:
        for dots in (90, 72, 56, 42, 30):
            sink = io.BytesIO()
            figure.savefig(sink, format="png", dpi=dots, metadata={"Software": None})
            if sink.tell() <= MAXIMUM_PLOT_BYTES:
                break
        return sink.getvalue() if sink.tell() <= MAXIMUM_PLOT_BYTES else b""
    finally:
        pyplot.close(figure)
