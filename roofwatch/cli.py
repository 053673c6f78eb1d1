"""The command line: parse, call one function, print."""

import argparse
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from imagery.errors import RoofwatchError, UsageError
from roofwatch.executors import EXECUTORS, Execution

if TYPE_CHECKING:
    from roofwatch.city import City

Answer = tuple[list[str], dict[str, object]]
"""Lines for people, and one object for --json."""

FIX_FIRST = 3
"""Exit code of `check` when something must be mended."""


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
        print(f"roofwatch: {error.strerror or error}: {error.filename or 'workspace'}; free space or mend the rights, then start again", file=sys.stderr)
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
    parser = argparse.ArgumentParser(prog="roofwatch", description="Find failing roofs on vacant buildings in each year's aerial flyover.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = _command(commands, "demo", _demo, "a synthetic city: three flyovers, labels, the whole run, all products", city=False)
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="folder for the city (default: demo)")
    demo.add_argument("--parcels", type=_positive, default=2000, metavar="N", help="parcels in the city (default: 2000)")
    demo.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the city (default: 0)")
    check = _command(commands, "check", _check, "intake report: what is there, what is missing, GO or FIX FIRST")
    check.add_argument("--pixels", action="store_true", help="cut the chips first and tell which tiles lie off; without it headers are read only")
    _command(commands, "tile", _tile, "cut chips")
    _command(commands, "train", _train, "train on labels dated Y or earlier, register a challenger in MLflow")
    promote = _command(commands, "promote", _promote, "move the champion alias if the gate holds", year=False)
    promote.add_argument("--version", type=_positive, required=True, metavar="V", help="version to make champion")
    promote.add_argument("--by", required=True, metavar="NAME", help="who decides")
    promote.add_argument("--why", default="", metavar="TEXT", help="why")
    promote.add_argument("--force", action="store_true", help="although the gate does not hold; needs --why")
    score = _command(commands, "score", _score, "the ledger; default model is the champion")
    score.add_argument("--model", default="champion", metavar="ALIAS|VERSION", help="model to score with (default: champion)")
    _command(commands, "export", _export, "every product")
    _command(commands, "run", _run, "check, tile, train when there are new labels, score, export; never promotes over a champion")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Callable[[argparse.Namespace], tuple[int, Answer]],
    text: str,
    *,
    city: bool = True,
    year: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    if city:
        parser.add_argument("city", type=Path, metavar="CITY.toml", help="the city file")
    if city and year:
        parser.add_argument("--year", type=int, required=True, metavar="Y", help="year of the flyover")
    parser.add_argument("--executor", choices=EXECUTORS, default="processes", help="how batches are executed (default: processes)")
    parser.add_argument("--workers", type=_positive, default=0, metavar="N", help="worker processes (default: one per core)")
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler, tcp://host:port")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout at the end")
    parser.set_defaults(function=function)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {number}, want 1 or more")
    return number


def _execution(options: argparse.Namespace) -> Execution:
    if options.executor == "dask" and not options.scheduler:
        raise UsageError("--executor dask needs --scheduler tcp://host:port")
    return Execution(executor=options.executor, workers=options.workers, scheduler=options.scheduler)


def _open_city(options: argparse.Namespace) -> "City":
    from roofwatch.city import City
    from roofwatch.config import read_city

    city = City(file=read_city(options.city), execution=_execution(options), quiet=options.quiet)
    if "year" in options:
        city.file.source(options.year)
    return city


def _demo(options: argparse.Namespace) -> tuple[int, Answer]:
    from roofwatch.demo_run import run_demo

    result = run_demo(options.out, parcels=options.parcels, seed=options.seed, execution=_execution(options), quiet=options.quiet)
    return 0, (result.lines(), result.answer())


def _check(options: argparse.Namespace) -> tuple[int, Answer]:
    from roofwatch.pipeline import check

    city = _open_city(options)
    intake = check(city, options.year, pixels=options.pixels)
    lines = [f"{intake.city} {intake.year}: {intake.verdict}"]
    lines += [f"  {intake.tiles} tiles; of {intake.vacants} vacants {intake.vacants_covered} covered, {intake.vacants_partly_covered} partly, {intake.vacants_uncovered} not"]
    lines += [f"  {len(intake.notices_unmatched)} of {intake.notices} notices match no parcel; {intake.notices_joined_by_place} joined by place"]
    lines += [f"  fix first: {line}" for line in intake.fixes] + [f"  note: {line}" for line in intake.warnings]
    lines += [f"  report: {city.folder(options.year) / 'check.html'}"]
    return FIX_FIRST if intake.fixes else 0, (lines, intake.answer())


def _tile(options: argparse.Namespace) -> tuple[int, Answer]:
    from roofwatch.cutting import shift_lines, tile

    city = _open_city(options)
    store = tile(city, options.year)
    counts, off = _counts(store.manifest["reason"].where(store.manifest["status"] != "chip", "chip").tolist()), shift_lines(city, options.year)
    lines = [*(f"{count:7d} {name}" for name, count in counts.items()), *(f"  note: {line}" for line in off)]
    answer: dict[str, object] = {"chips": str(store.folder), "parcels": len(store.manifest), "counts": counts, "displaced_tiles": off}
    return 0, ([*lines, f"chips: {store.folder}"], answer)


def _train(options: argparse.Namespace) -> tuple[int, Answer]:
    from roofwatch.retrain import train

    trained = train(_open_city(options), options.year)
    ours, chosen = trained.figures, trained.evaluation.chosen[trained.rung]
    lines = [f"{trained.version.label} on {ours.labels} labels, {ours.failing} failing, out of fold:"]
    for one in trained.evaluation.rungs:
        low, high = one.interval
        lines.append(
            f"  {one.name:10} average precision {one.average_precision:.3f} ({low:.3f} to {high:.3f}), AUROC {one.auroc:.3f}, precision in first {one.top} {one.precision_top:.2f}"
        )
    lines += [
        f"  {trained.evaluation.ships.sentence}", f"  {chosen.precision.sentence}", f"  {chosen.recall.sentence}",
        "  it is the first and so the champion" if trained.first_champion else "  it is the challenger; promote it to use it",
        f"  report: {trained.report}",
    ]  # fmt: skip
    answer: dict[str, object] = {
        "model": trained.version.name, "version": trained.version.version, "sha256": trained.version.sha256, "champion": trained.first_champion, "rung": trained.rung,
        "figures": dataclasses.asdict(ours), "rungs": {one.name: dataclasses.asdict(one) for one in trained.evaluation.rungs},
        "likely": chosen.likely, "possible": chosen.possible, "report": str(trained.report),
    }  # fmt: skip
    return 0, (lines, answer)


def _promote(options: argparse.Namespace) -> tuple[int, Answer]:
    if options.force and not options.why.strip():
        raise UsageError("promote --force needs --why TEXT")
    from roofwatch.retrain import promote_version

    verdict = promote_version(_open_city(options), options.version, by=options.by, why=options.why or "gate holds", force=options.force)
    return 0, ([f"version {options.version} is champion: {verdict.text}"], {"champion": options.version, "gate_holds": verdict.holds, "verdict": verdict.text})


def _score(options: argparse.Namespace) -> tuple[int, Answer]:
    from roofwatch.pipeline import score

    city = _open_city(options)
    ledger = score(city, options.year, options.model)
    path = city.folder(options.year) / "ledger.parquet"
    words, reasons = _counts(ledger.table["hazard"].tolist()), _reasons(ledger.table["reason"].tolist())
    lines = [f"{len(ledger.table)} vacant parcels in {options.year}:", *(f"{count:7d} {word}" for word, count in words.items())]
    lines += [f"        of these {count} {reason}" for reason, count in reasons.items()]
    return 0, ([*lines, f"ledger: {path}"], {"ledger": str(path), "rows": len(ledger.table), "hazard": words, "reasons": reasons})


def _export(options: argparse.Namespace) -> tuple[int, Answer]:
    from roofwatch.deliver import export
    from roofwatch.pipeline import main_products

    products = export(_open_city(options), options.year)
    return 0, (main_products(products), {"products": [str(path) for path in products]})


def _run(options: argparse.Namespace) -> tuple[int, Answer]:
    from roofwatch.pipeline import main_products, run

    city = _open_city(options)
    done = run(city, options.year)
    words, reasons = _counts(done.ledger.table["hazard"].tolist()), _reasons(done.ledger.table["reason"].tolist())
    trained = f"trained {done.trained}; promote it to use it" if done.trained else "no new labels, no training"
    lines = [f"{city.file.city.name} {options.year}: {len(done.ledger.table)} vacant parcels", *(f"{count:7d} {word}" for word, count in words.items())]
    lines += [trained, *(f"{stage:>7} {value:7.1f} s" for stage, value in done.seconds.items()), *main_products(done.products)]
    answer: dict[str, object] = {
        "rows": len(done.ledger.table), "hazard": words, "reasons": reasons, "trained": done.trained, "seconds": done.seconds,
        "products": [str(path) for path in done.products],
    }  # fmt: skip
    return 0, (lines, answer)


def _counts(values: list[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}


def _reasons(values: list[str | None]) -> dict[str, int]:
    return _counts([value for value in values if value])


if __name__ == "__main__":
    sys.exit(main())
