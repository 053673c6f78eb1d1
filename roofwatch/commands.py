"""The parsers of all commands, from which docs/commands.md is generated too."""

import argparse
from pathlib import Path

from roofwatch.command_options import (
    Commands,
    add_city_command,
    add_common_options,
    add_year_command,
    positive,
)
from roofwatch.crew_commands import add_desk, add_findings, add_plan, add_storm
from roofwatch.source_commands import add_init, add_snapshot


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole contract."""
    parser = argparse.ArgumentParser(
        prog="roofwatch",
        description="Find failing roofs on vacant buildings in each year's aerial flyover.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add_command in (
        add_demo,
        add_init,
        add_snapshot,
        add_check,
        add_tile,
        add_train,
        add_promote,
        add_adopt,
        add_score,
        add_drift,
        add_export,
        add_run,
        add_desk,
        add_findings,
        add_plan,
        add_storm,
        add_evidence,
        add_publish,
        add_audit,
        add_verify,
    ):
        add_command(commands)
    return parser


def add_demo(commands: Commands) -> None:
    """Add `roofwatch demo`."""
    text = "a synthetic city: three flyovers, labels, the whole run, all products"
    parser = commands.add_parser("demo", help=text, description=text)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo"),
        metavar="DIR",
        help="folder for the city, new, empty or of an earlier demo (default: demo)",
    )
    parser.add_argument(
        "--parcels",
        type=positive,
        default=2000,
        metavar="N",
        help="parcels in the city (default: 2000)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed of the city (default: 0)"
    )
    add_common_options(parser)


def add_check(commands: Commands) -> None:
    """Add `roofwatch check`."""
    text = "intake report: what is there, what is missing, GO or FIX FIRST"
    parser = add_year_command(commands, "check", text)
    parser.add_argument(
        "--pixels",
        action="store_true",
        help="cut the chips first and name displaced tiles; without it headers are read only",
    )


def add_tile(commands: Commands) -> None:
    """Add `roofwatch tile`."""
    add_year_command(commands, "tile", "cut chips")


def add_train(commands: Commands) -> None:
    """Add `roofwatch train`."""
    text = "train on labels dated Y or earlier, register a challenger in MLflow"
    add_year_command(commands, "train", text)


def add_promote(commands: Commands) -> None:
    """Add `roofwatch promote`."""
    text = "move the champion alias if the gate holds"
    parser = add_city_command(commands, "promote", text)
    parser.add_argument(
        "--version", type=positive, required=True, metavar="V", help="version to make champion"
    )
    parser.add_argument("--by", required=True, metavar="NAME", help="who decides")
    parser.add_argument("--why", default="", metavar="TEXT", help="why")
    parser.add_argument(
        "--force", action="store_true", help="although the gate does not hold; needs --why"
    )
    parser.add_argument(
        "--and-export",
        action="store_true",
        help="then score and export the latest flyover with it",
    )


def add_adopt(commands: Commands) -> None:
    """Add `roofwatch adopt`."""
    text = "another city's model, with its origin"
    parser = add_city_command(commands, "adopt", text)
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="folder of the model: YEAR/model of a workspace, or an MLflow package",
    )
    parser.add_argument("--by", required=True, metavar="NAME", help="who decides")
    parser.add_argument("--why", required=True, metavar="TEXT", help="why")


def add_score(commands: Commands) -> None:
    """Add `roofwatch score`."""
    text = "the ledger; default model is the champion"
    parser = add_year_command(commands, "score", text)
    parser.add_argument(
        "--model",
        default="champion",
        metavar="ALIAS|VERSION",
        help="model to score with (default: champion)",
    )


def add_drift(commands: Commands) -> None:
    """Add `roofwatch drift`."""
    text = "is this flyover like those the model learned from: GO, CAUTION, STOP"
    add_year_command(commands, "drift", text)


def add_export(commands: Commands) -> None:
    """Add `roofwatch export`."""
    parser = add_year_command(commands, "export", "every product")
    parser.add_argument(
        "--what-if",
        nargs="+",
        default=[],
        metavar="KEY=POINTS",
        help="say which parcels would change rank with other points; nothing is written",
    )


def add_run(commands: Commands) -> None:
    """Add `roofwatch run`."""
    text = (
        "check, tile, train when there are new labels, score, export; "
        "never promotes over a champion"
    )
    parser = add_year_command(commands, "run", text)
    parser.add_argument(
        "--despite-drift",
        action="store_true",
        help="export although drift says STOP; needs --why",
    )
    parser.add_argument(
        "--why", default="", metavar="TEXT", help="why, as it stands on every product"
    )


def add_evidence(commands: Commands) -> None:
    """Add `roofwatch evidence`."""
    text = "the evidence packet of single parcels"
    parser = add_year_command(commands, "evidence", text)
    parser.add_argument(
        "--parcel",
        required=True,
        action="append",
        metavar="ID",
        help="parcel id; may be given several times",
    )


def add_publish(commands: Commands) -> None:
    """Add `roofwatch publish`."""
    text = "the layers into a PostGIS database, or one into an Esri feature layer"
    parser = add_year_command(commands, "publish", text)
    parser.add_argument(
        "--to",
        required=True,
        metavar="URL",
        help="postgresql://USER@HOST:PORT/DATABASE, with the password from PGPASSWORD or "
        "~/.pgpass; or 'https://HOST/.../FeatureServer/0?token=$NAME', with the token from the "
        "environment variable NAME",
    )
    parser.add_argument(
        "--schema",
        default="roofwatch",
        metavar="NAME",
        help="schema of the tables (default: roofwatch)",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="check the place, count the rows that would change, and change nothing",
    )


def add_audit(commands: Commands) -> None:
    """Add `roofwatch audit`."""
    text = "check the hash chain of the audit log and every file of the workspace"
    parser = add_city_command(commands, "audit", text)
    parser.add_argument(
        "--repair", action="store_true", help="make anew what imagery and models can make anew"
    )
    parser.add_argument(
        "--anchor",
        type=Path,
        metavar="FILE",
        help="compare the log with the heads noted in FILE, kept elsewhere, and note the present "
        "one; or with the head in a SHA256SUMS of an export",
    )


def add_verify(commands: Commands) -> None:
    """Add `roofwatch verify`."""
    text = "check a finished pack, ours or one edited by hand"
    parser = commands.add_parser("verify", help=text, description=text)
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="folder of a pack, of a tier, of a year, or a workspace",
    )
    add_common_options(parser)
