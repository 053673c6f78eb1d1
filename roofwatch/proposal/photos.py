"""Folders of photos: what their headers say, and which year's flyover each is."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from imagery.flyover.gdal_env import decoding
from imagery.flyover.headers import read_header
from imagery.flyover.sources import CLOSED_FORMATS
from imagery.flyover.tiles import Tile
from imagery.troubles import shown
from roofwatch.proposal.photo_days import (
    Dated,
    common_years,
    days_in,
    flight_days_in,
    is_of_delivery,
    one_flight,
    stamp_days,
    years_in,
)
from roofwatch.proposal.photo_folder import PhotoFolder

MOST_HEADERS = 2_000
"""Headers that are opened, of all folders together."""
MOST_OF_FOLDER = 60
"""Headers of one folder that are opened."""
MOST_FOLDERS = 200
"""Folders that are told apart."""
MOST_NOTES = 20
NOTE_BYTES = 65_536
_STARTS = (
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"\0\0\0\x0cjP",
    b"\xff\x4f\xff\x51",
    b"EHFA_HEADER_TAG",
)
"""TIFF, BigTIFF, JPEG, PNG, JPEG 2000, Imagine: all others may send GDAL to other files."""


@dataclass(kw_only=True)
class Reading:
    """How many headers may still be opened, and which CRS files without one may have."""

    crs: str = ""
    """CRS of the parcels; "" for none."""
    left: int = MOST_HEADERS
    """Headers that may still be opened."""
    assumed: list[str] = field(default_factory=list)
    """Paths of files that were read with that CRS."""

    def read(self, path: Path) -> Tile:
        """Read one header."""
        self.left -= 1
        problem = _why_closed(path)
        if problem:
            return Tile(path=str(path), problem=problem)
        tile = read_header(str(path))
        if tile.problem and self.crs and "CRS" in tile.problem:
            again = read_header(str(path), self.crs)
            if not again.problem:
                self.assumed.append(str(path))
                return again
        return tile


def _why_closed(path: Path) -> str:
    """Say why an image is not opened; "" where it is."""
    closed = CLOSED_FORMATS.get(path.suffix.lower())
    if closed:
        return f"{closed}, which has no open decoder; convert it to GeoTIFF"
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    if path.suffix.lower() == ".vrt":
        return "a VRT; name it by hand as the path of its [[flyover]]"
    return "" if start.startswith(_STARTS) else "no image of the kind that its suffix says"


def find_photos(
    images: Sequence[Path], notes: Sequence[Path], roots: Sequence[Path], reading: Reading
) -> list[PhotoFolder]:
    """Read headers of the photos of every folder, and what says when they were taken.

    Args:
        images: Image files.
        notes: Texts that may say when.
        roots: Folders that were given; names above them say nothing of a year.
        reading: How headers are opened.
    """
    by_folder = _by_folder(images, roots)
    found = []
    share = max(1, reading.left // max(1, len(by_folder)))
    with decoding():
        for folder in sorted(by_folder):
            for group in _by_year(folder, by_folder[folder]):
                beside = [note for note in notes if _is_about(note, folder, roots)]
                found.append(_describe(group, beside, roots, reading, share))
    return found


def _by_folder(images: Sequence[Path], roots: Sequence[Path]) -> dict[Path, list[Path]]:
    """Return images by folder, by folders further up where there are too many."""
    folders = {image: image.parent for image in images}
    while len(set(folders.values())) > MOST_FOLDERS:
        above = {image: _folder_above(folder, roots) for image, folder in folders.items()}
        if above == folders:
            break
        folders = above

    by_folder: defaultdict[Path, list[Path]] = defaultdict(list)
    for image in images:
        by_folder[folders[image]].append(image)
    return dict(by_folder)


def _folder_above(folder: Path, roots: Sequence[Path]) -> Path:
    return folder if folder in roots else folder.parent


def _is_about(note: Path, folder: Path, roots: Sequence[Path]) -> bool:
    """Tell whether a note lies in the folder of photos, or right above where only it is."""
    return note.parent == folder or (note.parent == folder.parent and folder.name in note.name)


def _by_year(folder: Path, files: list[Path]) -> Iterator[PhotoFolder]:
    """Yield the photos of a folder, those of each year apart where their names tell."""
    files = sorted(files)
    years = [years_in(file.stem) for file in files]
    firsts = {found[0] for found in years if found}
    is_mixed = all(years) and 1 < len(firsts) <= 6 and not common_years([f.stem for f in files])
    if not is_mixed:
        yield PhotoFolder(folder=folder, files=tuple(files), paths=(str(folder),))
        return

    for year in sorted(firsts):
        own = tuple(file for file, found in zip(files, years, strict=True) if found[0] == year)
        is_glob = {file for file in files if str(year) in file.name} == set(own)
        paths = (str(folder / f"*{year}*"),) if is_glob else tuple(str(file) for file in own)
        yield PhotoFolder(folder=folder, files=own, paths=paths)


def _describe(
    group: PhotoFolder,
    notes: Sequence[Path],
    roots: Sequence[Path],
    reading: Reading,
    share: int,
) -> PhotoFolder:
    most = max(0, min(MOST_OF_FOLDER, share, len(group.files), reading.left))
    places = np.unique(np.linspace(0, len(group.files) - 1, most).astype(np.int64))
    headers = [reading.read(group.files[place]) for place in places.tolist()]
    tiles = tuple(tile for tile in headers if not tile.problem)
    problems = [
        f"{shown(Path(tile.path).name)}: {tile.problem}" for tile in headers if tile.problem
    ]
    return PhotoFolder(
        folder=group.folder,
        files=group.files,
        paths=group.paths,
        tiles=tiles,
        opened=len(headers),
        problems=tuple(problems),
        dated=tuple(_dated(group, notes, roots, tiles)),
    )


def _dated(
    group: PhotoFolder, notes: Sequence[Path], roots: Sequence[Path], tiles: Sequence[Tile]
) -> Iterator[Dated]:
    """Yield what says when photos were taken: names of folders and files, notes, headers."""
    for folder in _folders_up_from(group.folder, roots):
        years = years_in(folder.name)
        days = days_in(folder.name)
        if len(years) == 1:
            yield Dated(
                year=years[0],
                day=days[0] if len(days) == 1 else None,
                source=f"the folder's name {shown(folder.name)}",
                is_weak=is_of_delivery(folder.name) or (folder in roots and folder != group.folder),
            )
            break

    stems = [file.stem for file in group.files]
    years = common_years(stems)
    if len(years) == 1:
        days = sorted({day for stem in stems for day in days_in(stem)[:1]})
        flight = one_flight(days, source="")
        day = flight.day if flight and flight.year == years[0] else None
        is_weak = all(is_of_delivery(stem) for stem in stems)
        yield Dated(year=years[0], day=day, source="the names of its files", is_weak=is_weak)

    flight = one_flight(_noted_days(notes), source="the notes beside them")
    if flight:
        yield flight
    flight = one_flight(
        stamp_days(tile.stamp for tile in tiles), source="their headers", is_weak=True
    )
    if flight:
        yield flight


def _folders_up_from(folder: Path, roots: Sequence[Path]) -> list[Path]:
    """Return the folders from that of the photos up to a given one, deepest first."""
    folders = [folder]
    while folder not in roots and folder != folder.parent:
        folder = folder.parent
        folders.append(folder)
    return folders


def _noted_days(notes: Sequence[Path]) -> list[date]:
    days: list[date] = []
    for note in notes[:MOST_NOTES]:
        # A note that cannot be read says nothing of a flight, and the year is in doubt then.
        with contextlib.suppress(OSError), note.open("rb") as stream:
            days += flight_days_in(stream.read(NOTE_BYTES).decode("utf-8", "replace"))
    return days
