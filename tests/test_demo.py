"""The demo city: same seed, same bytes; tables agree; tiles are what each year's vendor would deliver."""

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from cities import Ran
from numpy.testing import assert_allclose
from rasterio.warp import transform_bounds

from demo_city import tables
from demo_city.city import build_demo_city
from demo_city.deliver import render_tile
from demo_city.layout import CityPlan, block_at
from demo_city.light import cast_shadow
from demo_city.states import WRONG_LABELS, YEARS, label_block, vacant_histories
from demo_city.tiles import Tile, plan_year
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
    """Every truth row is a vacant parcel, every label is of one, and only the stray notices match nothing."""
    parcels = gpd.read_file(city / "parcels.gpkg")
    assert len(parcels) == parcels["parcel_id"].nunique() == PARCELS
    assert parcels.crs.to_epsg() == 2248
    truth = read_rows(city / "truth.csv")
    vacant = {row["parcel_id"] for row in truth}
    assert vacant < set(parcels["parcel_id"])
    assert Counter(row["year"] for row in truth) == {str(year): len(vacant) for year in YEARS}
    spelled = {row["parcel_id"].replace(" ", "") for row in read_rows(city / "vacant.csv")}
    assert len(spelled - {v.replace(" ", "") for v in vacant}) == 2
    labels = read_rows(city / "labels.csv")
    assert {row["parcel_id"] for row in labels} <= vacant
    assert {row["year"] for row in labels} <= {"2022", "2023"}


def test_dispatch_knows_most_addresses_by_some_spelling(city: Path, tmp_path: Path) -> None:
    """The list holds the parcels' addresses as dispatch spells them: some found in normal form or by alias, a few not at all."""
    settings = read_city(city / "city.toml").export.dispatch
    addresses = gpd.read_file(city / "parcels.gpkg")["address"].tolist()
    kinds = Counter(match.kind for match in match_addresses(addresses, read_addresses(settings)))
    assert set(kinds) <= {"EXACT", "NORMALIZED", "ALIAS", "NO"}
    assert kinds["EXACT"] > PARCELS / 2
    tables.write_addresses(CityPlan(parcels=20_000, seed=5), tmp_path / "addresses.csv")
    rows = read_rows(tmp_path / "addresses.csv")
    assert len(rows) / 20_000 == pytest.approx(0.98, abs=0.005)
    assert np.mean([row["alias"] != "" for row in rows]) == pytest.approx(0.04, abs=0.01)
    assert np.mean([row["address"].endswith(" STREET") for row in rows]) == pytest.approx(
        0.2, abs=0.02
    )


def test_column_map_of_the_demo_names_every_value_it_needs(city: Path) -> None:
    """The vendor's columns are read without complaint and carry the hazard, its place and its use limit."""
    columns = column_map_of(read_city(city / "city.toml").export.dispatch)
    assert columns is not None
    assert {"{PREMISE}", "{ADDRESS}", "{TEXT}", "{USE_LIMIT}"} <= set(columns.columns.values())


def test_rows_of_houses_share_one_outline(city: Path) -> None:
    """Footprints lie on parcels, and a row of houses is one outline."""
    parcels, buildings = (
        gpd.read_file(city / "parcels.gpkg"),
        gpd.read_file(city / "buildings.gpkg"),
    )
    assert len(buildings) < PARCELS / 3
    # Coordinates rounded to millimeters meet the lot lines only to within a few.
    assert buildings.difference(parcels.union_all().buffer(0.05)).area.max() == 0.0


@pytest.mark.parametrize("year", YEARS)
def test_tiles_are_in_the_years_format_and_cover_the_parcels(city: Path, year: int) -> None:
    """Read back every tile of a year; every parcel lies under them, but for the tile that got lost."""
    covered = 0.0
    parcels = gpd.read_file(city / "parcels.gpkg").to_crs(CRS[year])
    paths = sorted((city / "flyover" / str(year)).glob(PATTERN[year]))
    for path in paths:
        with rasterio.open(path) as tile:
            assert (tile.driver, tile.crs.to_string(), tile.count) == (DRIVER[year], CRS[year], 3)
            left, bottom, right, top = transform_bounds(tile.crs, "EPSG:26985", *tile.bounds)
            assert_allclose(
                (right - left) * (top - bottom) / (tile.width * tile.height), 0.01, rtol=0.08
            )
            covered += area_of(parcels.clip(tuple(tile.bounds)))
            pixels = tile.read()
            assert 30 < pixels[pixels > 0].mean() < 200
    share = covered / area_of(parcels)
    lost = json.loads((city / "demo.json").read_text())["lost_tiles"]
    assert len(lost) == 1
    assert 0.6 < share < 0.99 if year == 2024 else share == pytest.approx(1.0, abs=1e-6)


def test_same_seed_gives_same_bytes(city: Path, tmp_path: Path) -> None:
    """Build the city again; another seed differs."""
    again = build_demo_city(tmp_path / "again", parcels=PARCELS).parent
    names = sorted(str(p.relative_to(city)) for p in city.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(again)) for p in again.rglob("*") if p.is_file())
    assert [n for n in names if (city / n).read_bytes() != (again / n).read_bytes()] == []
    plans = [CityPlan(parcels=PARCELS, seed=seed) for seed in (0, 1)]
    assert vacant_histories(plans[0], 0) != vacant_histories(plans[1], 0)


def test_a_finished_city_is_left_alone(city: Path) -> None:
    """Return at once when the city is there, without touching a file."""
    before = {p: p.stat().st_mtime_ns for p in city.rglob("*")}
    calls: list[str] = []
    build_demo_city(city, parcels=PARCELS, progress=lambda stage, done, total: calls.append(stage))
    assert calls == []
    assert {p: p.stat().st_mtime_ns for p in city.rglob("*")} == before


def bytes_under(folder: Path) -> dict[str, bytes]:
    """Return the content of every file under a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_real_city_is_refused_untouched(
    tiny_city: Callable[..., Path],
    roofwatch: Callable[..., Ran],
    tmp_path: Path,
) -> None:
    """A folder with files and no record of a demo stays as it is, to the byte."""
    out = tiny_city(tmp_path / "city").parent
    before = bytes_under(out)
    ran = roofwatch("demo", "--out", out, "--parcels", 20, "--quiet")
    assert (ran.code, ran.out) == (3, "")
    for part in (str(out), "city.toml and 4 more", "no demo.json", "empty folder", "--out"):
        assert part in ran.error
    assert bytes_under(out) == before


@pytest.mark.parametrize("below", [".", "deeper/demo"])
def test_a_file_in_the_place_of_the_folder_is_refused(
    below: str,
    roofwatch: Callable[..., Ran],
    tmp_path: Path,
) -> None:
    """Neither the file itself nor a folder below it can be a demo's."""
    file = tmp_path / "notices.csv"
    file.write_text("parcel_id\n")
    ran = roofwatch("demo", "--out", file / below, "--quiet")
    assert (ran.code, f"{file} is a file, want a folder" in ran.error) == (3, True)
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
    """A folder that version control or a file manager marked is empty, and keeps its marks."""
    (tmp_path / ".gitkeep").touch()
    (tmp_path / ".writing_demo.json").write_text("{")  # a demo that was killed in its first write
    assert build_demo_city(tmp_path, parcels=20).exists()
    assert (tmp_path / ".gitkeep").exists()


@pytest.mark.parametrize("sight", ["*", "parcels.gpkg", "flyover/*/*.*"])
def test_a_killed_demo_can_be_started_again(city: Path, sight: str, tmp_path: Path) -> None:
    """Killed as soon as a file is there, be it the first, it is finished like any other."""
    out = tmp_path / "demo"
    command = [sys.executable, "-m", "roofwatch.cli", "demo", "--out", str(out), "--quiet"]
    with subprocess.Popen([*command, "--parcels", str(PARCELS)]) as process:
        while not any(out.glob(sight)):
            assert process.poll() is None
            time.sleep(0.001)
        process.kill()
    assert process.returncode != 0
    build_demo_city(out, parcels=PARCELS)
    assert bytes_under(out) == bytes_under(city)


def test_neighboring_tiles_agree_along_the_seam() -> None:
    """Render two tiles with a halo: what both show is the same ground."""
    plan, halo = CityPlan(parcels=PARCELS, seed=0), 20
    tiles, _ = plan_year(plan, 2023)
    at = {(t.row, t.column): t for t in tiles}
    left, right = at[0, 0], at[0, 1]
    both = tuple(sorted({*left.blocks, *right.blocks}))
    pictures = [
        render_tile(plan, Tile(grid=t.grid, row=t.row, column=t.column, blocks=both), halo).astype(
            int
        )
        for t in (left, right)
    ]
    apart = np.abs(pictures[0][:, -2 * halo :] - pictures[1][:, : 2 * halo])
    assert apart.mean() < 0.5
    assert np.quantile(apart, 0.999) <= 12


def test_failing_roofs_are_rare_and_get_worse() -> None:
    """Look at a big city without painting it: shares are as stated, and no roof heals unless mended or razed."""
    plan = CityPlan(parcels=20_000, seed=5)
    blocks = range(plan.block_count)
    assert sum(len(block_at(plan, i).lots) for i in blocks) == plan.parcels
    histories = [h for i in blocks for h in vacant_histories(plan, i).values()]
    assert 0.32 < len(histories) / plan.parcels < 0.38
    for place in range(len(YEARS)):
        assert 0.04 < np.mean([h[place].roof_pct >= 10 for h in histories]) < 0.10
    for before, after in (pair for h in histories for pair in pairwise(h)):
        ended = after.repaired or after.condition == "razed"
        assert after.roof_pct >= before.roof_pct or ended
    states = {roof.condition for h in histories for roof in h}
    assert states == {"intact", "sag", "hole", "open", "burnt", "gone", "razed", "occupied"}
    assert all(roof.roof_pct < 10 for h in histories for roof in h if roof.condition == "sag")


def test_labels_err_at_the_stated_rate() -> None:
    """Compare the answers with the truth."""
    plan = CityPlan(parcels=20_000, seed=5)
    wrong = total = vacant = 0
    for i in range(plan.block_count):
        block, histories = block_at(plan, i), vacant_histories(plan, i)
        truth = {block.lots[lot].parcel_id: history for lot, history in histories.items()}
        vacant += 2 * len(truth)
        for label in label_block(plan, i):
            if label.roof_pct != "cannot tell":
                total += 1
                wrong += (
                    int(label.roof_pct) != truth[label.parcel_id][YEARS.index(label.year)].roof_pct
                )
    assert wrong / total == pytest.approx(WRONG_LABELS, abs=0.008)
    assert total / vacant == pytest.approx(0.75 * 0.97, abs=0.02)


def test_shadow_falls_away_from_the_sun_and_is_as_long_as_it_should_be() -> None:
    """A 4 m wall under a 45 degree sun in the east throws 4 m of shadow to the west."""
    height = np.zeros((60, 120), np.float32)
    height[:, 80:90] = 4.0
    shadow = cast_shadow(height, (1.0, 0.0), 1.0)[30]
    assert shadow[44:76].min() > 0.9
    assert shadow[:36].max() < 0.1
    assert shadow[95:].max() < 0.1
