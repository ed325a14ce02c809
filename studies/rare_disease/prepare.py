"""The sample table of the five assays of adrenocortical carcinoma (TCGA-ACC), from miniACC's map of samples and clinical table.

    python studies/rare_disease/prepare.py ../shared/data/omics/miniacc

writes acc_samples.tsv beside this file. The batch of a sample is the place that gave the tissue, the second part of its TCGA
barcode; the places that gave a few patients each are one batch, since a batch effect is estimated from several samples.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

ASSAYS = {
    "RNASeq2GeneNorm": "rna",
    "miRNASeqGene": "mirna",
    "RPPAArray": "protein",
    "gistict": "copy_number",
    "Mutations": "mutations",
}
LARGE_SITE = "OR"
"""University of Michigan: it gave nine of ten patients."""
ADRENAL_GLAND = "UBERON:0002369"


def sample_table(folder: Path) -> pd.DataFrame:
    """A row a sample of an assay: sample, subject, assay, tissue, specimen, batch, subtype (C1A or C1B; NA where unknown)."""
    samples = pd.read_csv(folder / "sampleMap.tsv", sep="\t", dtype="str")
    clinical = pd.read_csv(folder / "clinical.tsv", sep="\t", dtype="str").set_index("patientID")
    site = samples["colname"].str.split("-").str[1]
    return pd.DataFrame(
        {
            "sample": samples["colname"],
            "subject": samples["primary"],
            "assay": samples["assay"].map(ASSAYS),
            "tissue": ADRENAL_GLAND,
            "specimen": "tumour",
            "batch": site.where(site == LARGE_SITE, "other"),
            "subtype": samples["primary"].map(clinical["C1A.C1B"]).fillna("NA"),
        }
    )


if __name__ == "__main__":
    sample_table(Path(sys.argv[1])).to_csv(Path(__file__).with_name("acc_samples.tsv"), sep="\t", index=False)
