"""The paper's Methods as pure functions: tables and arrays in, tables and arrays out; no Dagster, no torch."""
