"""The parsers of the commands for those who look at roofs and send crews out."""

from pathlib import Path

from roofwatch.command_options import (
    Commands,
    add_city_command,
    add_year_command,
    day,
    port,
    positive,
)


def add_desk(commands: Commands) -> None:
    """Add `roofwatch desk`."""
    text = "look at chips and say what is seen"
    parser = add_year_command(commands, "desk", text)
    parser.add_argument(
        "--share",
        action="store_true",
        help="let other machines reach the page, with a token; without it only this one does",
    )
    parser.add_argument(
        "--proxy",
        default="",
        metavar="URL",
        help="people come by a TLS proxy on this machine alone, at https://HOST[/PATH/]",
    )
    parser.add_argument(
        "--tokens",
        type=Path,
        default=None,
        metavar="FILE",
        help="a line TOKEN NAME for each person, under whose name their looks are kept "
        "(default: each start makes one token for all)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=8765,
        metavar="P",
        help="port of the page, 0 for any that is free (default: 8765)",
    )
    parser.add_argument(
        "--draw",
        type=positive,
        default=0,
        metavar="N",
        help="open draw N again (default: the one that is not finished, or the next)",
    )
    parser.add_argument(
        "--offline",
        type=Path,
        default=None,
        metavar="FILE.html",
        help="write the roofs of a second reader as one HTML file instead",
    )


def add_findings(commands: Commands) -> None:
    """Add `roofwatch findings`."""
    text = "what inspectors found, from the files that they filled in"
    parser = add_city_command(commands, "findings", text)
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="a filled work list, an export of the field form, or a table of the city's own",
    )
    parser.add_argument("--by", required=True, metavar="NAME", help="who enters them")
    parser.add_argument(
        "--undo", action="store_true", help="take back what the files brought; the log keeps it"
    )


def add_plan(commands: Commands) -> None:
    """Add `roofwatch plan`."""
    text = "crews and visits in, finds by date out"
    parser = add_year_command(commands, "plan", text)
    parser.add_argument(
        "--crews",
        type=positive,
        default=0,
        metavar="N",
        help="crews that go out (default: [export.plan] crews)",
    )
    parser.add_argument(
        "--per-day",
        type=positive,
        default=0,
        metavar="V",
        help="visits that each makes in a day (default: [export.visits] per_day)",
    )
    parser.add_argument(
        "--start",
        type=day,
        default=None,
        metavar="D",
        help="first day, YYYY-MM-DD (default: [export.plan] start)",
    )


def add_storm(commands: Commands) -> None:
    """Add `roofwatch storm`."""
    text = "what to look at again after a storm, people near it first"
    parser = add_year_command(commands, "storm", text)
    parser.add_argument(
        "--day",
        type=day,
        required=True,
        metavar="D",
        help="day of the storm, YYYY-MM-DD, after the flight and not after today",
    )
