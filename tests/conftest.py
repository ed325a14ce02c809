"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and reference-program outputs; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real data and oracles are not beside the project ({SHARED})")
    return SHARED
