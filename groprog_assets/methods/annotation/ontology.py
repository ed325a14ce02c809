"""Gene ontology: terms from OBO with GAF, or gene sets from GMT, closed along the true path. Files in, tables out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.annotation.gaf import GafFile, forget_gaf, gene_terms, read_gaf
from groprog_assets.methods.annotation.gmt import read_gmt
from groprog_assets.methods.annotation.obo import TermGraph, closure, forget_obo, read_obo
from groprog_assets.study.annotation_files import some
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
    graph, gaf = _read_files(ontology)
    assert ontology.obo is not None
    assert ontology.gaf is not None
    direct, summary = gene_terms(gaf.associations, graph, genes)
    annotations = _close(direct, graph, genes)
    version = {
        "format": "OBO and GAF",
        "obo": graph.version,
        "obo_sha256": _sha256(ontology.obo),
        "gaf": gaf.version,
        "gaf_sha256": _sha256(ontology.gaf),
        "relations": ["is_a", "part_of"],
        "followed_edges": graph.followed,
        "broken_edges": len(graph.broken),
        "broken_examples": some(graph.broken),
        **summary,
    }
    return OntologyTables(graph.terms, annotations, {**version, **_matched(annotations, genes)})


def check_ontology(ontology: Ontology) -> None:
    """Read the files as `read_ontology` does, and raise as it does, without matching genes."""
    if ontology.gmt is not None:
        read_gmt(ontology.gmt, [])
    else:
        _read_files(ontology)


def _read_files(ontology: Ontology) -> tuple[TermGraph, GafFile]:
    """The graph of the OBO, the associations of the GAF."""
    if ontology.obo is None or ontology.gaf is None:
        raise AnnotationError(
            Problem("ontology", f"obo={ontology.obo}, gaf={ontology.gaf}", "OBO needs GAF.", "Name both, or a GMT.")
        )
    problems: list[Problem] = []
    of_gaf: list[Problem] = []
    with ThreadPoolExecutor(1, "obo") as beside:  # a process of its own parses the OBO
        coming = beside.submit(read_obo, ontology.obo)
        try:
            gaf = read_gaf(ontology.gaf)
        except AnnotationError as error:
            of_gaf = error.problems
        try:
            graph = coming.result()
        except AnnotationError as error:
            problems = error.problems
    if problems or of_gaf:
        raise AnnotationError([*problems, *of_gaf])
    return graph, gaf


def forget_files() -> None:
    """Let go what this process keeps of OBO and GAF for whoever reads them again."""
    forget_obo()
    forget_gaf()


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
            version.get("broken_edges", 0),
            f"is_a or part_of lines lead to no live term of the OBO ({version.get('broken_examples')})",
            "They are left out: genes of such a term are not under what is above its parent.",
            "Take the release's go-basic.obo, whole.",
        ),
        (
            version.get("followed_edges", 0),
            "is_a or part_of lines name a replaced term",
            "They are read as lines to the replacement.",
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


CLOSED_AT_ONCE = 1 << 14
"""Direct annotations that are closed upwards at a time; all of them at once take a few hundred MB."""


def _close(direct: np.ndarray, graph: TermGraph, genes: list[str]) -> pd.DataFrame:
    """Table `ontology_annotations`: the direct annotations (`gene_terms`) and those of every term above theirs."""
    above, many = closure(graph.parents), max(len(graph.parents), 1)
    number = np.diff(above.starts)
    parts = []
    for start, end in _whole_genes(direct // many):
        held = direct[start:end]
        term = held % many
        each = number[term]
        place = np.arange(each.sum()) + np.repeat(above.starts[term] - (np.cumsum(each) - each), each)
        every = np.repeat(held // many * many, each) + above.ancestors[place]
        every.sort()
        every = every[np.diff(every, prepend=-1) > 0]
        codes = (every // many).astype(np.int32), (every % many).astype(np.int32)
        parts.append((*codes, np.isin(every, held, assume_unique=True)))
    columns = (
        [np.concatenate(column) for column in zip(*parts)]
        if parts
        else [np.empty(0, np.int32)] * 2 + [np.empty(0, bool)]
    )
    gene_column = pd.Categorical.from_codes(columns[0], categories=pd.Index(genes))
    term_column = pd.Categorical.from_codes(columns[1], categories=pd.Index(list(graph.parents)))
    frame = pd.DataFrame({"gene": gene_column, "term": term_column, "direct": columns[2]}, copy=False)
    return conform(frame, "ontology_annotations")


def _whole_genes(gene: np.ndarray) -> Iterator[tuple[int, int]]:
    """Stretches (start, end) of the rising codes `gene` (a,), about `CLOSED_AT_ONCE` long, that part no gene."""
    start = 0
    while start < len(gene):
        last = gene[min(start + CLOSED_AT_ONCE, len(gene)) - 1]
        end = int(np.searchsorted(gene, last, side="right"))
        yield start, end
        start = end


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
