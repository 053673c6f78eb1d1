"""Guides as pages that open anywhere, beside the products that they explain."""

from importlib.resources import files
from pathlib import Path

from markdown_it import MarkdownIt

from imagery.files import atomic_path

GUIDE = "guide.html"
"""How to read the products of a department."""
GIS = "gis.html"
"""How to use the layers."""
LINKS = {'href="gis.md"': f'href="{GIS}"'}
"""Links between guides, in docs/ and beside the products."""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 44rem; margin: 1rem auto; padding: 0 1rem;
  color: #111; background: #fff; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border: 1px solid #999; padding: .3rem .6rem; text-align: left; vertical-align: top; }}
code {{ font-size: .95em; overflow-wrap: anywhere; }}
pre {{ background: #f2f2f2; padding: .6rem; overflow-x: auto; }}
</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""


def write_guides(folder: Path, department: str) -> list[Path]:
    """Write the guide of a department and that of its layers.

    Args:
        folder: Where the department's products are.
        department: "fire" or "housing".

    Returns:
        The pages.
    """
    pages = []
    for name, guide in ((GUIDE, department), (GIS, "gis")):
        path = folder / name
        with atomic_path(path) as temporary:
            temporary.write_text(guide_page(guide), encoding="utf-8")
        pages.append(path)
    return pages


def guide_page(guide: str) -> str:
    """Return a guide as HTML; it makes no network requests.

    Args:
        guide: "fire", "housing" or "gis".
    """
    text = (files("gis_export") / "guides" / f"{guide}.md").read_text(encoding="utf-8")
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    for link, page in LINKS.items():
        body = body.replace(link, page)
    # What scrolls must be reached by the keyboard.
    body = body.replace("<pre>", '<pre tabindex="0">')

    title = text.splitlines()[0].removeprefix("# ")
    return PAGE.format(title=title, body=body)
