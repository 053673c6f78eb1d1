"""Fixtures of all tests: the tiny city, and the command line as a function."""

import contextlib
import io
from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pytest
from chromium import open_browser
from cities import (
    CITY_TOML,
    CityBuilder,
    DoneCity,
    Ran,
    RasterWriter,
    Roofwatch,
    TilesWriter,
    make_houses,
    place_pixels,
    write_city,
)
from cities import write_raster as write_one_raster
from cities import write_tiles as write_four_tiles
from hypothesis import settings
from numpy.typing import NDArray
from playwright.sync_api import Browser

from roofwatch.cli import main

THIRD_PARTY_WARNINGS = (
    "ignore:Use `@` matmul instead:PendingDeprecationWarning",  # rasterio multiplies affines by `*`
    "ignore:The ``noload`` loader strategy is deprecated",  # MLflow's SQL store
)
"""Warnings of libraries that nothing here can change."""


def pytest_configure(config: pytest.Config) -> None:
    """Let warnings of libraries pass that nothing here can change."""
    for line in THIRD_PARTY_WARNINGS:
        config.addinivalue_line("filterwarnings", line)
    settings.register_profile("calm", deadline=None)  # a busy machine is no failure
    settings.load_profile("calm")


@pytest.fixture(scope="session")
def pixels() -> NDArray[np.uint8]:
    """Return the picture of the whole city, before any roof fails."""
    return place_pixels()


@pytest.fixture(scope="session")
def write_raster() -> RasterWriter:
    """Return what writes an array (bands, H, W) as a georeferenced image."""
    return write_one_raster


@pytest.fixture(scope="session")
def write_tiles() -> TilesWriter:
    """Return what writes the picture as four tiles."""
    return write_four_tiles


@pytest.fixture(scope="session")
def houses() -> gpd.GeoDataFrame:
    """Return the lots of the tiny city, with `failing`."""
    return make_houses()


@pytest.fixture(scope="session")
def tiny_city() -> CityBuilder:
    """Return what builds a city in a folder, with other TOML on demand."""
    return write_city


@pytest.fixture(scope="session")
def city_toml() -> str:
    """Return the TOML of the tiny city."""
    return CITY_TOML


@pytest.fixture
def roofwatch(capfd: pytest.CaptureFixture[str]) -> Roofwatch:
    """Return what runs one command line here."""

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Ran(code=code, out=captured.out, err=captured.err)

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser, or skip the test."""
    yield from open_browser()


@pytest.fixture(scope="session")
def done_city(tmp_path_factory: pytest.TempPathFactory) -> DoneCity:
    """Return the tiny city after `run --year 2023`.

    Tests leave it as they found it, or only add to it.
    """
    path = write_city(tmp_path_factory.mktemp("done"))
    command = ["run", str(path), "--year", "2023", "--executor", "serial", "--json", "--quiet"]
    out = io.StringIO()
    err = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(command)
    return DoneCity(path=path, ran=Ran(code=code, out=out.getvalue(), err=err.getvalue()))
