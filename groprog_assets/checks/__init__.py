"""Asset checks: each turns what a method found into a verdict that a person can act on.

Belongs here: a comparison with a stated bound, and what to do when it fails. Not here: arithmetic on values (`methods`), Dagster
(`graph` passes verdicts on). The schema check of every declared table is made in `graph.derive`.
"""
