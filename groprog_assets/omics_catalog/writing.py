"""Writing the catalogue of a snapshot: small tables are copied into one DuckDB file, measurements stay Parquet behind views.

The file is made from the store alone and can be made again. Two files of one snapshot differ in bytes (DuckDB 1.5.6 gives each an
identifier of its own), so the snapshot, a document of digests, is the artifact, and the file is named after its digest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import duckdb

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.methods.measurements.layout import long_rows
from groprog_assets.omics_catalog.carriers import CARRIERS_OF_SYMBOLS, RecordVariant, record_variants
from groprog_assets.store.artifacts import Reference, Store, digest_value
from groprog_assets.store.half_written import half_written_name
from groprog_assets.store.wire_format import Stored
from groprog_assets.tables.values import Document

FOLDER = "catalog"
SCHEMA = Path(__file__).with_name("schema.sql")
OF_SUBJECTS = ("consents", "subjects", "phenotypes", "diagnoses", "subject_variants", "subject_terms")
"""Tables that hold what a reader may not learn of one subject: noise is drawn anew when one of them changes, and only then."""
COUNTED_BY = ("disease_closure",)
"""Tables that a study may lack and that decide which subjects a question counts: noise is drawn anew when one comes or changes,
or two answers with the same noise would differ by the subjects of the change."""
OF_CARRIERS = ("samples", "variants", "genotypes", "variant_consequences")
"""Tables, where a study has them, that beside those of the subjects decide who carries a variant."""
OF_SAMPLES = ("consents", "subjects", "samples", "sample_factors", "assay_samples", "subject_strata")
"""Tables that decide how many subjects a group of an assay has: the noise of these counts is drawn anew when one changes."""
MOST_DISEASES = 60
"""Diseases kept of a term: those in which it is most frequent."""
ORDER = {
    "subject_terms": "term_id, subject_ix",
    "closure": "ancestor, term_id",
    "disease_closure": "ancestor, mondo_id",
    "disease_terms": "disease_id, term_id",
    "subject_variants": "symbol, subject_id",
    "features": "symbol, assay_id, feature_ix",
    "genotypes": "variant_ix, sample_id",
    "gene_sets": "gene_id, set_id",
    "out_of_range": "subject_id, assay_id, feature_ix",
    "pathway_scores": "set_id, assay_id, subject_id",
}
"""Rows that are asked for together lie together."""
DERIVED = f"""
{CARRIERS_OF_SYMBOLS}
INSERT INTO subject_diseases
  WITH own AS (SELECT DISTINCT unnest(string_split(concat_ws('|', mondo_id, omim_id, orpha_id, source_id), '|')) AS id, subject_ix
    FROM diagnoses JOIN subjects USING (subject_id) WHERE status <> 'excluded')
  SELECT id, subject_ix FROM own
  UNION SELECT ancestor, subject_ix FROM (SELECT coalesce(mondo_id, id) AS class, subject_ix
    FROM own LEFT JOIN disease_aliases ON alias_id = id) JOIN disease_closure ON mondo_id = class
  ORDER BY ALL;
INSERT INTO term_diseases
  WITH frequencies AS (SELECT ancestor, disease_id, max(frequency) AS most FROM disease_terms JOIN closure USING (term_id)
    WHERE aspect = 'P' AND NOT negated GROUP BY ancestor, disease_id),
  first AS (SELECT * FROM frequencies QUALIFY
    row_number() OVER (PARTITION BY ancestor ORDER BY most DESC NULLS LAST, disease_id) <= {MOST_DISEASES})
  SELECT ancestor, disease_id, name, most FROM first JOIN diseases USING (disease_id) ORDER BY ALL;
INSERT INTO search_names SELECT 'finding', term_id, name, lower(name) FROM terms WHERE NOT obsolete;
INSERT INTO search_names SELECT DISTINCT 'finding', term_id, text, lower(text) FROM term_synonyms JOIN terms USING (term_id)
  WHERE NOT obsolete AND lower(text) <> lower(name);
INSERT INTO search_names SELECT 'disease', disease_id, name, lower(name) FROM diseases;
INSERT INTO search_names SELECT 'disease', mondo_id, name, lower(name) FROM disease_classes WHERE mondo_id NOT IN (
  SELECT from_id FROM xrefs JOIN diseases ON disease_id = to_id WHERE predicate = 'skos:exactMatch' AND NOT from_obsolete);
INSERT INTO search_names SELECT 'gene', symbol, symbol, lower(symbol) FROM (
  SELECT symbol FROM gene_disease WHERE symbol <> '-' UNION SELECT symbol FROM features WHERE symbol IS NOT NULL
  UNION SELECT gene_id FROM gene_sets UNION SELECT gene_id FROM drug_target) ORDER BY symbol;
INSERT INTO search_names SELECT DISTINCT 'pathway', set_id, name, lower(set_id || ' ' || name) FROM gene_sets
  WHERE direction IS NULL;
INSERT INTO search_names SELECT 'drug', id, name, lower(name) FROM (
  SELECT set_id AS id, set_id AS name FROM gene_sets WHERE direction IS NOT NULL UNION SELECT drug_id, name FROM drug_target)
  ORDER BY id;
"""
VIEWS = {
    "measurements_{name}": "SELECT * FROM read_parquet('{file}')",
    "measurements_{name}_long": long_rows('"measurements_{name}"'),
}
"""Views of a matrix: {name: SQL}. A view takes no parameter, so the path is quoted."""
_VIEW = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@cache
def schema_columns() -> dict[str, dict[str, str]]:
    """{table: {column: type}} of the catalogue."""
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(SCHEMA.read_text(encoding="utf-8"))
        rows = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
        ).fetchall()
    finally:
        connection.close()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def snapshot_of(values: Iterable[Stored], measurements: Mapping[str, Stored] | None = None) -> Document:
    """{"tables": {table: sha256}, "measurements": {name: sha256}} of the tables that the catalogue has a place for.

    measurements {name: stored table}: matrices that become views of these names.
    """
    known = schema_columns()
    tables = {
        reference.table: reference.sha256
        for value in values
        for reference in _tables(value)
        if reference.table in known
    }
    views = {name: value.reference.sha256 for name, value in (measurements or {}).items()}
    return {"tables": dict(sorted(tables.items())), "measurements": dict(sorted(views.items()))}


def matrices_of(stages: Mapping[str, Stored]) -> dict[str, Stored]:
    """{assay_stage: stored Parquet} of the matrices of some stages {stage: value with a bundle `matrices`}."""
    return {
        f"{assay}_{stage}": matrices.member(assay)
        for stage, value in stages.items()
        for matrices in [value.member("matrices")]
        for assay in matrices.store.members(matrices.reference)
    }


def snapshot_digest(snapshot: Document) -> str:
    """What every answer and export names."""
    return digest_value(snapshot)


def data_digest(snapshot: Document, tables: Iterable[str] = OF_SUBJECTS, more: Iterable[str] = ()) -> str:
    """The digest of some tables, by default those of the subjects: it stays when only reference data or code change.

    more: further tables, which a study may lack.
    """
    held = snapshot["tables"]
    return digest_value({name: held.get(name) for name in (*tables, *({*COUNTED_BY, *more} & set(held)))})


def write_catalog(state: Path, store: Store, snapshot: Document) -> Path:
    """The catalogue file of a snapshot in the state folder, for its owner alone; one that is there already is not written again.

    Files of other snapshots are removed: a reader that has one open keeps what it has opened. ArtifactError for bytes that the
    store lacks, for tables that another version of the program made, and where the file cannot be written.
    """
    folder = state / FOLDER
    target = folder / f"{snapshot_digest(snapshot)}.{_layout()}.duckdb"
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / half_written_name(target.name)
        try:
            _fill(temporary, store, snapshot)
            os.chmod(temporary, 0o600)
            os.replace(temporary, target)
        except (duckdb.IOException, OSError) as error:
            rule, remedy = "The catalogue is written beside the store.", "Free space or mend rights, and run again."
            raise ArtifactError(Problem(str(target), str(error).splitlines()[0], rule, remedy)) from error
        finally:
            for left in (temporary, temporary.with_name(f"{temporary.name}.wal")):
                left.unlink(missing_ok=True)
    for other in folder.glob("*.duckdb"):
        if other != target:
            other.unlink(missing_ok=True)
    return target


@cache
def _layout() -> str:
    """Eight digits that change with the tables of the file, so that one of another version of the program is not read."""
    return digest_value([SCHEMA.read_text(encoding="utf-8"), DERIVED, ORDER, VIEWS])[:8]


def _tables(value: Stored) -> list[Reference]:
    if value.reference.kind != "bundle":
        return [value.reference]
    return list(value.store.members(value.reference).values())


def _fill(path: Path, store: Store, snapshot: Document) -> None:
    connection = duckdb.connect(str(path), config={"threads": 1, "preserve_insertion_order": True})
    try:
        connection.execute(SCHEMA.read_text(encoding="utf-8"))
        for table, sha256 in snapshot["tables"].items():
            file = store.get_file(sha256, table)
            order = f" ORDER BY {ORDER[table]}" if table in ORDER else ""
            if table == "subjects":
                rows = (
                    "SELECT CAST(file_row_number AS INTEGER) AS subject_ix, * EXCLUDE (file_row_number)"
                    " FROM read_parquet(?, file_row_number = true)"
                )
            else:
                columns = ", ".join(f'"{column}"' for column in schema_columns()[table])
                rows = f"SELECT {columns} FROM read_parquet(?)"
            try:
                connection.execute(f'INSERT INTO "{table}" BY NAME {rows}{order}', [str(file)])
            except (duckdb.BinderException, duckdb.ConstraintException, duckdb.ConversionException):
                rule = "The catalogue holds the columns that this version of the program declares."
                told = f"omics_catalog, table {table}"
                raise ArtifactError(Problem(told, "columns of another version", rule, "Run the study.")) from None
            connection.execute("INSERT INTO snapshot VALUES (?, ?)", [table, sha256])
        for name, sha256 in snapshot["measurements"].items():
            _view(connection, name, store.get_file(sha256, name))
        connection.execute(DERIVED)
        _packet_variants(connection)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def _packet_variants(connection: duckdb.DuckDBPyConnection) -> None:
    """The table of that name: the interpreted variants in the form in which they are asked for."""
    read = connection.execute(
        "SELECT subject_ix, gene_id, symbol, genome_build, chrom, start, ref, alt FROM subject_variants"
        " JOIN subjects USING (subject_id) ORDER BY symbol, subject_ix"
    ).fetchall()
    rows = list(record_variants(read))
    if rows:
        columns = {name: [row[k] for row in rows] for k, name in enumerate(RecordVariant._fields)}
        kinds = schema_columns()["packet_variants"]
        listed = ", ".join(f'unnest(CAST(? AS {kinds[name]}[])) AS "{name}"' for name in columns)
        connection.execute(f"INSERT INTO packet_variants BY NAME SELECT {listed}", list(columns.values()))


def _view(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    """The views of a matrix over its Parquet file of one row a feature."""
    if not _VIEW.fullmatch(name):
        rule = "A name is of letters, digits, _, - and dots."
        raise ArtifactError(Problem("measurements", name, rule, "Rename the assay."))
    quoted = str(file).replace("'", "''")
    for view, rows in VIEWS.items():
        connection.execute(f'CREATE VIEW "{view.format(name=name)}" AS {rows.format(name=name, file=quoted)}')
