"""Design, haplotypes, reporter assays and BCF: against slow definitions, on a planted genome."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pysam
import pytest

from groprog_assets.errors import AnnotationError, Notice
from groprog_assets.methods.sequence.design import Limits, greedy_substitution
from groprog_assets.methods.sequence.haplotypes import haplotype_effects
from groprog_assets.methods.sequence.reporter_assays import agreement, pair_effects, placed
from groprog_assets.methods.sequence.variants import variant_effects
from groprog_assets.methods.sequence.vcf import read_variants
from groprog_kernels.bases import decode
from tests.methods.sequence.planted import WORD
from tests.methods.sequence.test_variants import world

__all__ = ["world"]
HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=chrI,length=120000>\n##contig=<ID=chrII,length=90000>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def count(windows: np.ndarray) -> np.ndarray:
    """Two tasks: shares of A and of C."""
    return np.column_stack([(windows == 0).sum(axis=1), (windows == 1).sum(axis=1)]).astype(float)


def test_each_step_is_the_best_substitution_that_the_limits_allow():
    random = np.random.default_rng(0)
    weights = random.normal(size=(2, 4, 30))

    def predict(windows: np.ndarray) -> np.ndarray:
        return np.stack([[weights[t, row, np.arange(30)].sum() for row in windows] for t in (0, 1)], axis=1)

    window = random.integers(0, 4, 30).astype(np.uint8)
    window[3] = 4
    weights = np.concatenate([weights, np.zeros((2, 1, 30))], axis=1)
    spread = np.array([1.0, 2.0])
    limits = Limits(edits=6, gc=0.1, run=3, others=0.5)
    made = greedy_substitution(window, predict, predict, 0, 1, spread, limits)
    assert 0 < len(made.edits) <= 6
    now, used = window.copy(), set()
    start = predict(window[None])[0]

    def share(row: np.ndarray) -> float:
        return float(np.isin(row, (1, 2)).sum() / (row < 4).sum())

    def run(row: np.ndarray) -> int:
        return max(
            len(part)
            for letter in "ACGT"
            for part in "".join(c if c == letter else " " for c in decode(row)).split(" ")
        )

    longest = max(3, run(window))
    for edit in made.edits:
        best = -np.inf
        for column in range(30):
            for base in range(4):
                if column in used or window[column] == 4 or now[column] == base:
                    continue
                tried = now.copy()
                tried[column] = base
                value = predict(tried[None])[0]
                if (
                    abs(share(tried) - share(window)) <= 0.1 + 1e-9
                    and abs(value[1] - start[1]) <= 1
                    and run(tried) <= longest
                ):
                    best = max(best, value[0])
        now[edit.column] = edit.after
        used.add(edit.column)
        assert edit.searched[0] == pytest.approx(best)
    assert np.array_equal(now, made.window)


def test_nothing_is_changed_where_nothing_helps():
    made = greedy_substitution(np.zeros(20, np.uint8), count, count, 0, 1, np.ones(2), Limits())
    assert made.edits == []


def text(rows: list[str], samples: str = "") -> str:
    return HEADER + COLUMNS + samples + "\n" + "".join(f"{row}\n" for row in rows)


def changes(world, gene: int, offsets: list[int]) -> list[tuple[str, int, str, str]]:
    """SNVs (chrom, position, ref, alt) at offsets from the TSS of a gene."""
    genome, genes, _ = world
    row = genes.iloc[gene]
    found = []
    for offset in offsets:
        place = int(row["tss"]) + (offset if row["strand"] == "+" else -offset)
        ref = decode(genome.chromosome(row["chrom"])[place : place + 1])
        found.append((row["chrom"], place + 1, ref, "A" if ref != "A" else "C"))
    return sorted(found, key=lambda item: item[1])


def test_a_haplotype_has_all_its_snvs_at_once(world, tmp_path: Path):
    _, genes, scorer = world
    for gene in (3, 4):  # one on each strand
        each = changes(world, gene, [-100, -97, -30])
        genotypes = (["0|1", "1|1", "0/1"], ["0|1", "0|0", "0/1"], ["1|0", "./.", "0|0"])
        lines = [
            f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\t.\tGT\t" + "\t".join(gt)
            for (c, p, r, a), gt in zip(each, genotypes, strict=True)
        ]
        path = tmp_path / f"h{gene}.vcf"
        path.write_text(text(lines, "\tFORMAT\ts1\ts2\ts3"))
        table = haplotype_effects(read_variants(path), scorer, {})
        table = table[table["gene"] == genes["gene"].iloc[gene]].set_index(["sample", "task"])
        chrom, strand, tss = (genes[name].iloc[gene] for name in ("chrom", "strand", "tss"))
        windows = []
        for carried in ([each[2]], [each[0], each[1]], [each[0]]):
            window = scorer.codes[gene].copy()
            for _, position, _, alt in carried:
                offset = position - 1 - tss if strand == "+" else tss - position + 1
                base = "ACGT".index(alt)
                window[scorer.layout.tss[0] + offset] = base if strand == "+" else 3 - base
            windows.append(window)
        expected = scorer.effects(np.full(3, gene), np.array(windows))[:, 0]
        assert table.loc[("s1", "up"), "first"] == pytest.approx(expected[0])
        assert table.loc[("s1", "up"), "second"] == pytest.approx(expected[1])
        assert table.loc[("s1", "up"), "mean"] == pytest.approx(expected[:2].mean())
        assert table.loc[("s2", "up"), "first"] == table.loc[("s2", "up"), "second"] == pytest.approx(expected[2])
        assert table.loc[("s3", "up"), "error"] == "UNPHASED"
        assert np.isnan(table.loc[("s3", "up"), "mean"])
        assert chrom in scorer.names


def test_snvs_of_two_phase_sets_have_no_haplotype_in_common(world, tmp_path: Path):
    _, genes, scorer = world
    gene = 3
    each = changes(world, gene, [-100, -97, -30])
    samples = {
        "one_set": ["0|1:7", "0|0:.", "1|0:7"],
        "two_sets": ["0|1:7", "0|0:7", "1|0:9"],
        "no_set": ["0|1:.", "0|0", "1|0"],
        "set_and_none": ["0|1:7", "0|0", "1|0:."],
        "both_have_it": ["0|1:7", "0|0", "1|1:9"],
        "unphased": ["0/1:7", "0|0", "1|0:9"],
        "leading_bar": ["|0|1:7", "|0|0:.", "|1|0:7"],  # VCF 4.4
    }
    lines = [
        f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\t.\tGT:PS\t" + "\t".join(held[row] for held in samples.values())
        for row, (c, p, r, a) in enumerate(each)
    ]
    path = tmp_path / "sets.vcf"
    path.write_text(text(lines, "\tFORMAT\t" + "\t".join(samples)))
    with pytest.warns(Notice, match="no effect for 3 of 7 .* .2 PHASE_SETS, 1 UNPHASED"):
        table = haplotype_effects(read_variants(path), scorer, {})
    up = table[(table["gene"] == genes["gene"].iloc[gene]) & (table["task"] == "up")].set_index("sample")
    assert up["error"].to_dict() == {
        **{"one_set": "", "two_sets": "PHASE_SETS", "no_set": ""},
        **{"set_and_none": "PHASE_SETS", "both_have_it": "", "unphased": "UNPHASED", "leading_bar": ""},
    }
    assert up.loc[up["error"] != "", ["first", "second", "mean"]].isna().all(axis=None)
    assert up.loc["one_set", ["first", "second"]].tolist() == up.loc["no_set", ["first", "second"]].tolist()
    assert up.loc["both_have_it", "first"] == up.loc["one_set", "first"]
    assert up.loc["leading_bar", ["first", "second"]].tolist() == up.loc["one_set", ["first", "second"]].tolist()


def test_lists_of_phase_sets_count_before_phase_sets(world, tmp_path: Path):
    _, genes, scorer = world
    gene = 3
    each = changes(world, gene, [-100, -97])
    samples = {
        "one": ["0|1:a,b:7", "1|0:a,b:9"],
        "two": ["0|1:a,b:7", "1|0:a,c:7"],
        "half": ["/0|1:.,b:7", "/0|1:.,b:7"],
        "none": ["0|1:.,.:7", "1|0:.:9"],
    }
    lines = [
        f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\t.\tGT:PSL:PS\t" + "\t".join(held[row] for held in samples.values())
        for row, (c, p, r, a) in enumerate(each)
    ]
    path = tmp_path / "lists.vcf"
    path.write_text(text(lines, "\tFORMAT\t" + "\t".join(samples)))
    with pytest.warns(Notice, match="2 PHASE_SETS"):
        table = haplotype_effects(read_variants(path), scorer, {})
    up = table[(table["gene"] == genes["gene"].iloc[gene]) & (table["task"] == "up")].set_index("sample")
    assert up["error"].to_dict() == {"one": "", "two": "PHASE_SETS", "half": "", "none": "PHASE_SETS"}


def test_haplotypes_need_samples(world, tmp_path: Path):
    path = tmp_path / "n.vcf"
    path.write_text(text([]))
    with pytest.raises(AnnotationError, match="no samples"):
        haplotype_effects(read_variants(path), world[2], {})


def test_a_bcf_gives_the_effects_of_its_vcf(world, tmp_path: Path):
    rows = [f"{c}\t{p}\trs\t{r}\t{a}\t.\t.\t." for c, p, r, a in changes(world, 0, [-80, -20])]
    vcf, bcf = tmp_path / "v.vcf", tmp_path / "v.bcf"
    vcf.write_text(text(rows))
    with pysam.VariantFile(str(vcf)) as source, pysam.VariantFile(str(bcf), "wb", header=source.header) as target:
        for record in source:
            target.write(record)
    one, other = (variant_effects(read_variants(path), world[2], {}) for path in (vcf, bcf))
    assert len(one)
    columns = ["chrom", "position", "ref", "alt", "gene", "task", "effect"]
    assert one[columns].reset_index(drop=True).equals(other[columns].reset_index(drop=True))
    cut = tmp_path / "cut.bcf"
    cut.write_bytes(bcf.read_bytes()[: len(bcf.read_bytes()) // 2])
    with pytest.raises(AnnotationError, match=r"cannot be read|damaged"):
        read_variants(cut)


def test_pairs_of_a_reporter_assay_are_placed_and_judged(world):
    _, _, scorer = world
    predictor = scorer.model.predictors["promoter"]["final"]
    random = np.random.default_rng(0)
    ref = random.integers(0, 4, (60, 100)).astype(np.uint8)
    ref[:30, 40:47] = WORD
    alt = ref.copy()
    alt[:30, 43] = (alt[:30, 43] + 1) % 4
    alt[30:, 43] = (alt[30:, 43] + 1) % 4
    width, origin = scorer.codes.shape[1], scorer.layout.tss[0]
    windows = [placed(codes, width, origin, 30) for codes in (ref, alt)]
    assert (windows[0][:, origin - 30] == ref[:, -1]).all()
    assert (windows[0][:, : origin - 129] == 4).all()
    predicted = pair_effects(lambda codes: predictor.predict(codes, np.empty((len(codes), 0))), *windows)[:, 0]
    measured = np.where(np.arange(60) < 30, -1.0, 0.0) + random.normal(0, 0.1, 60)
    found = agreement(measured, predicted)
    assert found.r > 0.8
    assert found.r_interval.lower < found.r < found.r_interval.upper
    assert 0.5 < found.signs <= 1
    with pytest.raises(ValueError, match="do not fit"):
        placed(ref, width, 90, 30)
    assert placed(ref, 100, 50, 30) is ref
