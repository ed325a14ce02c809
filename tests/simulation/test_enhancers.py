"""Planted enhancers: where they lie, that every other read stays as it is, and that calls find them and their response."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from groprog_assets.methods.features.gene_enhancers import gene_enhancers
from groprog_assets.methods.initiation.annotation import annotated_starts
from groprog_assets.methods.initiation.differential_initiation import differential_initiation
from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.methods.reads.positions import position_table
from groprog_assets.simulation.reads import DESIGN, draw_reads, profiles, write_alignments
from groprog_assets.simulation.world import GAP, SCALES, build_world
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.study.schema import Contrast, Library

PARAMETERS = InitiationParameters()
NUMBER = SCALES["bundled"].enhancers
LIBRARIES = [Library(id=each.id, condition=each.condition, assay="gro-seq") for each in DESIGN]


def positions_of(reads: pd.DataFrame, sizes: dict[str, int]) -> pd.DataFrame:
    sure = reads[reads["quality"] >= 10]
    held = sure.groupby(["chrom", "strand", "five_prime"]).size().reset_index(name="count")
    columns = (held[name].to_numpy(kind) for name, kind in (("chrom", np.int32), ("strand", np.int8)))
    return position_table(*columns, held["five_prime"].to_numpy(np.int32), held["count"].to_numpy(np.int32), sizes)


@pytest.fixture(scope="module", params=[1, 2, 20260101])
def found(request: pytest.FixtureRequest):
    """(world, regions, their response with the planted depths as size factors) of a seed."""
    world = build_world(SCALES["bundled"], request.param)
    stretches = profiles(world, request.param)
    sizes = world.chrom_sizes
    positions = {each.id: positions_of(draw_reads(world, each, stretches, request.param), sizes) for each in DESIGN}
    called = initiation_regions(positions, LIBRARIES, sizes, world.transcripts, PARAMETERS)
    factors = {each.id: each.depth for each in DESIGN}
    contrast = Contrast(treatment="treated", control="control")
    given = (called.table, called.counts, factors, LIBRARIES, contrast, DifferentialParameters(), PARAMETERS)
    return world, called.table, differential_initiation(*given)[0]


def region_of(world, regions: pd.DataFrame) -> list[str]:
    """Name of the candidate enhancer at each planted one."""
    candidates = regions[regions["claim"] == "candidate enhancer"]
    names = []
    for each in world.enhancers.itertuples():
        here = candidates[candidates["chrom"].astype("str") == each.chrom]
        near = (here["plus_five_prime"] - each.plus_start).abs() + (here["minus_five_prime"] - each.minus_start).abs()
        assert (near <= 100).sum() == 1, each
        names.append(str(here["name"].iloc[int(np.argmin(near))]))
    return names


def test_enhancers_lie_outside_genes_far_from_starts_and_apart_from_units():
    for seed in (1, 2, 20260101):
        world = build_world(SCALES["bundled"], seed)
        planted = world.enhancers
        assert len(planted) == NUMBER
        assert planted["kind"].value_counts().to_dict() == {"with_gene": 18, "still": 14, "unmoved": 8}
        starts = annotated_starts(world.transcripts)
        folds = world.genes.set_index("gene")["log2_fold_change"]
        for each in planted.itertuples():
            centre = (each.minus_start + each.plus_start) // 2
            away = np.abs(starts[each.chrom].tss - centre)
            assert PARAMETERS.proximal_distance < away.min() == each.distance <= PARAMETERS.gene_distance
            here = world.transcripts[world.transcripts["chrom"] == each.chrom]
            assert not ((here["start"] - 2_000 < centre) & (centre < here["end"] + 2_000)).any()
            gene = folds[each.gene]
            assert (each.kind == "still") == (gene == 0)
            assert each.log2_fold_change == (gene if each.kind == "with_gene" else 0)
        for _, held in world.units.groupby(["chrom", "strand"]):
            of_enhancer = held["genes"].str.startswith("SE").to_numpy()
            between = held["start"].to_numpy()[1:] - held["end"].to_numpy()[:-1]
            assert (between[of_enhancer[1:] | of_enhancer[:-1]] >= GAP - 1).all()


def test_every_other_record_is_that_of_the_world_without_enhancers(tmp_path: Path):
    records = {}
    for number in (0, 3):
        world = build_world(SCALES["tiny"]._replace(enhancers=number), 5)
        assert len(world.enhancers) == number
        for library in (DESIGN[0], DESIGN[3]):
            reads = draw_reads(world, library, profiles(world, 5), 5)
            path = tmp_path / f"{library.id}.bam"
            write_alignments(world, library, reads, path, None, 5)
            records[number, library.id] = pysam.view(str(path)).splitlines()
            assert int(reads["of_enhancer"].sum()) == len(records[number, library.id]) - len(records[0, library.id])
    for library in (DESIGN[0], DESIGN[3]):
        before, after = records[0, library.id], records[3, library.id]
        assert len(after) > len(before) + 100
        kept = set(before)
        assert [record for record in after if record in kept] == before


def test_every_planted_enhancer_is_the_only_candidate_at_its_place(found):
    world, regions, _ = found
    names = region_of(world, regions)
    assert len(set(names)) == NUMBER == (regions["claim"] == "candidate enhancer").sum()
    near = regions.set_index("name")["nearest_tss_gene"].loc[names]
    assert near.tolist() == world.enhancers["gene"].tolist()


def test_the_response_has_the_planted_sign_and_size(found):
    world, regions, response = found
    at = response.set_index("region").loc[region_of(world, regions)]
    planted = world.enhancers["log2_fold_change"].to_numpy()
    direction = np.select([planted > 0, planted < 0], ["up", "down"], "none")
    moved = planted != 0
    assert (at["direction"].astype("str").to_numpy() == direction)[moved].all()
    assert (at["direction"].astype("str").to_numpy() != direction)[~moved].sum() <= 1
    assert np.abs(at["log2_fold_change"].to_numpy() - planted).max() < 0.8


def test_a_gene_with_one_enhancer_that_follows_it_has_its_response(found):
    world, regions, response = found
    described = gene_enhancers(world.genes, regions, response, PARAMETERS)
    centre = world.enhancers[["minus_start", "plus_start"]].mean(axis=1).to_numpy()
    alone = 0
    for row, gene in enumerate(world.genes.itertuples()):
        near = (world.enhancers["chrom"] == gene.chrom) & (np.abs(centre - gene.tss) <= PARAMETERS.gene_distance - 100)
        assert described["enhancers_near"][row] >= near.sum()
        if near.sum() == 1 == described["enhancers_near"][row]:
            alone += 1
            planted = world.enhancers.loc[near, "log2_fold_change"].iloc[0]
            assert abs(described["enhancer_response"][row] - planted) < 0.8
    assert alone > 30
