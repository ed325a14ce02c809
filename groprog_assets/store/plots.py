"""The address of a plot in the UI: the derivation that records it, and its name."""

from __future__ import annotations

PLAIN = "plot"
"""In an address, the name of a plot that has none."""


def plot_address(derivation: str, name: str) -> str:
    """Where `groprog dev` answers with the plot `name` ("" for the only one) of a derivation; without host, so it never ages."""
    return f"/plots/{derivation}/{name or PLAIN}.png"
