"""What the parsers of all commands share: the city, the year, and how the work is done."""

import argparse
from datetime import date
from pathlib import Path
from typing import TypeAlias

from roofwatch.executors import EXECUTORS

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where the parsers of all commands are added."""


def add_year_command(commands: Commands, name: str, text: str) -> argparse.ArgumentParser:
    """Add a command on one year of a city."""
    parser = add_city_command(commands, name, text)
    parser.add_argument("--year", type=int, required=True, metavar="Y", help="year of the flyover")
    return parser


def add_city_command(commands: Commands, name: str, text: str) -> argparse.ArgumentParser:
    """Add a command on a city."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("city", type=Path, metavar="CITY.toml", help="the city file")
    add_common_options(parser)
    return parser


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    parser.add_argument(
        "--executor",
        choices=EXECUTORS,
        default="processes",
        help="how batches are executed (default: processes)",
    )
    parser.add_argument(
        "--workers",
        type=positive,
        default=0,
        metavar="N",
        help="worker processes (default: one per core)",
    )
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="Dask scheduler, tcp://host:port"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout at the end")


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {number}, want 1 or more")
    return number


def day(text: str) -> date:
    """Read a day."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, want YYYY-MM-DD") from error
    if not 1900 <= found.year < 2200:
        raise argparse.ArgumentTypeError(f"got {text!r}, want a day from 1900 to 2199")
    return found


def port(text: str) -> int:
    """Read the number of a port."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"got {number}, want 0 to 65535")
    return number
