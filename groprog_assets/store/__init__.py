"""Storage of a study: values under their digests, derivations, snapshots, and the workspace that holds them.

Belongs here: files and objects, written whole or not at all; names for patients; the version of the code. Not here: the ledger
(`lineage`), Dagster.
"""
