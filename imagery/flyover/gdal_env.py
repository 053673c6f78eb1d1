"""How GDAL is set up for decoding, here and in the processes that decode for us."""

from collections.abc import Iterator
from contextlib import contextmanager

import rasterio

GDAL_OPTIONS: dict[str, object] = {
    "GDAL_CACHEMAX": 64_000_000,  # bytes; units are kept by us, not by GDAL
    "GTIFF_VIRTUAL_MEM_IO": "IF_ENOUGH_RAM",  # uncompressed files are mapped
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "GDAL_HTTP_MAX_RETRY": 3,
    "GDAL_HTTP_RETRY_DELAY": 1,
    "GDAL_HTTP_CONNECTTIMEOUT": 20,
    # A server that falls silent is an error, not a wait: bytes per second over seconds.
    "GDAL_HTTP_LOW_SPEED_TIME": 60,
    "GDAL_HTTP_LOW_SPEED_LIMIT": 100,
    "VSI_CACHE": True,
    "VSI_CACHE_SIZE": 8_000_000,
}


@contextmanager
def decoding() -> Iterator[None]:
    """Set GDAL up for decoding; units are only decoded inside."""
    with rasterio.Env(**GDAL_OPTIONS):
        yield
