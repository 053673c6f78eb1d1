"""What each command does: open the city, call one function, put the answer in lines and in one object."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from imagery.errors import UsageError
from roofwatch.executors import Execution

if TYPE_CHECKING:
    from roofwatch.year import City

Answer = tuple[list[str], dict[str, object]]
"""Lines for people, and one object for --json."""

FIX_FIRST = 3
"""Exit code when something must be mended."""


def execution_of(options: argparse.Namespace) -> Execution:
    """Return how batches are executed."""
    if options.executor == "dask" and not options.scheduler:
        raise UsageError("--executor dask needs --scheduler tcp://host:port")
    return Execution(
        executor=options.executor, workers=options.workers, scheduler=options.scheduler
    )


def open_city(options: argparse.Namespace) -> "City":
    """Read the city file, and see that it has a flyover of the year."""
    from roofwatch.config import read_city
    from roofwatch.year import City

    city = City(file=read_city(options.city), execution=execution_of(options), quiet=options.quiet)
    if "year" in options:
        city.file.source(options.year)
    return city


def demo_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Build the demo city and run it."""
    from roofwatch.stages.demo import run_demo

    result = run_demo(
        options.out,
        parcels=options.parcels,
        seed=options.seed,
        execution=execution_of(options),
        quiet=options.quiet,
    )
    return 0, (result.lines(), result.answer())


def check_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Say what is there and what is missing."""
    from roofwatch.stages.run import check

    city = open_city(options)
    intake = check(city, options.year, pixels=options.pixels)
    lines = [f"{intake.city} {intake.year}: {intake.verdict}"]
    lines += [
        f"  {intake.tiles} tiles; of {intake.vacants} vacants {intake.vacants_covered} covered, {intake.vacants_partly_covered} partly, {intake.vacants_uncovered} not"
    ]
    lines += [
        f"  {len(intake.notices_unmatched)} of {intake.notices} notices match no parcel; {intake.notices_joined_by_place} joined by place"
    ]
    lines += [f"  fix first: {line}" for line in intake.fixes] + [
        f"  note: {line}" for line in intake.warnings
    ]
    lines += [f"  report: {city.folder(options.year) / 'check.html'}"]
    return FIX_FIRST if intake.fixes else 0, (lines, intake.answer())


def tile_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Cut chips."""
    from roofwatch.stages.tile import shift_lines, tile

    city = open_city(options)
    store = tile(city, options.year)
    counts, off = (
        _counts(
            store.manifest["reason"].where(store.manifest["status"] != "chip", "chip").tolist()
        ),
        shift_lines(city, options.year),
    )
    lines = [
        *(f"{count:7d} {name}" for name, count in counts.items()),
        *(f"  note: {line}" for line in off),
    ]
    answer: dict[str, object] = {
        "chips": str(store.folder),
        "parcels": len(store.manifest),
        "counts": counts,
        "displaced_tiles": off,
    }
    return 0, ([*lines, f"chips: {store.folder}"], answer)


def train_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Train and register."""
    city = open_city(options)
    from roofwatch.stages.train import train

    trained = train(city, options.year)
    ours, chosen = trained.figures, trained.evaluation.chosen[trained.rung]
    lines = [
        f"{trained.version.label} on {ours.labels} labels, {ours.failing} failing, out of fold:"
    ]
    for one in trained.evaluation.rungs:
        low, high = one.interval
        lines.append(
            f"  {one.name:10} average precision {one.average_precision:.3f} ({low:.3f} to {high:.3f}), AUROC {one.auroc:.3f}, precision in first {one.top} {one.precision_top:.2f}"
        )
    lines += [
        f"  {trained.evaluation.ships.sentence}",
        f"  {chosen.precision.sentence}",
        f"  {chosen.recall.sentence}",
        f"  {trained.standing}",
        f"  report: {trained.report}",
    ]
    answer: dict[str, object] = {
        "model": trained.version.name,
        "version": trained.version.version,
        "sha256": trained.version.sha256,
        "champion": trained.first_champion,
        "rung": trained.rung,
        "figures": dataclasses.asdict(ours),
        "rungs": {one.name: dataclasses.asdict(one) for one in trained.evaluation.rungs},
        "likely": chosen.likely,
        "possible": chosen.possible,
        "report": str(trained.report),
    }
    return 0, (lines, answer)


def promote_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Move the champion."""
    if options.force and not options.why.strip():
        raise UsageError("promote --force needs --why TEXT")
    city = open_city(options)
    from roofwatch.stages.train import promote_version

    verdict = promote_version(
        city, options.version, by=options.by, why=options.why or "gate holds", force=options.force
    )
    how = "is champion" if verdict.holds else "is champion by force"
    return 0, (
        [f"version {options.version} {how}: {verdict.text}"],
        {"champion": options.version, "gate_holds": verdict.holds, "verdict": verdict.text},
    )


def score_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Write the ledger."""
    from roofwatch.stages.run import score

    city = open_city(options)
    ledger = score(city, options.year, options.model)
    path = city.folder(options.year) / "ledger.parquet"
    words, reasons = (
        _counts(ledger.table["hazard"].tolist()),
        _reasons(ledger.table["reason"].tolist()),
    )
    lines = [
        f"{len(ledger.table)} vacant parcels in {options.year}:",
        *(f"{count:7d} {word}" for word, count in words.items()),
    ]
    lines += [f"        of these {count} {reason}" for reason, count in reasons.items()]
    return 0, (
        [*lines, f"ledger: {path}"],
        {"ledger": str(path), "rows": len(ledger.table), "hazard": words, "reasons": reasons},
    )


def export_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Write every product, or say who would move on the work list."""
    city = open_city(options)
    from roofwatch.stages.export import export, other_points
    from roofwatch.stages.run import main_products

    if options.what_if:
        found = other_points(city, options.year, options.what_if)
        return 0, (found.lines(), dataclasses.asdict(found))
    products = export(city, options.year)
    return 0, (main_products(products), {"products": [str(path) for path in products]})


def evidence_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Write evidence packets."""
    city = open_city(options)
    from roofwatch.stages.export import evidence

    files = [str(path) for path in evidence(city, options.year, options.parcel)]
    return 0, (files, {"packets": files})


def publish_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Replace the year's rows in a database."""
    city = open_city(options)
    from roofwatch.stages.export import publish_year

    counts = publish_year(city, options.year, options.to, schema=options.schema)
    return 0, ([f"{count:7d} rows in {table}" for table, count in counts.items()], {"rows": counts})


def verify_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Check finished products."""
    from gis_export.verify.folders import verify_folder, verify_notes

    findings, notes = (
        [str(finding) for finding in verify_folder(options.folder)],
        verify_notes(options.folder),
    )
    said = [
        *(findings or [f"{options.folder}: nothing found wrong"]),
        *(f"note: {note}" for note in notes),
    ]
    return FIX_FIRST if findings else 0, (said, {"findings": findings, "notes": notes})


def run_command(options: argparse.Namespace) -> tuple[int, Answer]:
    """Do the whole year."""
    from roofwatch.stages.run import main_products, run

    city = open_city(options)
    done = run(city, options.year)
    words, reasons = (
        _counts(done.ledger.table["hazard"].tolist()),
        _reasons(done.ledger.table["reason"].tolist()),
    )
    trained = (
        f"trained {done.trained}; promote it to use it"
        if done.trained
        else "no new labels, no training"
    )
    lines = [
        f"{city.file.city.name} {options.year}: {len(done.ledger.table)} vacant parcels",
        *(f"{count:7d} {word}" for word, count in words.items()),
    ]
    lines += [
        trained,
        *(f"{stage:>7} {value:7.1f} s" for stage, value in done.seconds.items()),
        *main_products(done.products),
    ]
    answer: dict[str, object] = {
        "rows": len(done.ledger.table),
        "hazard": words,
        "reasons": reasons,
        "trained": done.trained,
        "seconds": done.seconds,
        "products": [str(path) for path in done.products],
    }
    return 0, (lines, answer)


def _counts(values: list[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}


def _reasons(values: list[str | None]) -> dict[str, int]:
    return _counts([value for value in values if value])
