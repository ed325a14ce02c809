"""docs/ as static HTML that opens without a network: Markdown in; pages, pictures and one style sheet within each page out."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

INDEX = "index.md"
COPIED = (".svg", ".png", ".jpg", ".ipynb", ".py")
LINK = re.compile(r"^(?!\w+:|#)([^#]*)\.md(#.*)?$")
STYLE = """
body{margin:0;font:16px/1.55 system-ui,sans-serif;color:#1d2430;display:flex}
nav{flex:0 0 230px;padding:20px;background:#f4f6f8;height:100vh;overflow:auto}
nav{position:sticky;top:0;box-sizing:border-box;font-size:14px}
nav ul{list-style:none;padding:0;margin:0 0 14px}nav li{margin:3px 0}nav strong{display:block;margin:10px 0 2px}
main{max-width:900px;padding:20px 32px;min-width:0}a{color:#1f5fa8;text-decoration:none}a:hover{text-decoration:underline}
table{border-collapse:collapse;display:block;overflow-x:auto;margin:14px 0}th{background:#f4f6f8}
td,th{border:1px solid #d5dbe1;padding:5px 9px;vertical-align:top;text-align:left}
code{background:#f0f2f4;padding:1px 4px;border-radius:3px;font-size:.92em;overflow-wrap:anywhere}
pre{background:#f4f6f8;padding:12px;overflow-x:auto}pre code{background:none;padding:0;overflow-wrap:normal}
img{max-width:100%}h1,h2,h3{line-height:1.25;overflow-wrap:anywhere}
.contents{display:none}
@media(max-width:720px){body{flex-direction:column}main{padding:16px}nav{order:1;height:auto;position:static;flex:none}
.contents{display:block}}
@media print{nav,.contents{display:none}}
"""


CONTENTS = '<p class="contents"><a href="#all-pages">All pages</a></p>'
"""Shown on a narrow screen, where the menu stands below the page."""


def write_html(docs: Path, folder: Path) -> Path:
    """Write every page of `docs` as HTML into `folder`, with the README as readme.html; the path of index.html.

    Links between pages become links between the HTML pages; a link to another file of the project keeps its words alone.
    """
    parser = _parser()
    folder.mkdir(parents=True, exist_ok=True)
    pages = {path.stem: path for path in sorted(docs.glob("*.md"))}
    if (docs.parent / "README.md").is_file():
        pages["readme"] = docs.parent / "README.md"
    for path in docs.rglob("*"):
        if path.suffix in COPIED and path.is_file():
            target = folder / path.relative_to(docs)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    menu = _menu(parser, (docs / INDEX).read_text(encoding="utf-8"), set(pages))
    for name, path in pages.items():
        body, title = _body(parser, path.read_text(encoding="utf-8"), set(pages), path.parent != docs)
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
            f'initial-scale=1"><title>{html.escape(title)} · GroProg</title><style>{STYLE}</style></head>'
            f'<body><nav id="all-pages">{menu}</nav><main>{CONTENTS}{body}</main></body></html>\n'
        )
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def anchor(heading: str) -> str:
    """The name by which a heading is linked, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _body(parser: MarkdownIt, text: str, pages: set[str], from_root: bool) -> tuple[str, str]:
    """(HTML, title) of a page."""
    tokens = parser.parse(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    title = ""
    for k, token in enumerate(tokens):
        if token.type == "heading_open":
            words = "".join(child.content for child in tokens[k + 1].children or [])
            token.attrSet("id", anchor(words))
            title = title or words
        kept = []
        dropped = False
        for child in token.children or []:
            if child.type == "link_open":
                target = _target(str(child.attrGet("href")), pages, from_root)
                dropped = not target
                child.attrSet("href", target)
            elif child.type == "image":
                child.attrSet("src", str(child.attrGet("src")).removeprefix("docs/"))
            if not (dropped and child.type in ("link_open", "link_close")):
                kept.append(child)
        if token.children:
            token.children = kept
    return str(parser.renderer.render(tokens, parser.options, {})), title


def _target(link: str, pages: set[str], from_root: bool) -> str:
    """Where a link of a page leads in the HTML: another page, a copied file, the network, the page itself, or "" for nowhere."""
    found = LINK.match(link)
    if found is not None:
        name = Path(found[1]).name
        name = "readme" if name == "README" else name
        return f"{name}.html{found[2] or ''}" if name in pages else ""
    if "://" in link or link.startswith("#"):
        return link
    inside = link.removeprefix("docs/")
    return (
        inside
        if Path(inside).suffix in COPIED and not inside.startswith("..") and (not from_root or inside != link)
        else ""
    )


def _menu(parser: MarkdownIt, index: str, pages: set[str]) -> str:
    """The lists of the index, each under its heading, as a menu."""
    lines = ['<ul><li><a href="index.html">GroProg</a></li></ul>']
    for part in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        links = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", body)
        items = "".join(
            f'<li><a href="{_target(link, pages, False)}">{html.escape(words)}</a></li>' for words, link in links
        )
        lines.append(f"<strong>{html.escape(heading)}</strong><ul>{items}</ul>")
    return "".join(lines)
