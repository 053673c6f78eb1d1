"""Another city's model: where it lies, whether it is whole, and where it comes from. No torch."""

import datetime
import json
import re
from dataclasses import dataclass
from pathlib import Path

from imagery.errors import InputError, MissingInput, TamperedModel, UsageError
from imagery.report_files import ReportFiles
from imagery.troubles import shown
from imagery.values.texts import LONGEST_TEXT, is_plain
from models.checksum import NAMES, model_checksum
from models.package import WEIGHTS_PATH
from models.registry import ORIGIN
from models.run_files import PACKAGE

PLACES = ("", WEIGHTS_PATH, PACKAGE, f"{PACKAGE}/{WEIGHTS_PATH}")
"""Where a folder may hold a model: itself, an MLflow package, a year, the files of a run."""
SEALED = re.compile(r"\bsha256: '?([0-9a-f]{64})")
"""Checksum in the MLmodel file of a package."""
NAMED = re.compile(r"^model_(name|version): '?([^'\n]*)'?$", re.MULTILINE)
"""Name and version in what MLflow writes beside a package that it fetched from a registry."""
DIGITS = 12
"""Of a checksum in words."""


@dataclass(frozen=True, kw_only=True)
class FoundModel:
    """A model folder that is whole, as far as its checksum can tell."""

    folder: Path
    """Holds the files of `models.checksum.NAMES`."""
    sha256: str
    """Checksum over them."""
    name: str
    """What its own city calls it, "" when the folder does not say."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a borrowed model comes from, and who took it."""

    name: str
    """What its own city calls it, "" when not known."""
    sha256: str
    """Checksum of its files."""
    place: str
    """Where it was taken from, as the user typed it."""
    by: str
    """Who adopted it."""
    why: str
    """Why."""
    day: datetime.date
    """When."""

    def __post_init__(self) -> None:
        """Check the texts that people typed.

        Raises:
            UsageError: an empty one, or one that a product cannot hold.
        """
        for option, text in (("MODEL", self.place), ("--by", self.by), ("--why", self.why)):
            if not text.strip() or not is_plain(text):
                raise UsageError(
                    f"adopt: {option} is {shown(text)}; want a text of at most {LONGEST_TEXT} "
                    "characters on one line"
                )

    @property
    def text(self) -> str:
        """Say where it comes from, for every product."""
        name = self.name or "a model without a name"
        return (
            f"{name}, sha256 {self.sha256[:DIGITS]}, from {self.place}, "
            f"adopted {self.day.isoformat()}"
        )

    @property
    def tags(self) -> dict[str, str]:
        """Return what is recorded with the version."""
        return {
            ORIGIN: self.text,
            "adopted_from": self.place,
            "adopted_name": self.name,
            "adopted_by": self.by,
            "adopted_why": self.why,
            "adopted_at": self.day.isoformat(),
        }


def find_model(place: Path) -> FoundModel:
    """Find the model in a folder and compare its checksum with what lies beside it.

    Args:
        place: A model folder, the folder of a year, or an MLflow package.

    Raises:
        MissingInput: there is no folder.
        InputError: it holds no model, or files that do not belong to one.
        TamperedModel: the checksum is not that of the package.
    """
    if not place.exists():
        raise MissingInput(f"adopt: no folder at {shown(str(place))}; {_wanted()}")
    if not place.is_dir():
        raise InputError(f"adopt: {shown(str(place))} is a file; {_wanted()}")

    for inner in PLACES:
        folder = place / inner
        if not folder.is_dir() or not any((folder / name).is_file() for name in NAMES):
            continue
        try:
            sha256 = model_checksum(folder)
        except TamperedModel as error:
            have = ", ".join(sorted(path.name for path in folder.iterdir()))
            raise InputError(f"adopt: {shown(str(folder))} holds {have}; {_wanted()}") from error
        _check_package(place, folder, sha256)
        return FoundModel(folder=folder, sha256=sha256, name=_find_name(folder, sha256))

    raise InputError(f"adopt: {shown(str(place))} holds no model; {_wanted()}")


def _wanted() -> str:
    return (
        f"give a folder with {', '.join(NAMES[:-1])} and {NAMES[-1]} and nothing else, such as "
        "YEAR/model of a workspace, or an MLflow package; nothing pickled is read"
    )


def _package_of(folder: Path) -> Path:
    """Return the top of the MLflow package that a model folder would lie in."""
    return folder.parents[1] if len(folder.parents) > 1 else folder


def _check_package(place: Path, folder: Path, sha256: str) -> None:
    """Compare a checksum with the one in the MLmodel file of its package, where it lies in one.

    Raises:
        TamperedModel: they differ.
    """
    described = _package_of(folder) / "MLmodel"
    if folder.parent.name != "artifacts" or not described.is_file():
        return

    sealed = SEALED.search(described.read_text(encoding="utf-8", errors="replace"))
    if sealed and sealed[1] != sha256:
        raise TamperedModel(
            f"adopt: the model in {shown(str(place))} has sha256 {sha256[:DIGITS]}, its package "
            f"says {sealed[1][:DIGITS]}; ask for the model again"
        )


def _find_name(folder: Path, sha256: str) -> str:
    """Return what the other city calls the model, "" where nothing says so."""
    described = _package_of(folder) / "registered_model_meta"
    if described.is_file():
        parts = dict(NAMED.findall(described.read_text(encoding="utf-8", errors="replace")))
        name = "/".join(parts[part] for part in ("name", "version") if parts.get(part))
        return name if is_plain(name) else ""

    scored_by = ReportFiles(folder=folder.parent / "report").scored_by
    try:
        facts = json.loads(scored_by.read_text(encoding="utf-8"))
        name = str(facts["label"]) if facts["sha256"] == sha256 else ""
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return name if is_plain(name) else ""
