"""FASTQ through bowtie2: what is planted in a random genome is found again, once, on its strand."""

from __future__ import annotations

import gzip
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads.alignments import resolve_alignments
from groprog_assets.methods.reads.filtered_alignments import filter_alignments
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.schema import Genome, Library
from groprog_assets.tables import conform

READ, CHROMS = 40, {"chrA": 24_000, "chrB": 9_000}
REPEAT, REPEAT_IN_B = slice(5_000, 5_400), 2_000
NO_MASKS = pd.DataFrame({"chrom": [], "start": [], "end": [], "reason": []})
GENES = conform(
    pd.DataFrame(
        {"chrom": ["chrA"], "start": [0], "end": [24_000], "strand": ["+"], "transcript": ["t"], "gene": ["g"]}
    ),
    "gene_models",
)
COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


def turned(sequence: bytes) -> bytes:
    return sequence.translate(COMPLEMENT)[::-1]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A genome with 400 bases that stand on both chromosomes, and its bowtie2 index."""
    if shutil.which("bowtie2") is None or shutil.which("bowtie2-build") is None:
        pytest.skip("bowtie2 is not on PATH")
    folder = tmp_path_factory.mktemp("genome")
    rng = np.random.default_rng(5)
    sequence = {
        name: bytearray(rng.choice(list(b"ACGT"), size).astype(np.uint8).tobytes()) for name, size in CHROMS.items()
    }
    sequence["chrB"][REPEAT_IN_B : REPEAT_IN_B + 400] = sequence["chrA"][REPEAT]
    fasta = folder / "genome.fa"
    fasta.write_bytes(b"".join(b">%s\n%s\n" % (name.encode(), bytes(bases)) for name, bases in sequence.items()))
    subprocess.run(["bowtie2-build", "--quiet", "--seed", "0", str(fasta), str(folder / "index")], check=True)
    genome = Genome(
        name="toy",
        chrom_sizes=folder / "sizes",
        annotation=folder / "genes",
        fasta=fasta,
        bowtie2_index=folder / "index",
    )
    return genome, {name: bytes(bases) for name, bases in sequence.items()}, rng


def write_fastq(path, reads):
    with gzip.open(path, "wb") as file:
        file.writelines(b"@r%d\n%s\n+\n%s\n" % (i, read, b"I" * len(read)) for i, read in enumerate(reads))
    return path


def draw(rng, sequence, span):
    """Fragments of `span` bases outside the repeat, then some within: (chromosome, left, strand, in the repeat)."""
    for chrom, number in (("chrA", 300), ("chrB", 100)):
        for left in rng.integers(0, CHROMS[chrom] - span, number).tolist():
            first = REPEAT.start if chrom == "chrA" else REPEAT_IN_B
            if left + span < first or left > first + 400:
                yield chrom, left, "+-"[int(rng.integers(0, 2))], False
    for left in rng.integers(REPEAT.start, REPEAT.stop - span, 30).tolist():
        yield "chrA", left, "+", True


def table(positions):
    columns = (positions[name].tolist() for name in ("chrom", "strand", "position", "count"))
    return {(chrom, strand, position): count for chrom, strand, position, count in zip(*columns, strict=True)}


@pytest.mark.parametrize("paired", [False, True])
def test_planted_reads_are_found_where_they_stand(world, tmp_path, monkeypatch, paired):
    genome, sequence, rng = world
    span = 150 if paired else READ
    mates, planted, repeats = ([], []), {}, 0
    for chrom, left, strand, repeat in draw(rng, sequence, span):
        fragment = sequence[chrom][left : left + span]
        fragment = turned(fragment) if strand == "-" else fragment
        mates[0].append(fragment[:READ])
        mates[1].append(turned(fragment)[:READ])
        repeats += repeat
        if not repeat:
            key = (chrom, strand, left if strand == "+" else left + span - 1)
            planted[key] = planted.get(key, 0) + 1
    for mate in mates:
        mate += [rng.choice(list(b"ACGT"), READ).astype(np.uint8).tobytes() for _ in range(20)]
    files = [write_fastq(tmp_path / f"r{i}.fastq.gz", mate) for i, mate in enumerate(mates[: 1 + paired], 1)]
    library = Library(id="L1", condition="m", reads=files, strandedness="forward")
    source = resolve_alignments(library, genome, tmp_path / "made")
    assert (source.format, source.reads) == ("bam", len(mates[0]))
    assert source.program.startswith("bowtie2 2")
    assert "--reorder" in source.command
    first = source.path.read_bytes()
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["L1.bam"]
    for cores in (1, 3):  # neither a second run nor another number of cores changes a byte
        monkeypatch.setattr("os.cpu_count", lambda: cores)  # noqa: B023
        again = resolve_alignments(library, genome, tmp_path / "made")
        assert again.path.read_bytes() == first
        assert again.command == source.command
    done = filter_alignments(source.path, library, CHROMS, NO_MASKS, GENES, FilteringParameters(), genome)
    assert table(done.positions) == planted
    steps = done.funnel.set_index("step")["removed"]
    kept = sum(planted.values())
    assert done.summary["kept"] == kept
    assert (steps["unmapped"], steps["not_unique"]) == (20 * (1 + paired), repeats)
    assert steps["other_mate"] == (kept + repeats if paired else 0)
    assert done.summary["program"].startswith("bowtie2")
    assert done.summary["uniqueness"]["rule"] == "tie"
    assert done.summary["paired"] == (done.summary["kept"] if paired else 0)


def test_a_broken_fastq_leaves_nothing_behind(world, tmp_path):
    genome, _, _ = world
    (tmp_path / "a.fastq").write_text("@r\nACGTACGTACGT\n+\nIII\n")
    with pytest.raises(ReadsError, match="bowtie2 stopped"):
        resolve_alignments(Library(id="L1", condition="m", reads=[tmp_path / "a.fastq"]), genome, tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []
