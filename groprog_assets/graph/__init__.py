"""What all assets of this project share: declaration, resources, partitions, and how values pass between them.

Belongs here: how values pass between assets, what an asset declares. Not here: any particular asset (`assets`).
"""
