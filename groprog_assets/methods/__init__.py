"""The paper's Methods as pure functions: tables and arrays in, tables and arrays out.

Belongs here: reading the formats of the field, statistics, measurements, in one folder per part of the paper. Not here: Dagster,
torch, DuckDB, the store.
"""
