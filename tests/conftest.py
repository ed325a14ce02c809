"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A first kernel call compiles, so no deadline; in CI the examples are the same every time, elsewhere they vary.
settings.register_profile("varied", deadline=None)
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.load_profile("fixed" if os.environ.get("CI") else "varied")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and reference-program outputs; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real data and oracles are not beside the project ({SHARED})")
    return SHARED
