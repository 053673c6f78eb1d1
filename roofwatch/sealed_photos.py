"""The kept tiles of flyovers that are services: compared with the audit log's seal.

The log seals the table of a copy, which has length and checksum of every file and tile.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from imagery.errors import InputError, MissingInput, Refused, TamperedFile
from imagery.files import sha256_file
from imagery.photo_services.copied import MANIFEST, CopyAbout, PhotoCopy, read_about, read_copy
from imagery.photo_services.damaged import (
    DamagedFile,
    broken_files,
    find_damaged,
    has_length,
    strangers,
)
from imagery.photo_services.fetch import NEXT
from imagery.photo_services.service import Kind, PhotoService
from roofwatch.city_photos import photo_folder
from roofwatch.console import warn
from roofwatch.seal import read_seals, trusted_seals
from roofwatch.sealed_files import WORKSPACE, sum_of

if TYPE_CHECKING:
    from roofwatch.year import City

REFETCHED = "all of its tiles are fetched again"


def trusted_copy(city: "City", year: int) -> PhotoCopy | None:
    """Return what is known of the tiles of a year, for a new run of `snapshot`.

    The table of a run that was killed at its end takes its place first.

    Returns:
        None where there is none, or one that is not as it was sealed, which is said.

    Raises:
        TamperedLog: a line of the log does not follow from the line before it.
    """
    path = photo_folder(city.file, year) / MANIFEST
    wanted = trusted_seals(city.workspace.audit).get(_name_of(city, path))
    following = path.with_name(NEXT)
    if following.exists():
        if sha256_file(following) == wanted:
            os.replace(following, path)
        else:
            following.unlink()

    if not path.exists():
        if wanted:
            warn(f"roofwatch: note: {path}: is gone, which audit.csv seals; {REFETCHED}")
        return None
    if wanted is not None and sum_of(path) != wanted:
        warn(f"roofwatch: note: {path}: is not as audit.csv seals it; {REFETCHED}")
        return None
    try:
        return read_copy(path)
    except InputError:
        # A log that was begun again has no seal of it.
        warn(f"roofwatch: note: {path}: cannot be read; {REFETCHED}")
        return None


def check_photos(city: "City", year: int) -> None:
    """Check that the tiles of a year are here, where its flyover is a service.

    No file is read whole: see `check_pixels`.

    Raises:
        MissingInput: they are not.
        TamperedFile: the table is not as it was sealed, or a file is not there or not as long.
        Refused: they are of another level, or of one that is only enlarged.
    """
    photo = city.file.source(year).photos
    if photo is None:
        return
    folder = photo_folder(city.file, year)
    path = folder / MANIFEST
    where = f"[{photo.service.section}] path"
    if not path.exists():
        raise MissingInput(
            f"{where}: no tiles of {photo.service.shown} in {folder}; run roofwatch snapshot first"
        )
    wanted = trusted_seals(city.workspace.audit).get(_name_of(city, path))
    if wanted is not None and sum_of(path) != wanted:
        raise TamperedFile(
            f"{path}: it is not the file that snapshot wrote, which audit.csv seals; put it back "
            "from a backup, or run roofwatch snapshot again"
        )
    about = read_about(path)
    check_about(about, photo, folder)
    for stranger in strangers(about.files, folder):
        raise TamperedFile(f"{stranger}: snapshot did not write it; remove it")
    for file in about.files.values():
        if not has_length(file, folder / file.name):
            raise broken_error(find_damaged(read_copy(path), folder))


def check_about(about: CopyAbout, photo: PhotoService, folder: Path) -> None:
    """Check that tiles are what the city file asks for now.

    Raises:
        Refused: they are of another service or level, or enlarged and nobody says that they are
            sharp.
    """
    where = f"[{photo.service.section}]"
    is_other = about.origin != f"{photo.identity}, level {about.level}"
    is_level = photo.kind is Kind.IMAGE_SERVER or photo.zoom < 0
    if is_other or not (is_level or about.level.rpartition(":")[2] == str(photo.zoom)):
        raise Refused(
            f"{where} path: {folder} holds tiles of {about.origin}, and the city file names "
            f"{photo.identity}, zoom {photo.zoom}; move it away and run roofwatch snapshot again"
        )
    if about.own_pixels.is_enlarged and not photo.own_pixels:
        raise Refused(
            f"{where} own_pixels: {folder} holds tiles that only enlarge the level above, and the "
            "city file does not say any more why they are sharp; set a coarser zoom, or write it "
            "again"
        )


def check_pixels(city: "City", year: int) -> None:
    """Compare every file of the tiles of a year with its checksum, before its pixels are used.

    Raises:
        TamperedFile: one is not as it was written.
    """
    if city.file.source(year).photos is None:
        return
    check_photos(city, year)
    folder = photo_folder(city.file, year)
    path = folder / MANIFEST
    if broken_files(read_about(path).files, folder, sum_of=sum_of):
        raise broken_error(find_damaged(read_copy(path), folder))


def broken_error(damaged: tuple[DamagedFile, ...]) -> TamperedFile:
    """Return the error of a copy whose files are not as they were written."""
    more = f" (and {len(damaged) - 1:,} more files)" if len(damaged) > 1 else ""
    return TamperedFile(f"{damaged[0].line}{more}")


def photo_damage(city: "City") -> Iterator[str]:
    """Yield a line for all that is wrong with kept tiles; a table that was edited is left out.

    `roofwatch.sealed_files.broken_seals` names it.
    """
    seals = read_seals(city.workspace.audit)
    for source in city.file.flyover:
        if source.photos is None:
            continue
        folder = photo_folder(city.file, source.year)
        path = folder / MANIFEST
        wanted = seals.get(_name_of(city, path))
        if not path.exists():
            if wanted or any(folder.glob("*.tif")):
                yield f"{path}: is not there; put it back from a backup, or run roofwatch snapshot"
        elif wanted is None or sum_of(path) == wanted:
            yield from _damage_of(path)


def _damage_of(path: Path) -> Iterator[str]:
    try:
        copy = read_copy(path)
    except InputError as error:
        yield str(error)
        return
    for stranger in strangers(copy.about.files, path.parent):
        yield f"{stranger}: snapshot did not write it; remove it"
    yield from (damaged.line for damaged in find_damaged(copy, path.parent))


def repair_line(section: str, damaged: tuple[DamagedFile, ...]) -> str:
    """Return the line of the log about files that were not as they were written."""
    tiles = sum(len(file.tiles) for file in damaged)
    names = ", ".join(file.path.name for file in damaged[:6])
    more = f" and {len(damaged) - 6} more" if len(damaged) > 6 else ""
    return f"{section}: {names}{more} not as snapshot wrote it; {tiles} tiles fetched again"


def _name_of(city: "City", path: Path) -> tuple[str, str]:
    return WORKSPACE, path.relative_to(city.workspace.folder).as_posix()
