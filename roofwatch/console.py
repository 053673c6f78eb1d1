"""What is printed, whatever the console can show, and whether anybody still reads it."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def any_console() -> Iterator[None]:
    r"""Let every line be printed while a command runs.

    Characters that the console cannot show are printed as codes such as \xe9. Once nobody reads
    any more, as after `| head`, what is still printed is dropped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)


def say(text: str) -> None:
    """Print what a command answers."""
    _print(text, sys.stdout)


def warn(text: str) -> None:
    """Print a message or progress."""
    _print(text, sys.stderr)


def _print(text: str, stream: TextIO | None) -> None:
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        _drop(stream)


def _flush(stream: TextIO | None) -> None:
    if stream is None or stream.closed:
        return
    try:
        stream.flush()
    except OSError:
        _drop(stream)


def _drop(stream: TextIO | None) -> None:
    """Send what a stream still holds nowhere, so that the interpreter can end in silence."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
