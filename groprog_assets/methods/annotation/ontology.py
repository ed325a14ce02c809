"""Gene ontology: terms from OBO with GAF, or gene sets from GMT, closed along the true path. Files in, tables out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.annotation.gaf import GafFile, gene_terms, read_gaf
from groprog_assets.methods.annotation.gmt import read_gmt
from groprog_assets.methods.annotation.obo import TermGraph, closure, read_obo
from groprog_assets.study.parameters import EnrichmentParameters
from groprog_assets.study.schema import Ontology
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document


class OntologyTables(NamedTuple):
    """terms: `ontology_terms`; annotations: `ontology_annotations`; version: JSON-able releases, digests, what was left out."""

    terms: pd.DataFrame
    annotations: pd.DataFrame
    version: Document


def read_ontology(ontology: Ontology | None, genes: Iterable[str]) -> OntologyTables:
    """Terms and the genes under them, for the genes of the study.

    With OBO and GAF the annotations are closed upwards over is_a and part_of (the true-path rule), also where part_of leads
    into another branch; what is left out (`gene_terms`) is counted in `version`. The sets of a GMT are used unchanged
    (`read_gmt`). None, a study without ontology, gives empty tables. Raises AnnotationError with the problems of both files:
    a cyclic OBO, files that cannot be parsed; or neither GAF nor GMT.
    """
    genes = list(dict.fromkeys(genes))
    if ontology is None:
        empty = (pd.DataFrame(columns=TABLES[name].column_names) for name in ("ontology_terms", "ontology_annotations"))
        terms, annotations = empty
        return OntologyTables(
            conform(terms, "ontology_terms"), conform(annotations, "ontology_annotations"), {"format": "none"}
        )
    if ontology.gmt is not None:
        terms, annotations, summary = read_gmt(ontology.gmt, genes)
        version = {"format": "GMT", "gmt_sha256": _sha256(ontology.gmt), **summary}
        return OntologyTables(terms, annotations, {**version, **_matched(annotations, genes)})
    graph, ancestors, gaf = _read_files(ontology)
    assert ontology.obo is not None
    assert ontology.gaf is not None
    pairs, summary = gene_terms(gaf.rows, graph, genes)
    annotations = _close(pairs, ancestors, graph.terms["term"].to_list(), genes)
    version = {
        "format": "OBO and GAF",
        "obo": graph.version,
        "obo_sha256": _sha256(ontology.obo),
        "gaf": gaf.version,
        "gaf_sha256": _sha256(ontology.gaf),
        "relations": ["is_a", "part_of"],
        **summary,
    }
    return OntologyTables(graph.terms, annotations, {**version, **_matched(annotations, genes)})


def check_ontology(ontology: Ontology) -> None:
    """Read the files as `read_ontology` does, and raise as it does, without matching genes."""
    if ontology.gmt is not None:
        read_gmt(ontology.gmt, [])
    else:
        _read_files(ontology)


def _read_files(ontology: Ontology) -> tuple[TermGraph, dict[str, set[str]], GafFile]:
    """The graph of the OBO, the terms above each term, the associations of the GAF."""
    if ontology.obo is None or ontology.gaf is None:
        raise AnnotationError(
            Problem("ontology", f"obo={ontology.obo}, gaf={ontology.gaf}", "OBO needs GAF.", "Name both, or a GMT.")
        )
    problems: list[Problem] = []
    try:
        graph = read_obo(ontology.obo)
        ancestors = closure(graph.parents)
    except AnnotationError as error:
        problems += error.problems
    try:
        gaf = read_gaf(ontology.gaf)
    except AnnotationError as error:
        problems += error.problems
    if problems:
        raise AnnotationError(problems)
    return graph, ancestors, gaf


def ontology_notices(tables: OntologyTables, parameters: EnrichmentParameters) -> list[Problem]:
    """Notices on the ontology: how many genes have terms, what was left out, how many terms can be tested. None is an error."""
    notices: list[Problem] = []

    def notice(value: str, rule: str = "", remedy: str = "") -> None:
        notices.append(Problem("ontology", value, rule, remedy))

    version = tables.version
    if version["format"] == "none":
        return notices
    held = f"{version['annotated_genes']:,} of {version['genes']:,} genes of the annotation have a term"
    naming = ("A gene is matched by its symbol.", "Use one naming of genes in annotation and ontology.")
    if version["format"] == "GMT":
        value = f"{held}; {count_of(version['genes_in_sets'], 'gene')} in {count_of(version['sets'], 'set')}"
        value += (
            f"; {count_of(version['repeated_sets'], 'set repeats another and is', 'sets repeat another and are')} kept once"
            * bool(version["repeated_sets"])
        )
        notice(value, *(naming if not version["annotated_genes"] else ()))
    else:
        notice(
            f"{held}; {count_of(version['annotations'], 'association')}",
            *(naming if not version["annotated_genes"] else ()),
        )
    for count, what, rule, remedy in (
        (version.get("negated", 0), "associations say NOT", "They are left out.", ""),
        (version.get("no_data", 0), "associations have no data (ND)", "They are left out.", ""),
        (
            version.get("replaced_term_annotations", 0),
            "associations name an id that another term has replaced",
            "They are read as the live term (alt_id, replaced_by).",
            "",
        ),
        (
            version.get("obsolete_terms", 0),
            f"terms of the GAF are obsolete without a replacement ({version.get('obsolete_examples')})",
            f"{count_of(version.get('obsolete_term_annotations', 0), 'association is', 'associations are')} left out; "
            "`consider` is a suggestion only.",
            "Take OBO and GAF of about the same date, or write the term that you find right into the GAF.",
        ),
        (
            version.get("unknown_terms", 0),
            f"terms of the GAF are not in the OBO ({version.get('unknown_examples')})",
            f"An annotation to a term that the OBO does not hold is left out; here {version.get('unknown_term_annotations')}.",
            "Take OBO and GAF of about the same date.",
        ),
    ):
        if count:
            notice(f"{count:,} {what}", rule, remedy)
    sizes = tables.annotations.groupby("term", observed=True).size()
    low, high = parameters.minimum_term_size, parameters.maximum_term_size
    enough = int(((sizes >= low) & (sizes <= high)).sum())
    sized = enough or not version["annotated_genes"]  # genes without any term: another size would not help
    remedy = "" if sized else "Set parameters.enrichment.minimum_term_size or maximum_term_size, or give other sets."
    rule = "" if enough else "Only terms of such a size are tested: enrichment would be empty."
    total, what = (version["sets"], "gene sets") if version["format"] == "GMT" else (len(sizes), "terms with genes")
    notice(f"{enough:,} of {total:,} {what} hold {low} to {high} genes of the annotation", rule, remedy)
    return notices


def ontology_counts(tables: OntologyTables) -> Document:
    """JSON-able: terms, genes of the study that have one, associations left out."""
    version = tables.version
    lost = ("negated", "no_data", "unknown_term_annotations", "obsolete_term_annotations")
    return {
        "terms": len(tables.terms),
        "annotated": f"{version.get('annotated_genes', 0):,} of {version.get('genes', 0):,}",
        "left_out": sum(version.get(name, 0) for name in lost),
    }


def _matched(annotations: pd.DataFrame, genes: list[str]) -> dict[str, int]:
    return {"genes": len(genes), "annotated_genes": int(annotations["gene"].nunique())}


def _close(
    pairs: set[tuple[str, str]], ancestors: dict[str, set[str]], terms: list[str], genes: list[str]
) -> pd.DataFrame:
    gene_code = {gene: i for i, gene in enumerate(genes)}
    term_code = {term: i for i, term in enumerate(terms)}
    direct = np.array(sorted(gene_code[gene] * len(terms) + term_code[term] for gene, term in pairs), dtype=np.int64)
    used, rank = np.unique(direct % max(len(terms), 1), return_inverse=True)
    above = [[term_code[term] for term in ancestors[terms[code]]] for code in used.tolist()]
    sizes = np.array([len(codes) for codes in above], dtype=np.int64)
    flat = np.array([code for codes in above for code in codes], dtype=np.int64)
    number = sizes[rank]  # ancestors of every annotation's term, laid end to end
    place = np.arange(number.sum()) + np.repeat((np.cumsum(sizes) - sizes)[rank] - np.cumsum(number) + number, number)
    inherited = np.repeat(direct // max(len(terms), 1) * len(terms), number) + flat[place]
    every = np.sort(np.concatenate([direct, inherited]))
    every = every[np.r_[True, every[1:] != every[:-1]]] if len(every) else every
    gene_column = pd.Categorical.from_codes((every // max(len(terms), 1)).astype(np.int64), categories=pd.Index(genes))
    term_column = pd.Categorical.from_codes((every % max(len(terms), 1)).astype(np.int64), categories=pd.Index(terms))
    return conform(
        pd.DataFrame({"gene": gene_column, "term": term_column, "direct": np.isin(every, direct)}),
        "ontology_annotations",
    )


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
