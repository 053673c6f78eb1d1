"""Native decoders that may never end run in a process of their own, limited in seconds and bytes.

A TIFF, JPEG or PNG is bounded by the size of its units and is decoded in place. JPEG 2000, VRT and
every rarer format may take any time for any file size, and native code cannot be interrupted.
"""

import atexit
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

import cv2
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from imagery.flyover.gdal_env import decoding

MEMORY_MB = 4096
"""Memory that the decoding process may take beyond what Python itself needs, MB."""
_MAGIC = (
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\xff\xd8\xff",
    b"\x89PNG",
)
"""First bytes of the formats that are opened in place: TIFF, BigTIFF, JPEG, PNG."""
_BOUNDED = ("", "deflate", "lzw", "zstd", "packbits", "jpeg", "ycbcr jpeg", "webp")
"""Compressions inside a TIFF whose time is bounded by the size of the block."""
READ_ERRORS = (
    RasterioError,
    CPLE_BaseError,
    cv2.error,
    ValueError,
    OSError,
    RuntimeError,
    ArithmeticError,
    LookupError,
    MemoryError,
)
"""What the libraries raise over a damaged file; GDAL's own error escapes from `rasterio.open`."""
_START = "import sys; sys.path[:] = {path!r}; from imagery.flyover.guard import serve; serve()"
Given = ParamSpec("Given")
Result = TypeVar("Result")
HEADER_SHARE = 1 / 8
"""Of the time for pixels; a header needs far less."""
LEAST_HEADER_S = 5.0
"""Where there is so much time for pixels; a busy machine takes a while to open anything."""


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """What one image file may cost and read; keys of [tile] and [imagery] in the city file."""

    max_block_mb: float = 512.0
    """Largest block, strip or whole JPEG that must be decoded at once, MB when unpacked."""
    max_seconds: float = 60.0
    """Longest time one read may take in JPEG 2000, VRT and rarer formats, seconds."""
    allow: tuple[str, ...] = ()
    """Folders and addresses in which VRTs and lists may find images, beside the flyover's own."""

    @property
    def header_seconds(self) -> float:
        """Return the longest time that reading a header may take."""
        return min(self.max_seconds, max(LEAST_HEADER_S, self.max_seconds * HEADER_SHARE))


def opens_in_place(path: str) -> bool:
    """Tell whether a header can be read here: a TIFF, JPEG or PNG, or a GDAL virtual path."""
    if path.startswith("/vsi"):
        return True

    try:
        with Path(path).open("rb") as stream:
            start = stream.read(4)
    except OSError:
        return True  # GDAL says why

    return not start or start.startswith(_MAGIC)


def decodes_in_place(driver: str, compression: str) -> bool:
    """Tell whether the time of a decode is bounded by the size of the unit.

    Args:
        driver: GDAL's name of the format.
        compression: GDAL's name of the compression, lower case.
    """
    return driver in ("JPEG", "PNG", "BMP") or (driver == "GTiff" and compression in _BOUNDED)


def call_guarded(
    path: str,
    seconds: float,
    function: Callable[Given, Result],
    *arguments: Given.args,
    **options: Given.kwargs,
) -> Result:
    """Call a function that reads one file in the decoding process.

    A file that ran out of time or ended the process once is not tried again by this process.

    Args:
        path: The file that is read.
        seconds: Longest time the call may take; 0 calls the function in place.
        function: A function of a module, whose arguments and result can be pickled.
        *arguments: Its arguments.
        **options: Its options.

    Raises:
        RasterioError: the call failed, took too long, or ended the process.
    """
    if seconds <= 0:
        return function(*arguments, **options)

    key = path, _changed(path)
    with _GUARD.lock:
        if key in _GUARD.refused:
            raise RasterioError(_GUARD.refused[key])
        succeeded, answer = _GUARD.ask(key, seconds, (function, arguments, options))

    if not succeeded:
        raise RasterioError(str(answer))
    return answer  # type: ignore[return-value]  # pickle does not keep the type


def forget_refused(path: str) -> None:
    """Let a remote file be tried again, by a decoding process that remembers nothing."""
    with _GUARD.lock:
        _GUARD.refused.pop((path, _changed(path)), None)
        _GUARD.close()


def serve() -> None:
    """Answer the calls that come on stdin until it ends; runs in the decoding process."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what native code prints is no answer
    _limit_memory()

    with decoding():
        while True:
            try:
                call = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the parent
            except EOFError:
                return

            seconds, function, arguments, options = call
            signal.setitimer(signal.ITIMER_REAL, seconds)  # ends native code too
            try:
                answer = True, function(*arguments, **options)
            except READ_ERRORS as error:
                answer = False, " ".join(f"{error or type(error).__name__}".split())
            signal.setitimer(signal.ITIMER_REAL, 0)
            pickle.dump(answer, answers, protocol=5)
            answers.flush()


@dataclass(kw_only=True)
class _Guard:
    """The decoding process of this process, started when first needed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    """One call at a time."""
    process: "subprocess.Popen[bytes] | None" = None
    """The running process."""
    environment: dict[str, str] = field(default_factory=dict)
    """Environment variables that it was started with: GDAL takes credentials from there."""
    refused: dict[tuple[str, int], str] = field(default_factory=dict)
    """Why a file is not tried again, by path and time of change."""

    def ask(
        self, key: tuple[str, int], seconds: float, call: tuple[object, ...]
    ) -> tuple[bool, object]:
        """Return whether a call succeeded, and its result or its error."""
        try:
            requests, answers = self.pipes()
            pickle.dump((seconds, *call), requests, protocol=5)
            requests.flush()
            succeeded, answer = pickle.load(answers)  # noqa: S301  # from our own process
        except (EOFError, OSError, pickle.UnpicklingError):
            slow = self.stop() == -signal.SIGALRM
            why = f"took longer than {seconds:g} s" if slow else "ended the process that reads it"
            self.refused[key] = why
            return False, why
        return bool(succeeded), answer

    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Return where requests are written and answers are read; start the process if needed."""
        environment = dict(os.environ)
        if self.environment != environment:
            self.close()

        if self.process is None:
            self.environment = environment
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        if self.process.stdin is None or self.process.stdout is None:
            raise OSError("the decoding process has no pipes")
        return self.process.stdin, self.process.stdout

    def stop(self) -> int:
        """End the process and return its exit status."""
        process = self.process
        self.process = None
        if process is None:
            return 0

        try:
            status = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not sent is lost with the process
                _ = stream.close() if stream else None
        return status

    def close(self) -> None:
        """End the process at once."""
        if self.process is not None:
            self.process.kill()
            self.stop()


_GUARD = _Guard()
atexit.register(_GUARD.close)


def _changed(path: str) -> int:
    """Return the time of the last change, ns; 0 for GDAL virtual paths."""
    return 0 if path.startswith("/vsi") else Path(path).stat().st_mtime_ns


def _limit_memory() -> None:
    """Limit private memory; mapped files do not count."""
    if not sys.platform.startswith("linux"):
        return

    import resource

    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
    used = int(pages[5]) * resource.getpagesize()
    most = used + MEMORY_MB * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
