"""The chip stage on disk: what is written is read, a row for every vacant, finished shards are kept."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery.chips.chip import Chip
from imagery.chips.cutting import Work
from imagery.chips.inputs import CutInputs
from imagery.chips.quality import Quality
from imagery.chips.settings import TileSettings
from imagery.chips.store import (
    MANIFEST_COLUMNS,
    ChipPlace,
    ChipStore,
    CutRow,
    ShardOrigin,
    read_chip,
    rows_path,
    write_shard,
)
from imagery.chips.tasks import CutJob
from imagery.chips.tiling import plan_flyover, tile_parcels
from imagery.flyover.flyover import Flyover, open_flyover
from imagery.roll.files import FootprintFile, ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll

SETTINGS = TileSettings(gsd_m=0.5, margin_m=2)
Inputs = tuple[VacantRoll, Flyover]
"""Roll and imagery of a city."""


def serial(function: Callable[[CutJob], Work], batches: Sequence[CutJob]) -> Iterator[Work]:
    yield from map(function, batches)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, tiny_city: Callable[..., Path]) -> Inputs:
    """Roll and flyover of the tiny city."""
    folder = tiny_city(tmp_path_factory.mktemp("city")).parent
    roll = read_roll(
        ParcelFile(path=folder / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=folder / "vacant.csv", id=("parcel_id",)),
    )
    return roll, open_flyover(2023, (str(folder / "flyover" / "2023"),))


def tile(
    inputs: Inputs,
    folder: Path,
    settings: TileSettings = SETTINGS,
    footprints: FootprintFile | None = None,
) -> ChipStore:
    roll, flyover = inputs
    cut = CutInputs(roll=roll, flyover=flyover, settings=settings, footprints=footprints)
    return tile_parcels(cut, folder, serial)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans()), max_size=6),
    st.integers(0, 99),
)
def test_written_chips_are_read(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, int, bool]], seed: int
) -> None:
    """Pixels and masks come back as they went in, and rows without chip keep their reason."""
    folder, rng, rows = tmp_path_factory.mktemp("shard"), np.random.default_rng(seed), []
    quality = Quality(covered_share=1.0, nodata_share=0.0, sharpness=2.0, dark_share=0.5)
    for number, (height, width, seen) in enumerate(sizes):
        pixels, mask = (
            rng.integers(0, 256, (3, height, width)).astype(np.uint8),
            rng.random((height, width)) > 0.5,
        )
        chip = Chip(
            parcel_id=str(number),
            year=2023,
            pixels=pixels,
            mask=mask,
            transform=(1, 0, 0, 0, -1, 0),
            crs="EPSG:32618",
            gsd_m=1.0,
            quality=quality,
        )
        rows.append(
            CutRow(
                parcel_id=str(number),
                chip=chip if seen else None,
                quality=quality,
                reason="" if seen else "nodata",
                tiles="a.tif",
            )
        )
    write_shard(folder, 3, rows, origin=ShardOrigin(year=2023, decoder="gdal", key="k"))
    table = pd.read_parquet(rows_path(folder, 3))
    assert table["parcel_id"].tolist() == [row.parcel_id for row in rows]
    assert table["reason"].tolist() == [row.reason for row in rows]
    for row, place in zip(rows, table.to_dict("records"), strict=True):
        assert place["status"] == ("chip" if row.chip else "not_assessed")
        if row.chip:
            stored = read_chip(
                ChipPlace(
                    folder=folder,
                    shard=3,
                    offset=place["offset"],
                    height=place["height"],
                    width=place["width"],
                )
            )
            np.testing.assert_array_equal(stored.pixels, row.chip.pixels)
            np.testing.assert_array_equal(stored.mask, row.chip.mask)
    shutil.rmtree(folder)


def test_a_row_for_every_vacant(inputs: Inputs, tmp_path: Path) -> None:
    """Every parcel of the roll is in the manifest once; the one without outline says so."""
    store = tile(inputs, tmp_path / "chips")
    manifest = store.manifest
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert manifest["parcel_id"].tolist() == inputs[0].table["parcel_id"].tolist()
    assert manifest["status"].value_counts().to_dict() == {"chip": 24, "not_assessed": 1}
    assert manifest.set_index("parcel_id").loc["9999 999", "reason"] == "no_geometry"
    chip = store.read("0216 001")
    assert chip is not None
    assert chip.pixels.shape == (3, 20, 32)
    assert chip.mask.sum() == pytest.approx(12 * 24, abs=40)
    assert store.read("9999 999") is None
    assert store.read("no such parcel") is None


def test_seams_are_listed(inputs: Inputs, tmp_path: Path) -> None:
    """The lot on the corner of four tiles names all four."""
    manifest = tile(inputs, tmp_path / "chips").manifest.set_index("parcel_id")
    assert len(manifest.loc["0218 005", "tiles"].split("|")) >= 2
    assert manifest.loc["0216 001", "tiles"] == "tile_0_0.tif"
    assert (manifest.loc[manifest["status"] == "chip", "covered_share"] == 1).all()


def test_same_plan_keeps_shards(inputs: Inputs, tmp_path: Path) -> None:
    """A second run touches no shard; another scale cuts anew."""
    folder = tmp_path / "chips"
    tile(inputs, folder)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    tile(inputs, folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    store = tile(inputs, folder, TileSettings(gsd_m=1.0, margin_m=2))
    chip = store.read("0216 001")
    assert chip is not None
    assert chip.pixels.shape == (3, 10, 16)


def test_a_changed_tile_is_cut_again(
    tmp_path: Path, tiny_city: Callable[..., Path], write_raster: Callable[..., Path]
) -> None:
    """A tile that was delivered again does not leave old chips in place."""
    folder = tiny_city(tmp_path / "city").parent
    roll = read_roll(
        ParcelFile(path=folder / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=folder / "vacant.csv", id=("parcel_id",)),
    )
    place = str(folder / "flyover" / "2023")
    first = tile((roll, open_flyover(2023, (place,))), tmp_path / "chips").read("0216 001")
    white = np.full((3, 64, 64), 255, np.uint8)
    (folder / "flyover" / "2023" / "tile_0_0.tif").unlink()
    write_raster(folder / "flyover" / "2023" / "tile_0_0.tif", white)
    second = tile((roll, open_flyover(2023, (place,))), tmp_path / "chips").read("0216 001")
    assert first is not None and second is not None
    assert first.pixels[:, first.mask].min() < 255
    assert second.pixels[:, second.mask].min() == 255


def test_half_a_shard_is_cut_again(inputs: Inputs, tmp_path: Path) -> None:
    """Pixels without rows are what a killed run leaves; the next run ends with the same bytes."""
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    tile(inputs, whole)
    shutil.copytree(whole, folder)
    (folder / "manifest.parquet").unlink()
    rows_path(folder, 0).unlink()
    (folder / "shard_00000.bin").write_bytes(b"half")
    (folder / ".4711.shard_00000.bin").write_bytes(b"what a worker wrote that was killed")
    tile(inputs, folder)
    assert {path.name for path in folder.iterdir()} == {path.name for path in whole.iterdir()}
    for path in sorted(whole.iterdir()):
        assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_footprints_narrow_the_mask(
    inputs: Inputs, houses: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    """A building outline is intersected with its lot; an outline that only grazes a lot is ignored."""
    roofs = houses.geometry.copy()
    west, south, east, _ = roofs.iloc[0].bounds
    roofs.iloc[0] = gpd.points_from_xy([west + 3], [south + 3], crs=houses.crs)[0].buffer(
        3, cap_style="square"
    )
    gpd.GeoDataFrame(geometry=roofs, crs=houses.crs).to_file(tmp_path / "roofs.gpkg")
    store = tile(inputs, tmp_path / "chips", footprints=FootprintFile(path=tmp_path / "roofs.gpkg"))
    narrow, full = store.read("0216 001"), store.read("0216 002")
    assert narrow is not None and full is not None
    assert narrow.mask.sum() == pytest.approx(144, abs=30)
    assert full.mask.sum() == pytest.approx(288, abs=40)
    assert east - west == pytest.approx(6)


def test_plan_does_not_hang_on_row_order(inputs: Inputs, tmp_path: Path) -> None:
    """Every vacant is in exactly one batch, and the plan is the same each time."""
    roll, flyover = inputs
    cut = CutInputs(roll=roll, flyover=flyover, settings=SETTINGS, footprints=None)
    plan = plan_flyover(cut)
    ids = [parcel.parcel_id for task in (*plan.inner, *plan.seams) for parcel in task.parcels] + [
        parcel_id for parcel_id, _ in plan.absent
    ]
    assert sorted(ids) == inputs[0].table["parcel_id"].tolist()
    assert plan_flyover(cut) == plan
