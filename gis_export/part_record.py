"""What the products in a year's folder were made from: what is equal is taken, not made again."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from gis_export.staging import FOLDERS
from imagery.files import atomic_path, sha256_file

RECORD = "export_parts.json"
"""File in the year's folder; without it every part is made."""
Told = tuple[str, ...]
"""What a part tells those after it beside its files."""


@dataclass(frozen=True, kw_only=True)
class MadePart:
    """A part of an export as it was made.

    Raises:
        ValueError: a name leads out of the folders of products.
    """

    name: str
    """Name of the part."""
    key: str
    """Checksum of what it was made from; "" where nobody may take it again."""
    files: dict[str, str]
    """sha256 of its files, by their path in the year's folder."""
    folders: tuple[str, ...]
    """Its folders, the outer ones first."""
    told: Told = ()
    """What it tells the parts after it."""

    def __post_init__(self) -> None:
        """Check the names."""
        for name in (*self.files, *self.folders):
            parts = PurePosixPath(name).parts
            if not parts or parts[0] not in FOLDERS or ".." in parts:
                raise ValueError(f"part {self.name} has a file {name!r}, want one of {FOLDERS}")


@dataclass(frozen=True, kw_only=True)
class LastFiles:
    """Files of a part as the last export left them, some of which may be good still."""

    folder: Path
    """A folder below that of the year."""
    sums: Mapping[str, str]
    """sha256 of its files, by their path in it."""

    def below(self, name: str) -> "LastFiles":
        """Return the files in a folder of it, such as "fire/fire_map"."""
        sums = {
            path.removeprefix(f"{name}/"): sha256
            for path, sha256 in self.sums.items()
            if path.startswith(f"{name}/")
        }
        return LastFiles(folder=self.folder / name, sums=sums)

    def take(self, name: str, target: Path) -> bool:
        """Take a file over; return whether it is there and as it was."""
        if name not in self.sums or not _is_whole(self.folder / name, self.sums[name]):
            return False
        _link(self.folder / name, target)
        return True


NO_FILES = LastFiles(folder=Path(), sums={})
"""Of a first export."""


def read_record(out: Path) -> dict[str, MadePart]:
    """Return the parts of the last export; none where that is not known."""
    try:
        facts = json.loads((out / RECORD).read_text(encoding="utf-8"))
        return {name: _read_part(name, part) for name, part in facts.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _read_part(name: str, facts: Mapping[str, object]) -> MadePart:
    files = facts["files"]
    folders = facts["folders"]
    told = facts["told"]
    if not (isinstance(files, dict) and isinstance(folders, list) and isinstance(told, list)):
        raise TypeError(f"part {name} is {facts}, want files, folders and what it told")
    return MadePart(
        name=name,
        key=str(facts["key"]),
        files={str(file): str(sha256) for file, sha256 in files.items()},
        folders=tuple(str(folder) for folder in folders),
        told=tuple(str(text) for text in told),
    )


def write_record(parts: Iterable[MadePart], out: Path) -> None:
    """Note what the products in a year's folder were made from."""
    facts = {part.name: asdict(part) for part in parts if part.key}
    with atomic_path(out / RECORD) as temporary:
        temporary.write_text(json.dumps(facts), encoding="utf-8")


def describe(name: str, key: str, home: Path, *, told: Told = ()) -> MadePart:
    """Return what was made below `home`, which stands for the year's folder."""
    paths = sorted(home.rglob("*"))
    return MadePart(
        name=name,
        key=key,
        files={_name(path, home): sha256_file(path) for path in paths if not path.is_dir()},
        folders=tuple(_name(path, home) for path in paths if path.is_dir()),
        told=told,
    )


def _name(path: Path, home: Path) -> str:
    return path.relative_to(home).as_posix()


def move_in(part: MadePart, home: Path, staging: Path) -> None:
    """Move the files of a part from where it was made to those of the others."""
    _make_folders(part, staging)
    for name in part.files:
        (home / name).replace(staging / name)


def take(part: MadePart, key: str, out: Path, staging: Path) -> bool:
    """Take a part of the last export over.

    Returns:
        Whether it was made from the same and all its files are as they were; otherwise nothing
        is taken.
    """
    if not key or part.key != key:
        return False
    if not all(_is_whole(out / name, wanted) for name, wanted in part.files.items()):
        return False

    _make_folders(part, staging)
    for name in part.files:
        _link(out / name, staging / name)
    return True


def _is_whole(path: Path, wanted: str) -> bool:
    """Tell whether a file is there and has a checksum."""
    return path.is_file() and not path.is_symlink() and sha256_file(path) == wanted


def _make_folders(part: MadePart, staging: Path) -> None:
    for name in part.folders:
        (staging / name).mkdir(exist_ok=True)


def _link(path: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system knows no second names."""
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, target)
