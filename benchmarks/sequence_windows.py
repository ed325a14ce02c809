"""One-hot windows of a genome beside tangermeme and pyfaidx, k-mer features, and a genome of human size in little memory.

    python -m benchmarks.sequence_windows [PYTHON WITH TANGERMEME]
    python -m benchmarks.sequence_windows --variants
    python -m benchmarks.sequence_windows --large

CPU time, median of three. The peers (tangermeme 1.6.0, pyfaidx 0.9.2.2) run in the named Python; windows inside a chromosome
must be equal on the + strand. --variants: a VCF of 10,000 single-base changes near genes through `ridge_kmer+words`, fitted to
each fold. --large: 3.1 Gb of random bases, 6.3 GB of disk at most.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.sequence import LAYOUT, NAMES, TASKS, genes, genome, targets
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.genome_codes import GenomeCodes, open_genome
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.variants import Scorer, scored_files, variant_effects
from groprog_assets.methods.sequence.vcf import read_variants
from groprog_assets.methods.sequence.windows import gene_codes, view_layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.kmers import count_kmers
from groprog_kernels.windows import one_hot_windows

WIDTH = 2114
WINDOWS = 5000
GENES = 830
VARIANTS = 10_000
PEER = """
import json, sys, time, statistics, numpy as np, pandas as pd, pyfaidx
from tangermeme.io import extract_loci
from tangermeme.utils import one_hot_encode
fasta, table, out = sys.argv[1:4]
loci = pd.read_csv(table, sep="\\t", names=["chrom", "start", "end"])
def timed(call):
    seconds = []
    for _ in range(3):
        begin = time.process_time(); found = call(); seconds.append(time.process_time() - begin)
    return statistics.median(seconds), found
def ours():
    return extract_loci(loci, fasta, in_window=int(sys.argv[4]), n_jobs=1)
extract_loci(loci[:5], fasta, in_window=int(sys.argv[4]), n_jobs=1)
first, found = timed(ours)
file = pyfaidx.Fasta(fasta)
def strings():
    return [one_hot_encode(str(file[c][s:e]).upper()) for c, s, e in zip(loci.chrom, loci.start, loci.end)]
strings_seconds, _ = timed(strings)
np.save(out, found.numpy())
print(json.dumps([first, strings_seconds]))
"""


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """(median CPU seconds of three calls, the last result)."""
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        found = call()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds), found


def main() -> None:
    if "--large" in sys.argv:
        large()
        return
    if "--variants" in sys.argv:
        scored()
        return
    peer = next((item for item in sys.argv[1:] if not item.startswith("-")), None)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        held = genome(place)
        table = genes()
        codes = gene_codes(table, held, NAMES, LAYOUT)
        count_kmers(codes[:2], [0, 10], 4)
        edges = LAYOUT.stretches()[0]
        seconds, _ = timed(lambda: np.log1p(count_kmers(codes, edges, 4), dtype=np.float32))
        print(f"4-mers of {len(codes):,} genes in {len(edges) - 1} stretches: {seconds:.2f} CPU s")
        one_hot(held, place, peer)


def one_hot(held: GenomeCodes, place: Path, peer: str | None) -> None:
    random = np.random.default_rng(0)
    chromosome = held.chromosome("NC_003424.3")
    # N would be an error in one of the peers.
    start = np.sort(random.integers(30_000, len(chromosome) - 200_000, 3 * WINDOWS))
    start = np.array([s for s in start if (chromosome[s : s + WIDTH] < 4).all()][:WINDOWS])
    forward, backward = np.zeros(len(start), bool), np.ones(len(start), bool)
    for strand in (forward, backward):
        one_hot_windows(chromosome, start[:5], WIDTH, strand[:5])
    seconds, found = timed(lambda: one_hot_windows(chromosome, start, WIDTH, forward))
    other, _ = timed(lambda: one_hot_windows(chromosome, start, WIDTH, backward))
    print(
        f"one-hot, {WIDTH} bp: {len(start) / seconds:,.0f} windows a CPU s, {len(start) / other:,.0f} on the other strand"
    )
    if peer is None:
        return
    rows = [f"NC_003424.3\t{s}\t{s + WIDTH}" for s in start]
    (place / "loci.tsv").write_text("\n".join(rows) + "\n")
    arguments = [
        peer,
        "-c",
        PEER,
        str(place / "genome.fa"),
        str(place / "loci.tsv"),
        str(place / "peer.npy"),
        str(WIDTH),
    ]
    said = subprocess.run(arguments, capture_output=True, text=True, check=True)
    theirs, strings = json.loads(said.stdout.strip().splitlines()[-1])
    assert np.array_equal(found, np.load(place / "peer.npy"))
    rates = len(start) / theirs, len(start) / strings
    print(
        f"tangermeme {rates[0]:,.0f} windows a CPU s, ratio {theirs / seconds:.1f} (other strand {theirs / other:.1f})"
    )
    print(f"pyfaidx {rates[1]:,.0f} windows a CPU s, ratio {strings / seconds:.1f}; equal windows")


def scored() -> None:
    """CPU seconds of the effects of VARIANTS single-base changes by models of every fold: VCF in, VCF and table out."""
    parameters = SequenceParameters()
    promoter = view_layout(LAYOUT, "promoter", parameters)
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        held, table = genome(Path(folder)), genes()
        values = targets(table, parameters).to_numpy(float)
        codes = gene_codes(table, held, NAMES, LAYOUT)
        splits = make_splits(table, codes, LAYOUT, parameters)
        rung = ladder(promoter, ["ridge_kmer+words"], parameters)[-1]
        examples = Examples(codes[:, : promoter.width], np.empty((len(codes), 0)), values)
        fit = cross_fit(rung, examples, splits)
        card = {
            "tasks": list(TASKS),
            "windows": {"tss": list(LAYOUT.tss), "tts": None},
            "parameters": parameters.model_dump(),
            "champions": {"promoter": rung.name},
        }
        named = {f"fold{number}": predictor for number, predictor in enumerate(fit.predictors)}
        model = PublishedModel(card, {"promoter": {"final": fit.predictors[0], **named}})
        scorer = Scorer(model, table.assign(fold=splits.table["fold"]), held, NAMES)
        rows, seen = [], set()
        while len(rows) < VARIANTS:
            gene = table.iloc[int(random.integers(len(table)))]
            at = int(gene["tss"]) + int(random.integers(-900, 50)) * (1 if gene["strand"] == "+" else -1)
            chromosome = held.chromosome(NAMES[gene["chrom"]])
            if not 0 <= at < len(chromosome) or chromosome[at] > 3 or (gene["chrom"], at) in seen:
                continue
            seen.add((gene["chrom"], at))
            base = int(chromosome[at])
            other = (base + int(random.integers(1, 4))) % 4
            rows.append(f"{gene['chrom']}\t{at + 1}\t.\t{'ACGT'[base]}\t{'ACGT'[other]}\t.\t.\t.\n")
        written = Path(folder) / "variants.vcf"
        written.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(rows))
        begin = time.process_time()
        found = scored_files([written], scorer, None)
        seconds = time.process_time() - begin
    print(f"{found.variants:,} variants by {rung.name} to VCF and {len(found.table):,} rows: {seconds:.1f} CPU s")
    assert seconds < 60


def large() -> None:
    """Codes, windows of genes and effects of variants with 24 chromosomes of 3.1 Gb in all: the most memory the process held."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.fa"
        letters = np.frombuffer(b"ACGT", np.uint8)
        with path.open("wb") as stream:
            for number in range(24):
                stream.write(b">chr%d\n" % number)
                for _ in range(43):
                    text = np.full((50_000, 61), 10, np.uint8)
                    text[:, :60] = letters[random.integers(0, 4, (50_000, 60), np.uint8)]
                    stream.write(text.tobytes())
        begin = time.process_time()
        held = open_genome(path, Path(folder) / "codes", "large")
        path.unlink()
        print(
            f"{sum(held.lengths.values()) / 1e9:.2f} Gb: codes in {time.process_time() - begin:.0f} CPU s; {most_memory()}"
        )
        names = {name: name for name in held.lengths}
        table = pd.concat([large_genes(name, size, random) for name, size in held.lengths.items()], ignore_index=True)
        parameters = SequenceParameters()
        promoter = view_layout(LAYOUT, "promoter", parameters)
        begin = time.process_time()
        codes = gene_codes(table, held, names, LAYOUT)
        print(f"windows of {len(codes):,} genes: {time.process_time() - begin:.1f} CPU s; {most_memory()}")
        rung = ladder(promoter, ["ridge_kmer"], parameters)[-1]
        examples = Examples(codes[:500, : promoter.width], np.empty((500, 0)), random.normal(size=(500, 1)))
        predictor = rung.fit(examples, examples.rows(np.arange(0)))
        card = {
            "tasks": ["body"],
            "windows": {"tss": list(LAYOUT.tss), "tts": None},
            "parameters": parameters.model_dump(),
        }
        card["champions"] = {"promoter": rung.name}
        model = PublishedModel(card, {"promoter": {"final": predictor, "fold0": predictor}})
        scorer = Scorer(model, table.assign(fold=0), held, names)
        print(f"the scorer of variants; {most_memory()}")
        chosen = np.sort(random.choice(len(table), VARIANTS, replace=False))
        rows = []
        for name, tss in table[["chrom", "tss"]].iloc[chosen].itertuples(index=False):
            base = "ACGT"[held.chromosome(name)[tss]]
            rows.append(f"{name}\t{tss + 1}\t.\t{base}\t{'CA'[base == 'C']}\t.\t.\t.\n")
        held.release()
        written = Path(folder) / "variants.vcf"
        written.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(rows))
        begin = time.process_time()
        found = variant_effects(read_variants(written), scorer, {})
        print(
            f"effects of {len(rows):,} variants, {len(found):,} rows: {time.process_time() - begin:.0f} CPU s; {most_memory()}"
        )


def large_genes(chrom: str, size: int, random: np.random.Generator) -> pd.DataFrame:
    """GENES genes at random places of a chromosome."""
    tss = np.sort(random.integers(0, size, GENES))
    return pd.DataFrame(
        {
            "gene": [f"{chrom}.{at}" for at in range(GENES)],
            "chrom": chrom,
            "strand": np.where(random.random(GENES) < 0.5, "+", "-"),
            "tss": tss,
            "tts": tss + 2000,
        }
    )


def most_memory() -> str:
    """The most memory that the process has held so far, mapped pages among it."""
    return f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB of memory"


if __name__ == "__main__":
    main()
