"""Files of the fission-yeast study that its sources give in other formats: the genome as text, measured starts as refFlat.

    python -m studies.pombe.prepare ../shared/data/pombe studies/pombe/genome

The genome comes as plain gzip, in which no region can be found. The genes come as BED with the TSS measured by PRO-cap; on the -
strand the TSS is the base before the end. Of rows that share a TSS and strand, that with most PRO-cap reads is kept; rows
whose measured TSS lies beyond their end, and rows of the mitochondrion, whose sequence is another one, are left out and counted.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with gzip.open(source / "ASM294v3.fna.gz", "rb") as packed, open(target / "genome.fa", "wb") as plain:
        shutil.copyfileobj(packed, plain)
    genes(source / "obsTSS.bed").to_csv(target / "genes.refFlat", sep="\t", header=False, index=False)


def genes(path: Path) -> pd.DataFrame:
    """refFlat rows of the genes of a BED with measured TSSs: one a TSS and strand."""
    columns = ["chrom", "start", "end", "gene", "reads", "strand"]
    table = pd.read_csv(path, sep="\t", header=0, names=columns, usecols=range(6))
    tss = np.where(table["strand"] == "+", table["start"], table["end"] - 1)
    order = table.assign(tss=tss, length=table["end"] - table["start"])
    order = order.sort_values(["reads", "length", "gene"], ascending=[False, False, True], kind="stable")
    kept = order.drop_duplicates(["chrom", "strand", "tss"]).sort_values(["chrom", "start", "gene"])
    beyond, elsewhere = kept["start"] >= kept["end"], ~kept["chrom"].str.fullmatch(r"chr0[123]")
    shared, mitochondrion = len(table) - len(kept), int((elsewhere & ~beyond).sum())
    print(
        f"{len(table):,} rows; left out: {shared} with a TSS that another row has, {int(beyond.sum())} with a TSS beyond"
    )
    print(f"their end, {mitochondrion} of the mitochondrion")
    kept = kept[~beyond & ~elsewhere]
    ends = kept["end"].astype(str) + ","
    return pd.DataFrame(
        {
            "gene": kept["gene"],
            "transcript": kept["gene"],
            "chrom": kept["chrom"],
            "strand": kept["strand"],
            "start": kept["start"],
            "end": kept["end"],
            "coding_start": kept["end"],
            "coding_end": kept["end"],
            "exons": 1,
            "exon_starts": kept["start"].astype(str) + ",",
            "exon_ends": ends,
        }
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
