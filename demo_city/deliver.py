"""Render tiles and write them as a vendor would: GeoTIFF, JPEG with a world file, JPEG 2000."""

from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import ColorInterp

from demo_city.camera import CAMERAS, photograph
from demo_city.folder import WRITING
from demo_city.layout import CityPlan, block_at
from demo_city.noise import stream
from demo_city.scene import OPEN_GROUND, render_window
from demo_city.tiles import Tile

HALO_PX = 8
JPEG_QUALITY = 84


def deliver_tile(plan: CityPlan, tile: Tile, folder: Path) -> None:
    """Render one tile and write it, unless it is there already."""
    path = folder / tile.name
    if path.exists():
        return

    image = photograph_tile(plan, tile)
    temporary = folder / f"{WRITING}{tile.name}"
    if tile.grid.year == 2022:
        _write_geotiff(image, tile, temporary)
    elif tile.grid.year == 2023:
        _write_jpeg(image, tile, temporary)
    else:
        _write_jp2(image, tile, temporary)

    # The tile itself comes last: when it is there, its side files are too.
    for file in sorted(folder.glob(f"{temporary.stem}.*"), key=lambda file: file == temporary):
        file.replace(folder / file.name.removeprefix(WRITING))


def photograph_tile(plan: CityPlan, tile: Tile) -> NDArray[np.uint8]:
    """Return a tile (tile_px, tile_px, 3) as the camera saw it, black beyond the flight lines."""
    scene = render_tile(plan, tile, HALO_PX)
    rng = stream(plan.seed, "camera", tile.grid.year, tile.row, tile.column)
    photo = photograph(rng, scene, CAMERAS[tile.grid.year])

    image = photo[HALO_PX:-HALO_PX, HALO_PX:-HALO_PX].copy()
    image[tile.beyond_flight()] = 0
    return image


def render_tile(plan: CityPlan, tile: Tile, halo_px: int) -> NDArray[np.uint8]:
    """Return the ground colors of a tile with a halo on every side, before the camera."""
    corners_px = {index: tile.corners_px(block_at(plan, index), halo_px) for index in tile.blocks}
    corners_px[OPEN_GROUND] = tile.corners_px(tile.ground_anchor(), halo_px)

    side_px = tile.grid.tile_px + 2 * halo_px
    return render_window(plan, tile.grid.year, (side_px, side_px), corners_px)


def _write_geotiff(image: NDArray[np.uint8], tile: Tile, path: Path) -> None:
    height, width, _ = image.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=3,
        dtype="uint8",
        crs=tile.grid.crs,
        transform=tile.transform,
        nodata=0,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="JPEG",
        photometric="YCBCR",
        jpeg_quality=JPEG_QUALITY,
    ) as dataset:
        dataset.write(image.transpose(2, 0, 1))


def _write_jpeg(image: NDArray[np.uint8], tile: Tile, path: Path) -> None:
    """Write a JPEG with a world file, and its CRS as GDAL and as ESRI spell it."""
    cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY - 4])

    a, b, c, d, e, f = tile.transform[:6]
    world = (a, d, b, e, c + a / 2, f + e / 2)
    path.with_suffix(".jgw").write_text("".join(f"{value:.14f}\n" for value in world))

    crs = CRS.from_user_input(tile.grid.crs)
    path.with_suffix(".prj").write_text(crs.to_wkt("WKT1_ESRI"))
    wkt = crs.to_wkt("WKT1_GDAL").replace('"', "&quot;")
    srs = f'<SRS dataAxisToSRSAxisMapping="2,1">{wkt}</SRS>'
    Path(f"{path}.aux.xml").write_text(f"<PAMDataset>\n  {srs}\n</PAMDataset>\n")


def _write_jp2(image: NDArray[np.uint8], tile: Tile, path: Path) -> None:
    height, width, _ = image.shape
    with rasterio.open(
        path,
        "w",
        driver="JP2OpenJPEG",
        width=width,
        height=height,
        count=3,
        dtype="uint8",
        crs=tile.grid.crs,
        transform=tile.transform,
        QUALITY="14",
        REVERSIBLE="NO",
        BLOCKXSIZE="512",
        BLOCKYSIZE="512",
    ) as dataset:
        dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
        dataset.write(image.transpose(2, 0, 1))
