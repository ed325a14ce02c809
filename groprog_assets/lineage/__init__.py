"""Where every value came from: the DuckDB ledger, how it is filled, the questions asked of it, its pages and exports.

Belongs here: reading and writing the ledger, explaining it. Not here: making values (`graph`), judging deliveries (`intake`).
"""
