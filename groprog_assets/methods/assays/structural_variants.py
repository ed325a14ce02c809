"""Structural variants of cBioPortal's SV files: two sites joined, as symbolic alleles or breakends.

Source: docs.cbioportal.org, File Formats, Structural Variant Data; breakends as in the VCF specification, 5.4.
"""

from __future__ import annotations

from pathlib import Path

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import SparseAssay
from groprog_assets.methods.assays.columns import collector, read_cells, read_header, require_columns
from groprog_assets.methods.assays.dense import trimmed_notice
from groprog_assets.methods.assays.variant_rows import (
    EFFECT_COLUMNS,
    Genotype,
    VariantRows,
    chromosome,
    genome_build,
    genotype_table,
    require_build,
    typed,
)
from groprog_assets.study.annotation_files import coordinate
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

NEEDED = ("Sample_Id", "SV_Status")
SITE = ("Hugo_Symbol", "Entrez_Gene_Id", "Ensembl_Transcript_Id", "Chromosome", "Position")
FURTHER = ("NCBI_Build", "Class", "Connection_Type", "Event_Info", "Tumor_Variant_Count", "Tumor_Read_Count")
CLASSES = {"DELETION": ("DEL", "sym_del"), "DUPLICATION": ("DUP", "sym_dup"), "INVERSION": ("INV", "sym_inv")}
"""Class of a variant within one chromosome -> its symbolic allele and kind."""
ENDS = {"3to5": "N[{}[", "5to3": "]{}]N", "3to3": "N]{}]", "5to5": "[{}[N"}
"""Connection of the two sites -> the breakend; N is the base at site 1."""


def read_structural_variants(path: Path, source: AssaySource) -> SparseAssay:
    """A variant a row: <DEL>, <DUP> or <INV> from site 1 to site 2 of one chromosome, else a breakend at site 1.

    effects: a row a gene, with what the file says of the event. Rows without both positions have no place: they are counted and
    said. Raises AssayError for absent columns, positions that are none, mixed builds.
    """
    header = read_header(path)
    require_columns(header, NEEDED, "A file of structural variants", "Name its columns as cBioPortal does.")
    sites = [f"Site{n}_{name}" for n in (1, 2) for name in SITE]
    held = [name for name in (*NEEDED, *sites, *FURTHER) if name in header.columns]
    problems = collector(header.path)
    found = read_cells(header, held, [], problems)
    names = [name for name in found.text["NCBI_Build"].unique() if name] if "NCBI_Build" in found.text else []
    builds = {genome_build(name) for name in names}
    if len(builds) > 1 or "" in builds:
        rule = "The rows of a file are of one build, GRCh37 or GRCh38."
        raise AssayError(Problem(f"{path}, column NCBI_Build", ", ".join(sorted(names)), rule, "Correct or lift over."))
    variants = VariantRows(require_build(source.genome_build, next(iter(builds), ""), str(path)))
    samples: dict[str, None] = {}
    calls: dict[tuple[str, int], Genotype] = {}
    effects: list[tuple[object, ...]] = []
    counts = {"rows": len(found.text), "without_place": 0, "repeated_calls": 0}
    for line, cells in zip(found.lines.tolist(), found.text.to_dict("records"), strict=True):
        row = {str(name): str(cell) for name, cell in cells.items()}
        samples[row["Sample_Id"]] = None
        places = [_place(row, n) for n in (1, 2)]
        for n, place in enumerate(places, 1):
            if place is None:
                rule = "A position is a whole number of 1 or more."
                text = repr(row[f"Site{n}_Position"])
                problems.add(f":{line}, column Site{n}_Position", text, rule, "Correct it, or leave it empty.")
        one, other = places
        if not one or not other:
            counts["without_place"] += 1
            continue
        ix = _added(variants, row, one, other)
        key = (row["Sample_Id"], ix)
        counts["repeated_calls"] += key in calls
        depth, alt = (coordinate(row.get(name, "")) for name in ("Tumor_Read_Count", "Tumor_Variant_Count"))
        calls.setdefault(key, Genotype(*key, (None, 1), None, depth=depth, alt_depth=alt))
        effects += [
            _effect(ix, row, n) for n in (1, 2) if row.get(f"Site{n}_Hugo_Symbol") or row.get(f"Site{n}_Entrez_Gene_Id")
        ]
    problems.raise_any()
    notices = trimmed_notice(found)
    if counts["without_place"]:
        rule = "A variant has the positions of both sites; of genes alone it has no place."
        notices.append(Problem(str(path), count_of(counts["without_place"], "row"), rule, "Add the positions."))
    return SparseAssay(
        profiled=tuple(samples),
        variants=variants.table(),
        genotypes=genotype_table(list(calls.values())),
        effects=typed(list(dict.fromkeys(effects)), EFFECT_COLUMNS),
        counts=counts,
        notices=tuple(notices),
        said={"genome_build": variants.build},
    )


def _place(row: dict[str, str], n: int) -> tuple[str, int] | tuple[()] | None:
    """(chromosome, 1-based position) of a site; () where the file states none, None where it is no position."""
    chrom, text = row.get(f"Site{n}_Chromosome", ""), row.get(f"Site{n}_Position", "")
    if not chrom or text in ("", "NA", "-1"):
        return ()
    at = coordinate(text)
    return None if at is None or at < 1 else (chromosome(chrom, numbered=True), at)


def _added(variants: VariantRows, row: dict[str, str], one: tuple[str, int], other: tuple[str, int]) -> int:
    """The variant of a row: its number among `variants`."""
    symbolic = CLASSES.get(row.get("Class", "").upper())
    if symbolic and one[0] == other[0]:
        first, last = sorted((one[1], other[1]))
        return variants.add(one[0], first, max(last, first), "", f"<{symbolic[0]}>", symbolic[1], 1)
    ends = ENDS.get(row.get("Connection_Type", ""), ENDS["3to5"])
    return variants.add(one[0], one[1] - 1, one[1], "N", ends.format(f"{other[0]}:{other[1]}"), "bnd", 1)


def _effect(ix: int, row: dict[str, str], n: int) -> tuple[object, ...]:
    symbol, entrez = row.get(f"Site{n}_Hugo_Symbol", ""), row.get(f"Site{n}_Entrez_Gene_Id", "")
    gene = f"NCBIGene:{entrez}" if entrez.isdecimal() and int(entrez) else f"symbol:{symbol}"
    said = row.get("Event_Info", "") or row.get("Class", "")
    return (
        ix,
        gene,
        symbol,
        row.get(f"Site{n}_Ensembl_Transcript_Id", ""),
        said,
        "",
        "",
        row["SV_Status"].lower(),
        "SV",
    )
