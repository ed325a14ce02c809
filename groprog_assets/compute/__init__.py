"""Where work is done: in this process, its threads, or on Dask workers; `shards` says how each method's work divides.

Belongs here: splitting, sending, collecting. Not here: the work itself (`methods`, `model`). No Dagster, no DuckDB.
"""
