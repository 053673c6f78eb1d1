"""URLs as the virtual paths by which GDAL reads them."""

import urllib.request

SCHEMES = {
    "https://": "/vsicurl/https://",
    "http://": "/vsicurl/http://",
    "s3://": "/vsis3/",
    "gs://": "/vsigs/",
    "az://": "/vsiaz/",
}
"""How a URL begins, and how its virtual path does."""
_LOCAL = ("/vsizip/", "/vsitar/", "/vsigzip/", "/vsi7z/", "/vsirar/", "/vsimem/", "/vsisubfile/")
"""Virtual paths of files on this machine."""


def gdal_path(path: str) -> str:
    """Turn a URL into the virtual path by which GDAL reads it; other paths are kept."""
    if path.lower().startswith("file://"):
        return urllib.request.url2pathname(path[7:].removeprefix("localhost"))

    for scheme, virtual in SCHEMES.items():
        if path.lower().startswith(scheme):
            return virtual + path[len(scheme) :]
    return path


def is_elsewhere(path: str) -> bool:
    """Tell whether a path is an address that GDAL asks a host for."""
    place = gdal_path(path)
    return place.startswith("/vsi") and not place.startswith(_LOCAL)
