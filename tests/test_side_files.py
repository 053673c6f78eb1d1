"""Files beside a tile and below a VRT: found whatever their case, and noticed when they change."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from cities import RasterWriter
from mosaics import serial
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.enums import Resampling
from shapely import box
from shapely.affinity import translate
from test_cut_runs import roll_of

from imagery.boxes import PixelBox
from imagery.chips.inputs import CutInputs
from imagery.chips.settings import TileSettings
from imagery.chips.tiling import tile_parcels
from imagery.flyover.coarse import read_coarse
from imagery.flyover.evidence import find_evidence
from imagery.flyover.flyover import Flyover, open_flyover
from imagery.flyover.headers import read_header
from imagery.flyover.tiles import at_scale

CRS = "EPSG:32618"
LEFT = 360_000.0
TOP = 4_350_000.0
WORLD = f"0.5\n0\n0\n-0.5\n{LEFT + 0.25}\n{TOP - 0.25}\n"
AUX = f"""<PAMDataset><SRS>{CRS}</SRS>
<GeoTransform>{LEFT}, 0.5, 0, {TOP}, 0, -0.5</GeoTransform>
<PAMRasterBand band="1"><NoDataValue>7</NoDataValue><ColorInterp>Blue</ColorInterp></PAMRasterBand>
<PAMRasterBand band="2"><ColorInterp>Green</ColorInterp></PAMRasterBand>
<PAMRasterBand band="3"><ColorInterp>Red</ColorInterp></PAMRasterBand></PAMDataset>"""
DRIVERS = {"tif": "GTiff", "jpg": "JPEG", "png": "PNG", "jp2": "JP2OpenJPEG"}
LATER_NS = 10**9

Picture = NDArray[np.uint8]


@pytest.fixture
def picture() -> Picture:
    """Return noise, (3, 64, 64)."""
    return np.random.default_rng(0).integers(1, 250, (3, 64, 64)).astype(np.uint8)


def fly(folder: Path) -> Flyover:
    return open_flyover(2023, (str(folder),))


def bare(path: Path, pixels: Picture, **options: object) -> Path:
    """Write an image that does not say where it lies."""
    driver = DRIVERS[path.suffix[1:].lower()]
    count, height, width = pixels.shape
    profile = {"driver": driver, "count": count, "height": height, "width": width}
    with rasterio.open(path, "w", dtype="uint8", **profile, **options) as target:
        target.write(pixels)
    path.with_name(f"{path.name}.aux.xml").unlink(missing_ok=True)
    return path


def age(path: Path, nanoseconds: int) -> None:
    """Move the time of a file."""
    stamp = path.stat().st_mtime_ns + nanoseconds
    os.utime(path, ns=(stamp, stamp))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    "names",
    [
        ("TILE.TIF", "TILE.TFW", "TILE.PRJ"),
        ("TILE.TIF", "tile.tfw", "TILE.prj"),
        ("tile.tif", "TILE.WLD", "TILE.PRJ"),
        ("TILE.JPG", "TILE.JGW", "TILE.PRJ"),
        ("Tile.jpg", "Tile.Wld", "tile.prj"),
        ("TILE.PNG", "TILE.PGW", "TILE.PRJ"),
        ("TILE.JP2", "TILE.J2W", "TILE.Prj"),
    ],
)
def test_place_beside_an_image(
    tmp_path: Path, picture: Picture, names: tuple[str, str, str]
) -> None:
    """World file and .prj count in any case, and are no images without their image."""
    image, world, projection = names
    bare(tmp_path / image, picture)
    (tmp_path / world).write_text(WORLD)
    (tmp_path / projection).write_text(rasterio.CRS.from_epsg(32618).to_wkt())

    flyover = fly(tmp_path)

    (tile,) = flyover.tiles
    assert flyover.broken == ()
    assert tile.transform == (0.5, 0, LEFT, 0, -0.5, TOP)
    assert rasterio.CRS.from_wkt(tile.crs).to_epsg() == 32618


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("name", ["TILE.TIF.AUX.XML", "TILE.TIF.aux.xml", "tile.tif.aux.xml"])
def test_aux_xml_beside_an_image(tmp_path: Path, picture: Picture, name: str) -> None:
    """Place, nodata and colors of an .aux.xml count in any case."""
    bare(tmp_path / "TILE.TIF", picture, photometric="minisblack")
    (tmp_path / name).write_text(AUX)
    (tile,) = fly(tmp_path).tiles
    assert (tile.transform, tile.nodata) == ((0.5, 0, LEFT, 0, -0.5, TOP), 7)
    assert (tile.bands, tile.assumed) == ((3, 2, 1), "")


def test_control_points_alone(tmp_path: Path, picture: Picture) -> None:
    """The line names the tool that helps, and after it the file can be used."""
    path = tmp_path / "film.tif"
    corners = [(0, 0), (0, 64), (64, 0), (64, 64)]
    points = [GroundControlPoint(r, c, LEFT + c / 2, TOP - r / 2) for r, c in corners]
    profile = {"driver": "GTiff", "count": 3, "height": 64, "width": 64, "dtype": "uint8"}
    with rasterio.open(path, "w", gcps=points, crs=CRS, photometric="rgb", **profile) as target:
        target.write(picture)
    assert "gdalwarp it first" in read_header(str(path)).problem


@pytest.mark.parametrize("change", ["tile", "world", "prj", "aux", "overview", "source", "deep"])
def test_evidence_follows_all_that_a_picture_depends_on(
    tmp_path: Path, write_raster: RasterWriter, picture: Picture, change: str
) -> None:
    """A file that changes or comes to lie beside makes another picture; a strange one does not."""
    tile = write_raster(tmp_path / "photos" / "tile.tif", picture)
    inner = tmp_path / "inner.vrt"
    outer = tmp_path / "outer.vrt"
    rasterio.shutil.copy(tile, inner, driver="VRT")
    rasterio.shutil.copy(inner, outer, driver="VRT")
    watched = str(outer if change in ("source", "deep") else tile)
    before = find_evidence(watched)
    (tmp_path / "photos" / "tiles.tfw").write_text(WORLD)
    (tmp_path / "photos" / "tile.txt").write_text("remark")
    assert find_evidence(watched) == before

    beside = {"world": "TILE.TFW", "prj": "tile.PRJ", "aux": "tile.tif.AUX.XML"}
    beside |= {"overview": "tile.tif.OVR", "deep": "tile.tfw"}
    if change in beside:
        (tmp_path / "photos" / beside[change]).write_text(WORLD)
    else:
        age(tile, LATER_NS)

    assert find_evidence(watched) != before


def test_a_moved_flyover_keeps_its_chips(
    tmp_path: Path, write_raster: RasterWriter, picture: Picture
) -> None:
    """Shards are known by paths below the flyover: a copy under another name cuts nothing."""
    first = tmp_path / "first"
    path = first / "photos" / "north" / "tile.tif"
    write_raster(path, picture, left=LEFT, top=TOP, gsd=0.5, crs=CRS)
    cut_in(first)
    other = tmp_path / "other"
    shutil.copytree(first, other)
    (shard,) = (other / "chips").glob("shard_*.bin")
    before = shard.stat().st_mtime_ns

    assert cut_in(other) == 0
    assert shard.stat().st_mtime_ns == before
    age(other / "photos" / "north" / "tile.tif", LATER_NS)
    assert cut_in(other) > 0


def cut_in(folder: Path) -> int:
    """Cut two lots; return how many units were decoded."""
    lot = box(LEFT + 2, TOP - 14, LEFT + 12, TOP - 4)
    settings = TileSettings(gsd_m=0.5, margin_m=1.0)
    inputs = CutInputs(
        roll=roll_of({"0001": lot, "0002": translate(lot, 14, 0)}),
        flyover=fly(folder / "photos"),
        settings=settings,
        footprints=None,
    )
    return tile_parcels(inputs, folder / "chips", serial).units_decoded


def test_an_overview_older_than_its_tile_is_not_used(
    tmp_path: Path, write_raster: RasterWriter, picture: Picture
) -> None:
    """It serves neither chips nor maps, also below a VRT, and `check` names it."""
    old = picture // 4
    path = write_raster(tmp_path / "tile.tif", old)
    with rasterio.Env(TIFF_USE_OVR="YES"), rasterio.open(path, "r+") as target:
        target.build_overviews([2], Resampling.average)
    overview = tmp_path / "tile.tif.ovr"
    kept = overview.read_bytes()
    rasterio.shutil.copy(path, tmp_path / "town.vrt", driver="VRT")
    assert at_scale(read_header(str(path)), 1.0).level == 0

    write_raster(path, picture)
    overview.write_bytes(kept)
    age(overview, -LATER_NS)

    for name in ("tile.tif", "town.vrt"):
        (trouble,) = fly(tmp_path / name).troubles
        assert "older than the pixels" in trouble.line
        tile = read_header(str(tmp_path / name))
        assert at_scale(tile, 1.0).level == -1
        coarse = read_coarse(tile, PixelBox.whole(64, 64), (32, 32), white=255)
        squares = picture.reshape(3, 32, 2, 32, 2).astype(float)
        assert np.abs(coarse.color - squares.mean(axis=(2, 4))).max() <= 1


def test_a_vrt_without_one_source(
    tmp_path: Path, write_raster: RasterWriter, picture: Picture
) -> None:
    """The source is named; what it would show is an error and never black."""
    photos = tmp_path / "photos"
    tile = write_raster(photos / "tile.tif", picture)
    path = tmp_path / "town.vrt"
    rasterio.shutil.copy(tile, path, driver="VRT")
    tile.unlink()

    flyover = fly(path)

    (trouble,) = flyover.troubles
    assert "tile.tif of town.vrt" in trouble.line
    assert "NOT ASSESSED" in trouble.line
