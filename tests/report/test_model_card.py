"""The card carries every limit, and the document's values as lines."""

from __future__ import annotations

from groprog_assets.report.model_card import LIMITS, described_model, limits, model_card


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


def test_lists_of_the_summary_are_told_in_words():
    branches = [
        {"branch": "clinical", "weight": 1.0, "share": 0.25, "gain": 0.1},
        {"branch": "copy_number", "weight": 0.5, "share": 0.75, "gain": 0.2},
    ]
    lists = {"stacking": [0.929, 0.0922], "linear_penalties": [1.0, 0.03], "branches": branches}
    text = model_card({"Model": described_model({"mode": "signature", "network_from_events": 200, **lists})})
    assert "- Weight of the linear path: 0.929\n- Weight of the network: 0.0922\n" in text
    assert "- A network is trained from: 200 events\n" in text
    assert "- Branch of clinical fields: 25 % of the linear path, ridge penalty 1\n" in text
    assert "75 % of the linear path, ridge penalty 0.03\n" in text
    assert "values" not in text.split("## Limits")[0]
    rows = [{"name": "rna", "reason": "one batch", "where": ["the final model", "repeat 0 fold 1"]}]
    text = model_card({"Model": described_model({"assays_left_out": rows})})
    assert "- Rna left out of the final model, repeat 0 fold 1: one batch\n" in text
    assert described_model({"mode": "clinical"}) == {"mode": "clinical"}
