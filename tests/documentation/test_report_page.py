"""docs/read_the_report.md names what the report has: its sections, in their order, by their titles."""

from __future__ import annotations

import re

from groprog_assets.report.sections import SECTIONS
from tests.architecture.sources import ROOT


def test_every_section_of_the_report_is_explained_in_its_order():
    text = (ROOT / "docs" / "read_the_report.md").read_text()
    table = text[text.index("| section |") :]
    assert re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[2:] == [title for _, title, _ in SECTIONS]


def test_every_finding_of_the_first_screen_is_named():
    text = (ROOT / "docs" / "read_the_report.md").read_text()
    for named in (
        "transcription, starts, pausing, prognosis, what each part of the model adds, other centres",
        "**Asked**",
    ):
        assert named in text
