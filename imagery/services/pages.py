"""Pages of a layer that were fetched already, kept until its snapshot is whole."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagery.files import atomic_path
from imagery.services.client import Json

ABOUT = "about.json"
"""Says which state of which layer the pages are of."""


@dataclass(frozen=True, kw_only=True)
class KeptPages:
    """A folder with a file for each page."""

    folder: Path
    """Where they are."""

    def read(self, number: int) -> Json | None:
        """Return a page, None where it has not been fetched, or is damaged."""
        try:
            page = json.loads(self._path(number).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return page if isinstance(page, dict) else None

    def write(self, number: int, page: Json) -> None:
        """Keep a page, whole or not at all."""
        with atomic_path(self._path(number)) as temporary:
            temporary.write_text(json.dumps(page), encoding="utf-8")

    def all(self) -> Iterator[Json]:
        """Yield the pages in order."""
        number = 0
        while (page := self.read(number)) is not None:
            yield page
            number += 1

    def remove(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"page_{number:06d}.json"


def open_pages(folder: Path, about: Json) -> KeptPages:
    """Return the pages of a killed run, none of them where the layer has changed since.

    Args:
        folder: Where they are.
        about: What the service says of the layer; pages of another state are removed.
    """
    pages = KeptPages(folder=folder)
    path = folder / ABOUT
    if path.exists() and path.read_text(encoding="utf-8") == json.dumps(about):
        return pages

    pages.remove()
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(about), encoding="utf-8")
    return pages
