"""The chip stage on disk: what is written is read, and finished shards are kept.

Every vacant has a row.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from cities import CityBuilder, RasterWriter
from hypothesis import given
from hypothesis import strategies as st

from imagery.chips.chip import Chip
from imagery.chips.cutting import Work
from imagery.chips.inputs import CutInputs
from imagery.chips.quality import Quality
from imagery.chips.settings import TileSettings
from imagery.chips.shards import CutRow, ShardOrigin, write_shard
from imagery.chips.store import MANIFEST_COLUMNS, ChipPlace, ChipStore, read_chip, rows_path
from imagery.chips.tasks import CutJob
from imagery.chips.tiling import plan_flyover, tile_parcels
from imagery.flyover.flyover import open_flyover
from imagery.roll.files import FootprintFile, ParcelFile, VacantFile
from imagery.roll.parcels import read_roll

SETTINGS = TileSettings(gsd_m=0.5, margin_m=2)


def serial(function: Callable[[CutJob], Work], jobs: Sequence[CutJob]) -> Iterator[Work]:
    """Cut one job after the other."""
    return map(function, jobs)


def inputs_of(city: Path) -> CutInputs:
    """Read roll and flyover of a city."""
    folder = city.parent
    roll = read_roll(
        ParcelFile(path=folder / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=folder / "vacant.csv", id=("parcel_id",)),
    )
    flyover = open_flyover(2023, (str(folder / "flyover" / "2023"),))
    return CutInputs(roll=roll, flyover=flyover, settings=SETTINGS, footprints=None)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, tiny_city: CityBuilder) -> CutInputs:
    """Roll and flyover of the tiny city."""
    return inputs_of(tiny_city(tmp_path_factory.mktemp("city")))


def tile(inputs: CutInputs, folder: Path) -> ChipStore:
    """Cut all parcels."""
    return tile_parcels(inputs, folder, serial)


@st.composite
def cut_rows(draw: st.DrawFn) -> list[CutRow]:
    """Rows of random chips, some of which are missing for a reason."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    side_px = st.integers(1, 9)
    sizes = draw(st.lists(st.tuples(side_px, side_px, st.booleans()), max_size=6))
    quality = Quality(covered_share=1.0, nodata_share=0.0, sharpness=2.0, dark_share=0.5)

    rows = []
    for number, (height, width, seen) in enumerate(sizes):
        chip = Chip(
            parcel_id=str(number),
            year=2023,
            pixels=rng.integers(0, 256, (3, height, width)).astype(np.uint8),
            mask=rng.random((height, width)) > 0.5,
            transform=(1, 0, 0, 0, -1, 0),
            crs="EPSG:32618",
            gsd_m=1.0,
            quality=quality,
        )
        row = CutRow(
            parcel_id=str(number),
            chip=chip if seen else None,
            quality=quality,
            reason="" if seen else "nodata",
            tiles="a.tif",
        )
        rows.append(row)
    return rows


@given(cut_rows())
def test_written_chips_are_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[CutRow]
) -> None:
    """Pixels and masks come back as they went in, and rows without chip keep their reason."""
    folder = tmp_path_factory.mktemp("shard")

    write_shard(folder, 3, rows, origin=ShardOrigin(year=2023, decoder="gdal", key="k"))

    table = pd.read_parquet(rows_path(folder, 3))
    assert table["parcel_id"].tolist() == [row.parcel_id for row in rows]
    assert table["reason"].tolist() == [row.reason for row in rows]
    for row, stored_row in zip(rows, table.to_dict("records"), strict=True):
        assert stored_row["status"] == ("chip" if row.chip else "not_assessed")
        if row.chip:
            place = ChipPlace(
                folder=folder,
                shard=3,
                offset=stored_row["offset"],
                height=stored_row["height"],
                width=stored_row["width"],
            )
            stored = read_chip(place)
            np.testing.assert_array_equal(stored.pixels, row.chip.pixels)
            np.testing.assert_array_equal(stored.mask, row.chip.mask)
    shutil.rmtree(folder)


def test_a_row_for_every_vacant(inputs: CutInputs, tmp_path: Path) -> None:
    """Every parcel of the roll is in the manifest once; the one without outline says so."""
    store = tile(inputs, tmp_path / "chips")
    manifest = store.manifest
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert manifest["parcel_id"].tolist() == inputs.roll.table["parcel_id"].tolist()
    assert manifest["status"].value_counts().to_dict() == {"chip": 24, "not_assessed": 1}
    assert manifest.set_index("parcel_id").loc["9999 999", "reason"] == "no_geometry"

    chip = store.read("0216 001")
    assert chip is not None
    assert chip.pixels.shape == (3, 20, 32)
    assert chip.mask.sum() == pytest.approx(12 * 24, abs=40)
    assert store.read("9999 999") is None
    assert store.read("no such parcel") is None


def test_seams_are_listed(inputs: CutInputs, tmp_path: Path) -> None:
    """The lot on the corner of four tiles names all four."""
    manifest = tile(inputs, tmp_path / "chips").manifest.set_index("parcel_id")
    tiles = manifest["tiles"].to_dict()
    assert len(tiles["0218 005"].split("|")) >= 2
    assert tiles["0216 001"] == "tile_0_0.tif"
    assert (manifest.loc[manifest["status"] == "chip", "covered_share"] == 1).all()


def test_same_plan_keeps_shards(inputs: CutInputs, tmp_path: Path) -> None:
    """A second run touches no shard; another scale cuts all again."""
    folder = tmp_path / "chips"
    tile(inputs, folder)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    tile(inputs, folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before

    store = tile(replace(inputs, settings=TileSettings(gsd_m=1.0, margin_m=2)), folder)
    chip = store.read("0216 001")
    assert chip is not None
    assert chip.pixels.shape == (3, 10, 16)


def test_a_changed_tile_is_cut_again(
    tmp_path: Path, tiny_city: CityBuilder, write_raster: RasterWriter
) -> None:
    """A tile that was delivered again does not leave old chips in place."""
    city = tiny_city(tmp_path / "city")
    delivered = city.parent / "flyover" / "2023" / "tile_0_0.tif"
    first = tile(inputs_of(city), tmp_path / "chips").read("0216 001")

    delivered.unlink()
    bright = np.random.default_rng(0).integers(240, 256, (3, 64, 64)).astype(np.uint8)
    write_raster(delivered, bright)
    second = tile(inputs_of(city), tmp_path / "chips").read("0216 001")

    assert first is not None and second is not None
    assert first.pixels[:, first.mask].min() < 240
    assert second.pixels[:, second.mask].min() >= 240


def test_half_a_shard_is_cut_again(inputs: CutInputs, tmp_path: Path) -> None:
    """Pixels without rows are what a killed run leaves; the next run ends with the same bytes."""
    whole = tmp_path / "whole"
    folder = tmp_path / "killed"
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
    inputs: CutInputs, houses: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    """A building is intersected with its lot; one that only grazes a lot is ignored."""
    roofs = houses.geometry.copy()
    west, south, east, _ = roofs.iloc[0].bounds
    roofs.iloc[0] = shapely.box(west, south, west + 6, south + 6)
    footprints = FootprintFile(path=tmp_path / "roofs.gpkg")
    gpd.GeoDataFrame(geometry=roofs, crs=houses.crs).to_file(footprints.path)

    store = tile(replace(inputs, footprints=footprints), tmp_path / "chips")

    narrow = store.read("0216 001")
    full = store.read("0216 002")
    assert narrow is not None and full is not None
    assert narrow.mask.sum() == pytest.approx(144, abs=30)
    assert full.mask.sum() == pytest.approx(288, abs=40)
    assert east - west == pytest.approx(6)


def test_the_plan_holds_every_vacant_once(inputs: CutInputs) -> None:
    """Every vacant is in exactly one batch, and the plan is the same each time."""
    plan = plan_flyover(inputs)

    ids = [parcel_id for parcel_id, _ in plan.absent]
    for task in (*plan.inner, *plan.seams):
        ids.extend(parcel.parcel_id for parcel in task.parcels)
    assert sorted(ids) == inputs.roll.table["parcel_id"].tolist()
    assert plan_flyover(inputs) == plan
