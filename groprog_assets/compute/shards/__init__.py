"""What a worker can be asked for, a module each: named values in, named values out, nothing else read or changed.

A module here says how a method's work divides and holds `compute(shared, part, here)`. No Dagster, no DuckDB: neither database is
known to a worker.
"""
