"""The scores of diseases equal their definitions, whatever the order of a query and the numbering of terms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_kernels import phenotype_ranking as ranking
from groprog_kernels import phenotype_ranking_reference as reference
from groprog_kernels.ontology_closure import ontology_closure

# 0 is the root; 1 and 2 below it; 3 below 1; 4 below 1 and 2
CHILD, PARENT = [1, 2, 3, 4, 4], [0, 0, 1, 1, 2]
OWN = [{3: 0.5, 2: 1.0}, {4: 0.25}, {1: 0.8, 4: 0.2}, {}]


def _index(own, child, parent, terms):
    closure = ontology_closure(child, parent, terms)
    rows = [(d, t, f) for d, held in enumerate(own) for t, f in held.items()]
    disease, term, frequency = ([row[k] for row in rows] for k in range(3))
    return ranking.disease_index(disease, term, frequency, len(own), closure), [
        set(closure.of(t).tolist()) for t in range(terms)
    ]


def test_a_likelihood_ratio_by_hand():
    index, _ = _index(OWN, CHILD, PARENT, 5)
    base_of_3, base_of_1 = (0.5 + 0.5) / 4, (0.5 + 0.25 + 0.8 + 0.5) / 4
    found = ranking.likelihood_ratios(index, [3])[0]
    assert found[0] == pytest.approx(0.5 / base_of_3)
    assert found[2] == pytest.approx(max(0.05 * 0.8 / base_of_1, 0.05 * 0.8 / ((1 + 0.25 + 0.8 + 0.5) / 4)))
    assert found[3] == 0.01, "a disease without terms has the least ratio"


def test_the_ancestors_of_another_finding_are_left_out():
    index, _ = _index(OWN, CHILD, PARENT, 5)
    assert ranking.most_specific(index, [4, 1, 0, 4, 3]).tolist() == [3, 4]


def test_equal_scores_share_the_mean_of_their_ranks():
    assert ranking.mid_ranks([3.0, 5.0, 3.0, 1.0]).tolist() == [2.5, 1.0, 2.5, 4.0]


def test_an_empty_query_and_bad_frequencies_are_refused():
    index, _ = _index(OWN, CHILD, PARENT, 5)
    with pytest.raises(ValueError, match="one finding"):
        ranking.likelihood_ratios(index, [])
    with pytest.raises(ValueError, match="numbered"):
        ranking.resnik(index, [5])
    with pytest.raises(ValueError, match=r"\(0, 1\]"):
        ranking.disease_index([0], [1], [0.0], 1, ontology_closure(CHILD, PARENT, 5))


@st.composite
def _worlds(draw):
    terms = draw(st.integers(2, 9))
    parents = [draw(st.lists(st.integers(0, t - 1), min_size=1, max_size=2, unique=True)) for t in range(1, terms)]
    edges = [(t + 1, p) for t, found in enumerate(parents) for p in found]
    one = st.dictionaries(st.integers(0, terms - 1), st.sampled_from([0.1, 0.5, 1.0]), max_size=4)
    own = draw(st.lists(one, min_size=1, max_size=6))
    query = draw(st.lists(st.integers(0, terms - 1), min_size=1, max_size=4, unique=True))
    order = draw(st.permutations(range(terms)))
    return terms, edges, own, query, order


@given(_worlds())
def test_equals_the_definitions(world):
    terms, edges, own, query, _ = world
    index, above = _index(own, [c for c, _ in edges], [p for _, p in edges], terms)
    ratios = ranking.likelihood_ratios(index, query)
    scores = {"resnik": ranking.resnik(index, query), "lin": ranking.lin(index, query)}
    grouped = ranking.group_similarity(index, query)
    shared, held, asked = ranking.shared_terms(index, query)
    matched = ranking.best_match_average(index, query)
    for d in range(len(own)):
        wanted = reference.likelihood_ratio(own, above, query, d, 0.05, 0.01)
        np.testing.assert_allclose(ratios[:, d], wanted, rtol=1e-9)
        assert ranking.summed_logarithms(ratios)[d] == pytest.approx(sum(map(math.log, wanted)), abs=1e-9)
        for kind, found in scores.items():
            assert found[d] == pytest.approx(np.mean(reference.pairwise(own, above, query, d, kind)), abs=1e-9)
        assert grouped[d] == pytest.approx(reference.group_similarity(own, above, query, d), abs=1e-9)
        terms_of = set().union(set(), *(above[t] for t in own[d]))
        of_query = set().union(*(above[t] for t in query))
        assert (shared[d], held[d], asked) == (len(terms_of & of_query), len(terms_of), len(of_query))
        ic = reference.content(own, above)
        back = [max((ic[a] for a in above[t] & of_query), default=0.0) for t in own[d]]
        assert matched[d] == pytest.approx((scores["resnik"][d] + (np.mean(back) if back else 0)) / 2, abs=1e-9)


@given(_worlds())
def test_the_content_shared_with_every_term_equals_the_definition(world):
    terms, edges, own, query, _ = world
    index, above = _index(own, [c for c, _ in edges], [p for _, p in edges], terms)
    ic = reference.content(own, above)
    wanted = [max((ic[a] for a in above[query[0]] & above[t]), default=0.0) for t in range(terms)]
    np.testing.assert_allclose(ranking.shared_content(index, query[0]), np.maximum(wanted, 0), atol=1e-12)


@given(_worlds())
def test_neither_the_order_of_a_query_nor_another_numbering_changes_a_rank(world):
    terms, edges, own, query, order = world
    index, _ = _index(own, [c for c, _ in edges], [p for _, p in edges], terms)
    renamed = [{order[t]: f for t, f in held.items()} for held in reversed(own)]
    other, _ = _index(renamed, [order[c] for c, _ in edges], [order[p] for _, p in edges], terms)
    asked = [order[t] for t in reversed(query)]
    for score in (ranking.resnik, ranking.lin, ranking.group_similarity, ranking.best_match_average, _likelihood):
        found, again = ranking.mid_ranks(score(index, query)), ranking.mid_ranks(score(other, asked))
        assert found.tolist() == again[::-1].tolist(), score


def _likelihood(index, query):
    return ranking.summed_logarithms(ranking.likelihood_ratios(index, query))
