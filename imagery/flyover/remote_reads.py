"""Reads from other machines: asked again with nothing remembered, and a failing host ends the run.

What a cut answer left behind is kept by GDAL, so that a second read would fail as the first did.
A host that fails is no damaged file: parcels must not be called unreadable for a bad night.
"""

import re
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import rasterio
from rasterio._err import CPLE_AWSError, CPLE_HttpResponseError

from imagery.errors import RoofwatchError, first_line
from imagery.flyover.guard import READ_ERRORS, forget_refused
from imagery.flyover.open_files import close_tiles

WAITS_S = (1.0, 4.0)
"""Seconds before each further read of what could not be read."""
_REFUSED = re.compile(r"response code: 4(?!08|29)\d\d")
"""Answers that stay what they are: not there, not allowed."""
_GIVEN_UP: set[str] = set()
"""Files of which a part could not be read although their host answers."""
Result = TypeVar("Result")


class StoreFailed(RoofwatchError):
    """A host does not give the imagery it has; it is no input that could be done without."""

    exit_code = 3


def refuse_failing_host(path: str, error: BaseException) -> None:
    """Raise where a file cannot be read because its host fails.

    Args:
        path: GDAL's virtual path.
        error: What was raised; its causes count.

    Raises:
        StoreFailed: the host answers that it is busy or broken, too slowly, or not at all.
    """
    for cause in _causes(error):
        # Kinds of their own say that a file is not there or may not be read.
        is_answer = type(cause) is CPLE_AWSError
        is_http = isinstance(cause, CPLE_HttpResponseError)
        if is_answer or (is_http and not _REFUSED.search(str(cause))):
            raise store_failed(path, first_line(cause)) from error


def store_failed(path: str, said: str) -> StoreFailed:
    """Return the error of a host that fails.

    Args:
        path: GDAL's virtual path of what it does not give.
        said: What it said.
    """
    return StoreFailed(
        f"flyover: the host of {path.partition('?')[0]} fails ({said}); "
        "see whether it works and how many requests it allows, or copy the imagery here; "
        "what was finished is kept, so start the same command again"
    )


def read_again(path: str, read: Callable[[], Result]) -> Result:
    """Return what a read of a remote file gives; where it fails it is asked again.

    Args:
        path: GDAL's virtual path.
        read: Reads a part of the file.

    Raises:
        READ_ERRORS: the host gives the file, but the part cannot be read.
        StoreFailed: the host fails.
    """
    for wait_s in WAITS_S:
        try:
            return read()
        except READ_ERRORS:
            look_again(path)
            if path in _GIVEN_UP:
                raise
        time.sleep(wait_s)
    try:
        return read()
    except READ_ERRORS:
        look_again(path)
        _GIVEN_UP.add(path)
        raise


def look_again(path: str) -> None:
    """Forget all that is remembered of a file, and ask its host for it.

    Raises:
        StoreFailed: the host fails.
    """
    close_tiles()
    forget_refused(path)
    with rasterio.Env(CPL_VSIL_CURL_NON_CACHED=path):
        # What is remembered goes when such a file is closed, so only the second open asks.
        _open_error(path)
        error = _open_error(path)
    if error is not None:
        refuse_failing_host(path, error)
        _GIVEN_UP.add(path)


def _open_error(path: str) -> Exception | None:
    """Return why a file cannot be opened, None if it can."""
    try:
        with rasterio.open(path):
            return None
    except READ_ERRORS as error:
        return error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it came from."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
