"""From the paths of a city file to image files: folders, globs, lists, VRTs, object stores, STAC item lists."""

import glob
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyogrio
from pyogrio.errors import DataSourceError

from imagery.errors import InputError, MissingInput

RASTER_SUFFIXES = (".tif", ".tiff", ".jp2", ".j2k", ".jpg", ".jpeg", ".vrt", ".png", ".img")
CLOSED_FORMATS = {".sid": "MrSID", ".ecw": "ECW"}
"""Formats that no open driver reads here."""
WORLD_SUFFIXES = (".tfw", ".jgw", ".j2w", ".pgw", ".wld", ".tifw", ".jpgw")
SUFFIXES = (*RASTER_SUFFIXES, *CLOSED_FORMATS)
SCHEMES = {
    "https://": "/vsicurl/https://",
    "http://": "/vsicurl/http://",
    "s3://": "/vsis3/",
    "gs://": "/vsigs/",
    "az://": "/vsiaz/",
}
IMAGE_TYPES = ("image/tiff", "image/vnd.stac.geotiff", "image/jp2", "image/jpeg", "image/png")


def image_files(year: int, path: str) -> list[str]:
    """Return every image file that one path of a [[flyover]] stands for, sorted; closed formats are among them.

    Args:
        year: Year of the flyover, for messages.
        path: Folder (searched through), glob, file, VRT, STAC item list (.json, .geojson), URL, or GDAL virtual path; a virtual path
            that ends in "/" is a folder.

    Raises:
        MissingInput: no image is there.
        InputError: a STAC list that cannot be read.
    """
    place = gdal_path(path)
    if place.lower().endswith((".json", ".geojson")):
        return sorted(_stac_images(place))
    if place.startswith("/vsi"):
        found = _remote_folder(place) if place.endswith("/") else [place]
    elif Path(place).is_dir():
        found = _folder(place)
    else:
        found = [place] if Path(place).exists() else _glob(place)
    if not found:
        raise MissingInput(
            f"flyover {year}: no image file at {path}; want a folder, glob or file of {', '.join(RASTER_SUFFIXES)}"
        )
    return sorted(found)


def lonely_world_files(path: str) -> list[str]:
    """Return the world files of a folder that stand beside no image."""
    if path.startswith("/vsi") or not Path(path).is_dir():
        return []
    files = list(_walk(Path(path)))
    images = {file.with_suffix("") for file in files if file.suffix.lower() in SUFFIXES}
    return sorted(
        str(file)
        for file in files
        if file.suffix.lower() in WORLD_SUFFIXES and file.with_suffix("") not in images
    )


def gdal_path(path: str) -> str:
    """Turn a URL into the virtual path by which GDAL reads it; other paths stay as they are."""
    if path.lower().startswith("file://"):
        return urllib.request.url2pathname(path[7:].removeprefix("localhost"))
    for scheme, virtual in SCHEMES.items():
        if path.lower().startswith(scheme):
            return virtual + path[len(scheme) :]
    return path


def _folder(place: str) -> list[str]:
    return [str(file) for file in _walk(Path(place)) if file.suffix.lower() in SUFFIXES]


def _glob(pattern: str) -> list[str]:
    """Return what a glob finds, each file once however links may loop; sidecar files only where the pattern names their suffix."""
    wide = any(sign in Path(pattern).suffix for sign in "*?[") or not Path(pattern).suffix
    found: dict[str, str] = {}
    for match in sorted(glob.glob(pattern, recursive=True)):
        files = (
            _folder(match)
            if Path(match).is_dir()
            else [match]
            if not wide or match.lower().endswith(SUFFIXES)
            else []
        )
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, links followed, each folder once however links may loop."""
    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(root) / name for name in sorted(names) if not name.startswith("."))


def _remote_folder(place: str) -> list[str]:
    try:
        names = pyogrio.vsi_listtree(place)
    except (DataSourceError, NotADirectoryError, FileNotFoundError):
        return []
    return [str(name) for name in names if str(name).lower().endswith(SUFFIXES)]


def _stac_images(place: str) -> list[str]:
    """Return the image of every item of a STAC ItemCollection, item, or list of items."""
    try:
        document = json.loads(_text(place))
    except (OSError, ValueError) as error:
        raise InputError(
            f"flyover: {place} cannot be read as a STAC item list: {error}; give an ItemCollection, an item or a list of items"
        ) from error
    items = document.get("features", [document]) if isinstance(document, dict) else document
    images = (
        [_item_image(item, place) for item in items if isinstance(item, dict)]
        if isinstance(items, list)
        else []
    )
    if not images:
        raise InputError(
            f"flyover: {place} holds no STAC item; give an ItemCollection, an item or a list of items"
        )
    return images


def _item_image(item: dict[str, object], place: str) -> str:
    """Return the visual asset of an item, else its first asset of role data, else its first image."""
    assets = item.get("assets")
    known = (
        {
            key: asset
            for key, asset in assets.items()
            if isinstance(asset, dict) and isinstance(asset.get("href"), str)
        }
        if isinstance(assets, dict)
        else {}
    )
    shown = {key: asset for key, asset in known.items() if "thumbnail" not in _roles(asset)}
    images = {
        key: asset
        for key, asset in shown.items()
        if str(asset.get("type", "image/tiff")).split(";")[0].strip() in IMAGE_TYPES
    }
    data = [key for key, asset in images.items() if "data" in _roles(asset)]
    chosen = next((key for key in ("visual", "image", *data, *images) if key in images), None)
    if chosen is None:
        raise InputError(
            f"flyover: STAC item {item.get('id', '?')} in {place} has no image asset (has {', '.join(known) or 'none'}); want one of {', '.join(IMAGE_TYPES)}"
        )
    return _resolve(str(images[chosen]["href"]), place)


def _roles(asset: dict[str, object]) -> list[object]:
    roles = asset.get("roles")
    return roles if isinstance(roles, list) else []


def _resolve(href: str, place: str) -> str:
    """Return the virtual or absolute path of a link that may be relative to its document."""
    if "://" in href or href.startswith("/vsi"):
        return gdal_path(href)
    if place.startswith("/vsicurl/"):
        return gdal_path(urllib.parse.urljoin(place.removeprefix("/vsicurl/"), href))
    return os.path.normpath(Path(place).parent / href)


def _text(place: str) -> str:
    if place.startswith("/vsicurl/"):
        try:
            with urllib.request.urlopen(place.removeprefix("/vsicurl/"), timeout=30) as answer:
                return bytes(answer.read()).decode()
        except urllib.error.HTTPError as error:
            error.close()
            raise
    if place.startswith("/vsi"):
        raise OSError("it lies in an object store; download the list and give its path")
    if Path(place).exists() and not Path(place).is_file():
        raise OSError("it is not a file")
    return Path(place).read_text(encoding="utf-8")
