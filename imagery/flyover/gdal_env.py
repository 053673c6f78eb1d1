"""How GDAL is set up for decoding, here and in the processes that decode for us."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import rasterio

HTTP_OPTIONS: dict[str, object] = {
    "GDAL_HTTP_MAX_RETRY": 3,
    "GDAL_HTTP_RETRY_DELAY": 1,  # seconds; twice as long each time
    "GDAL_HTTP_RETRY_CODES": "429,500,502,503,504",
    "GDAL_HTTP_CONNECTTIMEOUT": 20,
    # A server that falls silent is an error, not a wait: bytes per second over seconds.
    "GDAL_HTTP_LOW_SPEED_TIME": 15,
    "GDAL_HTTP_LOW_SPEED_LIMIT": 1000,
    "GDAL_HTTP_TIMEOUT": 300,
}
"""How hosts are asked, by each of the libraries that carry a GDAL of their own."""

GDAL_OPTIONS: dict[str, object] = {
    "GDAL_CACHEMAX": 64_000_000,  # bytes; units are kept by us, not by GDAL
    "GTIFF_VIRTUAL_MEM_IO": "IF_ENOUGH_RAM",  # uncompressed files are mapped
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    **HTTP_OPTIONS,
    "VSI_CACHE": True,
    "VSI_CACHE_SIZE": 8_000_000,
}

_OFFLINE = {
    "GDAL_HTTP_PROXY": "http://127.0.0.1:9",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".no-network",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
}
"""A proxy where nobody listens, and no address that may be read by ranges."""


@contextmanager
def decoding() -> Iterator[None]:
    """Set GDAL up for decoding; units are only decoded inside."""
    with rasterio.Env(**GDAL_OPTIONS):
        yield


def set_network(*, allowed: bool) -> None:
    """Let GDAL ask hosts, or make every request end on this machine; processes inherit it.

    A file from outside may name hosts in more ways than anybody looks for, such as an overview in
    the metadata of a TIFF. Where no flyover is remote there is nothing to ask for.
    """
    for name, value in _OFFLINE.items():
        if allowed:
            os.environ.pop(name, None)
        else:
            os.environ.setdefault(name, value)
