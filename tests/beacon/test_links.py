"""Cells that lead to a page: a name is one part of the address, whatever it holds."""

from __future__ import annotations

from groprog_assets.beacon.links import link


def test_a_name_is_one_part_of_the_address():
    assert link("Limb disease", "disease", "OMIM:100001")["href"] == "/disease/OMIM:100001"
    assert link("x", "gene", "A?b#c d")["href"] == "/gene/A%3Fb%23c%20d"
