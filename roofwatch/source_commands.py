"""The parsers of the commands that turn what a city has into what the others read."""

from pathlib import Path

from roofwatch.command_options import Commands, add_city_command, add_common_options


def add_init(commands: Commands) -> None:
    """Add `roofwatch init`."""
    text = "a commented city file from what a city has, with the evidence for each choice"
    parser = commands.add_parser("init", help=text, description=text)
    parser.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="folder of the city's tables, layers and photos, in any nesting",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("city.toml"),
        metavar="FILE",
        help="the new city file; none is overwritten (default: city.toml)",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="take the best candidate of what is doubtful; without it a terminal is asked, and "
        "what stays doubtful is a comment",
    )
    add_common_options(parser)


def add_snapshot(commands: Commands) -> None:
    """Add `roofwatch snapshot`."""
    text = "layers that are services, copied whole into the workspace"
    parser = add_city_command(commands, "snapshot", text)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say how many rows and tiles would be copied, how large they are and how long it "
        "takes, and copy none; some tiles are looked at, and kept",
    )
