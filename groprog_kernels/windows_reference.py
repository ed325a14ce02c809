"""Windows of a chromosome by definition, one position at a time. Standard library and NumPy only."""

from __future__ import annotations

import numpy as np


def window_codes(chromosome, start, width, reverse):
    """(n, width): the base at each position of each window; 4 outside the chromosome; the other strand where reversed."""
    out = np.full((len(start), width), 4, np.uint8)
    for n, (first, backwards) in enumerate(zip(start, reverse, strict=True)):
        for offset in range(width):
            place = first + (width - 1 - offset if backwards else offset)
            if 0 <= place < len(chromosome) and chromosome[place] < 4:
                out[n, offset] = 3 - chromosome[place] if backwards else chromosome[place]
    return out
