"""What bad input gets: no region, and a reason that names the remedy. Each kind gives healthy-looking statistics on its own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import Notice, ReadsError
from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.methods.initiation.study_regions import study_regions
from groprog_assets.methods.initiation.usable_signal import signal_problems
from groprog_assets.methods.reads.bigwig import read_bigwig_pair, write_bigwigs
from groprog_assets.methods.reads.positions import STRANDS, sequences, turn
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import SIZES, simulate, table_of

PARAMETERS = InitiationParameters()
LIBRARY = Library(id="a", condition="x")


@pytest.fixture(scope="module")
def world():
    return simulate(2)


def result_of(positions, world, library=LIBRARY, sizes=SIZES, shares=None):
    return initiation_regions({library.id: positions}, [library], sizes, world.models, PARAMETERS, shares)


def bases(positions):
    """{strand: [bases of the reads]} of the only chromosome."""
    return {strand: [np.repeat(*sequences(positions)["chr1", strand])] for strand in STRANDS}


def refused(result):
    """The problems of the refused library; nothing may have been called."""
    assert not len(result.table)
    assert not len(result.counts)
    assert result.summary["nothing_called"] == "no library can be used"
    return " ".join(" ".join(problem.values()) for problem in result.summary["refused"]["a"])


def test_the_good_library_is_used(world):
    result = result_of(world.positions, world)
    assert not result.summary["refused"]
    assert len(result.table) > 500


def test_one_strand(world):
    positions = world.positions[world.positions["strand"] == "+"]
    assert "one strand" in refused(result_of(positions, world))


def test_a_run_says_which_library_is_left_out_and_that_nothing_is_called(world):
    positions = world.positions[world.positions["strand"] == "+"]
    filtered = SimpleNamespace(positions=positions, summary={"spliced_share": None})
    genome = SimpleNamespace(chrom_sizes=SIZES, transcripts=world.models)
    sizes = pd.DataFrame({"library": ["a"], "size": [1e6]})
    with pytest.warns(Notice) as said:
        study_regions({"a": filtered}, [LIBRARY], genome, sizes, PARAMETERS)
    texts = [str(each.message) for each in said]
    assert any(text.startswith("library a: left out of the initiation regions: one strand: 0 of ") for text in texts)
    assert any("initiation regions: none can be called: no library can be used" in text for text in texts)


def test_one_signal_on_both_strands(world):
    held = bases(world.positions)
    both = [*held["+"], *held["-"]]
    assert "both strands" in refused(result_of(table_of({"+": both, "-": both}), world))


def test_exchanged_strands_name_the_switch_and_the_remedy_works(world):
    exchanged = turn(world.positions)
    text = refused(result_of(exchanged, world))
    assert "bigwig_plus and bigwig_minus" in text
    assert "strandedness" in text
    assert len(result_of(turn(exchanged), world).table) > 500


def test_binned(world):
    held = {strand: [part // 25 * 25 for part in parts] for strand, parts in bases(world.positions).items()}
    assert "multiple of 25 bp" in refused(result_of(table_of(held), world))


def test_coverage_of_whole_reads(world):
    held = {
        strand: [(part[:, None] + np.arange(36)).ravel().clip(0, SIZES["chr1"] - 1) for part in parts]
        for strand, parts in bases(world.positions).items()
    }
    assert "runs of" in refused(result_of(table_of(held), world))


def test_neighbouring_bases_of_unequal_counts_are_read_ends():
    """As in a deep library, whose occupied bases touch: 2,000 bases of one and two reads in turn on each strand, far apart."""
    first = {"+": 10_000, "-": 30_000}
    held = {strand: [np.repeat(base + np.arange(2_000), [1, 2] * 1_000)] for strand, base in first.items()}
    assert (
        signal_problems(table_of(held), LIBRARY, simulate(1, genes=2, enhancers=1, decoys=1).models, PARAMETERS) == []
    )
    equal = {strand: [base + np.arange(2_000)] for strand, base in first.items()}
    (problem,) = signal_problems(
        table_of(equal), LIBRARY, simulate(1, genes=2, enhancers=1, decoys=1).models, PARAMETERS
    )
    assert "runs of 2000.0" in problem.value


def test_read_end_coverage(world):
    library = Library(id="a", condition="x", read_end="coverage")
    assert "five_prime or three_prime" in refused(result_of(world.positions, world, library))


@pytest.mark.parametrize("scale", [1e6 / 111_600, 0.37])
def test_normalised_tracks_are_refused_and_the_scale_is_offered(world, scale, tmp_path):
    paths = write_bigwigs(world.positions, SIZES, tmp_path / "a", {"": scale})
    with pytest.raises(ReadsError, match="divided by it and rounded they are numbers of reads"):
        read_bigwig_pair(paths[0], paths[1], SIZES)


def test_spliced_reads(world):
    text = refused(result_of(world.positions, world, shares={"a": 0.3}))
    assert "30.0% of the reads are spliced" in text
    assert not result_of(world.positions, world, shares={"a": 0.01}).summary["refused"]


def test_few_reads_call_nothing_and_say_so(world):
    random = np.random.default_rng(0)
    held = {strand: [random.choice(part, 500) for part in parts] for strand, parts in bases(world.positions).items()}
    result = result_of(table_of(held), world)
    assert not len(result.table)
    assert result.summary["nothing_called"] == "1,000 reads on chromosomes long enough, fewer than 20,000"


def test_many_reads_on_few_bases_call_nothing_and_say_so(world):
    held = {
        "+": [np.repeat(np.arange(1_000, 41_000, 200), 100)],
        "-": [np.repeat(np.arange(60_000, 100_101, 199), 100)],
    }
    result = result_of(table_of(held), world._replace(models=world.models.iloc[-1:]))  # no gene is near the reads
    assert "no chromosome has 500 occupied bases" in result.summary["nothing_called"]


def test_tiny_contigs_are_skipped_and_counted(world):
    sizes = {**SIZES, "tiny_1": 40, "tiny_2": 2_999}
    table = world.positions.assign(chrom=world.positions["chrom"].cat.set_categories(list(sizes)))
    extra = table.iloc[:3].assign(chrom=["tiny_1", "tiny_1", "tiny_2"], position=[3, 9, 2_000])
    mixed = pd.concat([table, extra], ignore_index=True)
    mixed["chrom"] = pd.Categorical(mixed["chrom"], categories=list(sizes))
    result = result_of(mixed, world, sizes=sizes)
    assert result.summary["chromosomes_skipped"] == ["tiny_1", "tiny_2"]
    assert result.table.equals(result_of(world.positions, world).table)


def test_no_reads_at_all(world):
    result = result_of(world.positions.iloc[:0], world)
    assert not len(result.table)
    assert "0 reads" in result.summary["nothing_called"]
