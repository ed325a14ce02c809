"""The report's section on initiation regions: its fixed words, and why nothing was called."""

from __future__ import annotations

import pandas as pd
import pytest

from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.report.genomics import loci
from groprog_assets.report.initiation import initiation as section
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import SIZES, simulate
from tests.methods.initiation.test_differential_initiation import course


@pytest.fixture(scope="module")
def called():
    world = simulate(1, genes=60, enhancers=100, decoys=20)
    library = Library(id="a", condition="x")
    return initiation_regions({"a": world.positions}, [library], SIZES, world.models, InitiationParameters())


def words(blocks) -> str:
    return str(blocks)


def test_the_section_claims_no_target(called):
    context = {
        "initiation_regions": Bundle(table=called.table, summary=called.summary),
        "settings": Parameters(),
    }
    text = words(section(context))
    kinds = called.table["kind"].value_counts()
    assert (
        f"starts on opposite strands ({kinds['divergent']} divergent, {kinds.get('convergent', 0)} convergent)" in text
    )
    assert "Candidate enhancers" in text
    assert "never called an enhancer" in text
    assert "target" not in text
    assert "regulat" not in text


@pytest.mark.parametrize(("distance", "said"), [(1000, "within 1,000 bp"), (900, "within 900 bp")])
def test_what_is_near_an_annotated_start_is_told_by_the_studys_distance(called, distance: int, said: str):
    context = {
        "initiation_regions": Bundle(table=called.table, summary=called.summary),
        "settings": Parameters(initiation={"proximal_distance": distance}),
    }
    assert f"{said} of an annotated start" in words(section(context))


def test_the_section_says_why_nothing_was_called(called):
    problem = {"where": "library a", "value": "one strand", "rule": "Both.", "remedy": "Give both tracks."}
    summary = {**called.summary, "refused": {"a": [problem]}, "nothing_called": "no library can be used"}
    text = words(section({"initiation_regions": Bundle(table=called.table[:0], summary=summary)}))
    assert "Give both tracks." in text
    assert "no library can be used" in text


def response(called, conditions: str, settings: Parameters | None = None, **changes):
    """The section of a study whose regions were compared, and what the comparison is."""
    compared, of, *_ = course(conditions)
    regions = of["table"].assign(**{name: float("nan") for name in ("nearest_tss_distance", "pair_score", "q_pair")})
    regions["reads_minus"] = regions["reads_minus"].astype("Int64").mask(regions["name"] == "IR000001")
    context = {
        "initiation_regions": Bundle(table=regions, summary=called.summary),
        "differential_initiation": Bundle(
            table=compared.table, links=compared.links, summary=compared.summary | changes
        ),
        "settings": settings or Parameters(),
    }
    return section(context), compared


def test_changed_regions_stand_beside_their_genes(called):
    blocks, compared = response(called, "abc")
    changed = next(block for block in blocks if block["kind"] == "table" and "Changed regions" in block["caption"])
    heads = [column["label"] for column in changed["columns"]]
    first = dict(zip(heads, (item["text"] for item in changed["rows"][0]), strict=True))
    assert first["Region"] == "IR000001"
    assert first["Reads"] == "1", "of the side that it has"
    assert first["Place"] == "chr1:5,001–5,200"
    assert (first["Linked gene"], first["Relation"]) == ("NEAR", "co-varying (6 libraries)")
    gene = compared.links.set_index(["region", "gene"]).loc[("IR000001", "NEAR")]
    assert first["Gene's log₂ fold change"] == f"{gene['gene_log2_fold_change']:.2f}"
    assert float(first["log₂ fold change"]) == pytest.approx(2, abs=0.5)
    assert changed["total"] == (compared.table["direction"] != "none").sum()
    text = words(blocks)
    up, down = (int((compared.table["direction"] == way).sum()) for way in ("up", "down"))
    assert (
        f"{up} rise and {down} fall (|log₂ fold change| > 1, adjusted p < 0.05; distal: {up} up, {down} down)" in text
    )
    assert f"{compared.summary['co_varying']} link" in text


def test_the_screen_is_told_as_the_study_sets_it(called):
    blocks, _ = response(
        called, "abc", Parameters(differential={"significance_column": "p_value", "significance": 0.01})
    )
    assert "(|log₂ fold change| > 1, p < 0.01; distal" in words(blocks)


def test_with_few_libraries_the_linked_gene_is_the_nearest(called):
    blocks, _ = response(called, "ab")
    changed = next(block for block in blocks if block["kind"] == "table" and "Changed regions" in block["caption"])
    assert [item["text"] for item in changed["rows"][0]][6:8] == ["GENE000", "nearest"]
    assert "too few libraries to say which genes co-vary" in words(blocks)


def test_without_replicates_the_section_says_that_nothing_is_tested(called):
    blocks, _ = response(called, "ab", analysis="unreplicated")
    assert "no change is tested against the variation between libraries" in words(blocks)
    assert "Changed regions" not in words(blocks)


def test_a_place_where_no_region_is_called_is_told_as_such_and_not_as_masked():
    row = ("eRNA", "chr1", 99, 300, "x", "+", 0, 0.0, 0.0, None, False, "enhancer")
    columns = ["locus", "chrom", "start", "end", "condition", "strand", "count", "signal", "maximum"]
    table = pd.DataFrame([row], columns=[*columns, "log2_fold_change", "reliable", "reason"])
    place: dict[str, object] = {"masked": 0.0, "placements": 1, "place": "chr1:100-300", "region": None}
    text = words(loci({"loci": Bundle(table=table, summary={"loci": {"eRNA": place}})}))
    assert "No initiation region is called at chr1:100-300" in text
    assert "masked region" not in text
    masked = words(loci({"loci": Bundle(table=table, summary={"loci": {"eRNA": {"masked": 0.9, "placements": 1}}})}))
    assert "masked region" in masked
