"""Render tiles and write them the way a vendor would: GeoTIFF, JPEG with a world file, JPEG 2000."""

from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS

from demo_city.camera import CAMERAS, photograph
from demo_city.layout import CityPlan, block_at
from demo_city.noise import stream
from demo_city.scene import render_window
from demo_city.tiles import Tile

HALO_PX = 8
JPEG_QUALITY = 84


def deliver_tile(plan: CityPlan, tile: Tile, folder: Path) -> None:
    """Render one tile and write it, unless it is there already."""
    path = folder / tile.name
    if path.exists():
        return
    image = photograph_tile(plan, tile)
    temporary = folder / f".writing_{tile.name}"
    if tile.grid.year == 2022:
        _write_geotiff(image, tile, temporary)
    elif tile.grid.year == 2023:
        _write_jpeg(image, tile, temporary)
    else:
        _write_jp2(image, tile, temporary)
    for side_file in sorted(
        folder.glob(f"{temporary.stem}.*"), key=lambda p: p.name == temporary.name
    ):
        side_file.replace(folder / side_file.name.removeprefix(".writing_"))


def photograph_tile(plan: CityPlan, tile: Tile) -> NDArray[np.uint8]:
    """Return a tile (tile_px, tile_px, 3) as the camera saw it, black beyond the flight lines."""
    scene = render_tile(plan, tile, HALO_PX)
    rng = stream(plan.seed, "camera", tile.grid.year, tile.row, tile.column)
    image = photograph(rng, scene, CAMERAS[tile.grid.year])[
        HALO_PX:-HALO_PX, HALO_PX:-HALO_PX
    ].copy()
    image[tile.beyond_flight()] = 0
    return image


def render_tile(plan: CityPlan, tile: Tile, halo_px: int) -> NDArray[np.uint8]:
    """Return the ground colors of a tile with a halo on every side, before the camera."""
    side = tile.grid.tile_px + 2 * halo_px
    to_px = {i: tile.corners_px(block_at(plan, i), halo_px) for i in tile.blocks}
    to_px[-1] = tile.corners_px(tile.ground_anchor(), halo_px)
    return render_window(plan, tile.grid.year, (side, side), blocks=list(tile.blocks), to_px=to_px)


def _write_geotiff(image: NDArray[np.uint8], tile: Tile, path: Path) -> None:
    side = tile.grid.tile_px
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=side,
        height=side,
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
    a = tile.transform
    world = (a.a, a.d, a.b, a.e, a.c + a.a / 2, a.f + a.e / 2)
    path.with_suffix(".jgw").write_text("".join(f"{v:.14f}\n" for v in world))
    crs = CRS.from_user_input(tile.grid.crs)
    path.with_suffix(".prj").write_text(crs.to_wkt("WKT1_ESRI"))
    wkt = crs.to_wkt("WKT1_GDAL").replace('"', "&quot;")
    srs = f'<SRS dataAxisToSRSAxisMapping="2,1">{wkt}</SRS>'
    Path(f"{path}.aux.xml").write_text(f"<PAMDataset>\n  {srs}\n</PAMDataset>\n")


def _write_jp2(image: NDArray[np.uint8], tile: Tile, path: Path) -> None:
    side = tile.grid.tile_px
    with rasterio.open(
        path,
        "w",
        driver="JP2OpenJPEG",
        width=side,
        height=side,
        count=3,
        dtype="uint8",
        crs=tile.grid.crs,
        transform=tile.transform,
        QUALITY="14",
        REVERSIBLE="NO",
        BLOCKXSIZE="512",
        BLOCKYSIZE="512",
    ) as dataset:
        dataset.write(image.transpose(2, 0, 1))
