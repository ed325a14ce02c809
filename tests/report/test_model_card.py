"""The card carries every limit, and the document's values as lines."""

from __future__ import annotations

from groprog_assets.report.model_card import LIMITS, limits, model_card


def test_card_is_markdown_with_all_limits():
    text = model_card({"data": {"patients": 333, "endpoint": "OS"}, "mode": "signature", "limits": ["chr7 only"]})
    assert text.startswith("# Model card\n")
    assert "## Data\n\n- Patients: 333\n- Endpoint: OS\n" in text
    assert "- Mode: signature" in text
    for title, _ in LIMITS:
        assert f"- **{title}.**" in text
    assert "- **This model.** chr7 only" in text


def test_limits_do_not_repeat_and_need_no_card():
    assert limits(None) == list(LIMITS)
    assert limits({"limits": [LIMITS[0][1]]}) == list(LIMITS)
