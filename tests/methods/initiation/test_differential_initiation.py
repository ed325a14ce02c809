"""Planted changes of regions, size factors of the genes, and links to genes with their fixed words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, spearmanr

from groprog_assets.methods.features.gene_differential import gene_differential
from groprog_assets.methods.initiation.differential_initiation import compare_regions, differential_initiation
from groprog_assets.methods.initiation.links import link_factors, link_genes
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import DifferentialParameters, Parameters
from groprog_assets.study.schema import Contrast, Library

PARAMETERS = InitiationParameters()
CONTRAST = Contrast(treatment="t", control="c")
NUMBER = 200


def libraries_of(controls: int, treated: int) -> list[Library]:
    return [
        Library(id=f"{side}{n}", condition=side)
        for side, many in (("c", controls), ("t", treated))
        for n in range(many)
    ]


def regions_of(number: int = NUMBER, **columns) -> pd.DataFrame:
    names = [f"IR{n:06d}" for n in range(1, number + 1)]
    start = np.arange(number) * 10_000 + 5_000
    base = {"name": names, "chrom": "chr1", "start": start, "end": start + 200, "class": "distal", "kind": "divergent"}
    return pd.DataFrame(
        {**base, "claim": "candidate enhancer", "nearest_tss_gene": "", "overlapping_genes": "", **columns}
    )


def counts_of(regions, matrix: dict[str, np.ndarray]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"region": regions["name"], "library": name, "count": count}) for name, count in matrix.items()
    ]
    return pd.concat(parts, ignore_index=True)


def planted(libraries, seed: int = 4) -> dict[str, np.ndarray]:
    """Every region rises fourfold in the treatment but the last 20, which fall; noise as of replicates."""
    random = np.random.default_rng(seed)
    mean = random.uniform(40, 400, NUMBER)
    change = np.where(np.arange(NUMBER) < NUMBER - 20, 4.0, 0.25)
    return {
        library.id: random.poisson(
            mean * (change if library.condition == "t" else 1) * random.gamma(50, 1 / 50, NUMBER)
        )
        for library in libraries
    }


def test_a_change_that_all_regions_share_is_kept_by_the_genes_factors():
    libraries, regions = libraries_of(2, 2), regions_of()
    factors = dict.fromkeys([library.id for library in libraries], 1.0)
    counts = counts_of(regions, planted(libraries))
    table, summary = differential_initiation(
        regions, counts, factors, libraries, CONTRAST, DifferentialParameters(), PARAMETERS
    )
    assert summary["analysis"] == "replicated"
    assert summary["normalisation"] == "size factors of the genes"
    assert (table["direction"][: NUMBER - 20] == "up").mean() > 0.9
    assert (table["direction"][NUMBER - 20 :] == "down").mean() > 0.9
    assert table["log2_fold_change"][: NUMBER - 20].median() == pytest.approx(2, abs=0.1)


def test_factors_of_unequal_depth_are_taken_out():
    libraries, regions = libraries_of(2, 2), regions_of()
    random = np.random.default_rng(5)
    mean = random.uniform(40, 400, NUMBER)
    factors = {"c0": 0.5, "c1": 1.0, "t0": 2.0, "t1": 1.0}
    counts = counts_of(regions, {name: random.poisson(mean * factor) for name, factor in factors.items()})
    table, _ = differential_initiation(
        regions, counts, factors, libraries, CONTRAST, DifferentialParameters(), PARAMETERS
    )
    assert abs(table["log2_fold_change"].median()) < 0.05
    assert (table["direction"] != "none").mean() < 0.02


def test_one_library_a_condition_gives_the_exact_p_and_no_direction():
    libraries, regions = libraries_of(1, 1), regions_of(3)
    counts = counts_of(regions, {"c0": np.array([10, 30, 4]), "t0": np.array([40, 28, 3])})
    table, summary = differential_initiation(
        regions, counts, {"c0": 1.0, "t0": 2.0}, libraries, CONTRAST, DifferentialParameters(), PARAMETERS
    )
    assert table["analysis"].tolist() == ["unreplicated", "unreplicated", "untested"]
    assert table["p_value"][0] == pytest.approx(binomtest(40, 50, 2 / 3).pvalue, rel=1e-6)
    assert table["log2_fold_change"][0] == pytest.approx(np.log2(40.5 / 2 / 10.5))
    assert set(table["direction"]) == {"none"}
    assert table.loc[2, ["p_value", "log2_fold_change"]].isna().all()
    assert (summary["up"], summary["down"], summary["tested"]) == (0, 0, 2)


def test_a_side_without_usable_libraries_tests_nothing_and_says_so():
    libraries, regions = libraries_of(1, 1), regions_of(2)
    counts = counts_of(regions, {"c0": np.array([10, 30])})
    _, summary = differential_initiation(
        regions, counts, {"c0": 1.0, "t0": 1.0}, libraries, CONTRAST, DifferentialParameters(), PARAMETERS
    )
    assert summary["not_tested"] == "a side of the contrast has no usable library"


def test_no_regions():
    libraries, regions = libraries_of(2, 2), regions_of(0)
    counts = pd.DataFrame({"region": [], "library": [], "count": []})
    table, summary = differential_initiation(
        regions, counts, {}, libraries, CONTRAST, DifferentialParameters(), PARAMETERS
    )
    assert (len(table), summary["tested"]) == (0, 0)


def linked(number_of_libraries: int):
    """Region 1 follows gene NEAR, no other; returns the links and the counts of both."""
    random = np.random.default_rng(6)
    names = [f"l{n}" for n in range(number_of_libraries)]
    regions = regions_of(20, nearest_tss_gene="OTHER", overlapping_genes="")
    regions.loc[0, "overlapping_genes"] = "OTHER;OVER"
    course = np.linspace(20, 400, number_of_libraries)
    own = {name: random.poisson(np.where(np.arange(20) == 0, course[at], 100)) for at, name in enumerate(names)}
    genes = ["NEAR", "OTHER", "OVER", "FAR"]
    base = np.array([30_000, 8_000, 4_000, 900_000])
    models = pd.DataFrame(
        {"chrom": "chr1", "start": base, "end": base + 2_000, "strand": "+", "transcript": genes, "gene": genes}
    )
    bodies = {
        "NEAR": course * 3,
        "OTHER": np.full(len(course), 200),
        "OVER": np.full(len(course), 200),
        "FAR": course * 3,
    }
    signal = pd.DataFrame(
        [(gene, name, int(random.poisson(bodies[gene][at]))) for gene in genes for at, name in enumerate(names)],
        columns=["gene", "library", "body_count"],
    )
    counts = counts_of(regions, own)
    links = link_genes(regions, counts, models, signal, dict.fromkeys(names, 1.0), PARAMETERS)
    return links, own, signal


def test_links_use_the_fixed_words_and_have_no_r_with_few_libraries():
    links, _, _ = linked(5)
    first = links[links["region"] == "IR000001"].set_index("gene")
    assert first["relation"].to_dict() == {"OTHER": "nearest; overlapping", "OVER": "overlapping"}
    assert first.loc["OTHER", "distance"] == 5_099 - 8_000
    assert links["spearman"].isna().all()
    assert (links["libraries"] == 0).all()


def many_links(regions: int, silent: int, seed: int) -> pd.DataFrame:
    """Links over eight libraries of so many regions with eight genes each near them: region 1 follows one of its genes exactly,
    nothing else goes together; the last `silent` genes have no read."""
    random = np.random.default_rng(seed)
    names = [f"l{n}" for n in range(8)]
    start = 1_000_000 + 2_000_000 * np.arange(regions)
    table = regions_of(regions, nearest_tss_gene="", overlapping_genes="").assign(start=start, end=start + 300)
    base = (start[:, None] + 40_000 * np.arange(-4, 4)).ravel() + 9_000
    genes = [f"G{n}" for n in range(len(base))]
    models = pd.DataFrame(
        {"chrom": "chr1", "start": base, "end": base + 2_000, "strand": "+", "transcript": genes, "gene": genes}
    )
    course = np.array([10, 20, 30, 40, 60, 80, 110, 150])
    reads, bodies = random.poisson(60, (regions, 8)), random.poisson(60, (len(base), 8))
    reads[0], bodies[0], bodies[len(base) - silent :] = course, 3 * course, 0
    signal = pd.DataFrame(
        [(gene, name, bodies[row, at]) for row, gene in enumerate(genes) for at, name in enumerate(names)],
        columns=["gene", "library", "body_count"],
    )
    counts = counts_of(table, {name: reads[:, at] for at, name in enumerate(names)})
    return link_genes(table, counts, models, signal, dict.fromkeys(names, 1.0), PARAMETERS)


def test_one_exact_link_among_hundreds_of_pairs_is_found():
    """Of 40,320 orders of eight libraries two are as far: p .00005, q .02 among 344 pairs."""
    links = many_links(43, 0, 1)
    assert links.iloc[0]["gene"] == "G0"
    assert links.iloc[0]["relation"] == "co-varying (8 libraries)"
    assert 0.005 < links.iloc[0]["q_value"] < 0.05


def test_chance_links_are_few_and_silent_genes_make_no_more():
    listed = [len(many_links(43, silent, seed)) - 1 for seed in range(3) for silent in (0, 172)]
    assert sum(listed) <= 3


def test_co_varying_genes_near_a_region_are_found_with_enough_libraries():
    links, own, signal = linked(12)
    row = links[(links["region"] == "IR000001") & (links["gene"] == "NEAR")].iloc[0]
    assert row["relation"] == "co-varying (12 libraries)"
    body = signal[signal["gene"] == "NEAR"]["body_count"]
    assert row["spearman"] == pytest.approx(spearmanr([count[0] for count in own.values()], body).statistic)
    assert row["q_value"] <= 0.1
    assert "FAR" not in set(links["gene"])
    chance = links[(links["region"] != "IR000001") & links["relation"].str.contains("co-varying")]
    assert len(chance) <= 4
    assert not links["relation"].str.contains("target|regulat").any()


def course(conditions: str, depth: float = 1.0, seed: int = 7):
    """A study of two libraries a condition: region 1 and gene NEAR rise together with the condition, nothing else changes. The
    last condition is read `depth` times as deep. Returns the result of `compare_regions` and what went in."""
    random = np.random.default_rng(seed)
    libraries = [Library(id=f"{name}{n}", condition=name) for name in conditions for n in (1, 2)]
    scale = np.array([depth if library.condition == conditions[-1] else 1.0 for library in libraries])
    rise = np.array([4.0 ** conditions.index(library.condition) for library in libraries]) * np.tile(
        [1, 1.3], len(conditions)
    )
    regions = regions_of(20, nearest_tss_gene="GENE000", reads_plus=1, reads_minus=1)
    regions.loc[1, "nearest_tss_gene"] = "ELSEWHERE"
    means = np.full((20, len(libraries)), 200.0)
    means[0] = 40 * rise
    own = random.poisson(means * scale)
    genes = ["NEAR", *(f"GENE{n:03d}" for n in range(60))]
    base = np.array([30_000, *(3_000_000 + 9_000 * np.arange(60))])
    places = pd.DataFrame({"gene": genes, "chrom": "chr1", "start": base, "end": base + 2_000, "strand": "+"})
    elsewhere = places.iloc[:1].assign(gene="ELSEWHERE", start=9_000, end=9_900)
    models = pd.concat([places, elsewhere], ignore_index=True).assign(transcript=lambda table: table["gene"])
    means = np.full((61, len(libraries)), 500.0)
    means[0] = 100 * rise
    bodies = random.poisson(means * scale)
    signal = pd.DataFrame(
        [
            (gene, library.id, int(bodies[row, at]))
            for row, gene in enumerate(genes)
            for at, library in enumerate(libraries)
        ],
        columns=["gene", "library", "body_count"],
    )
    contrast = Contrast(treatment=conditions[1], control=conditions[0])
    found = gene_differential(signal, places, libraries, contrast, DifferentialParameters())
    compared = Bundle(table=found.table, summary=found.summary)
    counts = counts_of(regions, {library.id: own[:, at] for at, library in enumerate(libraries)})
    called = {"table": regions, "counts": counts}
    given = (called, compared, signal, models, libraries, contrast)
    return compare_regions(*given, Parameters()), *given


def test_the_change_of_the_gene_stands_beside_that_of_its_region():
    result, _, genes, _, _, _, _ = course("ab")
    links = result.links.set_index(["region", "gene"])
    region = result.table.set_index("region").loc["IR000001"]
    gene = genes.table.set_index("gene").loc["GENE000"]
    link = links.loc[("IR000001", "GENE000")]
    for name in ("log2_fold_change", "adjusted_p_value"):
        assert link[f"region_{name}"] == region[name]
        assert link[f"gene_{name}"] == gene[name]
    assert links.loc[("IR000002", "ELSEWHERE")].filter(like="gene_").isna().all(), "the gene was not compared"
    assert links.loc[("IR000002", "ELSEWHERE"), "region_log2_fold_change"] == pytest.approx(0, abs=0.3)


def test_a_time_course_of_six_libraries_has_correlations_though_the_contrast_has_four():
    result, called, genes, signal, _, libraries, contrast = course("abc", depth=4.0)
    links = result.links.set_index(["region", "gene"])
    link = links.loc[("IR000001", "NEAR")]
    assert link["libraries"] == 6
    assert link["relation"] == "co-varying (6 libraries)"
    body = signal[signal["gene"] == "NEAR"].set_index("library")["body_count"]
    region = called["counts"].query("region == 'IR000001'").set_index("library")["count"]
    assert link["spearman"] == pytest.approx(spearmanr(region[body.index], body).statistic)
    assert result.summary["linked_libraries"] == 6
    assert result.summary["co_varying"] >= 1
    alone, _ = differential_initiation(
        called["table"],
        called["counts"],
        genes.summary["size_factors"],
        libraries,
        contrast,
        DifferentialParameters(),
        PARAMETERS,
    )
    pd.testing.assert_frame_equal(result.table, alone)
    assert set(genes.summary["size_factors"]) == {"a1", "a2", "b1", "b2"}


def test_the_factors_of_the_links_are_those_of_the_test_where_the_contrast_has_every_library():
    _, _, genes, signal, _, _, _ = course("ab", depth=3.0)
    assert link_factors(signal, genes.table) == pytest.approx(genes.summary["size_factors"])
    deep = link_factors(*course("abc", depth=4.0)[3:4], genes.table)
    assert deep["c1"] / deep["a1"] == pytest.approx(4, rel=0.1)
    spiked = link_factors(signal, genes.table, {"a1": 1e6, "a2": 1e6, "b1": 4e6, "b2": 4e6})
    assert spiked == pytest.approx({"a1": 0.5, "a2": 0.5, "b1": 2, "b2": 2})


def test_four_libraries_have_no_correlation():
    result, *_ = course("ab")
    assert (result.summary["linked_libraries"], result.summary["co_varying"]) == (0, 0)
    assert result.links["spearman"].isna().all()
