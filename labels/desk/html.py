"""The page as HTML: with its parts beside it for the server, with all of them inside for a file."""

import base64
import hashlib
import json
from importlib.resources import files

from labels.desk.views import View

SCRIPTS = ("source.js", "file.js", "viewer.js", "figures.js", "again.js", "desk.js")
"""In the order in which they are loaded."""
STYLE = "page.css"
_STYLE = "<!--style-->"
_FACTS = "<!--facts-->"
_SCRIPTS = "<!--scripts-->"


def page_part(name: str) -> str:
    """Return a script, the style or the page."""
    return (files("labels.desk") / "page" / name).read_text(encoding="utf-8")


def page_html(facts: View) -> str:
    """Return the page of the server."""
    scripts = "\n".join(f'<script src="page/{name}"></script>' for name in SCRIPTS)
    style = f'<link rel="stylesheet" href="page/{STYLE}">'
    return _fill(facts, style, scripts)


def file_html(facts: View) -> str:
    """Return the page with everything inside; it may load nothing."""
    style = page_part(STYLE)
    script = "\n".join(page_part(name) for name in SCRIPTS)
    policy = (
        f"default-src 'none'; img-src data:; script-src '{_checksum(script)}'; "
        f"style-src '{_checksum(style)}'; base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>'
    return _fill(facts, head, f"<script>{script}</script>")


def _fill(facts: View, style: str, scripts: str) -> str:
    text = json.dumps(facts, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    html = page_part("index.html").replace(_STYLE, style).replace(_SCRIPTS, scripts)
    return html.replace(_FACTS, text)


def _checksum(text: str) -> str:
    """Return what the policy calls a text that stands in the page."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
