"""A city, and a city in one year, as a command line names them."""

import argparse

from imagery.flyover.gdal_env import set_network
from imagery.flyover.virtual_paths import is_elsewhere
from roofwatch.config import read_city
from roofwatch.executors import read_execution
from roofwatch.year import City, CityYear


def open_city(options: argparse.Namespace) -> City:
    """Read the city file that a command line names."""
    file = read_city(options.city, needs_snapshots=options.command != "snapshot")
    set_network(allowed=any(map(is_elsewhere, file.image_places)))
    return City(file=file, execution=read_execution(options), quiet=options.quiet)


def open_year(options: argparse.Namespace) -> CityYear:
    """Read the city file that a command line names, and find the year in it."""
    return open_city(options).year(options.year)
