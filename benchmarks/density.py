"""Density of the chr7 units around expressed genes beside groHMM getTxDensity; CPU time, median.

    python -m benchmarks.density

Units and genes are groHMM's own tables (shared/data/oracle/grohmm); the four figures must agree to 1e-9 with the stored ones,
and the TUA, in the seven digits R prints, with R's in the same run where r-bioc-grohmm is installed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.methods.transcription.transcript_density import figures, matched_density

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "oracle" / "grohmm"
NAMES = {"five_prime_fp": "FivePrimeFP", "tp": "TP", "post_tts": "PostTTS", "tua": "TUA"}


def main() -> None:
    units = pd.read_csv(FOLDER / "vignette_pooled.transcripts.tsv", sep="\t")
    genes = pd.read_csv(FOLDER / "annot" / "expressed_consensus.tsv", sep="\t")
    units, genes = (
        frame.rename(columns={"start1": "start", "end1": "end"}).assign(start=lambda table: table["start"] - 1)
        for frame in (units, genes)
    )
    matched_density(units, genes, 1000)
    ours = []
    for _ in range(3):
        begin = time.process_time()
        pairs, density = matched_density(units, genes, 1000)
        got = figures(density)
        ours.append(time.process_time() - begin)
    stored = json.loads((FOLDER / "annot" / "summary.json").read_text())["density_hmm_expressed"]
    assert all(np.isclose(got[ours_name], stored[theirs], rtol=0, atol=1e-9) for ours_name, theirs in NAMES.items())
    print(
        f"{len(pairs.first)} pairs, ours {1e3 * statistics.median(ours):.2f} ms CPU, figures equal the stored ones to 1e-9"
    )
    peer = grohmm()
    if peer is not None:
        tua, seconds = peer
        assert abs(got["tua"] - tua) < 1e-6
        print(f"groHMM {seconds:.2f} s CPU, the same TUA, ratio {seconds / statistics.median(ours):,.0f}")


def grohmm() -> tuple[float, float] | None:
    """groHMM's TUA and its CPU seconds on the same two tables."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "run.R").write_text(
            f"""
suppressMessages(library(groHMM))
pdf(NULL)
ranges <- function(path) {{
  table <- read.delim(path, stringsAsFactors = FALSE)
  GRanges(table$chrom, IRanges(table$start1, table$end1), strand = table$strand)
}}
units <- ranges("{FOLDER}/vignette_pooled.transcripts.tsv")
genes <- ranges("{FOLDER}/annot/expressed_consensus.tsv")
used <- system.time(found <- getTxDensity(units, genes, mc.cores = 1))
write(c(found$TUA, sum(used[c("user.self", "sys.self")])), "{folder}/out", ncolumns = 2)
"""
        )
        said = subprocess.run(["Rscript", f"{folder}/run.R"], capture_output=True, text=True, check=False)
        if not Path(folder, "out").exists():
            print(f"groHMM did not run: {said.stderr.strip().splitlines()[-1:] or said.returncode}")
            return None
        tua, seconds = (float(word) for word in Path(folder, "out").read_text().split())
        return tua, seconds


if __name__ == "__main__":
    main()
