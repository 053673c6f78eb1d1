"""STAC item lists: the image of every item."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from imagery.errors import InputError
from imagery.flyover.virtual_paths import gdal_path

IMAGE_TYPES = ("image/tiff", "image/vnd.stac.geotiff", "image/jp2", "image/jpeg", "image/png")
WANT = "give an ItemCollection, an item or a list of items"
TIMEOUT_S = 30

Assets = dict[str, dict[str, object]]
"""Assets of an item that have an address, by key."""


def stac_images(place: str) -> list[str]:
    """Return the image of every item of a STAC ItemCollection, item, or list of items.

    Args:
        place: A file or a GDAL virtual path.

    Raises:
        InputError: it cannot be read, holds no item, or an item has no image.
    """
    try:
        document = json.loads(_read_text(place))
    except (OSError, ValueError) as error:
        raise InputError(
            f"flyover: {place} cannot be read as a STAC item list: {error}; {WANT}"
        ) from error

    items = document.get("features", [document]) if isinstance(document, dict) else document
    listed = items if isinstance(items, list) else []
    images = [_item_image(item, place) for item in listed if isinstance(item, dict)]
    if not images:
        raise InputError(f"flyover: {place} holds no STAC item; {WANT}")
    return images


def _item_image(item: dict[str, object], place: str) -> str:
    """Return the path of an item's image.

    It is the visual asset of the item, else its first asset of role data, else its first image.
    """
    assets = _find_assets(item)
    images = [key for key, asset in assets.items() if _is_image(asset)]
    data = [key for key in images if "data" in _roles(assets[key])]

    for key in ("visual", "image", *data, *images):
        if key in images:
            return _resolve(str(assets[key]["href"]), place)

    raise InputError(
        f"flyover: STAC item {item.get('id', '?')} in {place} has no image asset "
        f"(has {', '.join(assets) or 'none'}); want one of {', '.join(IMAGE_TYPES)}"
    )


def _find_assets(item: dict[str, object]) -> Assets:
    assets = item.get("assets")
    if not isinstance(assets, dict):
        return {}

    return {
        key: asset
        for key, asset in assets.items()
        if isinstance(asset, dict) and isinstance(asset.get("href"), str)
    }


def _is_image(asset: dict[str, object]) -> bool:
    """Tell whether an asset is an image, and more than a thumbnail."""
    kind = str(asset.get("type", "image/tiff")).split(";")[0].strip()
    return kind in IMAGE_TYPES and "thumbnail" not in _roles(asset)


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


def _read_text(place: str) -> str:
    """Read a file, or fetch it.

    Raises:
        OSError: it is not there, is no file, or is in an object store.
    """
    if place.startswith("/vsicurl/"):
        return _fetch(place.removeprefix("/vsicurl/"))
    if place.startswith("/vsi"):
        raise OSError("it is in an object store; download the list and give its path")
    if Path(place).exists() and not Path(place).is_file():
        raise OSError("it is not a file")
    return Path(place).read_text(encoding="utf-8")


def _fetch(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read()).decode()
    except urllib.error.HTTPError as error:
        error.close()
        raise
