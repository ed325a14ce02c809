"""Where every artifact came from: derivations, the DuckDB ledger and the questions asked of it."""
