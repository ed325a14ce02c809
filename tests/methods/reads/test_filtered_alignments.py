"""From files to positions of the RNA: rules by aligner, strands, masks, refusals."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pysam
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.annotation import gene_models
from groprog_assets.methods.reads import alignments, bigwig, coverage, raw_reads
from groprog_assets.methods.reads.filtered_alignments import filter_alignments
from groprog_assets.methods.reads.positions import position_table, sequences, turn
from groprog_assets.methods.reads.strandedness import judge_strandedness, sense_reads
from groprog_assets.methods.reads.uniqueness import uniqueness_rule
from groprog_assets.store import artifacts
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.schema import Genome, Library
from groprog_assets.tables import conform
from tests import alignment_files as files

MASKS = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [4], "reason": ["rDNA"]})
NO_MASKS = MASKS.iloc[:0]
GENES = conform(
    pd.DataFrame(
        {
            "chrom": ["chr1", "chr1", "chr2"],
            "start": [10, 90, 0],
            "end": [100, 200, 50],
            "strand": ["+", "-", "-"],
            "transcript": ["a", "b", "c"],
            "gene": ["A", "B", "C"],
        }
    ),
    "gene_models",
)
FEW = FilteringParameters(strandedness_minimum_reads=5)


def library(path=None, **others):
    return Library(id="L1", condition="mock", alignments=path, **others)


@pytest.fixture
def genome(tmp_path):
    return Genome(name="toy", chrom_sizes=tmp_path / "sizes", annotation=tmp_path / "genes")


def run(path, genome, chroms=files.CHROMS, masks=NO_MASKS, parameters=FEW, **others):
    return filter_alignments(path, library(path, **others), chroms, masks, GENES, parameters, genome)


def sense(n=10, flag=0):
    """Reads over gene A's own bases."""
    return [files.row(position=20 + i, flag=flag) for i in range(n)]


def test_funnel_adds_up_and_names_what_is_left_out(tmp_path, genome):
    rows = [
        *sense(),
        files.row(flag=4),
        files.row(flag=256),
        files.row(mapq=3),
        files.row(contig=2),
        files.row(position=2),
    ]
    done = run(files.write(tmp_path / "a.bam", rows), genome, masks=MASKS)
    steps = done.funnel.set_index("step")
    assert steps.loc["all", "remaining"] == len(rows)
    assert steps["removed"].to_dict() | {"kept": 0} == {
        **dict.fromkeys(steps.index, 0),
        **dict.fromkeys(["unmapped", "secondary_or_supplementary", "not_unique", "contig_absent", "masked"], 1),
        "kept": 0,
    }
    assert steps["remaining"].iloc[-1] == done.summary["kept"] == done.positions["count"].sum() == 10
    assert done.summary["contigs_ignored"] == {"chrUn_1": 1}
    unmasked = run(tmp_path / "a.bam", genome, masks=MASKS, parameters=FEW.model_copy(update={"use_masks": False}))
    assert unmasked.summary["kept"] == 11


@pytest.mark.parametrize(
    ("line", "rule", "program"),
    [
        ("@PG\tID:bowtie2\tPN:bowtie2\tVN:2.5.0\tCL:bowtie2 -x i", "tie", "bowtie2 2.5.0"),
        ("@PG\tID:bwa\tPN:bwa\tVN:0.7.17", "tie_or_alternative", "bwa 0.7.17"),
        ("@PG\tID:STAR\tPN:STAR\tVN:2.7", "hits", "STAR 2.7"),
        ("@PG\tID:hisat2\tPN:hisat2\tVN:2.2", "hits", "hisat2 2.2"),
        ("@PG\tID:STAR\n@PG\tID:samtools\tPN:samtools\tPP:STAR", "hits", "STAR"),
        ("@PG\tID:bowtie2-1F2A\tPN:bowtie2", "tie", "bowtie2"),
        ("@PG\tID:bowtie\tPN:bowtie\tVN:1.3", "mapping_quality", "bowtie 1.3"),
        ("@PG\tID:starless", "mapping_quality", ""),
        ("", "mapping_quality", ""),
    ],
)
def test_rule_by_aligner(line, rule, program):
    found = uniqueness_rule("@HD\tVN:1.6\n" + line, 10)
    assert (found.rule, found.program) == (rule, program)
    assert "10" in found.reason


def test_strand_is_told_and_turned(tmp_path, genome):
    forward = files.write(tmp_path / "f.bam", [*sense(), *sense(2, flag=16)])
    backward = files.write(tmp_path / "b.bam", [*sense(flag=16), *sense(2)])
    for path, declared, assay, status, applied, plus in [
        (forward, "auto", "gro-seq", "ok", "forward", 10),
        (backward, "auto", "gro-seq", "ok", "reverse", 10),
        (backward, "auto", "pro-seq", "ok", "reverse", 10),
        (forward, "auto", "pro-seq", "ok", "forward", 10),
        (forward, "forward", "gro-seq", "ok", "forward", 10),
        (forward, "reverse", "gro-seq", "flipped", "reverse", 2),
        (backward, "forward", "gro-seq", "flipped", "forward", 2),
    ]:
        done = run(path, genome, strandedness=declared, assay=assay)
        verdict = done.summary["strandedness"]
        assert (verdict["status"], verdict["applied"], done.summary["plus_reads"]) == (status, applied, plus)
        assert verdict["sense_fraction"] == pytest.approx(plus / 12)
        assert bool(verdict["remedy"]) == (status != "ok")
        assert verdict["turned_by_itself"] == (declared == "auto" and (assay == "pro-seq") != (applied == "reverse"))
    assert (np.diff(done.positions["strand"].cat.codes) >= 0).all()


def test_unclear_strand_follows_the_assay(tmp_path, genome):
    path = files.write(tmp_path / "a.bam", [*sense(6), *sense(6, flag=16)])
    assert run(path, genome).summary["strandedness"]["status"] == "unclear"
    verdict = run(path, genome, assay="pro-seq").summary["strandedness"]
    assert (verdict["inferred"], verdict["applied"]) == ("unclear", "reverse")
    few = run(path, genome, parameters=FilteringParameters()).summary["strandedness"]
    assert "fewer than 500" in few["remedy"]


def test_bases_under_genes_of_both_strands_say_nothing():
    positions = position_table(
        np.zeros(3, int), np.zeros(3, int), np.array([50, 95, 150]), np.array([1, 2, 4]), {"chr1": 300}
    )
    assert sense_reads(positions, GENES) == (1, 4)
    assert sense_reads(positions.iloc[:0], GENES) == (0, 0)
    assert judge_strandedness(positions.iloc[:0], GENES, "auto", "gro-seq", FEW).verdict["sense_fraction"] is None


def test_another_assembly_is_named(tmp_path, genome):
    path = files.write(tmp_path / "a.bam", sense())
    with pytest.raises(ReadsError, match=r"no contig is among") as caught:
        run(path, genome, chroms={"1": 300, "2": 120})
    assert "'chr'" in caught.value.problems[0].remedy
    with pytest.raises(ReadsError, match=r"no contig is among.*one assembly"):
        run(path, genome, chroms={"NC_1": 300})
    with pytest.raises(ReadsError, match=r"chr1 is 300 bp in the file and 299 bp.*another assembly"):
        run(path, genome, chroms={"chr1": 299})
    beyond = files.write(tmp_path / "b.bam", [files.row(position=295)])
    with pytest.raises(ReadsError, match=r"first on chr1 ends at 305 of \[0, 300\).*another assembly"):
        run(beyond, genome)


def test_nothing_left_shows_the_funnel(tmp_path, genome):
    path = files.write(tmp_path / "a.bam", [files.row(mapq=0)] * 3 + [files.row(flag=4)])
    with pytest.raises(ReadsError, match=r"none of 4 reads.*unmapped 1, not_unique 3.*minimum_mapping_quality"):
        run(path, genome)
    with pytest.raises(ReadsError, match=r"none of 0 reads.*no records"):
        run(files.write(tmp_path / "b.bam", []), genome)
    with pytest.raises(ReadsError, match="RX"):
        run(files.write(tmp_path / "c.bam", sense()), genome, parameters=FilteringParameters(duplicates="umi"))


def test_truncated_and_altered_files(tmp_path, genome):
    whole = files.write(tmp_path / "a.bam", sense(3000 // 30)).read_bytes()
    middle = len(whole) // 2
    altered = [whole[:-cut] for cut in (1, 28, middle, len(whole) - 20)]
    for data in (*altered, whole[:middle] + bytes(20) + whole[middle + 20 :]):
        (tmp_path / "it's cut.bam").write_bytes(data)
        with pytest.raises(ReadsError, match="samtools view -c") as raised:
            run(tmp_path / "it's cut.bam", genome)
    program, *words = shlex.split(raised.value.problems[0].remedy.split("`")[1])
    assert program == "samtools"
    pysam.quickcheck(words[-1])  # looks at the two ends of the file
    with pytest.raises(pysam.SamtoolsError):
        pysam.view(*words[1:])
    (tmp_path / "it's cut.bam").write_bytes(whole)
    assert int(pysam.view(*words[1:])) == 100


def test_coverage_mode_warns_and_spike_ins_are_apart(tmp_path, genome):
    path = files.write(tmp_path / "a.bam", [*sense(), files.row(contig=3)])
    done = run(path, genome.model_copy(update={"spike_in_prefix": "dm6_"}), read_end="coverage")
    assert done.summary["spike_in_reads"] == 1
    assert (done.positions["count"].sum(), done.bases["count"].sum()) == (10, 100)
    assert any("388, 3,833 and 6,887 units" in warning for warning in done.summary["warnings"])


def test_pairs_count_once(tmp_path, genome):
    rows = [files.row(position=20, flag=65 + 32), files.row(position=60, flag=129 + 16)] * 8
    path = files.write(tmp_path / "a.bam", rows)
    for end, position in (("five_prime", 20), ("three_prime", 69)):
        done = run(path, genome, read_end=end)
        assert done.positions[["strand", "position", "count"]].values.tolist() == [["+", position, 8]]


@pytest.mark.parametrize(("name", "plus", "minus"), [("S0mR1", 104_275, 106_340), ("S40mR1", 158_606, 169_032)])
def test_real_libraries(shared, name, plus, minus):
    genome = Genome(
        name="hg19",
        chrom_sizes=shared / "data/reference/hg19.chrom.sizes",
        annotation=shared / "data/reference/hg19.refGene.chr7.gtf.gz",
    )
    chroms = read_chrom_sizes(genome.chrom_sizes)
    genes = gene_models.read_annotation(genome.annotation, chroms)
    path = shared / "data" / "nascent" / f"{name}.bam"
    done = filter_alignments(path, library(path), chroms, NO_MASKS, genes, FilteringParameters(), genome)
    assert (done.summary["plus_reads"], done.summary["minus_reads"]) == (plus, minus)
    assert done.summary["strandedness"]["inferred"] == "forward"
    windows = coverage.bin_positions(done.positions, chroms, 50)
    assert windows["count"].sum() == plus + minus


def table(rng, chroms, reads=400):
    parts = []
    for rank, size in enumerate(chroms.values()):
        for strand in (0, 1):
            position = np.unique(rng.integers(0, size, reads))
            parts.append((np.full(len(position), rank), np.full(len(position), strand), position))
    chrom, strand, position = (np.concatenate(column) for column in zip(*parts, strict=True))
    return position_table(chrom, strand, position, rng.integers(1, 9, len(position)), chroms)


def test_bigwigs_come_back_and_are_the_same_bytes(tmp_path, genome):
    chroms = {"chr1": 700_000, "chr2": 120, "chr3": 40}
    positions = table(np.random.default_rng(0), chroms)
    first = coverage.write_bigwigs(positions, chroms, tmp_path / "a")
    second = coverage.write_bigwigs(positions, chroms, tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert [p.name for p in first] == ["a_plus.bw", "a_minus.bw"]
    back, ignored = coverage.read_bigwig_pair(*first, chroms | {"chr4": 5})
    assert ignored == []
    pd.testing.assert_frame_equal(back.astype({"chrom": str}), positions.astype({"chrom": str}))
    pair = Library(id="L1", condition="m", bigwig_plus=first[0], bigwig_minus=first[1])
    done = filter_alignments(first[0], pair, chroms, MASKS, GENES, FEW.model_copy(update={"use_masks": False}), genome)
    pd.testing.assert_frame_equal(done.positions, positions)
    masked = filter_alignments(first[0], pair, chroms, MASKS, GENES, FEW, genome)
    assert masked.positions.loc[masked.positions["chrom"] == "chr1", "position"].min() >= 4
    assert alignments.resolve_alignments(pair, genome, tmp_path).format == "bigwig"


def test_the_last_base_of_a_chromosome_is_written_and_the_one_behind_it_refused(tmp_path):
    def at(base):
        return position_table(*(np.array([value], np.int32) for value in (0, 0, base, 3)), {"chr1": 1_000})

    plus, minus = coverage.write_bigwigs(at(699), {"chr1": 700}, tmp_path / "a")
    assert bigwig.read_bigwig_pair(plus, minus, {"chr1": 700})[0]["position"].tolist() == [699]
    with pytest.raises(ReadsError, match="last position 700"):
        coverage.write_bigwigs(at(700), {"chr1": 700}, tmp_path / "b")
    assert not list(tmp_path.glob("b*"))


def test_bigwigs_of_either_sign_with_runs_and_an_empty_strand(tmp_path):
    import pyBigWig

    chroms = {"chr1": 2_000_000}
    empty = position_table(*(np.empty(0, int),) * 4, chroms)
    plus, minus = coverage.write_bigwigs(empty, chroms, tmp_path / "a")
    with pyBigWig.open(str(minus), "w") as file:
        file.addHeader([("chr1", 2_000_000), ("chrX", 10)])
        file.addEntries(["chr1"] * 2, [5, 524_286], ends=[7, 524_290], values=[2.0, 3.0])
    back, ignored = bigwig.read_bigwig_pair(plus, minus, chroms)
    assert back["position"].tolist() == [5, 6, *range(524_286, 524_290)]
    assert back["count"].tolist() == [2, 2, 3, 3, 3, 3]
    assert (set(back["strand"]), ignored) == ({"-"}, ["chrX"])


def test_bigwigs_that_cannot_be_counted(tmp_path):
    chroms = {"chr1": 700}
    positions = table(np.random.default_rng(0), chroms, 90)
    plus, minus = coverage.write_bigwigs(positions, chroms, tmp_path / "raw")
    scaled, _ = coverage.write_bigwigs(positions, chroms, tmp_path / "rpm", {"": 0.3})
    cut = tmp_path / "cut.bw"
    cut.write_bytes(plus.read_bytes()[:-50])
    (tmp_path / "text.bw").write_text("chr1 one two")
    for pair, words in [
        ((minus, plus), "negative values"),
        ((scaled, minus), "whole numbers"),
        ((cut, minus), "cut off"),
        ((tmp_path / "text.bw", minus), "does not begin"),
    ]:
        with pytest.raises(ReadsError, match=words):
            coverage.read_bigwig_pair(*pair, chroms)
    with pytest.raises(ReadsError, match="another assembly"):
        coverage.read_bigwig_pair(plus, minus, {"chr1": 701})
    with pytest.raises(ReadsError, match="Use the chromosome sizes"):
        coverage.write_bigwigs(positions, {"chr1": 5}, tmp_path / "x")
    with pytest.raises(ReadsError, match="no such chromosome"):
        coverage.write_bigwigs(positions, {"chr2": 700}, tmp_path / "x")
    assert not list(tmp_path.glob("x*"))
    with pytest.raises(ReadsError, match="lie within"):
        coverage.bin_positions(positions, {"chr1": 5}, 2)


def test_sequences_of_any_row_order():
    positions = table(np.random.default_rng(4), {"chr1": 90, "chr2": 50}, 30)
    mixed = positions.sample(frac=1, random_state=0).reset_index(drop=True)
    for key, (position, count) in sequences(positions).items():
        assert (sequences(mixed)[key][0] == position).all()
        assert (sequences(mixed)[key][1] == count).all()
    pd.testing.assert_frame_equal(turn(turn(positions)), positions)


def digested(path):
    return artifacts.digest_file(path), path.stat().st_size


def test_identity_of_files(tmp_path):
    path = files.write(tmp_path / "a.bam", sense())
    found = raw_reads.identify(library(path), digested)
    assert (found["format"], found["files"][0]["role"], len(found["files"][0]["sha256"])) == ("bam", "alignments", 64)
    (tmp_path / "empty.fq").touch()
    with pytest.raises(ReadsError) as caught:
        raw_reads.identify(
            Library(id="L1", condition="m", reads=[tmp_path / "empty.fq", tmp_path / "none.fq"]), digested
        )
    assert len(caught.value.problems) == 2


def test_fastq_without_an_aligner(tmp_path, genome, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.fq").write_text("@r\nA\n+\nI\n")
    with pytest.raises(ReadsError, match="apt install bowtie2; conda: conda install") as caught:
        alignments.resolve_alignments(
            Library(id="L1", condition="m", reads=[tmp_path / "a.fq"]), genome, tmp_path / "out"
        )
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "out").exists()
    with pytest.raises(ReadsError, match="neither reads"):
        alignments.resolve_alignments(library(), genome, tmp_path)


def test_spike_ins_make_libraries_equal(tmp_path, genome):
    named = genome.model_copy(update={"spike_in_prefix": "dm6_"})
    reads = {}
    for name, spiked in (("a", 4), ("b", 6)):
        rows = [*sense(), *[files.row(contig=3)] * spiked, files.row(contig=3, mapq=0)]
        reads[name] = run(files.write(tmp_path / f"{name}.bam", rows), named).summary["spike_in_reads"]
    assert reads == {"a": 4, "b": 6}
    scales = coverage.spike_in_scales(reads)
    assert [reads[name] * scales[name] for name in "ab"] == [4, 4]
    assert coverage.spike_in_scales({"a": 4, "b": 0}) == coverage.spike_in_scales({}) == {}
    positions = table(np.random.default_rng(0), {"chr1": 700}, 40)
    plus, minus = coverage.write_bigwigs(positions, {"chr1": 700}, tmp_path / "a", {".rpm": 0.5})
    assert (plus.name, minus.name) == ("a_plus.rpm.bw", "a_minus.rpm.bw")
    import pyBigWig

    with pyBigWig.open(str(minus)) as file:
        found = [value for *_, value in file.intervals("chr1")]
    assert found == (positions.loc[positions["strand"] == "-", "count"] * -0.5).tolist()


def test_bwa_lists_worse_hits_too(tmp_path, genome):
    header = {"HD": {"VN": "1.6"}, "PG": [{"ID": "bwa", "PN": "bwa", "VN": "0.7.17"}]}
    header["SQ"] = [{"SN": name, "LN": length} for name, length in files.CONTIGS.items()]
    kept = [
        files.row(position=20, mapq=60, AS=50, XS=42, XA=True),  # bwa mem: a hit of 84 % of the best score
        files.row(position=21, mapq=60, AS=50, XS=0),
        files.row(position=22, mapq=37, X0=1, XA=True),  # bwa aln: one best hit, worse ones beside it
        files.row(position=23, mapq=25, X0=1),
        files.row(position=24, mapq=60),
    ]
    left_out = [
        files.row(position=30, mapq=60, AS=50, XS=50, XA=True),
        files.row(position=31, mapq=37, X0=3),
        files.row(position=32, mapq=37, XA=True),  # nothing says that the other hit is worse
        files.row(position=33, mapq=0, AS=50, XS=20),
    ]
    done = run(files.write(tmp_path / "a.bam", [*kept, *left_out], header), genome)
    assert done.positions["position"].tolist() == [20, 21, 22, 23, 24]
    assert done.funnel.set_index("step").loc["not_unique", "removed"] == len(left_out)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("_ACGT", "_GGTT"),
        (":ACGT", ":GGTT"),
        (":ACGT_TTTT", ":ACGT_TTAA"),
        (":UMI_ACGT", ":UMI_GGTT"),
        (":A+CGT", ":A+GG"),
    ],
)
def test_the_umi_is_read_from_the_name(tmp_path, genome, first, second):
    """As umi_tools extract, fastp (one, both mates, with a prefix) and bcl2fastq leave it."""
    rows = [files.row(position=20, umi=umi) for umi in (first, first, second)] * 3
    done = run(files.write(tmp_path / "a.bam", rows), genome, parameters=FEW.model_copy(update={"duplicates": "umi"}))
    assert (done.summary["kept"], done.funnel.set_index("step").loc["duplicate", "removed"]) == (2, 7)


def test_without_any_umi_the_remedies_lead_on(tmp_path, genome):
    umi = FEW.model_copy(update={"duplicates": "umi"})
    rows = [files.row(position=20 + k // 2) for k in range(12)]
    with pytest.raises(ReadsError, match=r"12 reads carry no UMI.*umi_tools extract, fastp --umi") as caught:
        run(files.write(tmp_path / "a.bam", rows), genome, parameters=umi)
    assert "duplicates to keep or position" in caught.value.problems[0].remedy
    for remedied, kept in (({"umi": "_ACGT"}, 6), ({"RX": "ACGT"}, 6)):
        path = files.write(tmp_path / "b.bam", [row | remedied for row in rows])
        assert run(path, genome, parameters=umi).summary["kept"] == kept
    for duplicates, kept in (("keep", 12), ("position", 6)):
        told = FEW.model_copy(update={"duplicates": duplicates})
        assert run(tmp_path / "a.bam", genome, parameters=told).summary["kept"] == kept
