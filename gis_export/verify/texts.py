"""Check the files without rows: sentences, styles, a vendor's delivery, reports."""

import json
from collections.abc import Iterator
from pathlib import Path

from gis_export.fire.dispatch.handover import VENDOR_FILES
from gis_export.verify.finding import EXPORT_AGAIN, Finding
from gis_export.verify.product_files import walk
from gis_export.verify.reading import Unreadable, reading
from gis_export.verify.sentence import check_sentence, check_sentence_column, must_carry
from gis_export.verify.styles import DRAWING_INFO, PROJECT, check_style
from gis_export.verify.vendor import check_vendor
from imagery.workspace import YearFiles

_REPORT = YearFiles(folder=Path()).report.folder.name


def check_texts(folder: Path) -> Iterator[Finding]:
    """Check every file without rows under a folder."""
    for root, names in walk(folder):
        for name in sorted(names):
            try:
                yield from _check_file(root / name)
            except Unreadable as error:
                yield error.finding


def check_reports(folder: Path) -> Iterator[Finding]:
    """Check that the reports of a year are whole."""
    for root in (folder, folder / _REPORT):
        if root.name != _REPORT or not root.is_dir():
            continue
        for path in sorted(root.glob("*")):
            try:
                yield from _check_report(path)
            except Unreadable as error:
                yield error.finding


def _check_file(path: Path) -> Iterator[Finding]:
    if must_carry(path):
        yield from check_sentence(path)
    if path.name.endswith((DRAWING_INFO, PROJECT)):
        yield from check_style(path)
    if path.name in VENDOR_FILES:
        yield from check_vendor(path, path.with_name(path.name.replace("cad_", "dispatch_")))
    elif path.suffix == ".csv":
        yield from check_sentence_column(path)


def _check_report(path: Path) -> Iterator[Finding]:
    """Check that a report was not cut off."""
    if path.suffix == ".json":
        with reading(path):
            json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".html":
        with reading(path):
            text = path.read_text(encoding="utf-8")
        if not text.rstrip().lower().endswith("</html>"):
            yield Finding(
                path=path,
                what="is cut off",
                got=repr(text.rstrip()[-20:]),
                want="a page that ends with </html>",
                remedy=f"copy it again, or {EXPORT_AGAIN}",
            )
