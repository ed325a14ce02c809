"""Files that leave a study: the results folder and the formats of other programs.

Belongs here: stored values in, files out. Not here: pages and figures (`report`, `figures`), exports of the ledger (`lineage`).
"""
