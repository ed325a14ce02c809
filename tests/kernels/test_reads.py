"""Decoding against the definition, against pysam, and on the real libraries."""

from __future__ import annotations

import gzip
from collections import Counter

import numpy as np
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groprog_kernels import bgzf, reads, reads_reference, records, records_reference
from tests import alignment_files as files

MASKS = {"chr1": np.array([[40, 60], [50, 55], [5, 8], [9, 9]]), "chr2": np.array([[0, 4]]), "chr9": np.array([[0, 9]])}


def table(decoded: reads.Decoded, chroms=files.CHROMS) -> Counter:
    names = list(chroms)
    return Counter(
        {
            (names[c], "+-"[s], int(p)): int(n)
            for c, s, p, n in zip(decoded.chrom, decoded.strand, decoded.position, decoded.reads, strict=True)
        }
    )


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(files.records, max_size=25),
    read_end=st.sampled_from(["five_prime", "three_prime", "coverage"]),
    uniqueness=st.sampled_from(["mapping_quality", "hits", "tie", "tie_or_alternative", "none"]),
    duplicates=st.sampled_from(["keep", "position", "umi"]),
    reverse=st.booleans(),
    masked=st.booleans(),
    spike_in=st.sampled_from([None, "dm6_"]),
)
def test_equals_the_definition(tmp_path, rows, read_end, uniqueness, duplicates, reverse, masked, spike_in):
    path = files.write(tmp_path / "a.bam", rows)
    _, lengths, raw = records_reference.split(gzip.decompress(path.read_bytes()))
    masks = MASKS if masked else {}
    expected, outcomes, spliced = reads_reference.decode(
        list(lengths), raw, files.CHROMS, read_end, uniqueness, 10, duplicates, reverse, masks, spike_in
    )
    got = reads.decode_reads(
        path,
        files.CHROMS,
        read_end=read_end,
        uniqueness=uniqueness,
        minimum_mapping_quality=10,
        duplicates=duplicates,
        reverse=reverse,
        masks=masks,
        spike_in_prefix=spike_in,
        threads=1,
    )
    assert table(got) == expected
    assert {name: n for name, n in got.outcomes.items() if n} == outcomes
    assert got.spliced == spliced
    assert sum(got.outcomes.values()) == len(rows)
    line = got.chrom.astype(np.int64) * 2 + got.strand
    assert (np.diff(line * 2**32 + got.position) > 0).all()


def test_a_sorted_file_gives_sorted_keys(tmp_path, monkeypatch):
    keys, add = [], reads.PositionCounts.add
    monkeypatch.setattr(reads.PositionCounts, "add", lambda counts, part: keys.append(part.copy()) or add(counts, part))
    rows = [files.row(position=p, flag=flag, cigar=((0, 5),)) for p in range(40) for flag in (0, 16)]
    assert reads.decode_reads(files.write(tmp_path / "a.bam", rows), files.CHROMS).outcomes["kept"] == 80
    assert [len(part) for part in keys] == [40, 40]
    assert all((part[1:] > part[:-1]).all() for part in keys)


def by_pysam(path, chroms=files.CHROMS) -> Counter:
    """5' ends of primary, mapped first mates, the way a user would write it."""
    found: Counter = Counter()
    with pysam.AlignmentFile(str(path), check_sq=False) as file:
        for read in file.fetch(until_eof=True):
            if (
                read.is_unmapped
                or read.is_secondary
                or read.is_supplementary
                or read.is_qcfail
                or read.reference_start < 0
            ):
                continue
            if (read.is_paired and read.is_read2) or read.reference_name not in chroms:
                continue
            end = read.reference_end or read.reference_start + 1
            if end <= chroms[read.reference_name]:
                five = end - 1 if read.is_reverse else read.reference_start
                found[read.reference_name, "-" if read.is_reverse else "+", five] += 1
    return found


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(files.records, max_size=40))
def test_equals_pysam(tmp_path, rows):
    rows = [row for row in rows if row["contig"] >= 0 or row["flag"] & 4]
    path = files.write(tmp_path / "a.bam", rows)
    assert table(reads.decode_reads(path, files.CHROMS, uniqueness="none")) == by_pysam(path)


def test_sam_and_cram_give_what_bam_gives(tmp_path):
    rng = np.random.default_rng(3)
    rows = [
        files.row(
            int(rng.integers(0, 3)), int(p), int(rng.choice([0, 16, 4, 256])), length=True, NH=int(rng.integers(1, 3))
        )
        for p in rng.integers(0, 110, 400)
    ]
    tables = {}
    for ending in ("bam", "sam", "cram"):
        path = files.write(tmp_path / f"a.{ending}", rows)
        decoded = reads.decode_reads(path, files.CHROMS, uniqueness="hits")
        tables[ending] = (table(decoded), decoded.outcomes, decoded.mean_read_length, decoded.absent)
    assert tables["bam"] == tables["sam"] == tables["cram"]
    assert tables["bam"][0]


def test_a_cram_with_a_reference_needs_none_for_positions(tmp_path):
    fasta = tmp_path / "genome.fa"
    bases = {name: ("ACGTTGCA" * length)[:length] for name, length in files.CONTIGS.items()}
    fasta.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in bases.items()))
    pysam.faidx(str(fasta))
    rows = [files.row(position=i, length=True) for i in range(100)]
    path = files.write(tmp_path / "a.cram", rows, reference=fasta)
    fasta.rename(tmp_path / "moved.fa")
    assert reads.decode_reads(path, files.CHROMS).outcomes["kept"] == 100


@pytest.mark.parametrize(("library", "plus", "minus"), [("S0mR1", 104_275, 106_340), ("S40mR1", 158_606, 169_032)])
def test_real_libraries(shared, library, plus, minus):
    path = shared / "data" / "nascent" / f"{library}.bam"
    chroms = {"chr7": 159_138_663}
    got = reads.decode_reads(path, chroms)
    assert int(got.reads[got.strand == 0].sum()) == plus
    assert int(got.reads[got.strand == 1].sum()) == minus
    assert got.outcomes["kept"] == got.unknown_quality == plus + minus
    assert got.mean_read_length == 1
    assert table(got, chroms) == by_pysam(path, chroms)


def test_many_merges_of_counted_positions(tmp_path, monkeypatch):
    """Buffers of a few keys: the tables are merged often, in every order, and nothing is lost."""
    monkeypatch.setattr(reads, "_KEYS", 64)
    rng = np.random.default_rng(1)
    rows = [files.row(int(rng.integers(0, 2)), int(p), int(rng.choice([0, 16]))) for p in rng.integers(0, 60, 3000)]
    path = files.write(tmp_path / "a.bam", rows)
    assert table(reads.decode_reads(path, files.CHROMS)) == by_pysam(path)
    whole = reads.decode_reads(path, files.CHROMS, read_end="coverage")
    assert whole.reads.sum() == 10 * len(rows)


@pytest.mark.parametrize("ordered", [True, False])
def test_one_thread_and_several_give_equal_bytes(tmp_path, monkeypatch, ordered):
    """Several chunks of several blocks, which threads finish in any order."""
    monkeypatch.setattr(bgzf, "_INFLATED", 1 << 17)
    monkeypatch.setattr(reads, "_KEYS", 64)
    rng = np.random.default_rng(3)
    places = rng.integers(0, 60, (20_000, 2))
    places = places[np.lexsort(places.T)] if ordered else places
    rows = [files.row(int(line % 2), int(p), int(16 * (p % 3 == 0))) for p, line in places]
    path = files.write(tmp_path / "a.bam", rows)
    first, *others = (reads.decode_reads(path, files.CHROMS, threads=threads) for threads in (1, 2, 3))
    assert table(first) == by_pysam(path)
    for other in others:
        assert other.outcomes == first.outcomes
        for name in ("chrom", "strand", "position", "reads"):
            assert getattr(other, name).tobytes() == getattr(first, name).tobytes()


def test_windows_are_the_binned_positions(tmp_path):
    rng = np.random.default_rng(2)
    rows = [files.row(int(rng.integers(0, 2)), int(p), int(rng.choice([0, 16]))) for p in rng.integers(0, 110, 500)]
    path = files.write(tmp_path / "a.bam", rows)
    for bin_size in (1, 7, 50, 400):
        windows = reads.count_windows(path, files.CHROMS, bin_size)
        expected = {(c, s): np.zeros(n // bin_size, int) for c, n in files.CHROMS.items() for s in "+-"}
        for (chrom, strand, position), count in by_pysam(path).items():
            if position // bin_size < files.CHROMS[chrom] // bin_size:
                expected[chrom, strand][position // bin_size] += count
        assert {key: counts.tolist() for key, counts in windows.counts.items()} == {
            k: v.tolist() for k, v in expected.items()
        }


def test_a_window_of_more_reads_than_it_has_room_for(tmp_path):
    one = files.row(0, 3)
    path = files.write(tmp_path / "a.bam", [one, files.row(0, 60), files.row(1, 3)])
    data = gzip.decompress(path.read_bytes())
    _, _, raw = records_reference.split(data)
    first = data.index(raw[0]) - 4
    record = data[first : first + 4 + len(raw[0])]
    with pysam.BGZFile(str(tmp_path / "b.bam"), "wb") as file:
        file.write(data[:first] + record * (2 * 65_536 + 5) + data[first + len(record) :])
    found = reads.count_windows(tmp_path / "b.bam", files.CHROMS, 50).counts
    assert found["chr1", "+"].tolist() == [2 * 65_536 + 5, 1, 0, 0, 0, 0]
    assert found["chr2", "+"].tolist() == [1, 0]
    assert (found["chr1", "+"].dtype, found["chr2", "+"].dtype) == (np.uint32, np.uint16)


def test_what_is_reported_beside_the_positions(tmp_path):
    rows = [files.row(2), files.row(2), files.row(0, 295), files.row(0, 3, 1024, mapq=255), files.row(1, 4, 65)]
    got = reads.decode_reads(files.write(tmp_path / "a.bam", rows), files.CHROMS, minimum_mapping_quality=10)
    assert got.absent == {"chrUn_1": 2}
    assert got.outside == ("chr1", 305)
    assert (got.unknown_quality, got.marked_duplicates, got.paired) == (1, 1, 1)
    assert (got.mean_read_length, got.shortest_read, got.longest_read) == (10, 10, 10)


def test_reads_without_umi_are_counted(tmp_path):
    rows = [files.row(RX="AA"), files.row(RX="AA"), files.row(RX="AC"), files.row(), files.row()]
    got = reads.decode_reads(files.write(tmp_path / "a.bam", rows), files.CHROMS, duplicates="umi")
    assert (got.outcomes["kept"], got.outcomes["duplicate"], got.without_umi) == (3, 2, 2)


def test_progress_reaches_the_end(tmp_path):
    path = files.write(tmp_path / "a.bam", [files.row()])
    seen = []
    reads.decode_reads(path, files.CHROMS, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][1] == path.stat().st_size


def test_no_reads_and_no_chromosomes(tmp_path):
    empty = reads.decode_reads(files.write(tmp_path / "a.bam", []), files.CHROMS)
    assert len(empty.position) == 0
    assert empty.mean_read_length == 0
    none = reads.decode_reads(files.write(tmp_path / "b.bam", [files.row()]), {"chr9": 10})
    assert none.outcomes["contig_absent"] == 1


def test_truncated_and_senseless_input(tmp_path):
    path = files.write(tmp_path / "a.bam", [files.row()] * 2000)
    (tmp_path / "cut.bam").write_bytes(path.read_bytes()[:-28])
    with pytest.raises(records.BamError, match="end-of-file marker"):
        reads.decode_reads(tmp_path / "cut.bam", files.CHROMS)
    with pytest.raises(ValueError, match="threads"):
        reads.decode_reads(path, files.CHROMS, threads=0)
    with pytest.raises(ValueError, match="lengths"):
        reads.decode_reads(path, {"chr1": 0})
    with pytest.raises(ValueError, match="bin_size"):
        reads.count_windows(path, files.CHROMS, 0)


def test_records_that_contradict_themselves(tmp_path):
    """A whole, well-compressed file whose record claims more than it holds."""
    path = files.write(tmp_path / "a.bam", [files.row(AS=5)])
    data = bytearray(gzip.decompress(path.read_bytes()))
    record = len(data) - len(records_reference.split(bytes(data))[2][0])
    for at, value in [(12, 200), (8, 0), (16, 255), (0, 9), (-5, 0x3F)]:
        altered = bytearray(data)
        altered[record + at if at >= 0 else at] = value
        with pysam.BGZFile(str(tmp_path / "b.bam"), "wb") as file:
            file.write(bytes(altered))
        with pytest.raises(records.BamError, match="contradicts"):
            reads.decode_reads(tmp_path / "b.bam", files.CHROMS, uniqueness="tie")
