"""From the paths of a city file to image files.

A path may be a folder, glob, list, VRT, object store or STAC item list.
"""

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from imagery.errors import MissingInput
from imagery.flyover.remote_list import list_remote
from imagery.flyover.side_files import WORLD_SUFFIXES
from imagery.flyover.stac import stac_images
from imagery.flyover.virtual_paths import gdal_path

RASTER_SUFFIXES = (".tif", ".tiff", ".jp2", ".j2k", ".jpg", ".jpeg", ".vrt", ".png", ".img")
CLOSED_FORMATS = {".sid": "MrSID", ".ecw": "ECW"}
"""Formats that no open driver reads here."""
SUFFIXES = (*RASTER_SUFFIXES, *CLOSED_FORMATS)


def image_files(year: int, path: str, *, allow: tuple[str, ...] = ()) -> list[str]:
    """Return every image file of one path of a [[flyover]], sorted, also those of closed formats.

    Args:
        year: Year of the flyover, for messages.
        path: Folder (searched through), glob, file, VRT, STAC item list (.json, .geojson), URL, or
            GDAL virtual path; a virtual path that ends in "/" is a folder.
        allow: Folders outside the path into which links to folders are followed.

    Raises:
        MissingInput: no image is there.
        InputError: a STAC list that cannot be read.
    """
    place = gdal_path(path)
    if place.lower().endswith((".json", ".geojson")):
        return sorted(stac_images(place))

    found = _find_files(place, allow)
    if not found and place.startswith("/vsi"):
        raise MissingInput(
            f"flyover {year}: no image file at {path}; correct the address, or see whether the "
            "store lists the folder: one that breaks off looks the same"
        )
    if not found:
        raise MissingInput(
            f"flyover {year}: no image file at {path}; "
            f"want a folder, glob or file of {', '.join(RASTER_SUFFIXES)}"
        )
    return sorted(found)


def relative_path(file: str, path: str) -> str:
    """Return a file's path from where the path of a [[flyover]] begins, as chips are known by it.

    It stays the same when the folder of the city or of the flyover is moved.

    Args:
        file: What `image_files` found.
        path: Where it was found.
    """
    if file.startswith("/vsi"):
        return file

    place = Path(gdal_path(path))
    folder = place if place.is_dir() else place.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    is_below = Path(file).is_relative_to(folder)
    return str(Path(file).relative_to(folder)) if is_below else Path(file).name


def links_out(path: str, allow: tuple[str, ...]) -> list[str]:
    """Return the links below a folder that lead to folders elsewhere; they are not followed."""
    if path.startswith("/vsi") or not Path(path).is_dir():
        return []
    links = []
    for root, folders, _ in os.walk(path, onerror=_refuse):
        inside = [Path(root) / name for name in folders]
        links += [str(folder) for folder in inside if _leads_out(folder, path, allow)]
    return sorted(links)


def _leads_out(folder: Path, path: str, allow: tuple[str, ...]) -> bool:
    """Tell whether a folder is a link to one that is neither below `path` nor allowed."""
    if not folder.is_symlink():
        return False
    real = Path(os.path.realpath(folder))
    return not any(real.is_relative_to(os.path.realpath(root)) for root in (path, *allow))


def lonely_world_files(path: str, allow: tuple[str, ...]) -> list[str]:
    """Return the world files of a folder that have no image beside them."""
    if path.startswith("/vsi") or not Path(path).is_dir():
        return []

    files = list(_walk(Path(path), allow))
    images = {_stem(file) for file in files if file.suffix.lower() in SUFFIXES}
    world_files = [file for file in files if file.suffix.lower() in WORLD_SUFFIXES]
    return sorted(str(file) for file in world_files if _stem(file) not in images)


def _stem(file: Path) -> tuple[Path, str]:
    """Return folder and name without suffix, whatever its case."""
    return file.parent, file.stem.lower()


def _find_files(place: str, allow: tuple[str, ...]) -> list[str]:
    if place.startswith("/vsi"):
        return _remote_folder(place) if place.endswith("/") else [place]
    if Path(place).is_dir():
        return _folder(place, allow)
    return [place] if Path(place).exists() else _glob(place, allow)


def _folder(place: str, allow: tuple[str, ...]) -> list[str]:
    return [str(file) for file in _walk(Path(place), allow) if file.suffix.lower() in SUFFIXES]


def _glob(pattern: str, allow: tuple[str, ...]) -> list[str]:
    """Return what a glob finds, each file once however links may loop.

    Sidecar files are found only where the pattern names their suffix.
    """
    suffix = Path(pattern).suffix
    is_wide = not suffix or any(sign in suffix for sign in "*?[")

    found: dict[str, str] = {}
    for match in sorted(glob.glob(_escape_folders(pattern), recursive=True)):
        if Path(match).is_dir():
            files = _folder(match, allow)
        elif is_wide and not match.lower().endswith(SUFFIXES):
            files = []
        else:
            files = [match]
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _escape_folders(pattern: str) -> str:
    """Take the folders of a glob that are there literally, as in "ward [3]/*.tif"."""
    for folder in Path(pattern).parents:
        if folder.is_dir():
            return str(Path(glob.escape(str(folder))) / Path(pattern).relative_to(folder))
    return pattern


def _walk(folder: Path, allow: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files below a folder, each folder once however links may loop.

    Links to folders are followed where these lie below the folder or are allowed.

    Raises:
        OSError: a folder cannot be listed; its photos would be missing without a word.
    """
    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not _leads_out(Path(root) / name, str(folder), allow)
        )
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue

        seen.add(real)
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(root) / name


def _remote_folder(place: str) -> list[str]:
    """Return the images of a folder of an object store; none where it is not there.

    Raises:
        StoreFailed: the store fails.
    """
    names = list_remote(place)
    return [name for name in names if name.lower().endswith(SUFFIXES)]


def _refuse(error: OSError) -> None:
    raise error
