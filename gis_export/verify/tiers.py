"""Check that no file carries a field that its readers may not see, whatever its format."""

from collections.abc import Iterator
from pathlib import Path

from gis_export.verify.audience import (
    DATA,
    FIRE,
    HOUSING,
    SHORT,
    Audience,
    audience_by_fields,
    audience_of,
)
from gis_export.verify.finding import LEAK, Finding, some
from gis_export.verify.names import field_names
from gis_export.verify.reading import Unreadable

_BOTH_SIDES = FIRE.allowed | HOUSING.allowed


def check_tier(path: Path, root: Path) -> Iterator[Finding]:
    """Check the names of the fields of one file.

    Args:
        path: A file in any format that holds fields; others are passed over.
        root: The folder that is checked: the folders inside it tell who reads the file.
    """
    try:
        names = _field_like(path, field_names(path))
    except Unreadable as error:
        yield error.finding
        return

    audience = audience_of(path, root) or audience_by_fields(names)
    if audience is None:
        return

    leaks = audience.leaks(names)
    if leaks:
        yield Finding(
            path=path,
            what=LEAK,
            got=some(leaks, most=20),
            want=f"only what {audience.name} may read",
            remedy="take the fields out of the product before anybody gets it",
        )


def tier_audience(path: Path, root: Path) -> Audience:
    """Return who reads a vector file: by folder or name, else by its fields, else the data team."""
    try:
        return audience_of(path, root) or audience_by_fields(field_names(path)) or DATA
    except Unreadable:
        return DATA


def _field_like(path: Path, names: list[str]) -> list[str]:
    """Keep the names that can only be fields.

    In a page or a workbook, "year" and "why" are also plain words.
    """
    kind = path.suffix.lower()
    if kind == ".xlsx":
        return [name for name in names if name == name.upper()]
    if kind in (".js", ".json"):
        return [name for name in names if name == name.upper() or SHORT.get(name) in _BOTH_SIDES]
    return names
