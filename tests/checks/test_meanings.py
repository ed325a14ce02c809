"""Each check of the graph says what it asks."""

from __future__ import annotations

from groprog_assets.checks.meanings import MEANINGS
from groprog_assets.definitions import defs


def test_every_check_has_a_sentence_and_no_sentence_is_left_over():
    graph = defs.resolve_asset_graph()
    described = {key.name: graph.get(key).description for key in graph.asset_check_keys}
    assert [name for name, text in described.items() if not text] == [], "checks/meanings.py says what each check asks"
    assert set(MEANINGS) - set(described) == set()


def test_a_sentence_is_a_sentence():
    assert [
        name for name, text in MEANINGS.items() if not text[0].isupper() or text[-1] != "." or len(text) > 130
    ] == []
