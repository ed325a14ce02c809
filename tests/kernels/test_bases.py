"""Codes of bases: kernels against one letter at a time, edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import bases as kernel
from groprog_kernels import bases_reference as reference

TEXTS = st.text("ACGTacgtNnRYk\n\r ", max_size=60)
ROWS = st.integers(0, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 4), min_size=width, max_size=width), max_size=5)
)


@settings(deadline=None)
@given(TEXTS)
def test_text_becomes_the_codes_of_its_letters(text):
    found = kernel.encode_text(text.encode())
    assert found.codes.tolist() == reference.encode_text(text.encode())
    letters = [letter for letter in text if letter not in "\n\r "]
    assert found.masked.tolist() == reference.masked(text.encode())
    assert found.lower == sum(letter.islower() for letter in letters)
    assert found.unknown == sum(letter.upper() not in "ACGT" for letter in letters)
    assert found.iupac == sum(letter.upper() not in "ACGTN" for letter in letters)
    assert found.strange == 0


def test_a_letter_that_is_no_base_is_counted_and_named():
    found = kernel.encode_text(b"AC-T*")
    assert (found.strange, chr(found.first_strange)) == (2, "-")
    assert found.codes.tolist() == [0, 1, 4, 3, 4]


@settings(deadline=None)
@given(ROWS)
def test_one_hot_and_other_strand_equal_their_definitions(rows):
    codes = np.array(rows, np.uint8).reshape(len(rows), len(rows[0]) if rows else 0)
    assert np.array_equal(kernel.one_hot(codes), reference.one_hot(codes))
    turned = kernel.reverse_complement(codes)
    assert [row.tolist() for row in turned] == [reference.reverse_complement(row) for row in codes]
    assert np.array_equal(kernel.one_hot(turned), kernel.one_hot(codes)[:, ::-1, ::-1])


def test_codes_become_letters_again():
    assert kernel.decode([0, 1, 2, 3, 4]) == "ACGTN"
    assert kernel.decode([]) == ""
    with pytest.raises(ValueError, match="0 to 4"):
        kernel.decode([5])
    with pytest.raises(ValueError, match="dimensions"):
        kernel.one_hot([0, 1])
