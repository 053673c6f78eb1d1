"""The page as one HTML file: its scripts and styles inside, and the checksums of its data."""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import jinja2

from gis_export.fire.map.page_data import Json
from gis_export.table.inputs import ExportInputs
from inference.hazard import USE_LIMIT

_TAG = re.compile(r'<(?:link rel="stylesheet" href|script src)="([\w./]+)">(?:</script>)?')
"""Where the page names a style or a script."""
_LEAST = 1e-4
"""Least number that Python writes without an exponent; a tenth of a millimeter on a map."""
_NOT_PLAIN = (float, list, dict)
"""What may hold a float."""


@dataclass(frozen=True, kw_only=True)
class DataScript:
    """One assignment of a value to a name, which the page checks by its checksum."""

    file: str
    """Name of its file in the folder."""
    name: str
    """Name of the variable."""
    value: Json
    """What is assigned."""

    @cached_property
    def plain(self) -> Json:
        """Return the value, its numbers as a script writes them too."""
        return _as_script(self.value)

    @property
    def text(self) -> str:
        """Return the script, in which no text of the city can end it."""
        # Browsers read ASCII faster. An escaped "<" cannot end the script.
        text = json.dumps(self.plain, separators=(",", ":")).replace("<", "\\u003c")
        return f"window.{self.name}={text};\n"

    @property
    def checksum(self) -> int:
        """Return the CRC-32 of the value as the browser writes it again: JSON in UTF-8."""
        text = json.dumps(self.plain, separators=(",", ":"), ensure_ascii=False)
        return zlib.crc32(text.encode("utf-8"))


def _as_script(value: Json) -> Json:
    """Return a value with numbers that Python and scripts write alike.

    Whole ones have no ".0". Those below `_LEAST` become 0: scripts write other exponents.
    """
    if isinstance(value, float):
        return int(value) if value.is_integer() or abs(value) < _LEAST else value
    if isinstance(value, dict):
        return {key: _as_script(item) for key, item in value.items()}
    if isinstance(value, list) and any(isinstance(item, _NOT_PLAIN) for item in value):
        return [_as_script(item) for item in value]
    return value


def page_html(inputs: ExportInputs, scripts: Sequence[DataScript], *, part: str = "") -> str:
    """Return the page, with its own scripts and styles inside.

    Args:
        inputs: City, year and day.
        scripts: The data that it checks.
        part: The fire district that it shows alone; the data is then in the page too, which needs
            no other file.
    """
    environment = jinja2.Environment(autoescape=True, keep_trailing_newline=True)
    text = environment.from_string(_read("page/index.html")).render(
        city=inputs.city,
        year=inputs.year,
        made=inputs.today.isoformat(),
        use_limit=USE_LIMIT,
        note=inputs.note,
        missed=inputs.missed,
        part=part,
        checksums=json.dumps({script.name: script.checksum for script in scripts}),
    )

    data = {script.file: script.text for script in scripts}
    parts = _TAG.split(text)
    hashes: dict[str, list[str]] = {"style": [], "script": []}
    for place in range(1, len(parts), 2):
        name = parts[place]
        if name in data and not part:
            parts[place] = f'<script src="{name}"></script>'
            continue

        tag = "style" if name.endswith(".css") else "script"
        body = data.get(name) or _body_of(name)
        hashes[tag].append(_hash(body))
        parts[place] = f"<{tag}>{body}</{tag}>"

    for tag, sums in hashes.items():
        parts[0] = parts[0].replace(f"{tag}-src", f"{tag}-src {' '.join(sums)}")
    return "".join(parts)


def _body_of(name: str) -> str:
    """Return the text of a script or style, which is in the folder of the page or beside it."""
    return _read(name if name.startswith("vendor/") else f"page/{name}")


def _read(name: str) -> str:
    """Return a file of the map's package."""
    return (files("gis_export.fire.map") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return how a page's policy allows one script or style of its own."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
