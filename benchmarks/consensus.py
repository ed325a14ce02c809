"""Consensus annotation of hg19 chr7 (1,690 transcripts) beside groHMM makeConsensusAnnotations; CPU time, median.

    python -m benchmarks.consensus [--genome]

Runs groHMM when R with r-bioc-grohmm is there; 957 intervals must be the same. `--genome` also times hg38's refGene.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import pandas as pd

from groprog_assets.methods.annotation.consensus import consensus_annotation
from groprog_assets.methods.annotation.gene_models import read_annotation
from groprog_assets.study.chrom_sizes import read_chrom_sizes

SHARED = Path(__file__).resolve().parents[2] / "shared"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--genome", action="store_true")
    chosen = options.parse_args()
    folder = SHARED / "data" / "reference"
    models = read_annotation(folder / "hg19.refGene.chr7.gtf.gz", read_chrom_sizes(folder / "hg19.chrom.sizes"))
    consensus_annotation(models)
    ours = []
    for _ in range(3):
        begin = time.process_time()
        table = consensus_annotation(models)
        ours.append(time.process_time() - begin)
    print(f"chr7: {len(models)} transcripts -> {len(table)} genes, ours {1e3 * statistics.median(ours):.1f} ms CPU")
    peer = grohmm(models)
    if peer is not None:
        found, seconds = peer
        same = set(table[["start", "end", "strand", "gene"]].itertuples(index=False, name=None))
        assert same == set(found.itertuples(index=False, name=None))
        print(f"groHMM {seconds:.1f} s CPU, the same intervals, ratio {seconds / statistics.median(ours):,.0f}")
    if chosen.genome:
        begin = time.process_time()
        sizes = {f"chr{name}": 2**31 - 1 for name in [*range(1, 23), "X", "Y"]}
        models = read_annotation(folder / "hg38.refGene.gtf.gz", sizes)
        read = time.process_time()
        table = consensus_annotation(models)
        done = time.process_time()
        print(
            f"hg38: {len(models)} transcripts read in {read - begin:.2f} s -> {len(table)} genes in {done - read:.3f} s"
        )


def grohmm(models: pd.DataFrame) -> tuple[pd.DataFrame, float] | None:
    """groHMM's table (start, end 0-based half-open, strand, gene) and its CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        models.to_csv(f"{folder}/models.tsv", sep="\t", index=False)
        Path(folder, "run.R").write_text(
            f"""
suppressMessages(library(groHMM))
m <- read.delim("{folder}/models.tsv", stringsAsFactors = FALSE)
genes <- GRanges(m$chrom, IRanges(m$start + 1, m$end), strand = m$strand, gene_id = CharacterList(as.list(m$gene)))
used <- system.time(found <- makeConsensusAnnotations(genes, keytype = "gene_id", mc.cores = 1))
table <- data.frame(start = start(found) - 1, end = end(found), strand = as.character(strand(found)),
  gene = as.character(unlist(found$gene_id)))
write.table(table, "{folder}/out.tsv", sep = "\\t", quote = FALSE, row.names = FALSE)
write(sum(used[c("user.self", "sys.self")]), "{folder}/seconds")
"""
        )
        said = subprocess.run(["Rscript", f"{folder}/run.R"], capture_output=True, text=True, check=False)
        if not Path(folder, "seconds").exists():
            print(f"groHMM did not run: {said.stderr.strip().splitlines()[-1:] or said.returncode}")
            return None
        return pd.read_csv(f"{folder}/out.tsv", sep="\t"), float(Path(folder, "seconds").read_text())


if __name__ == "__main__":
    main()
