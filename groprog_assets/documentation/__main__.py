"""`python -m groprog_assets.documentation DOCS [HTML] [--figures RESULTS]`: write the generated pages into DOCS and all pages as
HTML into HTML; before that, small images of the figures of RESULTS, a results folder of the bundled study."""

from __future__ import annotations

import argparse
from pathlib import Path

from groprog_assets.documentation.figures import write_images
from groprog_assets.documentation.html_pages import write_html
from groprog_assets.documentation.pages import write_pages

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m groprog_assets.documentation")
    parser.add_argument("docs", nargs="?", type=Path, default=Path("docs"))
    parser.add_argument("html", nargs="?", type=Path, help="folder of the pages as HTML")
    parser.add_argument("--figures", type=Path, metavar="RESULTS", help="results folder whose figures the page shows")
    asked = parser.parse_args()
    if asked.figures is not None:
        for image in write_images(asked.figures, asked.docs / "images" / "figures"):
            print(image)
    for path in write_pages(asked.docs):
        print(path)
    if asked.html is not None:
        print(write_html(asked.docs, asked.html))
