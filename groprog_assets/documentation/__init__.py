"""Pages of docs/ that are written from the code, and all of docs/ as static HTML: `python -m groprog_assets.documentation docs`.

Belongs here: what turns parameters, tables, graph, study schema and commands into pages, and pages into HTML.
Not here: the prose itself (docs/), figures (`figures`), the report (`report`).
"""
