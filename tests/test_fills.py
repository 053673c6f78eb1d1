"""Flat fills that nothing declares: on a roof they are no data; a bright or dark roof is a roof."""

from pathlib import Path

import numpy as np
import pytest
from cities import RasterWriter
from numpy.typing import NDArray
from test_chips import cut

from imagery.chips.fills import BLOWN_FILL, BOX_FILL, WIDE_FILL, filled_share, find_fills
from imagery.flyover.pixels import DATA, NODATA

Picture = NDArray[np.uint8]
JPEG: dict[str, object] = {"compress": "jpeg", "photometric": "ycbcr", "tiled": True}
STORAGES: dict[str, tuple[str, dict[str, object]]] = {
    "lossless": (".tif", {"compress": "deflate"}),
    "jpeg": (".tif", JPEG),
    "coarse jpeg": (".tif", {**JPEG, "jpeg_quality": 50}),
    "jp2": (".jp2", {}),
}


def photo(level: int, *, grain: float = 9.0, side_px: int = 128) -> Picture:
    """Return ground with grain, (3, side, side)."""
    noise = np.random.default_rng(0).normal(level, grain, (3, side_px, side_px))
    return np.clip(noise, 0, 255).astype(np.uint8)


def rgbx(color: Picture) -> Picture:
    known = np.full((1, *color.shape[1:]), DATA, np.uint8)
    return np.ascontiguousarray(np.concatenate([color, known]).transpose(1, 2, 0))


@pytest.mark.parametrize("value", [0, 128, 254, 255, (12, 200, 33)])
@pytest.mark.parametrize("storage", STORAGES)
def test_a_filled_roof_is_not_assessed(
    tmp_path: Path, write_raster: RasterWriter, storage: str, value: int | tuple[int, int, int]
) -> None:
    """Any one value over a roof is no data, whatever the compression."""
    suffix, options = STORAGES[storage]
    picture = photo(120)
    picture[:, :48, :64] = np.reshape(value, (-1, 1, 1))
    path = write_raster(tmp_path / f"tile{suffix}", picture, **options)  # type: ignore[arg-type]  # storage
    assert cut([path]) == (None, "nodata")


@pytest.mark.parametrize("level", [2, 20, 60, 235, 250])
def test_a_dark_or_bright_roof_is_seen(
    tmp_path: Path, write_raster: RasterWriter, level: int
) -> None:
    """Grain of a camera, and be it small, is no fill."""
    path = write_raster(tmp_path / "tile.tif", photo(level, grain=3.0))
    assert cut([path])[1] in ("", "black_shadow")


def test_worked_example() -> None:
    """A box and a collar, found to the pixel; what is no data already does not count."""
    pixels = rgbx(photo(120))
    pixels[20:40, 30:60, :3] = (255, 254, 255)
    pixels[:, 100:, :3] = 7
    pixels[60:90, 10:40, :3] = 9
    pixels[60:90, 10:40, 3] = NODATA

    fills = find_fills(pixels)

    assert fills is not None
    expected = np.zeros((128, 128), np.uint8)
    expected[20:40, 30:60] = BOX_FILL
    expected[:, 100:] = WIDE_FILL
    np.testing.assert_array_equal(fills, expected)


def test_a_blown_out_spot_is_no_fill() -> None:
    """What is no box and small beside all that is seen may be a bright part of a roof."""
    pixels = rgbx(photo(200))
    rows, columns = np.mgrid[:128, :128]
    pixels[np.abs(rows - 64) + np.abs(columns - 64) < 16, :3] = 255
    fills = find_fills(pixels)
    assert fills is not None
    assert set(np.unique(fills).tolist()) == {0, BLOWN_FILL}


def test_slopes_are_no_fills() -> None:
    """A smooth slope of brightness has no square of one value."""
    slope = np.tile((np.arange(128) / 2).astype(np.uint8), (3, 128, 1))
    assert find_fills(rgbx(slope)) is None
    assert find_fills(rgbx(photo(120))) is None


@pytest.mark.parametrize("band", [0, 1, 2])
def test_flat_in_one_color_is_no_fill(band: int) -> None:
    """A sensor that saturates in one color still shows the roof in the others."""
    pixels = rgbx(photo(120))
    pixels[20:60, 20:60, band] = 255
    assert find_fills(pixels) is None
    pixels[20:60, 20:60, :3] = 255
    assert find_fills(pixels) is not None


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ([0] * 10, 0.0),
        ([BLOWN_FILL] * 4 + [0] * 6, 0.0),
        ([BLOWN_FILL] * 5 + [0] * 5, 0.5),
        ([BOX_FILL] * 2 + [0] * 8, 0.0),
        ([BOX_FILL] * 3 + [BLOWN_FILL] + [0] * 6, 0.3),
        ([WIDE_FILL] + [BLOWN_FILL] * 2 + [0] * 7, 0.1),
    ],
)
def test_share_of_a_roof(values: list[int], share: float) -> None:
    """A collar counts at once, a box from a quarter on, any flat area from a half on."""
    assert filled_share(np.array(values, np.uint8)) == pytest.approx(share)
