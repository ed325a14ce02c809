"""How values are kept: bytes by their digest, derivations by their circumstances, the workspace of a study.

Belongs here: files and objects, written whole or not at all; names for patients; the version of the code. Not here: the ledger
(`lineage`), Dagster.
"""
