"""The published numbers were typed twice, the second time blind; here the two readings meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from groprog_assets.study.parameters import catalogue

READING: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("second_reading.yaml").read_text())
DEFAULTS = {row["name"]: row for row in catalogue()}
CITED = sorted(name for name, row in DEFAULTS.items() if row["source"] != "unstated")


def test_the_second_reading_covers_every_cited_parameter_and_no_other():
    assert sorted(READING) == CITED


@pytest.mark.parametrize("name", CITED)
def test_first_and_second_reading_agree(name: str):
    reading, default = READING[name], DEFAULTS[name]["default"]
    stated = [kind for kind in ("value", "range", "silent") if kind in reading]
    assert len(stated) == 1, f"{name} must be exactly one of value, range and silent"
    if stated == ["value"]:
        assert default == reading["value"]
        assert type(default) is not bool or type(reading["value"]) is bool
    elif stated == ["range"]:
        lower, upper = reading["range"]
        assert lower <= default <= upper
    else:
        assert DEFAULTS[name]["why"], f"{name}: no source states a number, so the choice needs its reason"
        if "labels" in reading:
            assert sorted(default) == sorted(reading["labels"])
