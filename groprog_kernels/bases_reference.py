"""Codes, other strand and one-hot columns by definition, one letter at a time. Standard library and NumPy only."""

from __future__ import annotations

import numpy as np


def encode_text(text):
    """Codes of the letters that are no white space: list of int."""
    return ["ACGT".find(letter.upper()) % 5 for letter in text.decode("latin-1") if letter not in "\n\r \t"]


def masked(text):
    """Whether each letter that is no white space is in lower case: list of bool."""
    return [letter.islower() for letter in text.decode("latin-1") if letter not in "\n\r \t"]


def reverse_complement(codes):
    """Complement of one row of codes, last position first: list of int."""
    complement = {0: 3, 1: 2, 2: 1, 3: 0, 4: 4}
    return [complement[int(code)] for code in reversed(codes)]


def one_hot(codes):
    """(n, 4, L): 1 where row and base are equal."""
    out = np.zeros((len(codes), 4, len(codes[0]) if len(codes) else 0), np.int8)
    for n, row in enumerate(codes):
        for position, code in enumerate(row):
            if code < 4:
                out[n, code, position] = 1
    return out
