"""The ledger's page: facts as they are, text from the study never read as HTML."""

from __future__ import annotations

from groprog_assets.figures.ledger_page import render_asset, render_index, summed
from groprog_assets.wording import setting

FACTS = {
    "asset": "pausing",
    "values": [
        {
            "partition": "",
            "happened": "2026-01-01T00:00:00",
            "run_id": "r",
            "actor": "<b>",
            "sha256": "s",
            "derivation": "d",
        }
    ],
    "reads": [],
    "read_by": ["report"],
    "files": [],
    "file_count": 0,
    "parameters": {"a.b": {"value": 2, "published": 1}},
    "left_out": [{"library": "x", "reason": "strandedness"}],
    "code": ["c"],
    "environments": ["e"],
    "checks": [],
    "history": [],
    "columns": [],
}


def test_text_is_escaped_and_an_override_stands_out():
    shown = render_asset(FACTS, "study <script>", "what it is", {"sequence": 3, "seal": "f" * 64}).decode()
    assert "<script>" not in shown
    assert "&lt;b&gt;" in shown
    assert '<span class="bad">2</span>' in shown
    assert "Left out: x, strandedness" in shown
    assert "seal 3" in shown


def test_an_empty_ledger_says_so():
    shown = render_index([], [], [], "study", None).decode()
    for text in ("Nothing was made yet", "Nothing was run yet", "None was made yet"):
        assert text in shown


def test_many_changed_codes_are_counted():
    few = ["code_version of a", "seed"]
    many = [f"code_version of a{k}" for k in range(5)]
    assert summed(few) == ["code of a", "seed"]
    assert summed([*many, "seed"]) == ["seed", "code of 5 steps"]


def test_settings_are_written_in_words_with_every_digit():
    given = [(True, "yes"), (False, "no"), (None, "not set"), ([1.5, None], "1.5, not set"), ([], "none")]
    given += [({"a": True}, "a yes"), (0.000123456, "0.000123456"), (10000, "10000"), ("auto", "auto")]
    assert [setting(value) for value, _ in given] == [words for _, words in given]
    parameters = {f"a.b{k}": {"value": value, "published": 7} for k, (value, _) in enumerate(given)}
    shown = render_asset({**FACTS, "parameters": parameters}, "study", "what", None).decode()
    for _, words in given:
        assert f'<span class="bad">{words}</span>' in shown
    for raw in ("None", "True", "False"):
        assert f">{raw}<" not in shown
