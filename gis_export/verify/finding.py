"""What a check finds, and who may read a file."""

from dataclasses import dataclass
from pathlib import Path

from gis_export.table.fields import FIELDS, Tier, fields_of

LEAK = "carries fields of another tier"
"""`Finding.what` of a tier leak."""
EXPORT_AGAIN = "export again"
_PRIVATE = frozenset({"OWNER", "OWNER_NAME", "OWNER_CLASS", "CASE_ID", "CASE_NO"})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong with a product."""

    path: Path
    """The file."""
    what: str
    """What is wrong with it."""
    got: str
    """What stands there."""
    want: str
    """What should."""
    remedy: str
    """What a person can do."""

    def __str__(self) -> str:
        """Return it on one line."""
        return " ".join(
            f"{self.path}: {self.what}; got {self.got}, want {self.want}; {self.remedy}".split()
        )


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Who reads the files of a folder."""

    name: str
    """Name of the tier."""
    tier: Tier | None
    """The tier whose fields a pack holds, None where it holds no rows of single buildings."""
    allowed: frozenset[str]
    """Short names of the fields it may read."""

    def leaks(self, names: list[str]) -> list[str]:
        """Return the fields that it may not read, with the name in the file where that is another."""
        secret = _SECRET - self.allowed
        return sorted(
            {
                name if name == short_name(name) else f"{short_name(name)} as {name}"
                for name in names
                if short_name(name) in secret
            }
        )


SHORT = {field.alias: field.name for field in FIELDS}
"""Short name of every long one."""
_SHAPEFILE_CUT = {
    field.alias[:10].upper(): field.name for field in FIELDS
}  # what a shapefile makes of a long name
_NAMES = frozenset(field.name for field in FIELDS)
_SECRET = _NAMES | _PRIVATE


def _audience(tier: Tier, *, private: bool = False) -> Audience:
    return Audience(
        name=tier.value,
        tier=tier,
        allowed=frozenset(field.name for field in fields_of(tier))
        | (_PRIVATE if private else frozenset()),
    )


FIRE, HOUSING, DATA = (
    _audience(Tier.RESPONDER),
    _audience(Tier.HOUSING),
    _audience(Tier.DATA, private=True),
)
PUBLIC = Audience(
    name="PUBLIC", tier=None, allowed=frozenset({"NBHD", "YEAR", "RUN_ID", "IMG_DATE", "MODEL_VER"})
)
FOLDERS = {"fire": FIRE, "housing": HOUSING, "data": DATA, "public": PUBLIC}
"""Audience by the name of a folder, and of files where no folder tells."""


def short_name(name: str) -> str:
    """Return the short name of a field in any spelling that a program makes of it."""
    upper = name.upper()
    if upper in _NAMES:
        return upper
    return SHORT.get(name.lower()) or _SHAPEFILE_CUT.get(upper, upper)


def audience_of(path: Path, root: Path) -> Audience | None:
    """Return who reads a file by the folders it lies in, from `root` inward, then by its own name; None when nothing tells."""
    inside = path.relative_to(root).parts[:-1]
    own = [path.stem.split(".")[0].split("_")[0]]
    folder = root.resolve()
    return next(
        (
            FOLDERS[name.lower()]
            for name in (*inside, folder.name, folder.parent.name, *own)
            if name.lower() in FOLDERS
        ),
        None,
    )


def audience_by_fields(names: list[str]) -> Audience | None:
    """Return who a table with these fields was made for: the narrowest that may read most of them; None when nothing tells."""
    known = {short_name(name) for name in names} & _NAMES
    one_only = {
        one: known & one.allowed - (FIRE.allowed & HOUSING.allowed) for one in (FIRE, HOUSING)
    }
    if any(known - FIRE.allowed - HOUSING.allowed):
        return DATA
    best = max(one_only, key=lambda one: len(one_only[one]))
    return best if one_only[best] else None


def some(values: list[str], *, most: int = 3) -> str:
    """Return a few values and how many there are in all."""
    shown = ", ".join(repr(value) for value in values[:most])
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"
