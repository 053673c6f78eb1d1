"""The chip stage gives the same chips however it is cut up, stopped or repeated."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from cities import Storage
from hypothesis import given, settings
from hypothesis import strategies as st
from mosaics import (
    EVERYTHING,
    LOTS,
    METRIC,
    QUICK,
    Layout,
    Lot,
    layouts,
    one_tile,
    open_folder,
    serial,
    write_layout,
    write_tile,
)
from rasterio.enums import Resampling
from shapely.geometry.base import BaseGeometry

from imagery.chips import plan
from imagery.chips.cutting import Work
from imagery.chips.inputs import CutInputs
from imagery.chips.settings import TileSettings
from imagery.chips.store import ChipStore
from imagery.chips.tasks import CutJob
from imagery.chips.tiling import CutRunner, tile_parcels
from imagery.errors import InputError
from imagery.roll.parcels import ROLL_COLUMNS, VacantRoll


def roll_of(outlines: dict[str, BaseGeometry | None]) -> VacantRoll:
    """Make a roll of these parcels, by id, in `METRIC`."""
    columns: dict[str, list[str]] = {name: [""] * len(outlines) for name in ROLL_COLUMNS[:-1]}
    columns["parcel_id"] = list(outlines)
    table = gpd.GeoDataFrame(columns, geometry=list(outlines.values()), crs=METRIC)
    ordered = gpd.GeoDataFrame(table[list(ROLL_COLUMNS)])
    return VacantRoll(table=ordered, notices=0, joined_by_place=0, unmatched=())


@dataclass(frozen=True, kw_only=True)
class Town:
    """A layout and its parcels."""

    layout: Layout
    """The tiles."""
    lots: tuple[Lot, ...]
    """The parcels."""
    other: str = ""
    """CRS of one more tile, which shows the same center; "" for none."""
    gone: frozenset[int] = frozenset()
    """Numbers of the parcels that are not on the roll."""

    def photograph(self, folder: Path) -> None:
        """Write the tiles."""
        write_layout(folder, self.layout)
        if self.other:
            write_layout(folder / "other", one_tile(self.layout, self.other, 0))

    def roll(self) -> VacantRoll:
        """Return the parcels as a roll, and one that has no outline."""
        shapes = [*(lot.outline(self.layout, METRIC) for lot in self.lots), None]
        numbered = [pair for pair in enumerate(shapes) if pair[0] not in self.gone]
        return roll_of({f"{number:04d}": shape for number, shape in numbered})

    def tile(self, photos: Path, folder: Path, runner: CutRunner = serial) -> ChipStore:
        """Cut all chips."""
        gsd_m = 0.5 * self.layout.gsd_m
        inputs = CutInputs(
            roll=self.roll(),
            flyover=open_folder(photos),
            settings=replace(EVERYTHING, gsd_m=gsd_m, margin_m=3 * gsd_m, max_side_m=120 * gsd_m),
            footprints=None,
        )
        return tile_parcels(inputs, folder, runner)


TOWNS = st.builds(
    Town,
    layout=layouts(),
    lots=st.lists(LOTS, min_size=1, max_size=14).map(tuple),
    other=st.sampled_from(("", "", "EPSG:4326", "EPSG:32618")),
)
FEW = settings(QUICK, max_examples=7)
SOME_PARCELS = st.sampled_from((1, 2, 5))


@contextmanager
def task_parcels(number: int) -> Iterator[None]:
    """Plan tasks of so many parcels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "TASK_PARCELS", number)
        yield


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all shards and of the manifest; only the plan may be there besides."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "plan.json"}
    assert all(name == "manifest.parquet" or name.startswith("shard_") for name in files)
    return files


def marks(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written again."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}


def chips(store: ChipStore) -> dict[str, tuple[object, ...]]:
    """Return all that is known of every parcel, wherever it is stored."""
    rows = store.manifest.drop(columns=["shard", "index", "offset"]).astype(str)
    found: dict[str, tuple[object, ...]] = {}
    for parcel_id, *row in rows.to_numpy().tolist():
        chip = store.read(parcel_id)
        found[parcel_id] = (*row, chip and chip.pixels.tobytes(), chip and chip.mask.tobytes())
    return found


@settings(QUICK, max_examples=12)
@given(town=TOWNS, number=SOME_PARCELS)
def test_tasks_leave_no_trace(
    tmp_path_factory: pytest.TempPathFactory, town: Town, number: int
) -> None:
    """However the work is shared out, chips have the same bytes.

    Every parcel has one row, and every unit is decoded once.
    """
    folder = tmp_path_factory.mktemp("town")
    town.photograph(folder / "photos")
    single = town.tile(folder / "photos", folder / "single")

    with task_parcels(number):
        shared = town.tile(folder / "photos", folder / "shared")
        before = marks(folder / "shared")
        again = town.tile(folder / "photos", folder / "shared")

    assert chips(shared) == chips(single)
    assert shared.manifest["parcel_id"].tolist() == town.roll().table["parcel_id"].tolist()
    assert single.units_decoded == single.units_touched
    assert shared.units_decoded == shared.units_touched == single.units_touched
    assert again.units_decoded == 0
    assert marks(folder / "shared") == before


@FEW
@given(data=st.data(), town=TOWNS, number=SOME_PARCELS, manifest=st.booleans())
def test_lost_files_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    town: Town,
    number: int,
    manifest: bool,
) -> None:
    """Whatever was lost, the next run ends with the same bytes and touches no other shard."""
    folder = tmp_path_factory.mktemp("town")
    chips_folder = folder / "chips"
    town.photograph(folder / "photos")

    with task_parcels(number):
        whole = town.tile(folder / "photos", chips_folder)
        before = contents(chips_folder)
        marks_before = marks(chips_folder)

        shards = sorted(set(before) - {"manifest.parquet"})
        lost: set[str] = data.draw(st.sets(st.sampled_from(shards))) if shards else set()
        for name in lost:
            (chips_folder / name).unlink()
        if manifest:
            (chips_folder / "manifest.parquet").unlink()
        again = town.tile(folder / "photos", chips_folder)

    assert contents(chips_folder) == before
    assert again.units_decoded <= (whole.units_touched if lost else 0)
    marks_after = marks(chips_folder)
    lost_stems = {Path(name).stem for name in lost}
    for name in shards:
        if Path(name).stem not in lost_stems:
            assert marks_after[name] == marks_before[name]


@FEW
@given(data=st.data(), town=TOWNS, number=SOME_PARCELS)
def test_a_new_tile_changes_its_own_shards(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, town: Town, number: int
) -> None:
    """When a tile is delivered again, only the shards that see it are cut again.

    The files are those of a first run.
    """
    folder = tmp_path_factory.mktemp("town")
    chips_folder = folder / "chips"
    town.photograph(folder / "photos")
    new = data.draw(st.sampled_from(sorted((folder / "photos").rglob("*.tif"))))

    with task_parcels(number):
        town.tile(folder / "photos", chips_folder)
        before = marks(chips_folder)
        paint(new)
        town.tile(folder / "photos", chips_folder)
        town.tile(folder / "photos", folder / "fresh")

    assert contents(chips_folder) == contents(folder / "fresh")
    after = marks(chips_folder)
    shards = [name for name in after if name.startswith("shard_")]
    changed = {Path(name).stem for name in shards if after[name] != before[name]}
    tables = sorted(chips_folder.glob("shard_*.parquet"))
    assert changed == {path.stem for path in tables if new.name in tiles_of(path)}


def tiles_of(table: Path) -> set[str]:
    """Return the names of all tiles that the parcels of a shard see."""
    names = pd.read_parquet(table)["tiles"].str.split("|").explode()
    return set(names)


def paint(path: Path) -> None:
    """Write other pixels over a tile."""
    with rasterio.open(path) as source:
        pixels = source.read()
        profile = source.profile
    path.unlink()
    with rasterio.open(path, "w", **profile) as target:
        target.write(np.concatenate([255 - pixels[:3], pixels[3:]]))


@dataclass(frozen=True, kw_only=True)
class KilledRunner:
    """Does some jobs, one after the other, and is then killed."""

    jobs: int
    """How many jobs to do."""
    done: list[Work] = field(default_factory=list)
    """Results so far."""

    def __call__(
        self, function: Callable[[CutJob], Work], jobs: Sequence[CutJob]
    ) -> Iterator[Work]:
        """Do jobs until killed."""
        for job in jobs:
            if len(self.done) == self.jobs:
                raise KeyboardInterrupt
            work = function(job)
            self.done.append(work)
            yield work


@FEW
@given(town=TOWNS, number=SOME_PARCELS, jobs=st.integers(0, 12), renewed=st.booleans())
def test_a_killed_run_goes_on(
    tmp_path_factory: pytest.TempPathFactory, town: Town, number: int, jobs: int, renewed: bool
) -> None:
    """After a kill in either phase, the next run decodes what is left.

    It ends as if nothing had happened, with new tiles or without.
    """
    folder = tmp_path_factory.mktemp("town")
    town.photograph(folder / "photos")
    killed = KilledRunner(jobs=jobs)

    with task_parcels(number):
        try:
            town.tile(folder / "photos", folder / "chips", killed)
        except KeyboardInterrupt:
            assert not (folder / "chips" / "manifest.parquet").exists()
        if renewed:
            paint(folder / "photos" / "photos_00.tif")
        rest = town.tile(folder / "photos", folder / "chips")
        fresh = town.tile(folder / "photos", folder / "fresh")

    assert contents(folder / "chips") == contents(folder / "fresh")
    if not renewed and rest.units_touched:
        units_before = sum(work.units for work in killed.done)
        assert rest.units_decoded + units_before == fresh.units_touched


@FEW
@given(data=st.data(), town=TOWNS, number=SOME_PARCELS, jobs=st.integers(0, 12))
def test_a_new_roll_costs_its_new_parcels(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    town: Town,
    number: int,
    jobs: int,
) -> None:
    """When parcels come and go, only those that come are cut, also after a kill.

    The files are those of a first run.
    """
    numbers = st.frozensets(st.sampled_from(range(len(town.lots))))
    last_year = replace(town, gone=data.draw(numbers))
    this_year = replace(town, gone=data.draw(numbers))
    new = replace(town, gone=frozenset(range(len(town.lots))) - (last_year.gone - this_year.gone))
    folder = tmp_path_factory.mktemp("town")
    photos = folder / "photos"
    town.photograph(photos)
    killed = KilledRunner(jobs=jobs)

    with task_parcels(number):
        last_year.tile(photos, folder / "chips")
        try:
            first = this_year.tile(photos, folder / "chips", killed).units_decoded
        except KeyboardInterrupt:
            first = sum(work.units for work in killed.done)
        rest = this_year.tile(photos, folder / "chips")
        this_year.tile(photos, folder / "fresh")
        alone = new.tile(photos, folder / "new")

    assert contents(folder / "chips") == contents(folder / "fresh")
    assert first <= alone.units_touched
    assert rest.units_decoded <= alone.units_touched


WEST = 360_000
NORTH = 4_350_000


def lot_at(left: int, top: int, right: int, bottom: int) -> shapely.Polygon:
    """Make a lot, meters east and south of (WEST, NORTH)."""
    return shapely.box(WEST + left, NORTH - bottom, WEST + right, NORTH - top)


@pytest.mark.parametrize("number", [1, 2, 300])
def test_units_counted_by_hand(tmp_path: Path, number: int) -> None:
    """Four lots touch six blocks, all of the first tile and two of the second.

    Each tile has 2 x 2 blocks. Decoded lot by lot they would be eight.
    """
    storage: Storage = {"tiled": True, "blockxsize": 32, "blockysize": 32, "compress": "deflate"}
    for name, left in (("00.tif", 0), ("01.tif", 64)):
        noise = np.random.default_rng(left).integers(1, 256, (3, 64, 64)).astype(np.uint8)
        transform = Affine(1, 0, WEST + left, 0, -1, NORTH)
        path = tmp_path / "photos" / name
        write_tile(path, noise, crs=METRIC, transform=transform, **storage)
    lots: dict[str, BaseGeometry | None] = {
        "one block": lot_at(4, 4, 16, 12),
        "four blocks": lot_at(26, 26, 38, 36),
        "the other tile": lot_at(104, 40, 116, 48),
        "the seam": lot_at(58, 4, 70, 12),
    }
    inputs = CutInputs(
        roll=roll_of(lots),
        flyover=open_folder(tmp_path / "photos"),
        settings=TileSettings(gsd_m=1.0, margin_m=0.0),
        footprints=None,
    )

    with task_parcels(number):
        store = tile_parcels(inputs, tmp_path / "chips", serial)

    assert (store.units_touched, store.units_decoded) == (6, 6)
    manifest = store.manifest.set_index("parcel_id")
    assert manifest["tiles"].to_dict() == {
        "one block": "00.tif",
        "four blocks": "00.tif",
        "the other tile": "01.tif",
        "the seam": "00.tif|01.tif",
    }
    shapes = manifest.loc[list(lots), ["height", "width"]].to_numpy().tolist()
    assert shapes == [[8, 12], [10, 12], [8, 12], [8, 12]]


@pytest.mark.parametrize("damage", ["pixels", "rows", "gone"])
def test_a_damaged_shard_is_not_kept(tmp_path: Path, damage: str) -> None:
    """Two lots of one shard, and then three: what was damaged in between is cut again."""
    noise = np.random.default_rng(1).integers(1, 256, (3, 64, 64)).astype(np.uint8)
    path = tmp_path / "photos" / "00.tif"
    write_tile(path, noise, crs=METRIC, transform=Affine(1, 0, WEST, 0, -1, NORTH))
    lots: dict[str, BaseGeometry | None] = {
        "first": lot_at(4, 4, 16, 12),
        "second": lot_at(26, 26, 38, 36),
        "third": lot_at(44, 40, 56, 48),
    }

    def tile(folder: str, *names: str) -> ChipStore:
        inputs = CutInputs(
            roll=roll_of({name: lots[name] for name in names}),
            flyover=open_folder(tmp_path / "photos"),
            settings=TileSettings(gsd_m=1.0, margin_m=0.0),
            footprints=None,
        )
        return tile_parcels(inputs, tmp_path / folder, serial)

    chips_folder = tmp_path / "chips"
    tile("chips", "first", "second")
    shard = chips_folder / "shard_00000"
    if damage == "pixels":
        damaged = shard.with_suffix(".bin")
        damaged.write_bytes(b"\x00" + damaged.read_bytes()[1:])
        with pytest.raises(InputError, match="start the same command again"):
            tile("chips", "first", "second", "third")
    elif damage == "rows":
        shard.with_suffix(".parquet").write_bytes(b"PAR1")
    else:
        shard.with_suffix(".bin").unlink()

    tile("chips", "first", "second", "third")
    tile("fresh", "first", "second", "third")
    assert contents(chips_folder) == contents(tmp_path / "fresh")


def test_a_coarser_model_reads_the_overview(tmp_path: Path) -> None:
    """At twice the scale the pixels come from the overview, here of another color.

    A quarter of the blocks is decoded.
    """
    storage: Storage = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
    path = tmp_path / "photos" / "tile.tif"
    rows, columns = np.mgrid[:256, :256] // 4
    grain = np.tile((10 * ((rows + columns) % 2)).astype(np.uint8), (3, 1, 1))
    transform = Affine(0.25, 0, WEST, 0, -0.25, NORTH)
    write_tile(path, grain + 200, crs=METRIC, transform=transform, **storage)
    with rasterio.Env(GDAL_TIFF_OVR_BLOCKSIZE="64"), rasterio.open(path, "r+") as target:
        target.build_overviews([2], Resampling.average)
    with rasterio.open(path, "r+") as target:
        target.write(grain + 100)

    for gsd_m, gray, units in ((0.25, 100, 16), (0.5, 200, 4)):
        inputs = CutInputs(
            roll=roll_of({"0001": lot_at(0, 0, 64, 64)}),
            flyover=open_folder(tmp_path / "photos"),
            settings=TileSettings(gsd_m=gsd_m, margin_m=0.0),
            footprints=None,
        )
        store = tile_parcels(inputs, tmp_path / str(gsd_m), serial)

        chip = store.read("0001")
        assert chip is not None
        assert np.unique(chip.pixels).tolist() == [gray, gray + 10]
        assert (store.units_touched, store.units_decoded) == (units, units)
