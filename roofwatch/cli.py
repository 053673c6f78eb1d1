"""The command line: parse, call the stage of that name, print its answer."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from imagery.errors import RoofwatchError
from imagery.limits import limit_line
from roofwatch.commands import build_parser
from roofwatch.console import any_console, say, warn

if TYPE_CHECKING:
    from roofwatch.answer import Answer

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""
NO_ROOM = 3
"""Exit code when the disk or its permissions do not allow the work."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Returns:
        0 done, 2 wrong use, 3 input needs fixing, 4 refused, 1 our bug.
    """
    with any_console():
        return run_command(arguments)


def run_command(arguments: list[str] | None) -> int:
    """Run one command, print its answer, and return its exit code."""
    options = build_parser().parse_args(arguments)
    logging.disable(logging.ERROR)  # libraries repeat what we say ourselves
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

    try:
        answer = run_stage(options)
        say(answer.json if options.json else answer.text)
        if answer.error:
            warn(f"roofwatch: {answer.error}")
        return answer.exit_code
    except RoofwatchError as error:
        warn(f"roofwatch: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        warn("roofwatch: stopped; start the same command again to go on")
        return STOPPED
    except Exception as error:
        # Each library has its own error for a full disk; all others are bugs.
        line = limit_line(error)
        if not line:
            raise
        warn(f"roofwatch: {line}")
        return NO_ROOM


def run_stage(options: argparse.Namespace) -> "Answer":
    """Load the stage that is named after the command, and run it: no command loads another's.

    The city file is read first, so that a wrong key or year is said before a stage loads torch.
    """
    if "city" in options:
        from roofwatch.opened import open_city

        city = open_city(options)
        if "year" in options:
            city.year(options.year)
    stage = import_module(f"roofwatch.stages.{options.command}")
    command: Callable[[argparse.Namespace], Answer] = stage.command
    return command(options)


if __name__ == "__main__":
    sys.exit(main())
