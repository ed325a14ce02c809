"""`python -m groprog_assets.documentation docs [HTML]`: write the generated pages into docs, and all pages as HTML."""

from __future__ import annotations

import sys
from pathlib import Path

from groprog_assets.documentation.html_pages import write_html
from groprog_assets.documentation.pages import write_pages

if __name__ == "__main__":
    docs = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    for path in write_pages(docs):
        print(path)
    if len(sys.argv) > 2:
        print(write_html(docs, Path(sys.argv[2])))
