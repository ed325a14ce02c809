"""Mutations of the patients from a MAF (Mutation Annotation Format): 1 where a gene has a non-silent mutation, else 0.

One row a mutation in the file; genes x samples out. Source: GDC, File Format: MAF; cBioPortal's data_mutations.txt.
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import CohortError, Notice, Problem, TextTableError
from groprog_assets.methods.cohort.clinical_tables import examples
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
CASE_LIST = ("case_lists", "cases_sequenced.txt")
"""cBioPortal's list of the samples that were sequenced, in the folder of the MAF."""


class Mutations(NamedTuple):
    """genes (g,), samples (s,) in the order of their first rows; values (g, s) float64 of 0 and 1."""

    genes: list[str]
    samples: list[str]
    values: np.ndarray


def is_maf(layout: TableLayout) -> bool:
    """Whether the header is that of a MAF."""
    return set(COLUMNS) <= {name.casefold() for name in layout.columns}


def read_maf(layout: TableLayout) -> Mutations:
    """Genes x samples of a MAF. Sequenced samples are those of CASE_LIST where it is there, else those with a row, and a sample
    without a row is then missing; both are said. Raises CohortError for a file without a row or with none of NON_SILENT."""
    named = [name.casefold() for name in layout.columns]
    places = [named.index(name) for name in COLUMNS]
    genes: dict[str, int] = {}
    sequenced = _case_list(layout.path)
    samples: dict[str, int] = {name: place for place, name in enumerate(sequenced)}
    altered: set[tuple[int, int]] = set()
    kinds: Counter[str] = Counter()
    problems: list[Problem] = []
    try:
        for rows in RowReader(layout):
            for line in rows.lines:
                found = cells(line, layout.delimiter)
                symbol, kind, sample = (found[place].strip() for place in places)
                kinds[kind] += 1
                column = samples.setdefault(sample, len(samples))
                if kind.casefold() in NON_SILENT and not is_missing(symbol):
                    altered.add((genes.setdefault(symbol, len(genes)), column))
    except TextTableError as error:
        problems = error.problems
    if not problems and not altered:
        shown = examples(sorted(kinds)) if kinds else "no row"
        rule = f"Counted are {', '.join(sorted(NON_SILENT))}."
        problems = [Problem(str(layout.path), f"no non-silent mutation ({shown})", rule, "Is it the right file?")]
    if problems:
        raise CohortError(problems)
    _say(layout.path, kinds, len(sequenced), len(samples))
    values = np.zeros((len(genes), len(samples)))
    values[tuple(np.array(sorted(altered)).T)] = 1.0
    return Mutations(list(genes), list(samples), values)


def _case_list(path: Path) -> list[str]:
    """Identifiers of CASE_LIST beside the file, each once; empty where there is none."""
    place = path.parent.joinpath(*CASE_LIST)
    if not place.is_file():
        return []
    for line in place.read_text(encoding="utf-8", errors="replace").splitlines():
        name, colon, held = line.partition(":")
        if colon and name.strip() == "case_list_ids":
            return list(dict.fromkeys(held.split()))
    return []


def _say(path: Path, kinds: Counter[str], listed: int, samples: int) -> None:
    strange = {kind: count for kind, count in kinds.items() if kind.casefold() not in NON_SILENT | SILENT}
    if strange:
        shown = ", ".join(f"{kind!r} {count}" for kind, count in sorted(strange.items())[:5])
        rule = "A classification that is not known is taken as silent."
        remedy = f"Use MAF's own names: {', '.join(sorted(NON_SILENT))}."
        value = f"{count_of(len(strange), 'classification')} ({shown})"
        warnings.warn(Notice(Problem(str(path), value, rule, remedy)), stacklevel=3)
    rule = (
        f"Sequenced are the samples of {'/'.join(CASE_LIST)}: one without a row has no mutation."
        if listed
        else "Sequenced are the samples with a row; one without is missing, as it may not have been sequenced."
    )
    remedy = "Nothing." if listed else f"List the sequenced samples in {'/'.join(CASE_LIST)} as cBioPortal does."
    warnings.warn(Notice(Problem(str(path), count_of(samples, "sequenced sample"), rule, remedy)), stacklevel=3)
