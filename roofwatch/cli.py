"""The command line: parse, call one function, print."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from imagery.errors import RoofwatchError
from roofwatch import commands
from roofwatch.commands import Answer
from roofwatch.executors import EXECUTORS


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 2 wrong use, 3 input needs fixing, 4 refused, 1 our bug."""
    options = build_parser().parse_args(arguments)
    logging.disable(logging.ERROR)  # libraries repeat what we say ourselves
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    command: Callable[[argparse.Namespace], tuple[int, Answer]] = options.function
    try:
        code, (lines, answer) = command(options)
    except RoofwatchError as error:
        print(f"roofwatch: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(
            f"roofwatch: {error.strerror or error}: {error.filename or 'workspace'}; free space or mend the rights, then start again",
            file=sys.stderr,
        )
        return 3
    except KeyboardInterrupt:
        print("roofwatch: stopped; start the same command again to go on", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(answer, default=str))
    else:
        print("\n".join(lines))
    return code


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole contract."""
    parser = argparse.ArgumentParser(
        prog="roofwatch",
        description="Find failing roofs on vacant buildings in each year's aerial flyover.",
    )
    group = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = _command(
        group,
        "demo",
        commands.demo_command,
        "a synthetic city: three flyovers, labels, the whole run, all products",
        city=False,
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("demo"),
        metavar="DIR",
        help="folder for the city (default: demo)",
    )
    demo.add_argument(
        "--parcels",
        type=_positive,
        default=2000,
        metavar="N",
        help="parcels in the city (default: 2000)",
    )
    demo.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed of the city (default: 0)"
    )
    check = _command(
        group,
        "check",
        commands.check_command,
        "intake report: what is there, what is missing, GO or FIX FIRST",
    )
    check.add_argument(
        "--pixels",
        action="store_true",
        help="cut the chips first and tell which tiles lie off; without it headers are read only",
    )
    _command(group, "tile", commands.tile_command, "cut chips")
    _command(
        group,
        "train",
        commands.train_command,
        "train on labels dated Y or earlier, register a challenger in MLflow",
    )
    promote = _command(
        group,
        "promote",
        commands.promote_command,
        "move the champion alias if the gate holds",
        year=False,
    )
    promote.add_argument(
        "--version", type=_positive, required=True, metavar="V", help="version to make champion"
    )
    promote.add_argument("--by", required=True, metavar="NAME", help="who decides")
    promote.add_argument("--why", default="", metavar="TEXT", help="why")
    promote.add_argument(
        "--force", action="store_true", help="although the gate does not hold; needs --why"
    )
    score = _command(
        group, "score", commands.score_command, "the ledger; default model is the champion"
    )
    score.add_argument(
        "--model",
        default="champion",
        metavar="ALIAS|VERSION",
        help="model to score with (default: champion)",
    )
    export = _command(group, "export", commands.export_command, "every product")
    export.add_argument(
        "--what-if",
        nargs="+",
        default=[],
        metavar="KEY=POINTS",
        help="say who would move on the work list with other points; nothing is written",
    )
    _command(
        group,
        "run",
        commands.run_command,
        "check, tile, train when there are new labels, score, export; never promotes over a champion",
    )
    evidence = _command(
        group, "evidence", commands.evidence_command, "the evidence packet of single parcels"
    )
    evidence.add_argument(
        "--parcel",
        required=True,
        action="append",
        metavar="ID",
        help="parcel id; may be given several times",
    )
    publish = _command(
        group, "publish", commands.publish_command, "the layers into a PostGIS database"
    )
    publish.add_argument(
        "--to",
        required=True,
        metavar="URL",
        help="postgresql://USER@HOST:PORT/DATABASE; the password from PGPASSWORD or ~/.pgpass",
    )
    publish.add_argument(
        "--schema",
        default="roofwatch",
        metavar="NAME",
        help="schema of the tables (default: roofwatch)",
    )
    verify = _command(
        group,
        "verify",
        commands.verify_command,
        "check a finished pack, ours or one edited by hand",
        city=False,
    )
    verify.add_argument(
        "folder", type=Path, metavar="DIR", help="folder of a pack, of a tier or of a year"
    )
    return parser


def _command(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Callable[[argparse.Namespace], tuple[int, Answer]],
    text: str,
    *,
    city: bool = True,
    year: bool = True,
) -> argparse.ArgumentParser:
    parser = group.add_parser(name, help=text, description=text)
    if city:
        parser.add_argument("city", type=Path, metavar="CITY.toml", help="the city file")
    if city and year:
        parser.add_argument(
            "--year", type=int, required=True, metavar="Y", help="year of the flyover"
        )
    parser.add_argument(
        "--executor",
        choices=EXECUTORS,
        default="processes",
        help="how batches are executed (default: processes)",
    )
    parser.add_argument(
        "--workers",
        type=_positive,
        default=0,
        metavar="N",
        help="worker processes (default: one per core)",
    )
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="Dask scheduler, tcp://host:port"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout at the end")
    parser.set_defaults(function=function)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {number}, want 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
