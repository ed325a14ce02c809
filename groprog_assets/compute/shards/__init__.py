"""How each method's work is divided among workers, one module a method. Named values in, named values out.

A module here says how a method's work divides and holds `compute(shared, part, here)`. No Dagster, no DuckDB: neither database is
known to a worker.
"""
