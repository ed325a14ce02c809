"""The asset of this project: Dagster's, with what every asset here has in common; its resources, storage and partitions.

Belongs here: how values pass between assets, what an asset declares. Not here: any particular asset (`assets`).
"""
