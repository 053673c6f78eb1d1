"""Who may read a file: told by its folder, by its name, or by the fields it has."""

from dataclasses import dataclass
from pathlib import Path

from gis_export.table import columns
from gis_export.table.fields import FIELDS, Tier, fields_of

# Fields of the city's own tables that only the data team may read.
_PRIVATE = frozenset({"OWNER", "OWNER_NAME", "OWNER_CLASS", "CASE_ID", "CASE_NO"})
_PUBLIC = frozenset(
    {columns.NBHD, columns.YEAR, columns.RUN_ID, columns.IMG_DATE, columns.MODEL_VER}
)

SHORT = {field.alias: field.name for field in FIELDS}
"""Short name of every long one."""

# A shapefile cuts a long name to ten characters.
_SHAPEFILE_CUT = {field.alias[:10].upper(): field.name for field in FIELDS}
_NAMES = frozenset(field.name for field in FIELDS)
_SECRET = _NAMES | _PRIVATE


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Who reads the files of a folder."""

    name: str
    """Name of the tier."""
    tier: Tier | None
    """The tier whose fields a pack holds, None when it holds no rows of single buildings."""
    allowed: frozenset[str]
    """Short names of the fields it may read."""

    def leaks(self, names: list[str]) -> list[str]:
        """Return the fields that it may not read, with the name in the file if it differs."""
        leaks = set()
        for name in names:
            short = short_name(name)
            if short in _SECRET - self.allowed:
                leaks.add(name if name == short else f"{short} as {name}")
        return sorted(leaks)


def _names_of(tier: Tier) -> frozenset[str]:
    return frozenset(field.name for field in fields_of(tier))


FIRE = Audience(name=Tier.RESPONDER.value, tier=Tier.RESPONDER, allowed=_names_of(Tier.RESPONDER))
HOUSING = Audience(name=Tier.HOUSING.value, tier=Tier.HOUSING, allowed=_names_of(Tier.HOUSING))
DATA = Audience(name=Tier.DATA.value, tier=Tier.DATA, allowed=_names_of(Tier.DATA) | _PRIVATE)
PUBLIC = Audience(name="PUBLIC", tier=None, allowed=_PUBLIC)

FOLDERS = {"fire": FIRE, "housing": HOUSING, "data": DATA, "public": PUBLIC}
"""Audience by the name of a folder, and of files when no folder tells."""
LEVELS = 3
"""Folders from a product up to its year, itself included: fire/epsg_4326 is two below it."""


def short_name(name: str) -> str:
    """Return the short name of a field, in whatever way a program spells it."""
    upper = name.upper()
    if upper in _NAMES:
        return upper
    return SHORT.get(name.lower()) or _SHAPEFILE_CUT.get(upper, upper)


def audience_of(path: Path, root: Path) -> Audience | None:
    """Return who reads a file, by the names of its folders, then by its own name.

    Args:
        path: The file.
        root: The folder that is checked; folders are asked from here inward.

    Returns:
        None when no name tells.
    """
    inside = path.relative_to(root).parts[:-1]
    folder = root.resolve()
    own_name = path.stem.split(".")[0].split("_")[0]

    for name in (*inside, folder.name, folder.parent.name, own_name):
        if name.lower() in FOLDERS:
            return FOLDERS[name.lower()]
    return None


def audience_by_fields(names: list[str]) -> Audience | None:
    """Return the narrowest audience that may read most of the fields; None when none tells."""
    known = {short_name(name) for name in names} & _NAMES
    if known - FIRE.allowed - HOUSING.allowed:
        return DATA

    fire_only = known & FIRE.allowed - HOUSING.allowed
    housing_only = known & HOUSING.allowed - FIRE.allowed
    if not fire_only and not housing_only:
        return None
    return FIRE if len(fire_only) >= len(housing_only) else HOUSING
