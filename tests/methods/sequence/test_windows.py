"""Windows in the gene frame: against pysam's bases, over chromosome ends, with reasons for what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.sequence import windows
from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome
from groprog_assets.methods.sequence.windows import SPACER, Layout, gene_codes, gene_masks, view_layout, window_table
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import decode
from groprog_kernels.windows import window_codes
from tests.methods.sequence.planted import SMAPS, held_bytes, write_fasta

TURN = str.maketrans("ACGTN", "TGCAN")
TEXT = "".join(np.random.default_rng(3).choice(list("ACGT"), 3000))
COLUMNS = ["gene", "chrom", "strand", "tss", "tts", "tss_reads"]


def frame(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def test_windows_of_both_strands_read_from_upstream_to_downstream(tmp_path: Path):
    genome = open_genome(write_fasta(tmp_path / "g.fa", {"x": TEXT}), tmp_path, "s")
    layout = Layout((30, 20), (10, 15))
    codes = gene_codes(frame(("p", "c", "+", 1000, 1499, 0), ("m", "c", "-", 1000, 501, 0)), genome, {"c": "x"}, layout)
    plus = TEXT[970:1020] + "N" * SPACER + TEXT[1489:1514]
    minus = (TEXT[981:1031])[::-1].translate(TURN) + "N" * SPACER + TEXT[487:512][::-1].translate(TURN)
    assert [decode(row) for row in codes] == [plus, minus]
    assert decode(codes[0])[layout.origin] == TEXT[1000]
    assert layout.width == len(plus)


def test_the_soft_mask_of_a_window_is_that_of_its_bases(tmp_path: Path):
    text = "".join(
        letter.lower() if low else letter for letter, low in zip(TEXT, np.arange(len(TEXT)) % 7 < 3, strict=True)
    )
    genome = open_genome(write_fasta(tmp_path / "g.fa", {"x": text}), tmp_path, "s")
    layout = Layout((30, 20), (10, 15))
    genes = frame(("p", "c", "+", 1000, 1499, 0), ("m", "c", "-", 1000, 501, 0), ("edge", "c", "+", 5, 2999, 0))
    masks = gene_masks(genes, genome, {"c": "x"}, layout)
    plus = text[970:1020] + "N" * SPACER + text[1489:1514]
    minus = text[981:1031][::-1] + "N" * SPACER + text[487:512][::-1]
    edge = "N" * 25 + text[:25] + "N" * SPACER + text[2989:] + "N" * 14
    assert masks.tolist() == [[letter.islower() for letter in row] for row in (plus, minus, edge)]


def test_positions_outside_the_chromosome_are_padded_and_not_dropped(tmp_path: Path):
    genome = open_genome(write_fasta(tmp_path / "g.fa", {"c": "ACGTACGTAC"}), tmp_path, "s")
    codes = gene_codes(frame(("a", "c", "+", 1, 9, 0), ("b", "c", "-", 8, 1, 0)), genome, {"c": "c"}, Layout((4, 4)))
    assert [decode(row) for row in codes] == ["NNNACGTA", "NNNGTACG"]


@pytest.mark.skipif(not SMAPS.is_file(), reason="needs /proc/self/smaps")
def test_windows_of_all_chromosomes_hold_no_more_of_the_genome_than_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    size, step, names = 1 << 22, 1 << 13, ["a", "b", "c"]
    bases = np.random.default_rng(5).choice(np.frombuffer(b"ACGT", np.uint8), (len(names), size)).tobytes().decode()
    letters = {name: bases[at * size : (at + 1) * size] for at, name in enumerate(names)}
    genome = open_genome(write_fasta(tmp_path / "g.fa", letters), tmp_path, "s")
    held = []

    def watched(*given):
        found = window_codes(*given)
        held.append(held_bytes(tmp_path / "s.npy"))
        return found

    monkeypatch.setattr(windows, "window_codes", watched)
    rows = [(f"{c}{tss}", c, strand, tss, tss, 0) for c in names for strand in "+-" for tss in range(0, size, step)]
    layout = Layout((step // 2, step // 2))
    codes = gene_codes(frame(*rows), genome, {name: name for name in names}, layout)
    assert len(held) == 2 * len(names)
    assert min(held) > size * 0.9, "every base of a chromosome was read"
    assert max(held) < size * 2, "of one chromosome, not of those before"
    assert held_bytes(tmp_path / "s.npy") == 0
    in_memory = GenomeCodes(np.array(genome.codes), genome.records)
    assert np.array_equal(codes, gene_codes(frame(*rows), in_memory, {name: name for name in names}, layout))


def test_why_a_gene_is_left_out(tmp_path: Path):
    text = TEXT[:1000] + "N" * 500 + TEXT[1500:]
    genome = open_genome(write_fasta(tmp_path / "g.fa", {"c": text}), tmp_path, "s")
    genes = frame(
        ("used", "c", "+", 500, 900, 3),
        ("less_read", "c", "+", 500, 950, 2),
        ("other_strand", "c", "-", 500, 100, 0),
        ("unknown", "c", "+", 1200, 1900, 9),
        ("elsewhere", "MT", "+", 500, 900, 9),
        ("at_the_edge", "c", "+", 50, 900, 9),
    )
    table = window_table(genes, genome, {"c": "c"}, Layout((100, 100)), SequenceParameters()).set_index("gene")
    assert table["reason"].to_dict() == {
        "used": "",
        "less_read": "TSS shared with used",
        "other_strand": "",
        "unknown": "too many unknown bases",
        "elsewhere": "chromosome not in the FASTA",
        "at_the_edge": "too many unknown bases",
    }
    assert table["unknown"]["at_the_edge"] == 0.25


def test_the_promoter_view_ends_shortly_after_the_start():
    whole = Layout((1000, 1000), (500, 1000))
    promoter = view_layout(whole, "promoter", SequenceParameters())
    assert promoter == Layout((1000, 50))
    assert promoter.stretches() == [[0, 500, 750, 900, 1000, 1050]]
    assert view_layout(whole, "locus", SequenceParameters()) == whole
    assert whole.stretches()[0] == [0, 500, 750, 900, 1000, 1100, 1250, 1500, 2000]
    assert whole.stretches()[1][0] == 2008
    assert whole.stretches()[1][-1] == whole.width
