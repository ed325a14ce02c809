"""The counted base of every assay, strandedness, read_end and kind of reads, on reads made from RNAs whose ends are known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.reads.filtered_alignments import filter_alignments
from groprog_assets.methods.reads.read_end import counted_base
from groprog_assets.study.assays import ASSAYS
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.schema import Genome, Library
from groprog_assets.tables import conform

SIZE = {"chr1": 20_000}
GENES = conform(
    pd.DataFrame(
        {
            "chrom": ["chr1", "chr1"],
            "start": [1_000, 11_000],
            "end": [9_000, 19_000],
            "strand": ["+", "-"],
            "transcript": ["a", "b"],
            "gene": ["A", "B"],
        }
    ),
    "gene_models",
)
NO_MASKS = pd.DataFrame({"chrom": [], "start": [], "end": [], "reason": []})
PARAMETERS = FilteringParameters(strandedness_minimum_reads=20)
READ_LENGTH = 36


def rnas(paired: bool, number: int = 300) -> list[tuple[str, int, int]]:
    """(strand, start, end) of RNA fragments, half in each gene; those sequenced from one end are no longer than a read."""
    rng = np.random.default_rng(int(paired))
    lengths = rng.integers(40, 200, number) if paired else rng.integers(15, READ_LENGTH + 1, number)
    starts = rng.integers(1_000, 8_700, number)
    return [
        ("+", int(start), int(start + length)) if k % 2 else ("-", 10_000 + int(start), 10_000 + int(start + length))
        for k, (start, length) in enumerate(zip(starts, lengths, strict=True))
    ]


def mates(strand: str, start: int, end: int, strandedness: str) -> list[tuple[bool, int, int]]:
    """(reverse flag, start, end) of the first and the second mate as an aligner places them: one on each strand, each from its
    end of the fragment inwards. The first is the RNA's sequence (forward) or its complement (reverse)."""
    length = min(READ_LENGTH, end - start)
    on_plus, on_minus = (False, start, start + length), (True, end - length, end)
    first_on_plus = (strand == "+") == (strandedness == "forward")
    return [on_plus, on_minus] if first_on_plus else [on_minus, on_plus]


def write(path: Path, fragments: list[tuple[str, int, int]], strandedness: str, paired: bool) -> Path:
    """SAM of the fragments."""
    lines = ["@HD\tVN:1.6", "@SQ\tSN:chr1\tLN:20000", "@PG\tID:bowtie2\tPN:bowtie2"]
    for k, fragment in enumerate(fragments):
        two = mates(*fragment, strandedness)
        for j, (minus, start, end) in enumerate(two[: 1 + paired]):
            other = two[1 - j]
            flag = 16 * minus + (1 + 2 + 32 * other[0] + (64, 128)[j] if paired else 0)
            span = (fragment[2] - fragment[1]) * (-1 if minus else 1) if paired else 0
            place = ("=", other[1] + 1) if paired else ("*", 0)
            lines.append(f"r{k}\t{flag}\tchr1\t{start + 1}\t42\t{end - start}M\t{place[0]}\t{place[1]}\t{span}\t*\t*")
    path.write_text("\n".join(lines) + "\n")
    return path


def run(path: Path, **library):
    genome = Genome(name="toy", chrom_sizes=path, annotation=path)
    one = Library(id="L", condition="c", alignments=path, **library)
    return filter_alignments(path, one, SIZE, NO_MASKS, GENES, PARAMETERS, genome)


def counted(done, table: str = "positions") -> Counter:
    return Counter({(row.strand, row.position): row[4] for row in getattr(done, table).itertuples()})


@pytest.mark.parametrize("assay", ASSAYS)
@pytest.mark.parametrize("strandedness", ["forward", "reverse"])
@pytest.mark.parametrize("paired", [False, True], ids=["single", "pair"])
def test_the_counted_base_is_the_end_of_the_rna(tmp_path: Path, assay: str, strandedness: str, paired: bool):
    fragments = rnas(paired)
    path = write(tmp_path / "a.sam", fragments, strandedness, paired)
    five = Counter((strand, start if strand == "+" else end - 1) for strand, start, end in fragments)
    three = Counter((strand, end - 1 if strand == "+" else start) for strand, start, end in fragments)
    for declared in ("auto", strandedness):
        for read_end, truth in (("five_prime", five), ("three_prime", three)):
            done = run(path, assay=assay, read_end=read_end, strandedness=declared)
            assert counted(done) == truth
            assert done.summary["strandedness"]["applied"] == strandedness
            assert done.summary["counted_base"] == counted_base(read_end, strandedness, paired)
            assert done.funnel.set_index("step").loc["other_mate", "removed"] == len(fragments) * paired
        usual = run(path, assay=assay, strandedness=declared)
        assert counted(usual) == {"five_prime": five, "three_prime": three}[ASSAYS[assay].read_end]
        whole = run(path, assay=assay, read_end="coverage", strandedness=declared)
        bases = Counter()
        for strand, start, end in fragments:
            _, low, high = mates(strand, start, end, strandedness)[0]
            bases.update((strand, base) for base in range(low, high))
        assert counted(whole, "bases") == bases
        assert whole.positions.equals(usual.positions)
        assert whole.funnel.equals(usual.funnel)
        assert len(usual.bases) == 0


def test_a_declared_strand_that_the_genes_contradict_is_applied_and_said(tmp_path: Path):
    fragments = rnas(False)
    path = write(tmp_path / "a.sam", fragments, "reverse", False)
    done = run(path, assay="pro-seq", read_end="three_prime", strandedness="forward")
    assert done.summary["strandedness"]["status"] == "flipped"
    assert counted(done) == Counter(
        ("-" if strand == "+" else "+", start if strand == "+" else end - 1) for strand, start, end in fragments
    )


def documented() -> list[list[str]]:
    """The rows of the table in docs/coordinates.md."""
    text = (Path(__file__).parents[3] / "docs" / "coordinates.md").read_text().splitlines()
    header = next(k for k, line in enumerate(text) if line.startswith("| `read_end` |"))
    rows = [line for line in text[header + 2 :] if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


@pytest.mark.parametrize("row", documented(), ids=lambda row: " ".join(row[:3]))
def test_the_drawings_show_what_is_counted(tmp_path: Path, row: list[str]):
    read_end, strandedness, kind, usual, drawing, words = row
    read_end = read_end.strip("`")
    rna, drawn, mark = (line.strip("`") for line in drawing.split("<br>"))
    if read_end == "coverage":
        assert words == f"every aligned base of the {'first mate' if kind == 'pair' else 'read'}"
    else:
        assert words == counted_base(read_end, strandedness, kind == "pair")
    for assay, facts in ASSAYS.items():
        listed = assay in usual.lower().split(", ")
        assert listed == ((facts.strandedness, facts.read_end) == (strandedness, read_end))
    size, origin = len(rna), 2_000
    ends = {"1>>>": (False, 64), "<<<1": (True, 64), "2>>>": (False, 128), "<<<2": (True, 128)}
    found = [(drawn.index(shape), *facts) for shape, facts in ends.items() if shape in drawn]
    assert len(found) == (2 if kind == "pair" else 1)
    for strand in "+-":
        lines = ["@HD\tVN:1.6", "@SQ\tSN:chr1\tLN:20000"]
        for at, minus, mate in found:
            start = origin + at if strand == "+" else origin + size - at - 4
            flag = 16 * (minus == (strand == "+")) + (1 + mate if kind == "pair" else 0)
            lines.append(f"r\t{flag}\tchr1\t{start + 1}\t42\t4M\t*\t0\t0\t*\t*")
        path = tmp_path / "a.sam"
        path.write_text("\n".join(lines) + "\n")
        done = run(path, read_end=read_end, strandedness=strandedness)
        columns = [k for k, character in enumerate(mark) if character == "^"]
        expected = {(strand, origin + k if strand == "+" else origin + size - 1 - k): 1 for k in columns}
        assert counted(done, "bases" if read_end == "coverage" else "positions") == expected


def test_every_row_is_documented():
    seen = [tuple(row[:3]) for row in documented()]
    ends = ("five_prime", "three_prime", "coverage")
    assert seen == [(f"`{e}`", s, k) for e in ends for s in ("forward", "reverse") for k in ("single", "pair")]
