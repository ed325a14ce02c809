"""The examples in the docstrings of the survival library, and on its page, give what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

LIBRARY = [
    *(
        f"groprog_kernels.{name}"
        for name in ("auc", "brier", "censoring", "concordance", "cox", "pairs", "pairs_spectral", "risk_sets")
    ),
    "groprog_assets.model.loss",
]
# Steps inside the other functions; their shapes are their documentation.
INNER = {"first_comparable", "survival_arrays", "risk_array", "terms_needed", "separable_basis", "spectral_sums"}


@pytest.mark.parametrize("name", LIBRARY)
def test_examples_give_what_they_say(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", LIBRARY)
def test_public_functions_are_typed_and_have_an_example(name: str) -> None:
    module = importlib.import_module(name)
    for function_name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != name or function_name.startswith("_"):
            continue
        signature = inspect.signature(function)
        untyped = [each for each, given in signature.parameters.items() if given.annotation is inspect.Parameter.empty]
        assert not untyped, f"{name}.{function_name}: {untyped}"
        assert signature.return_annotation is not inspect.Signature.empty
        assert function_name in INNER or ">>>" in (function.__doc__ or ""), f"{name}.{function_name} has no example"


def test_the_page_of_the_library_gives_what_it_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "survival_library.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
