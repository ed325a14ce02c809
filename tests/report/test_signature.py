"""The report's words on the signature branch and on candidate enhancers near genes."""

from __future__ import annotations

from groprog_assets.report.signature import blocks
from groprog_assets.study.parameters import Parameters


def row(descriptor: str, coefficient: float) -> dict[str, object]:
    ends = {"coefficient": coefficient, "lower": coefficient - 0.02, "upper": coefficient + 0.02}
    return {"function": descriptor, "descriptor": descriptor, **ends}


def words(*descriptors: str) -> str:
    rows = [row(name, 0.01 * (place + 1)) for place, name in enumerate(descriptors)]
    document = {"weight": 0.5, "share": 0.4, "functions": rows}
    parameters = Parameters(initiation={"gene_distance": 50_000, "response_neighbours": 2})
    return str(blocks({"signature": document, "settings": parameters}))


def test_enhancers_near_genes_are_told_with_their_weights():
    text = words("log2_fold_change", "enhancers_near", "enhancer_response")
    assert "Candidate enhancers within 50 kb of a gene's start" in text
    assert (
        "their number 0.020 (0.000 to 0.040), the mean log₂ fold change of the 2 nearest 0.030 (0.010 to 0.050)" in text
    )
    assert "need not act on it" in text


def test_one_of_the_two_is_told_alone():
    text = words("enhancer_response")
    assert "standard deviation: the mean log₂ fold change" in text
    assert "their number" not in text


def test_a_study_without_them_says_nothing_of_enhancers():
    assert "nhancers" not in words("log2_fold_change")
