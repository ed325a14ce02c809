"""Contacts of genes: BEDPE forms, the strongest first, one row a gene, genes that share a fragment, bad files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.sequence.fragments import gene_fragments, read_contacts, sharing_fragments
from groprog_assets.methods.sequence.genome_codes import open_genome
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_kernels.bases import decode
from tests.methods.sequence.planted import SMAPS, held_bytes, write_fasta

SIZES = {"chr1": 40_000, "chr2": 20_000}
OWN = NetParameters(fragments=2, fragment_width=600, anchor_distance=500)


def written(tmp_path, rows):
    path = tmp_path / "loops.bedpe"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def genome_of(tmp_path):
    random = np.random.default_rng(0)
    letters = {name: decode(random.integers(0, 4, size).astype(np.uint8)) for name, size in SIZES.items()}
    return open_genome(write_fasta(tmp_path / "g.fa", letters), tmp_path / "codes", "x"), letters


GENES = pd.DataFrame(
    {"chrom": ["chr1", "chr1", "chr2", "chr1"], "strand": list("+-+-"), "tss": [10_000, 20_000, 5_000, 35_000]}
)


def test_the_strongest_contacts_of_a_gene_are_its_fragments_from_either_anchor(tmp_path):
    rows = [
        ("chr1", 9_900, 10_100, "chr1", 29_000, 30_000, "a", 3),
        ("chr2", 7_000, 8_000, "chr1", 10_300, 10_600, "b", 15),
        ("chr1", 9_000, 9_501, "chr2", 100, 300, "c", 7),
        ("chr1", 9_000, 9_500, "chr2", 15_000, 16_000, "too far", 99),
        ("chr1", 10_000, 10_200, "chr1", 10_300, 10_400, "itself", 99),
        ("chr1", 19_000, 20_000, "chr1", 29_100, 30_100, "d", 3),
    ]
    genome, letters = genome_of(tmp_path)
    contacts = read_contacts(written(tmp_path, rows), SIZES, {})
    found = gene_fragments(contacts, GENES, genome, {"chr1": "chr1", "chr2": "chr2"}, OWN)
    assert not SMAPS.is_file() or held_bytes(tmp_path / "codes" / "x.npy") == 0, "the genome's pages are given back"
    assert found.chrom[0].tolist() == ["chr2", "chr2"]
    assert found.centre[0].tolist() == [7_500, 200]
    assert np.allclose(found.weight[0], np.log1p([15, 7]) / np.log1p(99))
    assert decode(found.codes[0, :600]) == letters["chr2"][7_200:7_800]
    assert (found.codes[0, 600:700] == 4).all(), "before the chromosome begins"
    assert decode(found.codes[0, 700:1200]) == letters["chr2"][:500]
    assert found.centre[1].tolist() == [29_600, -1]
    assert (found.codes[1, 600:] == 4).all()
    assert found.weight[3].tolist() == [0, 0]
    assert sharing_fragments(found, 600).tolist() == []
    three = gene_fragments(
        contacts, GENES, genome, {"chr1": "chr1", "chr2": "chr2"}, OWN.model_copy(update={"fragments": 3})
    )
    assert sharing_fragments(three, 600).tolist() == [[0, 1]], "29,500 and 29,600 overlap"


def test_an_eleventh_column_is_the_count_and_without_a_score_each_counts_one(tmp_path):
    row = ("chr1", 1, 2, "chr1", 5_000, 5_001)
    rows = [row, (*row, "n", "."), (*row, "n", 5), (*row, "n", 5, "+", "-", 8), ("chrUn", 1, 2, "chr1", 5, 6)]
    contacts = read_contacts(written(tmp_path, rows), SIZES, {})
    assert contacts.score[:4].tolist() == [1, 1, 5, 8]
    assert contacts.left_out == 1
    assert len(contacts.anchors) == 8


def test_the_names_of_the_file_are_matched(tmp_path):
    contacts = read_contacts(written(tmp_path, [("1", 1, 2, "I", 5, 6)]), SIZES, {"I": frozenset({"I", "chr2"})})
    assert contacts.anchors["chrom"].tolist() == ["chr1", "chr2"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("chr1", 1, 2)], "A contact is"),
        ([("chr1", 1, "x", "chr1", 5, 6)], "A contact is"),
        ([("chr1", 1, 2, "chr2", 19_000, 20_001)], "another assembly"),
        ([("chr1", 1, 2, "chr2", 5, 6, "n", -1)], "score -1"),
        ([("chr1", 1, 2, "chr2", 5, 6, "n", "nan")], "score nan"),
        ([("scaffold", 1, 2, "scaffold", 5, 6)], "none on one of them"),
    ],
)
def test_bad_contacts_are_told(tmp_path, rows, told):
    with pytest.raises(AnnotationError, match=told):
        read_contacts(written(tmp_path, rows), SIZES, {})


def test_every_bad_anchor_is_told_with_its_line(tmp_path):
    rows = [("chr1", 5, 5, "chr1", 9, 12), ("chr1", 5, 9, "chr2", 9, 20_001), ("chr1", "9" * 5000, 9, "chr2", 9, 12)]
    with pytest.raises(AnnotationError) as refused:
        read_contacts(written(tmp_path, rows), SIZES, {})
    told = "\n".join(map(str, refused.value.problems))
    for part in ("line 1: chr1:5-5. An anchor covers", "line 2: chr2:9-20001, it ends at 20000", "line 3: chr1\t999"):
        assert part in told, part


def test_one_chromosome_may_have_two_names_in_a_file(tmp_path):
    rows = [("chr1", 5, 9, "1", 100, 120), ("1", 5, 9, "2", 100, 120)]
    found = read_contacts(written(tmp_path, rows), SIZES, {})
    assert found.anchors["chrom"].tolist() == ["chr1", "chr1", "chr1", "chr2"]
    assert found.left_out == 0
