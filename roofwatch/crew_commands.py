"""The parsers of the commands for those who send crews out."""

from roofwatch.command_options import Commands, add_year_command, day, positive


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
