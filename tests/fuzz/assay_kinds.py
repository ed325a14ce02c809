"""Files of assays, damaged: a study with one assay of each format, and the check of its omics half on every mutant."""

from __future__ import annotations

from pathlib import Path

import yaml

from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.formats import read_assay
from groprog_assets.study.omics_assays import AssaySource
from tests.fuzz import operators
from tests.fuzz.kinds import Kind
from tests.fuzz.operators import Columns, Operator
from tests.methods.assays.sources import written
from tests.methods.assays.test_formats import sources

VARIANT = "assays"
MATRIX = ("gene | R1 | R2 | R3", "TP53 | 1.5 | NA | 3", "DMD | 0 | 2e-7 | 1", "NA | 4 | 5 | 6")


def write_assays(folder: Path) -> Path:
    """The folder of a study of assays alone: one of each format that is text or VCF, and a matrix."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sources(folder)
    matrix = {"name": "rna", "omics": "transcriptome", "scale": "linear", "unit": "TPM", "id_system": "symbol"}
    path = written(folder, "rna.tsv", *MATRIX)
    given = [*files.values(), AssaySource.model_validate({**matrix, "path": path})]
    names: list[str] = []
    for one in given:
        found = read_assay(one)[one.name]
        names += found.samples if isinstance(found, AssayTable) else found.profiled
    rows = [f"{name} | subject{k}" for k, name in enumerate(dict.fromkeys(names))]
    written(folder, "samples.tsv", "sample | subject", *rows)
    assays = [{**one.model_dump(exclude_defaults=True, mode="json"), "path": one.path.name} for one in given]
    consent = {"permission": "DUO:0000042", "granted": "2024-01-01", "reason": "simulated"}
    omics = {"samples": "samples.tsv", "assays": assays, "consents": {"every_subject": consent}}
    (folder / "study.yaml").write_text(yaml.safe_dump({"name": "assays", "omics": omics}))
    return folder


def check_omics(folder: Path) -> None:
    from groprog_assets.cli.main import main

    main(["omics", "check", str(folder / "study.yaml")])


def assay_kinds() -> list[Kind]:
    """One kind a format. What `why` says of a table holds for every table of the format."""
    matrix = Columns("\t", numbers=[1, 2, 3])
    beta = Columns("\t", numbers=[1, 2])
    segments = Columns("\t", [2, 3], [2, 3], ["ID", "chrom", "loc.start", "loc.end", "seg.mean"], ordered=(2, 3))
    tables: dict[str, tuple[str, Columns]] = {
        "assay: samples": ("samples.tsv", Columns("\t", needed=["sample", "subject"])),
        "assay: matrix": ("rna.tsv", matrix),
        "assay: beta": ("beta.tsv", beta),
        "assay: SEG": ("x.seg", segments),
        "assay: MaxQuant": ("proteinGroups.txt", Columns("\t")),
        "assay: DIA-NN": ("report.tsv", Columns("\t", needed=["Q.Value", "PG.Q.Value"])),
        "assay: Olink": ("npx.csv", Columns(";", needed=["SampleID", "OlinkID", "NPX"])),
    }
    found = [Kind(name, VARIANT, file, _table(columns), check_omics) for name, (file, columns) in tables.items()]
    plain = {"assay: mzTab": "x.mztab", "assay: MAF": "data.maf", "assay: VCF": "x.vcf"}
    damage = [*operators.as_text(needed=False), *operators.generic()]
    return [*found, *(Kind(name, VARIANT, file, damage, check_omics) for name, file in plain.items())]


def _table(columns: Columns) -> list[Operator]:
    return [*operators.of_table(columns), *operators.as_text(), *operators.generic()]
