"""The demo city: same seed, same bytes, and tables that agree with each other.

Tiles have the format and CRS that each year's vendor would deliver.
"""

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from cities import CityBuilder, Roofwatch
from numpy.testing import assert_allclose
from rasterio.warp import transform_bounds

from demo_city import tables
from demo_city.city import build_demo_city
from demo_city.deliver import render_tile
from demo_city.layout import CityPlan, block_at
from demo_city.light import cast_shadow
from demo_city.states import WRONG_LABELS, YEARS, Roof, label_block, vacant_histories
from demo_city.tiles import plan_year
from gis_export.fire.dispatch.address_match import match_addresses, read_addresses
from gis_export.fire.dispatch.columns import column_map_of
from roofwatch.config import read_city

PARCELS = 60
CRS = {2022: "EPSG:2248", 2023: "EPSG:4326", 2024: "EPSG:2248"}
DRIVER = {2022: "GTiff", 2023: "JPEG", 2024: "JP2OpenJPEG"}
PATTERN = {2022: "*.tif", 2023: "*.jpg", 2024: "*.jp2"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build one small city for all tests."""
    return build_demo_city(tmp_path_factory.mktemp("city"), parcels=PARCELS).parent


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV as dictionaries of text."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def area_of(frame: gpd.GeoDataFrame) -> float:
    """Sum up areas in the frame's own units, degrees too."""
    return float(shapely.area(np.asarray(frame.geometry)).sum())


def test_tables_agree(city: Path) -> None:
    """Truth and labels are of vacant parcels; only the two stray notices match nothing."""
    parcels = gpd.read_file(city / "parcels.gpkg")
    assert len(parcels) == parcels["parcel_id"].nunique() == PARCELS
    assert parcels.crs.to_epsg() == 2248

    truth = read_rows(city / "truth.csv")
    vacant = {row["parcel_id"] for row in truth}
    assert vacant < set(parcels["parcel_id"])
    assert Counter(row["year"] for row in truth) == {str(year): len(vacant) for year in YEARS}

    noticed = {row["parcel_id"].replace(" ", "") for row in read_rows(city / "vacant.csv")}
    assert len(noticed - {parcel_id.replace(" ", "") for parcel_id in vacant}) == 2

    labels = read_rows(city / "labels.csv")
    assert {row["parcel_id"] for row in labels} <= vacant
    assert {row["year"] for row in labels} <= {"2022", "2023"}


def test_dispatch_knows_most_addresses_by_some_spelling(city: Path, tmp_path: Path) -> None:
    """The list holds the parcels' addresses as dispatch spells them.

    Some match in normal form or by alias, a few not at all.
    """
    settings = read_city(city / "city.toml").export.dispatch
    addresses = gpd.read_file(city / "parcels.gpkg")["address"].tolist()
    kinds = Counter(match.kind for match in match_addresses(addresses, read_addresses(settings)))
    assert set(kinds) <= {"EXACT", "NORMALIZED", "ALIAS", "NO"}
    assert kinds["EXACT"] > PARCELS / 2

    tables.write_addresses(CityPlan(parcels=20_000, seed=5), tmp_path / "addresses.csv")
    rows = read_rows(tmp_path / "addresses.csv")
    assert len(rows) / 20_000 == pytest.approx(0.98, abs=0.005)
    has_alias = [row["alias"] != "" for row in rows]
    is_spelled_out = [row["address"].endswith(" STREET") for row in rows]
    assert np.mean(has_alias) == pytest.approx(0.04, abs=0.01)
    assert np.mean(is_spelled_out) == pytest.approx(0.2, abs=0.02)


def test_column_map_of_the_demo_names_every_value_it_needs(city: Path) -> None:
    """The vendor's columns are read; they carry the hazard, its place and its use limit."""
    columns = column_map_of(read_city(city / "city.toml").export.dispatch)
    assert columns is not None
    assert {"{PREMISE}", "{ADDRESS}", "{TEXT}", "{USE_LIMIT}"} <= set(columns.columns.values())


def test_rows_of_houses_share_one_outline(city: Path) -> None:
    """Footprints lie on parcels, and a row of houses is one outline."""
    parcels = gpd.read_file(city / "parcels.gpkg")
    buildings = gpd.read_file(city / "buildings.gpkg")
    assert len(buildings) < PARCELS / 3
    # Coordinates rounded to millimeters meet the lot lines only to within a few.
    assert buildings.difference(parcels.union_all().buffer(0.05)).area.max() == 0.0


@pytest.mark.parametrize("year", YEARS)
def test_tiles_are_in_the_years_format_and_cover_the_parcels(city: Path, year: int) -> None:
    """Read every tile of a year; together they cover all parcels, except for the lost tile."""
    covered = 0.0
    parcels = gpd.read_file(city / "parcels.gpkg").to_crs(CRS[year])
    paths = sorted((city / "flyover" / str(year)).glob(PATTERN[year]))

    for path in paths:
        with rasterio.open(path) as tile:
            assert (tile.driver, tile.crs.to_string(), tile.count) == (DRIVER[year], CRS[year], 3)
            left, bottom, right, top = transform_bounds(tile.crs, "EPSG:26985", *tile.bounds)
            pixel_m2 = (right - left) * (top - bottom) / (tile.width * tile.height)
            assert_allclose(pixel_m2, 0.01, rtol=0.08)

            covered += area_of(parcels.clip(tuple(tile.bounds)))
            pixels = tile.read()
            assert 30 < pixels[pixels > 0].mean() < 200

    lost = json.loads((city / "demo.json").read_text())["lost_tiles"]
    assert len(lost) == 1
    share = covered / area_of(parcels)
    if year == 2024:
        assert 0.6 < share < 0.99
    else:
        assert share == pytest.approx(1.0, abs=1e-6)


def test_same_seed_gives_same_bytes(city: Path, tmp_path: Path) -> None:
    """Build the city again; another seed differs."""
    again = build_demo_city(tmp_path / "again", parcels=PARCELS).parent
    ours = bytes_under(city)
    theirs = bytes_under(again)
    assert list(ours) == list(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []

    plans = [CityPlan(parcels=PARCELS, seed=seed) for seed in (0, 1)]
    assert vacant_histories(plans[0], 0) != vacant_histories(plans[1], 0)


def test_a_finished_city_is_left_alone(city: Path) -> None:
    """Return at once when the city is there, without touching a file."""
    before = {path: path.stat().st_mtime_ns for path in city.rglob("*")}
    calls: list[str] = []

    build_demo_city(city, parcels=PARCELS, progress=lambda stage, done, total: calls.append(stage))

    assert calls == []
    assert {path: path.stat().st_mtime_ns for path in city.rglob("*")} == before


def bytes_under(folder: Path) -> dict[str, bytes]:
    """Return the content of every file under a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_real_city_is_refused_untouched(
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    tmp_path: Path,
) -> None:
    """A folder with files and no record of a demo stays as it is, to the byte."""
    out = tiny_city(tmp_path / "city").parent
    before = bytes_under(out)

    ran = roofwatch("demo", "--out", out, "--parcels", 20, "--quiet")

    assert (ran.code, ran.out) == (3, "")
    for words in (str(out), "city.toml and 4 more", "no demo.json", "empty folder", "--out"):
        assert words in ran.error
    assert bytes_under(out) == before


def test_a_city_too_small_to_learn_from_is_refused(roofwatch: Roofwatch, tmp_path: Path) -> None:
    ran = roofwatch("demo", "--out", tmp_path / "demo", "--parcels", 1, "--quiet")
    assert ran.code == 2
    assert "--parcels 1: want 60 or more" in ran.error
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("below", [".", "deeper/demo"])
def test_a_file_in_the_place_of_the_folder_is_refused(
    below: str,
    roofwatch: Roofwatch,
    tmp_path: Path,
) -> None:
    """Neither the file itself nor a folder below it can be a demo's."""
    file = tmp_path / "notices.csv"
    file.write_text("parcel_id\n")

    ran = roofwatch("demo", "--out", file / below, "--quiet")

    assert ran.code == 3
    assert f"{file} is a file, want a folder" in ran.error
    assert bytes_under(tmp_path) == {"notices.csv": b"parcel_id\n"}


def test_a_folder_is_refused_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    """The refusal needs neither torch nor rasterio."""
    (tmp_path / "labels.csv").touch()
    code = (
        "import sys; from roofwatch.cli import main\n"
        f"code = main(['demo', '--out', {str(tmp_path)!r}])\n"
        "heavy = {'torch', 'mlflow', 'rasterio', 'pandas', 'cv2'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "3 []"


def test_hidden_files_do_not_count(tmp_path: Path) -> None:
    """A folder that holds only hidden files counts as empty, and keeps them."""
    (tmp_path / ".gitkeep").touch()
    # A demo that was killed during its first write leaves this.
    (tmp_path / ".writing_demo.json").write_text("{")

    assert build_demo_city(tmp_path, parcels=20).exists()
    assert (tmp_path / ".gitkeep").exists()


@pytest.mark.parametrize("pattern", ["*", "parcels.gpkg", "flyover/*/*.*"])
def test_a_killed_demo_can_be_started_again(city: Path, pattern: str, tmp_path: Path) -> None:
    """A demo that was killed as soon as a file appeared is finished with the same bytes."""
    out = tmp_path / "demo"
    command = [sys.executable, "-m", "roofwatch.cli", "demo", "--out", str(out), "--quiet"]
    with subprocess.Popen([*command, "--parcels", str(PARCELS)]) as process:
        while not any(out.glob(pattern)):
            assert process.poll() is None
            time.sleep(0.001)
        process.kill()
    assert process.returncode != 0

    build_demo_city(out, parcels=PARCELS)
    assert bytes_under(out) == bytes_under(city)


def test_neighboring_tiles_agree_along_the_seam() -> None:
    """Render two tiles with a halo: what both show is the same ground."""
    plan = CityPlan(parcels=PARCELS, seed=0)
    halo_px = 20
    tiles, _ = plan_year(plan, 2023)
    tile_at = {(tile.row, tile.column): tile for tile in tiles}
    left = tile_at[0, 0]
    right = tile_at[0, 1]
    blocks = tuple(sorted({*left.blocks, *right.blocks}))

    left_picture = render_tile(plan, replace(left, blocks=blocks), halo_px).astype(int)
    right_picture = render_tile(plan, replace(right, blocks=blocks), halo_px).astype(int)

    difference = np.abs(left_picture[:, -2 * halo_px :] - right_picture[:, : 2 * halo_px])
    assert difference.mean() < 0.5
    assert np.quantile(difference, 0.999) <= 12


def test_failing_roofs_are_rare_and_get_worse() -> None:
    """In a big city the shares are as stated, and no roof heals unless repaired or razed."""
    plan = CityPlan(parcels=20_000, seed=5)
    blocks = range(plan.block_count)
    assert sum(len(block_at(plan, block).lots) for block in blocks) == plan.parcels

    histories: list[tuple[Roof, ...]] = []
    for block in blocks:
        histories.extend(vacant_histories(plan, block).values())
    assert 0.32 < len(histories) / plan.parcels < 0.38
    for place in range(len(YEARS)):
        is_failing = [history[place].roof_pct >= 10 for history in histories]
        assert 0.04 < np.mean(is_failing) < 0.10

    for history in histories:
        for before, after in pairwise(history):
            ended = after.repaired or after.condition == "razed"
            assert after.roof_pct >= before.roof_pct or ended

    roofs = list(chain.from_iterable(histories))
    conditions = {roof.condition for roof in roofs}
    assert conditions == {"intact", "sag", "hole", "open", "burnt", "gone", "razed", "occupied"}
    assert all(roof.roof_pct < 10 for roof in roofs if roof.condition == "sag")


def test_labels_err_at_the_stated_rate() -> None:
    """Compare the answers with the truth."""
    plan = CityPlan(parcels=20_000, seed=5)
    is_wrong: list[bool] = []
    vacant_years = 0

    for number in range(plan.block_count):
        block = block_at(plan, number)
        histories = vacant_histories(plan, number)
        truth = {block.lots[lot].parcel_id: history for lot, history in histories.items()}
        vacant_years += 2 * len(truth)
        for label in label_block(plan, number):
            if label.roof_pct != "cannot tell":
                roof = truth[label.parcel_id][YEARS.index(label.year)]
                is_wrong.append(int(label.roof_pct) != roof.roof_pct)

    assert np.mean(is_wrong) == pytest.approx(WRONG_LABELS, abs=0.008)
    assert len(is_wrong) / vacant_years == pytest.approx(0.75 * 0.97, abs=0.02)


def test_shadow_falls_away_from_the_sun_and_is_as_long_as_it_should_be() -> None:
    """A 4 m wall under a 45 degree sun in the east throws 4 m of shadow to the west."""
    height_m = np.zeros((60, 120), np.float32)
    height_m[:, 80:90] = 4.0

    shadow = cast_shadow(height_m, (1.0, 0.0), 1.0)[30]

    assert shadow[44:76].min() > 0.9
    assert shadow[:36].max() < 0.1
    assert shadow[95:].max() < 0.1
