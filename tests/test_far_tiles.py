"""Tiles far from every vacant change no chip, and swapped axes are recognized with their remedy."""

import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.warp
import shapely
from affine import Affine
from cities import LEFT, TOP, CityBuilder, RasterWriter, Roofwatch, Storage
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Geod, Transformer

from imagery.flyover.decode import GDAL, TURBO, choose_decoder
from imagery.flyover.far_tiles import NEAR_KM, rims_away_km
from imagery.flyover.flyover import make_flyover, open_flyover, read_files
from imagery.flyover.tiles import Tile

JPEG: Storage = {
    "compress": "jpeg",
    "photometric": "YCBCR",
    "tiled": True,
    "blockxsize": 32,
    "blockysize": 32,
}
GRAY: NDArray[np.uint8] = np.full((3, 64, 64), 90, np.uint8)
DEEP: NDArray[np.uint16] = np.full((3, 64, 64), 700, np.uint16)
CITY = Transformer.from_crs(32618, 4326, always_xy=True).transform(LEFT + 16, TOP - 16)
VACANTS = np.array([CITY])


def write_stray(folder: Path, write: RasterWriter, kind: str) -> None:
    """Write a tile that no vacant can use; its name sorts first."""
    path = folder / "a_stray.tif"
    if kind == "deflate, next city":
        write(path, GRAY, left=LEFT + 30_000, compress="deflate")
    elif kind == "deep, other zone":
        write(path, DEEP * 40, crs="EPSG:32633")
    elif kind == "gray, null island":
        write(path, GRAY[:1], left=0.0, top=0.0, gsd=1e-6, crs="EPSG:4326")
    else:
        write(path, GRAY, left=3e8, top=3e8, crs="EPSG:32618")


STRAYS = ("deflate, next city", "deep, other zone", "gray, null island", "not on the earth")


@pytest.mark.parametrize("kind", STRAYS)
@pytest.mark.parametrize("is_deep", [False, True])
def test_stray_changes_nothing(
    tmp_path: Path, write_raster: RasterWriter, kind: str, is_deep: bool
) -> None:
    """Tiles, order, decoder and white are as if the stray were not there; it is named once."""
    for number in range(2):
        left = LEFT + 32 * number
        if is_deep:
            write_raster(tmp_path / f"tile{number}.tif", DEEP, left=left)
        else:
            write_raster(tmp_path / f"tile{number}.tif", GRAY, left=left, **JPEG)
    before = make_flyover(read_files(2023, (str(tmp_path),)), None, vacants=VACANTS)
    write_stray(tmp_path, write_raster, kind)

    after = make_flyover(read_files(2023, (str(tmp_path),)), None, vacants=VACANTS)

    assert (after.tiles, after.white) == (before.tiles, before.white)
    assert choose_decoder(after.tiles) == (GDAL if is_deep else TURBO)
    (trouble,) = [found for found in after.troubles if found not in before.troubles]
    assert trouble.line.startswith("tiles that are not used") and not trouble.is_fix
    assert "a_stray.tif (" in trouble.line


def test_stray_through_all_commands(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, write_raster: RasterWriter
) -> None:
    """A finished year is not cut again because of a stray, and check says GO and names it."""
    city = tiny_city(tmp_path / "city")
    quick = ("--year", 2023, "--executor", "serial", "--quiet")
    assert roofwatch("tile", city, *quick).code == 0
    chips = city.parent / "workspace" / "2023" / "chips"
    before = {path.name: path.read_bytes() for path in chips.glob("*.*")}
    write_stray(city.parent / "flyover" / "2023", write_raster, "deflate, next city")

    assert roofwatch("tile", city, *quick).code == 0
    assert {path.name: path.read_bytes() for path in chips.glob("*.*")} == before

    ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")
    assert (ran.code, ran.answer["tiles"]) == (0, 4)
    assert sum("a_stray.tif" in line for line in ran.texts("warnings")) == 1


@settings(max_examples=50)
@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-85, 85),
    places=st.lists(st.tuples(st.floats(-180, 180), st.floats(-85, 85)), min_size=1, max_size=4),
)
def test_distance_is_that_of_the_nearest(
    lon: float, lat: float, places: list[tuple[float, float]]
) -> None:
    """The distance agrees with the geodesic of the nearest place, within the earth's flattening."""
    tile = Tile(
        path="t.tif", crs="EPSG:4326", transform=(1e-6, 0, lon, 0, -1e-6, lat), width=1, height=1
    )
    geod = Geod(ellps="WGS84")
    nearest_m = min(abs(geod.inv(lon, lat, *place)[2]) for place in places)
    got_km = rims_away_km((tile,), np.array(places))[0]
    assert got_km == pytest.approx(nearest_m / 1000, rel=0.007, abs=0.01)


def test_all_far_are_kept(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Where no tile is near, all stay: check says how far the nearest is."""
    write_raster(tmp_path / "t.tif", GRAY, left=LEFT + 1000 * NEAR_KM + 50)
    files = read_files(2023, (str(tmp_path),))
    assert (
        make_flyover(files, None, vacants=VACANTS).tiles
        == open_flyover(2023, (str(tmp_path),)).tiles
    )


def swap_tiles(folder: Path, code: int, kind: str) -> None:
    """Write the tiles of a folder again with x and y swapped.

    Args:
        folder: The tiles.
        code: EPSG code of their CRS.
        kind: "corner" swaps the upper left corner only, "ullr" both corners, "rows" both rows of
            the affine, as a GML header in the axis order of EPSG does.
    """
    for path in folder.glob("*.tif"):
        with rasterio.open(path) as source:
            pixels = source.read()
            left, bottom, right, top = rasterio.warp.transform_bounds(
                source.crs, f"EPSG:{code}", *source.bounds
            )
        height, width = pixels.shape[1:]
        x_step = (right - left) / width
        y_step = (bottom - top) / height
        swapped = {
            "corner": Affine(x_step, 0, top, 0, y_step, left),
            "ullr": Affine((bottom - top) / width, 0, top, 0, (right - left) / height, left),
            "rows": Affine(0, y_step, top, x_step, 0, left),
        }[kind]
        profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": f"EPSG:{code}"}
        with rasterio.open(
            path, "w", width=width, height=height, transform=swapped, **profile
        ) as target:
            target.write(pixels)


@pytest.mark.parametrize(("code", "kind"), [(4326, "corner"), (32618, "rows"), (2248, "ullr")])
def test_swapped_tiles(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, code: int, kind: str
) -> None:
    """Swapped tiles of any CRS stop check in one line; its command, followed, leads to GO."""
    city = tiny_city(tmp_path / "city")
    folder = city.parent / "flyover" / "2023"
    swap_tiles(folder, code, kind)
    for path in folder.glob("tile_*_64.tif"):
        path.unlink()

    for left in (2, 1):
        ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")
        fixes = ran.texts("fixes")
        told = fixes if left == 2 else ran.texts("warnings")
        (line,) = [line for line in told if f"tiles whose x and y are swapped: {left}: " in line]
        assert len(fixes) == left - 1
        follow(line.partition("true corners: ")[2], folder)

    # The western half of the city holds four whole lots of each of four rows.
    ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")
    assert ran.code == 0 and ran.answer["vacants_covered"] == 16
    assert not any("swapped" in line for line in ran.texts("warnings"))


def follow(command: str, folder: Path) -> None:
    """Do what `gdal_edit.py -a_ullr` does, by an independent library."""
    program, option, *corners, name = command.split()
    assert (program, option) == ("gdal_edit.py", "-a_ullr")
    left, top, right, bottom = map(float, corners)
    with rasterio.open(folder / name, "r+") as source:
        source.transform = rasterio.transform.from_bounds(
            left, bottom, right, top, source.width, source.height
        )


@pytest.mark.parametrize("code", [4326, 32618, 2248])
def test_swapped_parcels(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, code: int
) -> None:
    """Swapped parcels of any CRS stop check in one line; swapped back it says GO."""
    city = tiny_city(tmp_path / "city")
    path = city.parent / "parcels.gpkg"
    lots = gpd.read_file(path).to_crs(code)
    path.unlink()
    swapped = shapely.transform(lots.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    lots.set_geometry(gpd.GeoSeries(swapped, crs=code)).to_file(path)

    ran = roofwatch("check", city, "--year", 2023, "--quiet")
    assert ran.code == 3
    told = [line for line in (ran.out + ran.err).splitlines() if " swapped" in line]
    assert len(told) == 1 and '-ct "+proj=axisswap +order=2,1"' in told[0]

    if shutil.which("ogr2ogr") is None:
        pytest.skip("no ogr2ogr here to follow the remedy with")
    mended = path.with_name("mended.gpkg")
    swap = ["ogr2ogr", "-ct", "+proj=axisswap +order=2,1", str(mended), str(path)]
    subprocess.run(swap, check=True)
    mended.replace(path)
    assert roofwatch("check", city, "--year", 2023, "--quiet").code == 0
