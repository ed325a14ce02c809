"""The multi-omics store: readers of its formats, ontologies, ranking of diseases, consent. Tables in, tables out; no DuckDB."""
