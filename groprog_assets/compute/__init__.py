"""Where work is computed: in this process, in its threads, or on Dask workers. `shards` says how each method's work is divided.

Belongs here: splitting, sending, collecting. Not here: the work itself (`methods`, `model`). No Dagster, no DuckDB.
"""
