"""The page of the libraries: its first example does what it says, and every estimator and metric stands on it."""

from __future__ import annotations

import doctest

from groprog_assets import estimators
from groprog_assets.documentation.api import EXAMPLE, _code, _prose, api_page


def test_the_first_example_gives_what_it_says():
    example = doctest.DocTestParser().get_doctest(EXAMPLE, {}, "api.md", None, 0)
    result = doctest.DocTestRunner().run(example)
    assert result.attempted > 8
    assert result.failed == 0


def test_what_is_offered_stands_on_the_page_with_its_methods():
    page = api_page()
    for name in estimators.__all__:
        assert f"#### {name}" in page or f"#### class {name}" in page
    for text in ("**`predict_survival`**", "#### harrell", "#### cumulative_dynamic_auc", "#### cox_efron_loss"):
        assert text in page
    assert page.count("```") % 2 == 0


def test_words_are_words_and_examples_are_code():
    assert _prose("a_b `c_d` <e>\n\n>>> f_g(1)\n2\n\nafter") == [
        r"a\_b `c_d` &lt;e>", "", "```python", ">>> f_g(1)", "2", "```", "", "after"
    ]  # fmt: skip


def test_a_long_signature_has_an_argument_a_line():
    def long(first: dict[str, tuple[int, float]], second: list[int] | None = None, *, third: str = "two words") -> int:
        return 0

    assert _code("with_a_longer_name", long) == [
        "```python",
        "with_a_longer_name(",
        "    first: dict[str, tuple[int, float]],",
        "    second: list[int] | None = None,",
        "    *,",
        "    third: str = 'two words',",
        ") -> int",
        "```",
    ]
