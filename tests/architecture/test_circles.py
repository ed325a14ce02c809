"""No module imports itself through others, counting imports inside functions."""

from __future__ import annotations

from tests.architecture.sources import circles, import_graph


def test_no_module_imports_itself_through_others():
    found = circles(import_graph())
    assert not found, "move what both sides need into a module of its own"


def test_circles_of_any_length_are_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"f"}, "f": {"e"}, "g": {"g", "h"}, "h": set()}
    assert circles(graph) == [("a", "b", "c"), ("e", "f"), ("g",)]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_an_import_inside_a_function_counts():
    graph = import_graph()
    assert "groprog_assets.model.predict" in graph["groprog_assets.prognosis.scoring"]
    assert "groprog_assets.model.risk_model" in graph["groprog_assets.model.predict"]
