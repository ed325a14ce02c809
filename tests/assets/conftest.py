"""The definitions, loaded before the tests, so that the specification of every asset is known."""

from __future__ import annotations

from groprog_assets.definitions import defs

assert defs
