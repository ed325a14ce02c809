"""Targets: densities by hand on both strands, replicates that disagree, tables of users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.reads.window_counts import stranded_index
from groprog_assets.methods.sequence import targets as method
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.sequence_study import TargetTable

GENES = pd.DataFrame(
    {
        "gene": ["long_plus", "long_minus", "short"],
        "chrom": "c",
        "strand": ["+", "-", "+"],
        "tss": [10_000, 30_000, 50_000],
        "tts": [14_999, 25_001, 50_299],
    }
)


def positions(*rows):
    return pd.DataFrame(rows, columns=["chrom", "strand", "position", "count"])


def test_reads_count_in_the_window_of_their_gene_and_strand():
    index = stranded_index(
        positions(
            ("c", "+", 9_999, 100), ("c", "+", 10_000, 1), ("c", "+", 10_249, 2), ("c", "+", 10_250, 4),
            ("c", "+", 12_249, 8), ("c", "+", 12_250, 100), ("c", "-", 9_700, 16), ("c", "-", 10_000, 100),
            ("c", "-", 30_000, 1), ("c", "-", 29_751, 2), ("c", "-", 29_750, 4), ("c", "-", 27_751, 8),
            ("c", "-", 27_750, 100), ("c", "+", 30_300, 16), ("c", "+", 50_299, 32), ("c", "+", 50_300, 100),
        )
    )  # fmt: skip
    found = method.density_counts(index, GENES)
    assert found["tss"][0].tolist() == [3, 3, 0]
    assert found["body"][0].tolist() == [12, 12, 32]
    assert found["antisense"][0].tolist() == [16, 16, 0]
    assert found["body"][1].tolist() == [2000, 2000, 50]
    assert np.isnan(method.log_density(*found["body"], 1e6)[2])
    assert method.log_density(np.array([3]), np.array([250]), 2e6)[0] == pytest.approx(np.log2(3.5 / 0.25 / 2))


def study(noise):
    random = np.random.default_rng(0)
    genes = pd.DataFrame({"gene": [f"g{n}" for n in range(200)], "chrom": "c", "strand": "+"})
    genes["tss"] = 5000 + 10_000 * np.arange(200)
    genes["tts"] = genes["tss"] + 3000
    libraries = [
        Library(id=f"{condition}{r}", condition=condition, replicate=r, alignments=Path("x.bam"))
        for condition in ("treated", "control")
        for r in (1, 2)
    ]
    rates = {condition: random.gamma(1, 40, 200) for condition in ("treated", "control")}
    held = {}
    for library in libraries:
        rate = random.gamma(1, 40, 200) if noise else rates[library.condition]
        parts = [
            pd.DataFrame({"chrom": "c", "strand": "+", "position": genes["tss"] + at, "count": random.poisson(rate)})
            for at in (100, 1000)
        ]
        held[library.id] = pd.concat(parts)
    return genes, libraries, held


def test_densities_and_their_change_and_the_main_task_is_the_control_s_body():
    genes, libraries, held = study(noise=False)
    sizes = {library.id: 1e6 for library in libraries}
    contrast = Contrast(treatment="treated", control="control")
    made = method.nascent_targets(
        held, libraries, contrast, sizes, genes, {"g0": 1.0, "g1": -1.0, "g2": 0.5}, SequenceParameters()
    )
    tasks = made.tasks.set_index("task")
    assert tasks.index[0] == "body.control"
    assert tasks.loc["body.control", "replicate_r"] > 0.9
    assert not tasks.loc["antisense.control", "kept"]
    assert "same value" in tasks.loc["antisense.control", "note"]
    pooled = sum(held[f"treated{r}"].query("position % 10000 == 5100")["count"].to_numpy() for r in (1, 2))
    assert np.allclose(made.values["tss.treated"], np.log2((pooled + 0.5) / 250 * 1e3 / 2e6 * 1e6))
    assert np.allclose(made.values["log2fc.tss"], made.values["tss.treated"] - made.values["tss.control"])
    assert made.values["log2fc.shrunken"].notna().sum() == 3


def test_a_task_on_which_replicates_disagree_is_dropped_and_said():
    genes, libraries, held = study(noise=True)
    contrast = Contrast(treatment="treated", control="control")
    made = method.nascent_targets(held, libraries, contrast, dict.fromkeys(held, 1e6), genes, {}, SequenceParameters())
    assert not made.tasks["kept"].any()
    assert made.tasks["note"].str.contains("replicates agree with r").sum() >= 4


def table(folder: Path, text: str, **fields) -> TargetTable:
    path = folder / "t.tsv"
    path.write_text(text)
    return TargetTable(table=path, **{"id": "gene", "columns": ["a"], **fields})


def test_a_table_of_a_user(tmp_path: Path):
    genes = pd.DataFrame({"gene": ["x", "y", "z", "v", "w"]})
    text = "gene\ta\tb\nx\t1\t3\ny\tNA\t5\nz\t7\t0\nv\t2\t1\nother\t1\t1\n"
    made = method.table_targets(table(tmp_path, text, columns=["a", "b"], unit="tpm"), genes, SequenceParameters())
    assert made.values["b"].tolist()[:3] == [2.0, np.log2(6), 0.0]
    assert made.values["a"].isna().tolist() == [False, True, False, False, True]
    counts = method.read_target_table(table(tmp_path, text, columns=["b"], unit="counts"))
    assert counts.loc["x", "b"] == pytest.approx(np.log2(3.5 / 10 * 1e6))


@pytest.mark.parametrize(
    ("text", "fields", "said"),
    [
        ("gene\tb\nx\t1\n", {}, "no column 'a'"),
        ("gene\ta\nx\t1\nx\t2\n", {}, "x stands twice"),
        ("gene\ta\nx\tmuch\n", {}, "'much' in column a"),
        ("gene\ta\nx\t-1\n", {"unit": "tpm"}, "-1 in column a"),
        ("gene\ta\nx\t-Inf\ny\t1\n", {}, "1 infinite value in column a"),
        ("gene\ta\nx\t815.2\ny\t1\n", {}, "815.2 in column a. No logarithm"),
        ("gene\ta\nx\t5\ny\t5\nz\t5\n", {}, "the same value in every row of a"),
        ("gene\ta\nq\t1\n", {}, "0 of 1 ids are genes: q against x, y"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, text, fields, said):
    with pytest.raises(AnnotationError, match=said):
        method.table_targets(table(tmp_path, text, **fields), pd.DataFrame({"gene": ["x", "y"]}), SequenceParameters())
