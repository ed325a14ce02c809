"""Mutations of the patients from a MAF (Mutation Annotation Format): 1 where a gene has a non-silent mutation, else 0.

One row a mutation in the file; genes x samples out. Source: GDC, File Format: MAF; cBioPortal's data_mutations.txt.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import CohortError, Notice, Problem, TextTableError
from groprog_assets.methods.cohort.clinical_tables import examples
from groprog_assets.methods.cohort.sample_columns import SAMPLE_SUFFIX
from groprog_assets.study.files import CASE_LIST, listed_samples
from groprog_assets.study.text_tables import RowReader, TableLayout, cells, count_of, is_missing

NON_SILENT = frozenset(
    {"frame_shift_del", "frame_shift_ins", "splice_site", "translation_start_site", "nonsense_mutation"}
    | {"nonstop_mutation", "in_frame_del", "in_frame_ins", "missense_mutation"}
)
"""Variant classifications that change the protein, in lower case. Source: maftools, vc_nonSyn, doi:10.1101/gr.239244.118."""
SILENT = frozenset(
    {"silent", "intron", "igr", "rna", "lincrna", "3'utr", "5'utr", "3'flank", "5'flank", "splice_region"}
    | {"targeted_region", "de_novo_start_inframe", "de_novo_start_outofframe", "start_codon_snp", "start_codon_ins"}
    | {"start_codon_del", "stop_codon_ins", "stop_codon_del", "fusion", "unknown"}
)
"""Classifications that are known and do not count."""
COLUMNS = ("hugo_symbol", "variant_classification", "tumor_sample_barcode")


class Mutations(NamedTuple):
    """genes (g,), samples (s,) in the order of their first rows; values (g, s) float64 of 0 and 1."""

    genes: list[str]
    samples: list[str]
    values: np.ndarray


def is_maf(layout: TableLayout) -> bool:
    """Whether the header is that of a MAF."""
    return set(COLUMNS) <= {name.casefold() for name in layout.columns}


def maf_problem(layout: TableLayout, kind: str, patient_ids: Sequence[str], samples: Collection[str]) -> Problem | None:
    """Why a table cannot be read as genes x patients: it has a row a mutation, and lacks COLUMNS or is of another kind than
    mutations. None for a table of genes x patients, of which a header has patients."""
    held = {name.casefold() for name in layout.columns}
    where = f"{layout.path}:{layout.header_line}"
    if is_maf(layout):
        rule = f"A matrix of kind {kind} is genes x patients; this is a MAF, with a row a mutation."
        return Problem(where, f"kind {kind}", rule, "Set kind: mutations, or name the matrix itself.")
    wanted, named = {*patient_ids, *samples}, set(layout.columns[1:])
    if wanted & named or not (set(COLUMNS[1:]) & held or _whose(layout, wanted)):
        return None
    absent = [
        name
        for name in ("Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode")
        if name.casefold() not in held
    ]
    value = f"a row a mutation, without {', '.join(absent)} (columns: {examples(layout.columns, 6)})"
    rule = "A table with a row a mutation is a MAF; a matrix has a row a gene and a column a patient."
    remedy = "Name the columns of gene, classification and sample so; vcf2maf and maftools write a MAF."
    return Problem(where, value, rule, remedy)


def _whose(layout: TableLayout, wanted: Collection[str]) -> bool:
    """Whether a column after the first one holds names of patients or samples in the rows at the beginning."""
    rows = next(iter(RowReader(layout)), None)
    found = [cells(line, layout.delimiter)[1:] for line in (rows.lines[:50] if rows else ())]
    names = {cell.strip() for row in found for cell in row}
    suffixed = (SAMPLE_SUFFIX.fullmatch(name) for name in names)
    return bool(names & set(wanted)) or any(sample and sample["patient"] in wanted for sample in suffixed)


def read_maf(layout: TableLayout) -> Mutations:
    """Genes x samples of a MAF. Sequenced samples are those of CASE_LIST where it is there and those with a row; without the list
    a sample without a row is missing; both are said, and rows without sample or symbol. Raises CohortError for a file without a
    row or with none of NON_SILENT."""
    named = [name.casefold() for name in layout.columns]
    places = [named.index(name) for name in COLUMNS]
    genes: dict[str, int] = {}
    sequenced = listed_samples(layout.path)
    samples: dict[str, int] = {name: place for place, name in enumerate(sequenced)}
    altered: set[tuple[int, int]] = set()
    nameless = {"sample": 0, "symbol": 0}
    kinds: Counter[str] = Counter()
    problems: list[Problem] = []
    try:
        for rows in RowReader(layout):
            for line in rows.lines:
                found = cells(line, layout.delimiter)
                symbol, kind, sample = (found[place].strip() for place in places)
                kinds[kind] += 1
                counts = kind.casefold() in NON_SILENT
                if is_missing(sample):
                    nameless["sample"] += 1
                    continue
                column = samples.setdefault(sample, len(samples))
                nameless["symbol"] += counts and is_missing(symbol)
                if counts and not is_missing(symbol):
                    altered.add((genes.setdefault(symbol, len(genes)), column))
    except TextTableError as error:
        problems = error.problems
    if not problems and not altered:
        shown = examples(sorted(kinds)) if kinds else "no row"
        rule = f"Counted are {', '.join(sorted(NON_SILENT))}."
        strange = any(kind.casefold() not in SILENT for kind in kinds)
        remedy = "Write the classifications so; vcf2maf makes them of VEP's." if strange else "Is it the right file?"
        problems = [Problem(str(layout.path), f"no non-silent mutation ({shown})", rule, remedy)]
    if problems:
        raise CohortError(problems)
    _say(layout.path, kinds, len(sequenced), len(samples), nameless)
    values = np.zeros((len(genes), len(samples)))
    values[tuple(np.array(sorted(altered)).T)] = 1.0
    return Mutations(list(genes), list(samples), values)


def _say(path: Path, kinds: Counter[str], listed: int, samples: int, nameless: dict[str, int]) -> None:
    for what, count in nameless.items():
        if count:
            rule, remedy = f"A row without a {what} is left out.", f"Name the {what} of these rows, or remove them."
            value = f"{count_of(count, 'row')} without a {what}"
            warnings.warn(Notice(Problem(str(path), value, rule, remedy)), stacklevel=3)
    strange = {kind: count for kind, count in kinds.items() if kind.casefold() not in NON_SILENT | SILENT}
    if strange:
        shown = ", ".join(f"{kind!r} {count}" for kind, count in sorted(strange.items())[:5])
        rule = "A classification that is not known is taken as silent."
        remedy = f"Use MAF's own names: {', '.join(sorted(NON_SILENT))}."
        value = f"{count_of(len(strange), 'classification')} ({shown})"
        warnings.warn(Notice(Problem(str(path), value, rule, remedy)), stacklevel=3)
    rule = (
        f"Sequenced are the samples of {'/'.join(CASE_LIST)} and those with a row: one without a row has no mutation."
        if listed
        else "Sequenced are the samples with a row; one without is missing, as it may not have been sequenced."
    )
    remedy = "Nothing." if listed else f"List the sequenced samples in {'/'.join(CASE_LIST)} as cBioPortal does."
    value = count_of(samples, "sequenced sample")
    if 0 < listed < samples:
        value += f", {samples - listed} of them with a row and not in the list"
        remedy = "Nothing, if these were sequenced too; else remove their rows."
    warnings.warn(Notice(Problem(str(path), value, rule, remedy)), stacklevel=3)
