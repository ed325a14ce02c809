"""The portal's pages: search, gene, disease, finding, gene sets, drugs, counts, and for stewards a subject or a case.

Nothing of a single subject is on a page but those of SUBJECT and CASE. Counts on the others are the published ones, drawn once
for the data; only the page of counts asks a question that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from groprog_assets.beacon.actors import PUBLIC, Actor
from groprog_assets.beacon.desk import Desk, Held, Refused
from groprog_assets.beacon.links import link
from groprog_assets.beacon.measured import keep
from groprog_assets.beacon.molecular_pages import drug, drugs, gene_parts, pathway, pathways
from groprog_assets.beacon.name_search import FoundName
from groprog_assets.beacon.questions import cohort, filters_of
from groprog_assets.beacon.subject_pages import case_blocks, subject_blocks
from groprog_assets.figures.html_templates import html_templates
from groprog_assets.figures.numbers import percent
from groprog_assets.methods.omics.consents import ALLOWED
from groprog_assets.methods.omics.curies import curie
from groprog_assets.methods.omics.disclosure import shown, two_way
from groprog_assets.omics_catalog.writing import MOST_DISEASES
from groprog_assets.report.blocks import Block, cell, facts, note, paragraph, table

TEMPLATES = Path(__file__).with_name("templates")
HOME, COUNT, SUBJECT, CASE = "/", "/count", "/subject/{name}", "/case/{name}"
GENE, DISEASE, FINDING = "/gene/{name:path}", "/disease/{name}", "/phenotype/{name}"
PATHWAYS, PATHWAY, DRUGS, DRUG = "/pathways", "/pathway/{name:path}", "/drugs", "/drug/{name:path}"
OF_ONE = (SUBJECT, CASE)
"""Pages of single subjects."""
PAGES = (HOME, COUNT, GENE, DISEASE, FINDING, PATHWAYS, PATHWAY, DRUGS, DRUG, SUBJECT, CASE)
FOUND, LISTED = 40, MOST_DISEASES
CLASSES = ("PATHOGENIC", "LIKELY_PATHOGENIC", "UNCERTAIN_SIGNIFICANCE", "LIKELY_BENIGN", "BENIGN")
OTHER_CLASS = "not classified"
LICENCES = (
    "Licences, where the data are theirs. HPO: human-phenotype-ontology.github.io/license, shown unaltered. "
    "MONDO mappings: CC0 1.0."
)


def page(desk: Desk, actor: Actor, endpoint: str, name: str, given: dict[str, str]) -> bytes:
    """The page of an address. given: the fields of its forms. Refused where there is none, or it is not for this actor."""
    held = desk.held()
    if endpoint == HOME:
        blocks = _home(held, given.get("q", ""))
        return _rendered(desk, actor, "Search", "findings, diseases, genes, pathways, drugs", blocks, given)
    if endpoint == COUNT:
        blocks = _count(desk, actor, held, given)
        return _rendered(desk, actor, "Count subjects", "by findings, diseases, sex and age", blocks, given)
    made = OF_THINGS.get(endpoint)
    if made is not None:
        found = held.kept.get((endpoint, name))
        if found is None:
            found = made(held, name)
            keep(held, (endpoint, name), found)
        title, subtitle, blocks = found
    elif endpoint == SUBJECT:
        title, subtitle, blocks = subject_blocks(desk, held, name)
    else:
        title, subtitle, blocks = case_blocks(desk, held, name)
    return _rendered(desk, actor, title, subtitle, blocks, {})


def error_page(desk: Desk, refused: Refused) -> bytes:
    """Why a page is not shown."""
    title = {403: "Not for you", 404: "Not found", 401: "Not signed in"}.get(refused.status, "Not answered")
    return _rendered(desk, PUBLIC, title, f"status {refused.status}", [note(refused.text, "warn")], {})


def sign_in_page(desk: Desk, actor: Actor) -> bytes:
    told = "No token is needed to read what is published." if actor == PUBLIC else f"Signed in as {actor.name}."
    blocks = [paragraph(told + " An empty token signs out."), {"kind": "sign-in"}]
    return _rendered(desk, actor, "Sign in", "with the token of an actor", blocks, {})


def _home(held: Held, words: str) -> list[Block]:
    blocks: list[Block] = [{"kind": "search", "words": words}]
    if not words.strip():
        told = held.everybody(), held.parameters
        return [
            *blocks,
            facts(
                [
                    ("Subjects", shown(told[0], told[0], told[1]).words.partition(":")[0], "noise added, rounded"),
                    ("Findings", f"{len(held.names):,}", "terms of the ontology"),
                    ("Diseases", f"{len(held.diseases):,}", "with annotations"),
                    ("Asked by", f"{len(held.listed):,}", "terms and diseases that are not rare here"),
                ]
            ),
        ]
    found = search(held, words)
    if not found:
        return [*blocks, paragraph("Nothing has all these words. Try fewer, or the beginning of one.")]
    rows = [
        [
            link(row.name, row.kind, row.id, strong=True),
            row.kind,
            row.id if row.kind in ("finding", "disease", "drug") else "",
            held.published(row.id) if row.kind in ("finding", "disease") else "",
        ]
        for row in found
    ]
    more = f" The first {FOUND}; more words narrow it." if len(found) == FOUND else ""
    return [*blocks, table(["Name", "Kind", "Identifier", "Subjects"], rows, f"Names with all these words.{more}")]


def search(held: Held, words: str) -> list[FoundName]:
    """Findings, diseases, genes, gene sets, drugs with a name or synonym that has every word, or with this identifier; the best
    first, findings by their preferred names."""
    found = held.reference.names.found(words, curie(words), FOUND)
    return [
        item._replace(name=held.names.get(item.id, item.name)) if item.kind == "finding" else item for item in found
    ]


def _count(desk: Desk, actor: Actor, held: Held, given: dict[str, str]) -> list[Block]:
    asked, purpose = given.get("filters", ""), given.get("purpose", "")
    form: Block = {"kind": "count", "filters": asked, "purpose": purpose, "purposes": _purposes()}
    if not asked.strip():
        return [form, paragraph(_cost(desk, actor))]
    question = cohort(filters_of(asked), held, purpose)
    told = desk.ask(actor, COUNT, question)
    rows = [
        *([f"{held.names[term]} ({term})", "present"] for term, _ in question.terms),
        *([held.named(disease), "diagnosed"] for disease in question.diseases),
        *([held.named(disease), "diagnosed, none below it"] for disease in question.exactly),
        *([["sex", ", ".join(question.sexes)]] if len(question.sexes) < 4 else []),
        *([["age", f"{question.ages[0] // 12} to under {question.ages[1] // 12} years"]] if question.ages else []),
    ]
    answer = facts([("Subjects", told.shown.words, f"cost {told.epsilon:g}, {told.left:.1f} left")])
    return [form, answer, table(["Asked", "As"], rows), paragraph(_cost(desk, actor))]


def _cost(desk: Desk, actor: Actor) -> str:
    """What a question costs, and what the actor has left now."""
    left = desk.budgets.left(actor.name)
    given = desk.parameters
    return (
        f"A question costs {given.epsilon:g}; {actor.name} has {left:.1f} left. The same question is free. Answers have"
        f" noise of scale {1 / given.epsilon:g} and are rounded to {given.rounding}."
    )


def _purposes() -> tuple[str, ...]:
    return tuple(name for name in ALLOWED if name != "disease")


def _gene(held: Held, symbol: str) -> tuple[str, str, list[Block]]:
    rows = held.reference.diseases_of_gene.of(symbol)
    if not rows and not held.reference.names.knows("gene", symbol):
        told = "Nothing here is known of a gene of this name. Symbols are written as HGNC does, such as DMD."
        raise Refused(404, told)
    name = rows[0]["symbol"] if rows else symbol
    annotated = _annotated(held, name, rows) if rows else [paragraph("No disease is annotated to the gene.")]
    return name, f"gene, {rows[0]['gene_id']}" if rows else "gene", [*annotated, *gene_parts(held, name)]


def _annotated(held: Held, name: str, rows: list[dict[str, Any]]) -> list[Block]:
    """Diseases of a gene, their findings, and subjects with its variants. rows: of gene_disease, with the names of diseases."""
    diseases = [
        [
            link(row["name"] or row["disease_id"], "disease", row["disease_id"]),
            row["disease_id"],
            held.published(row["disease_id"]),
        ]
        for row in rows
    ]
    named = sorted({row["disease_id"] for row in rows if row["symbol"] == name})
    findings = findings_of(held, named)
    terms = [
        [
            link(held.names.get(term, term), "finding", term),
            cell(str(count), count),
            _share(most),
            held.published(term),
        ]
        for term, count, most in findings
    ]
    return [
        table(["Disease", "Identifier", "Subjects here"], diseases, "Diseases of the gene."),
        table(
            ["Finding", "Diseases with it", "Largest frequency", "Subjects here"],
            terms,
            f"Findings of these diseases{f', the first {LISTED}' if len(terms) == LISTED else ''}.",
        ),
        _variants(held, name),
    ]


def findings_of(held: Held, diseases: Sequence[str]) -> list[tuple[str, int, float | None]]:
    """(term, how many of the diseases have it, its largest frequency in one) of the first findings of some diseases."""
    having: dict[str, set[str]] = {}
    most: dict[str, float] = {}
    for disease in diseases:
        for row in held.reference.findings_of_disease.of(disease):
            if not row["negated"]:
                term, frequency = row["term_id"], row["frequency"]
                having.setdefault(term, set()).add(disease)
                if frequency is not None:
                    most[term] = max(frequency, most.get(term, 0.0))
    found = [(term, len(of), most.get(term)) for term, of in having.items()]
    return sorted(found, key=lambda item: (-item[1], item[2] is None, -(item[2] or 0.0), item[0]))[:LISTED]


def _variants(held: Held, symbol: str) -> Block:
    """Subjects by the gravest class of their variants in a gene: noise in every cell, their sum as the margin."""
    counts = held.catalog.gravest(symbol, CLASSES)
    names = [*CLASSES, OTHER_CLASS]
    line = [counts.get(k, 0) for k in range(len(names))]
    parameters = held.parameters
    made = two_way(held.carriers_secret, f"variants of {symbol}", [line], ([symbol], names), parameters.listing_epsilon)
    everybody = held.everybody()
    told = [shown(count, max(everybody, count + parameters.fewest), parameters).words for count in made.cells[0]]
    total = shown(made.total, max(everybody, made.total + parameters.fewest), parameters).words
    rows = [[name.replace("_", " ").lower(), text] for name, text in zip(names, told, strict=True)]
    caption = (
        "Subjects by the gravest class of a variant that their record interprets, or that an assay found. Noise of scale"
        f" {1 / parameters.listing_epsilon:g} in every line; the sum is that of the noisy lines."
    )
    return table(["Class", "Subjects"], [*rows, [cell("sum", strong=True), cell(total, strong=True)]], caption)


def _disease(held: Held, name: str) -> tuple[str, str, list[Block]]:
    given = curie(name)
    classes = held.classes(given)
    members = sorted({member for mondo in classes for member in held.members(mondo)} | ({given} & set(held.diseases)))
    named = [held.diseases[member] for member in members if member in held.diseases]
    named += [held.classes_of_diseases[mondo] for mondo in classes if mondo in held.classes_of_diseases]
    if not named:
        raise Refused(404, "No annotated disease has this identifier. Search for its name.")
    shown_ids = [*classes, *members]
    identifiers = [[item, held.published(item)] for item in shown_ids]
    reference = held.reference
    pairs = {(row["symbol"], row["gene_id"]) for item in members for row in reference.genes_of_disease.of(item)}
    found = [row for item in members for row in reference.findings_of_disease.of(item)]
    found.sort(key=lambda row: (row["negated"], row["frequency"] is None, -(row["frequency"] or 0.0), row["term_id"]))
    terms = [
        [
            link(held.names.get(row["term_id"], row["term_id"]), "finding", row["term_id"]),
            _frequency(row),
            row["told_sources"],
            held.published(row["term_id"]),
        ]
        for row in found
    ]
    blocks = [
        table(["Identifier", "Subjects here"], identifiers, "Identifiers that mean the same by exact mappings."),
        *_hierarchy(held, classes),
        table(
            ["Gene", "Identifier"],
            [[link(symbol, "gene", symbol), gene] for symbol, gene in sorted(pairs)],
            "Genes.",
        )
        if pairs
        else paragraph("No gene is annotated."),
        table(["Finding", "Frequency", "Source", "Subjects here"], terms, "Findings of the disease, as annotated.")
        if terms
        else paragraph("No finding is annotated to it; those of the diseases below it are on their pages."),
    ]
    return named[0], f"disease, {given}", blocks


def _hierarchy(held: Held, classes: Sequence[str]) -> list[Block]:
    """The classes of diseases right above and below those of a disease; nothing where the study names no hierarchy."""
    if not held.classes_of_diseases:
        return [paragraph("No hierarchy of diseases is read here: subjects are counted by exact identifiers.")]
    near = [
        (name, which)
        for which, beside in (("broader", held.parents), ("narrower", held.children))
        for name in sorted({name for mondo in classes for name in beside.get(mondo, ())})
    ]
    rows = [[link(held.named(name), "disease", name), name, which, held.published(name)] for name, which in near]
    caption = (
        f"Neighbours in MONDO {held.releases['MONDO']}. Subjects of a disease are those of the diseases below it too."
    )
    return [table(["Disease", "Identifier", "It is", "Subjects here"], rows, caption)]


def _frequency(row: dict[str, Any]) -> str:
    if row["negated"]:
        return "does not have it"
    if row["frequency_source"] == "ratio":
        return f"{row['n']} of {row['m']}"
    return _share(row["frequency"])


def _share(frequency: float | None) -> str:
    return "not stated" if frequency is None else percent(frequency)


def _finding(held: Held, name: str) -> tuple[str, str, list[Block]]:
    term = held.live(name)
    if term is None:
        raise Refused(404, "The ontology has no live term of this identifier. Search for its name.")
    synonyms = [row["text"] for row in held.reference.synonyms.of(term)]
    near = [
        [link(held.names[name], "finding", name), which, held.published(name)]
        for which, beside in (("broader", held.parents), ("narrower", held.children))
        for name in beside.get(term, ())
    ]
    rows = [
        [
            link(row["name"], "disease", row["disease_id"]),
            row["disease_id"],
            _share(row["most"]),
        ]
        for row in held.reference.diseases_of_term.of(term)
    ]
    listed = term in held.listed
    blocks: list[Block] = [
        facts([("Subjects", held.published(term), "with the finding or one below it; noise added, rounded")]),
        *([{"kind": "count", "filters": term, "purpose": "", "purposes": _purposes()}] if listed else []),
        *([paragraph(f"Also called: {'; '.join(synonyms[:12])}.")] if synonyms else []),
        table(["Finding", "It is", "Subjects here"], near, "Neighbours in the ontology."),
        table(
            ["Disease", "Identifier", "Largest frequency"],
            rows,
            f"Diseases with the finding or one below it{f', the first {LISTED}' if len(rows) == LISTED else ''}.",
        ),
    ]
    return held.names[term], f"finding, {term}", blocks


OF_THINGS: dict[str, Callable[[Held, str], tuple[str, str, list[Block]]]] = {
    **{GENE: _gene, DISEASE: _disease, FINDING: _finding},
    **{PATHWAYS: pathways, PATHWAY: pathway, DRUGS: drugs, DRUG: drug},
}


def _rendered(
    desk: Desk, actor: Actor, title: str, subtitle: str, blocks: Sequence[Block], given: dict[str, str]
) -> bytes:
    held = desk.held()
    releases = "; ".join(f"{name} {release}" for name, release in held.releases.items())
    spent = f"{desk.budgets.spent(actor.name):.1f} of {desk.budgets.of(actor.name):.1f}"
    study = desk.workspace.study
    return (
        _templates()
        .get_template("portal.html")
        .render(
            title=title,
            subtitle=subtitle,
            study=study.title or study.name,
            blocks=list(blocks),
            actor=actor.name,
            role=actor.role,
            cases=[(case.name, case.title) for case in study.omics.cases]
            if study.omics and actor.role == "steward"
            else [],
            footer=f"{releases}. {LICENCES} Snapshot {held.snapshot[:12]}. Spent by {actor.name}: {spent}.",
            words=given.get("q", ""),
            sections=[name for name, there in held.sections.items() if there],
        )
        .encode()
    )


@cache
def _templates() -> Environment:
    return html_templates(TEMPLATES)
