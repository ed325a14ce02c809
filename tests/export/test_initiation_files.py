"""Files of the initiation regions, read back with the readers of their formats."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groprog_assets.checks import initiation as check
from groprog_assets.export.initiation_files import initiation_files
from groprog_assets.export.multiqc import documents
from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import SIZES, simulate


@pytest.fixture(scope="module")
def called():
    world = simulate(1, genes=60, enhancers=100, decoys=20)
    library = Library(id="a", condition="x")
    return initiation_regions({"a": world.positions}, [library], SIZES, world.models, InitiationParameters())


@pytest.fixture(scope="module")
def files(called):
    return dict(initiation_files(called._asdict(), None))


def rows(content: bytes, **options) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content), sep="\t", **options)


def test_nothing_made_gives_no_files():
    assert list(initiation_files(None, None)) == []


def test_the_bed_has_its_six_columns_first_and_dots_where_a_side_is_missing(called, files):
    text = files["initiation/initiation_regions.bed"].decode()
    assert text.startswith(
        "#chrom\tstart\tend\tname\tscore\tstrand\tkind\tplus_five_prime\tplus_summit\tminus_five_prime\tminus_summit\t"
    )
    bed = rows(text.lstrip("#").encode())
    assert len(bed) == len(called.table)
    assert (bed["end"] > bed["start"]).all()
    assert bed["score"].between(0, 1000).all()
    single = bed[(bed["kind"] == "single") & (bed["strand"] == "+")].iloc[0]
    assert single["minus_five_prime"] == "."
    assert (single["reads_minus"], single["positions_minus"]) == (".", ".")
    assert int(single["reads_plus"]) > 0
    assert "\t\t" not in text


def test_parquet_holds_the_table_with_its_types_and_nulls(called, files):
    table = pq.read_table(io.BytesIO(files["initiation/initiation_regions.parquet"]))
    assert table.column_names == list(called.table)
    for name in ("reads_minus", "minus_five_prime"):
        assert table.schema.field(name).type == pa.int64()
        assert table[name].null_count == (called.table["strand"] == "+").sum() > 0
    assert table["reads_plus"].to_pylist() == [None if pd.isna(n) else n for n in called.table["reads_plus"]]


def test_the_six_columns_of_pints(called, files):
    pairs = rows(files["initiation/initiation_bidirectional.bed"], header=None)
    assert pairs.shape == ((called.table["q_pair"] <= 0.1).sum(), 6)
    assert set(pairs[3]) <= {"strong", "medium"}
    assert ((pairs[4] - pairs[5]).between(-200, 700)).all()


def test_counts_are_a_matrix_and_scores_a_sorted_bed_graph(called, files):
    counts = rows(files["initiation/initiation_counts.tsv"])
    assert counts.columns.tolist() == ["region", "a"]
    assert counts["region"].tolist() == called.table["name"].tolist()
    assert counts["a"].tolist() == called.table[["reads_plus", "reads_minus"]].sum(axis=1).tolist()
    by_strand = rows(files["initiation/initiation_counts_by_strand.tsv"], keep_default_na=False).set_index("region")
    singles = called.table.loc[called.table["strand"] == "+", "name"]
    assert set(by_strand.loc[singles, "minus_count"]) == {"NA"}
    assert by_strand.loc[singles, "plus_count"].tolist() == by_strand.loc[singles, "count"].astype(str).tolist()
    for name in ("plus", "minus"):
        graph = rows(files[f"initiation/initiation_score_{name}.bedGraph"], header=None)
        assert (graph[2] == graph[1] + 1).all()
        assert graph[1].is_monotonic_increasing
    assert len(rows(files["initiation/initiation_profile.tsv"])) == 60


def test_the_row_for_multiqc(called):
    found = documents("s", {"initiation_regions": SimpleNamespace(summary=called.summary)})
    row = found["groprog_initiation_mqc.json"]["data"]["s"]
    assert row["regions"] == len(called.table)
    assert row["profile_contrast"] > 2
    assert 0 < row["active_starts_found"] <= 1
    assert "groprog_initiation_mqc.json" not in documents("s", {})


def test_the_checks_pass_for_good_reads_and_say_what_is_wrong(called):
    assert all(verdict.passed for verdict in check.verdicts(called.summary))
    problem = {"where": "library b", "value": "one strand", "rule": "Both.", "remedy": "Give both."}
    spoilt = {
        **called.summary,
        "refused": {"b": [problem]},
        "nothing_called": "too few",
        "chromosomes_skipped": ["t"],
        "profile": {"contrast": 1.2},
    }
    signal, depth, profile = check.verdicts(spoilt)
    assert not any(verdict.passed for verdict in (signal, depth, profile))
    assert "Give both." in signal.description
    assert "too few; 1 chromosome is too short and was left out" in depth.description
    assert "1.2" in profile.description
