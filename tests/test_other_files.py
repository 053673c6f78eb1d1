"""Images beside the photos that are none: left out and named, or in doubt FIX FIRST."""

from pathlib import Path

import numpy as np
import pytest
from cities import RasterWriter
from numpy.typing import NDArray

from imagery.flyover.flyover import Flyover, open_flyover

LEFT = 360_000.0
TOP = 4_350_000.0
SIDE_PX = 64
GSD_M = 0.5

Numbers = NDArray[np.generic]


def noise(bands: int, depth: str = "uint8") -> Numbers:
    return np.random.default_rng(0).integers(1, 250, (bands, SIDE_PX, SIDE_PX)).astype(depth)


def lay_photos(folder: Path, write_raster: RasterWriter, count: int = 2) -> None:
    """Write photos side by side."""
    for number in range(count):
        left = LEFT + number * SIDE_PX * GSD_M
        path = folder / f"photo_{number}.tif"
        write_raster(path, noise(3), left=left, top=TOP, gsd=GSD_M, photometric="rgb")


def fly(folder: Path) -> Flyover:
    return open_flyover(2023, (str(folder),))


def names(flyover: Flyover) -> list[str]:
    return [tile.name for tile in flyover.tiles]


@pytest.mark.parametrize(
    ("name", "numbers", "gsd"),
    [
        ("dsm.tif", noise(1, "float32"), 1.0),
        ("dem.tif", noise(1, "int16"), 0.5),
        ("mask.tif", noise(1), 0.5),
        ("deep.tif", noise(1, "uint16"), 0.5),
        ("index.tif", noise(3), 4.0),
        ("overview.tif", noise(3), 1.0),
    ],
)
def test_what_is_no_photo_is_left_out(
    tmp_path: Path, write_raster: RasterWriter, name: str, numbers: Numbers, gsd: float
) -> None:
    """Height models, masks and coarse pictures of the same ground; the photos stay as they are."""
    lay_photos(tmp_path, write_raster)
    rows = int(SIDE_PX * GSD_M / gsd)
    path = tmp_path / name
    write_raster(path, numbers[:, :rows, : 2 * rows], left=LEFT, top=TOP, gsd=gsd)

    flyover = fly(tmp_path)

    assert names(flyover) == ["photo_0.tif", "photo_1.tif"]
    (left_out,) = flyover.broken
    assert left_out.name == name
    assert "is left out" in left_out.problem
    assert not any(trouble.is_fix for trouble in flyover.troubles)


def test_height_model_on_more_ground_than_the_photo(
    tmp_path: Path, write_raster: RasterWriter
) -> None:
    """One photo and one height model are no doubt: heights have a sign or a fraction."""
    lay_photos(tmp_path, write_raster, count=1)
    write_raster(tmp_path / "dsm.tif", noise(1, "float32"), left=LEFT - 90, top=TOP + 90, gsd=4.0)
    flyover = fly(tmp_path)
    assert names(flyover) == ["photo_0.tif"]
    assert [tile.name for tile in flyover.broken] == ["dsm.tif"]


def test_halves_are_in_doubt(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Two deliveries of the same ground, in bytes and deeper: the city must say which one."""
    lay_photos(tmp_path, write_raster, count=1)
    deep = noise(3, "uint16")
    write_raster(tmp_path / "deep.tif", deep, left=LEFT, top=TOP, gsd=GSD_M, photometric="rgb")

    (trouble,) = fly(tmp_path).troubles

    assert trouble.is_fix
    assert "deep.tif (color of uint16)" in trouble.line
    assert fly(tmp_path / "photo_*.tif").troubles == ()


def test_a_gray_photo_of_its_own_ground_is_read_and_named(
    tmp_path: Path, write_raster: RasterWriter
) -> None:
    """Tiles of one flyover may differ; what differs in kind is named."""
    lay_photos(tmp_path, write_raster)
    write_raster(tmp_path / "gray.tif", noise(1), left=LEFT, top=TOP + 32, gsd=GSD_M)
    flyover = fly(tmp_path)
    assert len(flyover.tiles) == 3
    (trouble,) = flyover.troubles
    assert "gray.tif (gray of uint8)" in trouble.line


def test_a_coarse_mosaic_is_read_where_nothing_finer_lies(
    tmp_path: Path, write_raster: RasterWriter
) -> None:
    """It comes last, whatever its name, so that finer photos count where they overlap."""
    lay_photos(tmp_path, write_raster)
    write_raster(tmp_path / "all.tif", noise(3), left=LEFT, top=TOP, gsd=2.0, photometric="rgb")
    flyover = fly(tmp_path)
    assert names(flyover) == ["photo_0.tif", "photo_1.tif", "all.tif"]
    assert "all.tif (2.00 m)" in flyover.troubles[0].line


def test_like_tiles_are_left_alone(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Photos that overlap are photos."""
    lay_photos(tmp_path, write_raster)
    write_raster(tmp_path / "over.tif", noise(3), left=LEFT + 9, top=TOP, gsd=0.6)
    flyover = fly(tmp_path)
    assert len(flyover.tiles) == 3
    assert flyover.troubles == ()
    assert flyover.broken == ()
