"""The list of files in a folder of an object store, asked for until there is one."""

import re
import time
import warnings

import pyogrio
from rasterio.errors import RasterioError

from imagery.flyover.gdal_env import HTTP_OPTIONS
from imagery.flyover.guard import call_guarded, forget_refused
from imagery.flyover.remote_reads import store_failed

WAITS_S = (0.0, 0.5, 2.0)
"""Seconds before each time a list is asked for."""
LIST_S = 120.0
"""Longest time that a list may take."""
SILENT_S = 10.0
"""After so long an answer was waited for in vain."""
_FAILING = re.compile(r"(?<=: )(?:408|429|5\d\d)\b|CURL error[^;]*|took longer.*")
"""What is said of a host that is busy, broken or silent."""


def list_remote(place: str) -> list[str]:
    """Return every file below a folder; none where it is not there.

    A list that is cut short and one of nothing look alike, so that nothing is believed at once.

    Args:
        place: GDAL's virtual path, which ends in "/".

    Raises:
        StoreFailed: the store fails.
    """
    error = ""
    waited_s = 0.0
    for wait_s in WAITS_S:
        time.sleep(wait_s)
        # The decoding process is a new one each time, for GDAL remembers what is not there.
        forget_refused(place)
        began = time.monotonic()
        try:
            return call_guarded(place, LIST_S, list_once, place)
        except RasterioError as failed:
            error = str(failed)
        waited_s = time.monotonic() - began
        if waited_s > LIST_S / 2:
            break

    failing = _FAILING.search(error)
    if failing or waited_s > SILENT_S:
        said = failing.group() if failing else f"no list of files within {waited_s:.0f} s"
        raise store_failed(place, said)
    return []


def list_once(place: str) -> list[str]:
    """Ask for a list, in a process that remembers nothing.

    Raises:
        RuntimeError: there is none; with what GDAL warned of.
    """
    pyogrio.set_gdal_config_options(HTTP_OPTIONS)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            return [str(name) for name in pyogrio.vsi_listtree(place)]
        except (RuntimeError, OSError) as error:
            said = [str(error), *(str(warning.message) for warning in warned)]
            raise RuntimeError("; ".join(said)) from error
