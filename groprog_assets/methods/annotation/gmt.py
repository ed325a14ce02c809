"""Reader of gene sets in a GMT file (MSigDB, Enrichr, own sets). Files in, tables out."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.study.annotation_files import lines
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

GMT_BRANCHES = {"GOBP_": "BP", "GOCC_": "CC", "GOMF_": "MF"}

_NO_DESCRIPTION = re.compile(r"(?:https?|ftp)://|(?:na|n/a|none|null|-|\.|>.*)?$", re.IGNORECASE)


class GeneSets(NamedTuple):
    """terms: `ontology_terms`; annotations: `ontology_annotations`; summary: JSON-able counts."""

    terms: pd.DataFrame
    annotations: pd.DataFrame
    summary: Document


class NamedSet(NamedTuple):
    """A line of the file: number, description and genes, each once."""

    line: int
    description: str
    genes: tuple[str, ...]


def named_sets(path: Path, symbols: Collection[str] = ()) -> tuple[dict[str, NamedSet], int]:
    """The sets of the file by name, and how many lines repeat an earlier set gene for gene; those are kept once.

    Empty fields and repeated genes are ignored. Raises AnnotationError with the line of each: a line without name, description
    and at least one gene, two sets with one name and different genes, a file without sets; and for a file without descriptions,
    where the second fields of more than half of the sets are genes of `symbols` or of the sets.
    """
    problems: list[Problem] = []
    met: dict[str, NamedSet] = {}
    repeated = 0
    second: dict[int, str] = {}
    for number, line in lines(path, comment="", errors="replace"):
        name, *rest = (field.strip() for field in line.split("\t"))
        held = tuple(dict.fromkeys(gene for gene in rest[1:] if gene))
        if not name or len(rest) < 2 or not held:
            rule = "A GMT line is the set's name, a description (may be empty) and its genes, separated by tabs."
            remedy = "Separate them by tabs." if len(rest) < 2 else "Name the set and its genes, or remove the line."
            problems.append(Problem(f"{path}:{number}", line[:60], rule, remedy))
            continue
        second[number] = rest[0]
        earlier = met.setdefault(name, NamedSet(number, rest[0], held))
        if earlier.line != number and set(earlier.genes) == set(held):
            repeated += 1
        elif earlier.line != number:
            value = f"{name} again, with other genes than on line {earlier.line}"
            problems.append(
                Problem(f"{path}:{number}", value, "A set's name stands once.", "Rename one of the two sets.")
            )
    if problems or not met:
        raise AnnotationError(problems[:20] or [Problem(str(path), "no gene sets", "A GMT lists them.", "Check it.")])
    _require_descriptions(path, second, set(symbols).union(*(held.genes for held in met.values())))
    return met, repeated


def genes_of_sets(path: Path) -> dict[str, tuple[str, ...]]:
    """The genes of each set of the file, by its name. Raises AnnotationError as `named_sets`."""
    return {name: held.genes for name, held in named_sets(path)[0].items()}


def read_gmt(path: Path, genes: list[str]) -> GeneSets:
    """The sets of the file, with their genes that are among `genes`. GOBP_, GOCC_, GOMF_ give the branch, otherwise "other".

    A set is identified by its name. The second field is a description by which it can also be found, unless it is an address,
    as in MSigDB, or "na". Repeated sets are counted. Raises AnnotationError as `named_sets`.
    """
    wanted = set(genes)
    met, repeated = named_sets(path, wanted)
    terms: list[Document] = []
    rows: list[Document] = []
    for name, held in met.items():
        branch = next((b for prefix, b in GMT_BRANCHES.items() if name.startswith(prefix)), "other")
        terms.append(
            {
                "term": name,
                "name": name,
                "namespace": branch,
                "obsolete": False,
                "synonyms": described(held).replace("|", " "),
                "replaced_by": "",
                "format": "GMT",
            }
        )
        rows.extend({"gene": gene, "term": name, "direct": True} for gene in held.genes if gene in wanted)
    annotations = pd.DataFrame(rows, columns=["gene", "term", "direct"])
    summary = {
        "sets": len(terms),
        "repeated_sets": repeated,
        "genes_in_sets": len({gene for held in met.values() for gene in held.genes}),
    }
    return GeneSets(
        conform(pd.DataFrame(terms), "ontology_terms"), conform(annotations, "ontology_annotations"), summary
    )


def described(held: NamedSet) -> str:
    """The description of a set; "" where the field holds an address, as in MSigDB, or "na"."""
    return "" if _NO_DESCRIPTION.match(held.description) else held.description


def _require_descriptions(path: Path, second: dict[int, str], symbols: set[str]) -> None:
    """AnnotationError where most second fields ({line: text}) are genes: such a file would lose the first gene of each set."""
    genes = {number: text for number, text in second.items() if text and text in symbols}
    if 2 * len(genes) > len(second):
        number, gene = next(iter(genes.items()))
        raise AnnotationError(
            Problem(
                f"{path}:{number}",
                f"the second field is the gene {gene}, and that of {len(genes):,} of {len(second):,} sets is a gene",
                "The second field of a GMT line is a description of the set, not a gene: these genes would be left out.",
                "Put a field between the name and the first gene of every set: the description, or na.",
            )
        )
