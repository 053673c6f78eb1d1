"""The training that the desk starts: in a process of its own, and without a promotion."""

import logging
import multiprocessing
import os
import shlex
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from imagery.errors import RoofwatchError
from labels.desk.retraining import STOPPED, Offer, Retrained
from models.registry import alias_version, last_training
from roofwatch.config import read_city
from roofwatch.executors import Execution, end_with_parent
from roofwatch.trained import Trained
from roofwatch.year import City, CityYear

FIRST = (
    "There is no champion yet: as every first one, the new model becomes champion itself if it "
    "passes the floor."
)


def offer_training(year: CityYear, city_file: Path) -> Offer:
    """Return the training of a year, with the time that the last one took."""
    city = year.city
    run = partial(run_apart, city, year.year, city_file)
    try:
        is_first = alias_version(city.registry, "champion") is None
        seconds = last_training(city.registry)
    except RoofwatchError as error:  # the roofs can be looked at all the same
        return Offer(run=run, note=str(error))
    return Offer(run=run, seconds=seconds, note=FIRST if is_first else "")


def run_apart(city: City, year: int, city_file: Path, who: str) -> Retrained:
    """Train in a process of its own: the page is answered meanwhile, and no memory is kept."""
    city.log("desk", f"{year}: training started by {who}")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        max_workers=1, mp_context=spawn, initializer=end_with_parent, initargs=(os.getpid(),)
    ) as pool:
        try:
            return pool.submit(retrain, city_file, year, city.execution).result()
        except BrokenProcessPool:
            return Retrained(failure=STOPPED)


def retrain(city_file: Path, year: int, execution: Execution) -> Retrained:
    """Train, and say what the new version would change and what the gate says; promote nothing.

    Args:
        city_file: The city file, as it was typed.
        year: Year of the flyover.
        execution: How batches are executed.
    """
    # What trains takes seconds to load, and the desk does without.
    from roofwatch.stages.train import train

    logging.disable(logging.ERROR)  # as every command does
    try:
        city = City(file=read_city(city_file), execution=execution, quiet=True)
        return _tell(city, train(city.year(year)), city_file)
    except RoofwatchError as error:
        return Retrained(failure=str(error))


def _tell(city: City, trained: Trained, city_file: Path) -> Retrained:
    """Say what came of a training."""
    from roofwatch.stages.promote import weigh_version
    from training.gate_lists import list_lines

    version = trained.version
    figures = trained.figures
    low, high = figures.interval
    lines = [
        f"{version.label} on {figures.labels} labels, {figures.failing} failing: average "
        f"precision {figures.average_precision:.3f} ({low:.3f} to {high:.3f}); {trained.standing}",
    ]
    if alias_version(city.registry, "champion") == version.version:
        return Retrained(lines=tuple(lines))

    weighed = weigh_version(city, version.version)
    for flyover in weighed.years.flyovers[:1]:
        lines += [line.strip() for line in list_lines(flyover)]
    return Retrained(
        lines=(*lines, *weighed.years.notes),
        gate=weighed.verdict.text,
        promote=(
            f"roofwatch promote {shlex.quote(str(city_file))} --version {version.version} "
            "--by NAME --why TEXT"
        ),
    )
