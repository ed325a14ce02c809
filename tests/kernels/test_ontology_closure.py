"""The closure of an ontology equals its definition, holds pairs once, and refuses circles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_kernels.ontology_closure import ontology_closure
from groprog_kernels.ontology_closure_reference import ontology_closure as reference


def test_a_diamond_by_hand():
    found = ontology_closure([1, 2, 3, 3], [0, 0, 1, 2], 4)
    assert [found.of(k).tolist() for k in range(4)] == [[0], [0, 1], [0, 2], [0, 1, 2, 3]]
    term, ancestor = found.pairs()
    assert list(zip(ancestor.tolist(), term.tolist(), strict=True)) == [
        *((0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 3), (2, 2), (2, 3), (3, 3))
    ]


@st.composite
def _edges(draw):
    terms = draw(st.integers(0, 12))
    order = draw(st.permutations(range(terms)))
    pairs = st.tuples(st.integers(0, max(terms - 1, 0)), st.integers(0, max(terms - 1, 0)))
    drawn = draw(st.lists(pairs, max_size=25)) if terms > 1 else []
    edges = [(order[max(a, b)], order[min(a, b)]) for a, b in drawn if a != b]
    return terms, edges


@given(_edges())
def test_equals_the_definition(given):
    terms, edges = given
    child, parent = ([edge[k] for edge in edges] for k in (0, 1))
    term, ancestor = ontology_closure(child, parent, terms).pairs()
    assert np.column_stack([term, ancestor]).tolist() == reference(child, parent, terms).tolist()


def test_more_pairs_than_were_foreseen():
    terms = 300  # a chain: the pairs outgrow the first guess of their number
    found = ontology_closure(np.arange(1, terms), np.arange(terms - 1), terms)
    assert len(found.ancestors) == terms * (terms + 1) // 2


def test_a_circle_is_refused_and_named():
    with pytest.raises(ValueError, match="term 1 is on it"):
        ontology_closure([1, 2, 3], [2, 1, 0], 4)


def test_numbers_outside_the_range_are_refused():
    with pytest.raises(ValueError, match="0 to 2"):
        ontology_closure([3], [0], 3)
    with pytest.raises(ValueError, match="equally long"):
        ontology_closure([1, 2], [0], 3)
