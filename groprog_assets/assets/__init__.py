"""The graph: one module an asset, named as the method it calls, in the folder of its Dagster group.

Belongs here: which values an asset reads, which method it calls, which checks judge it. Not here: loops over data or decisions;
those are `methods`, `model`, `prognosis`. Methods and torch are imported inside the functions, so that loading the definitions
stays light.
"""
