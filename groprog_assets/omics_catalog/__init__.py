"""The catalogue of a snapshot: one DuckDB file over the tables of the multi-omics store, and the questions asked of it.

Belongs here: the file's tables (`schema.sql`), how it is written from stored tables and opened for reading, questions in SQL.
Not here: what may be told of the answers (`methods.omics.disclosure`), who asks (`beacon`). No data exist in it alone.
"""
