"""Tables of reference knowledge: terms of an ontology, what is known of diseases, which identifiers name the same disease."""

from __future__ import annotations

from groprog_assets.tables.columns import Column, Table

ALIASES = ("alt_id", "replaced_by")
SCOPES = ("EXACT", "BROAD", "NARROW", "RELATED")
GIVEN = ("ratio", "class", "percent", "none")
ASPECTS = ("P", "I", "C", "H", "M")
_TERM = Column("term_id", "str", "CURIE", "term of the ontology")
_CLASS = Column("mondo_id", "str", "CURIE", "MONDO class")
_VERSION = Column("version", "str", "text", "release, from the file's own header where it has one")

DECLARED = (
    Table(
        "terms",
        "one term of an ontology, obsolete terms too",
        (
            Column("ontology", "str", "prefix", "HP or MONDO"),
            _TERM,
            Column("name", "str", "text", "preferred name"),
            Column("obsolete", "bool", "flag", "withdrawn from the ontology"),
            Column("replaced_by", "list[str]", "CURIEs", "terms that the ontology names as replacement"),
            Column("consider", "list[str]", "CURIEs", "terms that the ontology suggests; never applied"),
            _VERSION,
        ),
        ("term_id",),
    ),
    Table(
        "term_aliases",
        "one other identifier of a live term",
        (
            _TERM,
            Column("alias_id", "str", "CURIE", "identifier that is read as the term"),
            Column("kind", "str", ", ".join(ALIASES), "why", values=ALIASES),
        ),
        ("term_id", "alias_id", "kind"),
    ),
    Table(
        "term_synonyms",
        "one synonym of a term",
        (
            _TERM,
            Column("text", "str", "text", "synonym"),
            Column("scope", "str", ", ".join(SCOPES), "how it fits", values=SCOPES),
        ),
        ("term_id", "text", "scope"),
    ),
    Table(
        "edges",
        "one is_a edge between live terms",
        (
            Column("ontology", "str", "prefix", "HP or MONDO"),
            Column("child", "str", "CURIE", "the narrower term"),
            Column("parent", "str", "CURIE", "the broader term"),
        ),
        ("child", "parent"),
    ),
    Table(
        "closure",
        "one term under one of its ancestors, itself among them; sorted by ancestor",
        (_TERM, Column("ancestor", "str", "CURIE", "the term or one above it")),
        ("term_id", "ancestor"),
    ),
    Table(
        "xrefs",
        "one mapping of a disease (SSSOM)",
        (
            Column("from_id", "str", "CURIE", "MONDO class; SSSOM's subject_id"),
            Column("predicate", "str", "CURIE", "skos:exactMatch counts, all others are kept and not joined over"),
            Column("to_id", "str", "CURIE", "OMIM, OMIMPS or ORPHA identifier, its prefix in one spelling"),
            Column("justification", "str", "CURIE", "how the mapping was made", nullable=True),
            Column("set_id", "str", "text", "mapping set: its own id, else the file's name"),
            Column("set_version", "str", "text", "release of the mapping set"),
            Column("from_obsolete", "bool", "flag", "the MONDO class is obsolete; never joined over"),
        ),
        ("from_id", "predicate", "to_id", "set_id"),
    ),
    Table(
        "disease_classes",
        "one disease or group of diseases of MONDO that is not obsolete",
        (
            _CLASS,
            Column("name", "str", "text", "preferred name"),
            _VERSION,
        ),
        ("mondo_id",),
    ),
    Table(
        "disease_aliases",
        "one other identifier of a MONDO class",
        (
            _CLASS,
            Column("alias_id", "str", "CURIE", "identifier that is read as the class"),
            Column("kind", "str", ", ".join(ALIASES), "why", values=ALIASES),
        ),
        ("mondo_id", "alias_id", "kind"),
    ),
    Table(
        "disease_edges",
        "one is_a edge between MONDO classes",
        (
            Column("child", "str", "CURIE", "the narrower class"),
            Column("parent", "str", "CURIE", "the broader class"),
        ),
        ("child", "parent"),
    ),
    Table(
        "disease_closure",
        "one MONDO class under one of its ancestors, itself among them; sorted by ancestor",
        (_CLASS, Column("ancestor", "str", "CURIE", "the class or one above it")),
        ("mondo_id", "ancestor"),
    ),
    Table(
        "diseases",
        "one disease of the annotations",
        (
            Column("disease_id", "str", "CURIE", "OMIM, ORPHA or DECIPHER identifier"),
            Column("name", "str", "text", "name in the annotation file"),
        ),
        ("disease_id",),
    ),
    Table(
        "disease_terms",
        "one term of a disease; rows of the file about the same pair are one",
        (
            Column("disease_id", "str", "CURIE", "OMIM, ORPHA or DECIPHER identifier"),
            Column("term_id", "str", "CURIE", "live term"),
            Column("n", "Int32", "patients", "with the finding, of m", nullable=True),
            Column("m", "Int32", "patients", "who were looked at", nullable=True),
            Column("frequency", "float64", "fraction", "share of patients, as the file gives it", nullable=True),
            Column("frequency_source", "str", ", ".join(GIVEN), "how the file gives it", values=GIVEN),
            Column("negated", "bool", "flag", "the disease does not have it: NOT, 0/m, excluded or 0 %"),
            Column("onset", "str", "CURIEs joined by |", "onset terms", nullable=True),
            Column("sex", "str", "MALE, FEMALE", "sex it is limited to", nullable=True),
            Column("modifiers", "list[str]", "CURIEs", "clinical modifiers"),
            Column("sources", "list[str]", "CURIEs", "publications and databases cited"),
            Column("evidence", "str", "codes joined by |", "PCS published study, TAS, IEA", nullable=True),
            Column(
                "aspect",
                "str",
                ", ".join(ASPECTS),
                "phenotype, inheritance, course, history, modifier",
                values=ASPECTS,
            ),
        ),
        ("disease_id", "term_id", "aspect"),
    ),
    Table(
        "gene_disease",
        "one gene of a disease",
        (
            Column("gene_id", "str", "CURIE", "NCBIGene identifier"),
            Column("symbol", "str", "symbol", "gene symbol as in the file"),
            Column("disease_id", "str", "CURIE", "OMIM or ORPHA identifier"),
            Column("relation", "str", "text", "kind of association; unknown where the file says none"),
            Column("source", "str", "text", "file's name"),
            _VERSION,
        ),
        ("gene_id", "disease_id", "source"),
    ),
)
