"""Equity on the tiny city: `export` leaves the page, [audit] reaches no model, bad input."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from cities import CITY_TOML, CityBuilder, DoneCity, Roofwatch
from shapely.geometry import box

from gis_export.report.equity.measures import Use
from roofwatch.config import read_city
from roofwatch.year import City
from roofwatch.year_equity import find_held_out, levels_of

QUICK = ("--executor", "serial", "--quiet")
ROOT = Path(__file__).resolve().parents[1]
MODEL_FILES = (
    "chips/flyover_stats.json",
    "report/out_of_fold.parquet",
    "report/evaluation.json",
    "model/head.safetensors",
    "model/spec.json",
    "ledger.parquet",
    "ledger.csv",
)
"""Statistics of features, training rows, model, scores and ledger of a year."""


@pytest.fixture
def with_areas(done_city: DoneCity, houses: gpd.GeoDataFrame) -> Iterator[Path]:
    """Yield the city file with a layer of two halves, and with a column of the parcels."""
    middle = houses.total_bounds[[0, 2]].mean()
    west, south, east, north = houses.total_bounds
    halves = gpd.GeoDataFrame(
        {"side": ["west", "east"]},
        geometry=[box(west, south, middle, north), box(middle, south, east, north)],
        crs=houses.crs,
    )
    halves.to_crs("EPSG:4326").to_file(done_city.path.with_name("halves.gpkg"))
    path = done_city.path.with_name("audit.toml")
    keys = '[[audit.areas]]\nname = "side"\npath = "halves.gpkg"\ncolumn = "side"\n'
    keys += '[[audit.areas]]\nname = "row"\ncolumn = "battalion"\n'
    path.write_text(f"{done_city.path.read_text()}\n{keys}")
    yield path
    path.unlink()
    done_city.path.with_name("halves.gpkg").unlink()


def test_export_leaves_page_and_table(
    done_city: DoneCity, with_areas: Path, roofwatch: Roofwatch
) -> None:
    report = done_city.workspace / "2023/report"
    before = pd.read_csv(report / "equity.csv")
    assert set(before["level"]) == {"fire district"}
    (report / "equity.html").unlink()

    assert roofwatch("export", with_areas, "--year", 2023, *QUICK).code == 0
    table = pd.read_csv(report / "equity.csv")
    fire = table[table["use"] == "Fire"]
    assert set(fire["level"]) == {"fire district", "side", "row"}
    assert set(table.loc[table["use"] == "Housing", "level"]) == {"side", "row"}
    # Of 25 vacants, one of which has no place, hardly a count is large enough to be shown.
    for column in ("count", "of"):
        assert (table[column].dropna() >= 10).all()
    sides = fire[(fire["measure"] == "missed") & (fire["level"] == "side")]
    assert {"west", "east", "Whole city"} <= set(sides["area"])

    manifest = json.loads((report / "manifest.json").read_text())
    for name in ("equity.html", "equity.csv"):
        digest = hashlib.sha256((report / name).read_bytes()).hexdigest()
        assert manifest[f"report/{name}"] == digest
    assert roofwatch("verify", done_city.workspace / "2023").code == 0
    assert roofwatch("export", done_city.path, "--year", 2023, *QUICK).code == 0


def test_figures_are_of_held_out_roofs(done_city: DoneCity) -> None:
    """Counted here by themselves from what the training left."""
    report = done_city.workspace / "2023/report"
    evaluation = json.loads((report / "evaluation.json").read_text())
    name = evaluation["ships"]["name"]
    chosen = evaluation["chosen"][name]
    scored = pd.read_parquet(report / "out_of_fold.parquet")
    is_flagged = scored[name].ge(chosen["likely"]) | scored[f"{name}_even"].ge(chosen["possible"])
    is_open = scored["failing"] == 1

    city = City(file=read_city(done_city.path), quiet=True)
    held_out = find_held_out(city.year(2023))
    assert len(held_out) == len(scored) == 24
    assert (held_out["is_open"] & ~held_out["is_flagged"]).sum() == (is_open & ~is_flagged).sum()
    assert (~held_out["is_open"] & held_out["is_flagged"]).sum() == (~is_open & is_flagged).sum()


def test_where_nothing_was_scored_no_model_was_tested(done_city: DoneCity) -> None:
    path = done_city.path.with_name("never_scored.toml")
    text = done_city.path.read_text()
    path.write_text(text.replace('workspace = "workspace"', 'workspace = "never_scored"'))
    city = City(file=read_city(path), quiet=True)
    assert not len(find_held_out(city.year(2024)))
    path.unlink()


def test_audit_areas_reach_no_model(
    done_city: DoneCity,
    tmp_path: Path,
    tiny_city: CityBuilder,
    houses: gpd.GeoDataFrame,
    roofwatch: Roofwatch,
) -> None:
    """An area that tells which roofs fail would be learned from if it could be seen."""
    told = tiny_city(tmp_path / "told")
    lots = gpd.read_file(told.parent / "parcels.gpkg")
    failing = houses.set_index("parcel_id")["failing"]
    leak = lots.assign(leak=lots["parcel_id"].map(failing).map({0: "no", 1: "yes"}))
    leak[["leak", "geometry"]].to_file(told.parent / "leak.gpkg")
    areas = '[[audit.areas]]\nname = "leak"\npath = "leak.gpkg"\ncolumn = "leak"\n'
    told.write_text(f"{CITY_TOML}\n{areas}")
    for stage in ("train", "score"):
        assert roofwatch(stage, told, "--year", 2023, *QUICK).code == 0

    year = told.parent / "workspace/2023"
    plain = done_city.workspace / "2023"
    for name in MODEL_FILES:
        assert (year / name).read_bytes() == (plain / name).read_bytes(), name
    for name in ("chips/features.parquet", "chips/features_relit.parquet"):
        # Their fourth column is a key of the files of imagery, which are other files here.
        seen, seen_before = (
            pd.read_parquet(folder / name, columns=["parcel_id", "measures", "features"])
            for folder in (year, plain)
        )
        pd.testing.assert_frame_equal(seen, seen_before)

    # The page could see it.
    city = City(file=read_city(told), quiet=True)
    (level,) = [level for level in levels_of(city.year(2023))[Use.FIRE] if level.name == "leak"]
    known = level.of_parcel[level.of_parcel != ""]
    assert (known == failing.map({0: "no", 1: "yes"}).reindex(known.index)).all()
    assert len(known) == 24


def test_only_the_equity_page_reads_the_audit_section() -> None:
    """Whoever else names the section would have to be added here, and say why.

    city_services.py wants the columns of the areas in a snapshot of the parcels.
    """
    rooms = ("imagery", "labels", "models", "inference", "training", "gis_export", "roofwatch")
    naming = {
        path.relative_to(ROOT).as_posix()
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\.audit\.areas|AuditSettings|read_area\b", path.read_text(encoding="utf-8"))
    }
    assert naming == {
        "gis_export/report/equity/areas.py",
        "gis_export/table/audit_settings.py",
        "roofwatch/city_file.py",
        "roofwatch/city_services.py",
        "roofwatch/config.py",
        "roofwatch/year_equity.py",
    }


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('name = "a"', "[audit.areas] column: missing; add it"),
        ('name = " "\ncolumn = "block"', '[[audit.areas]] name is "", want text'),
        ('name = "a"\ncolumn = "none"', "[[audit.areas]] column: no column 'none'"),
        ('name = "a"\ncolumn = "b"\npath = "no.gpkg"', "[[audit.areas]] path: no file at"),
        ('name = "a"\ncolumn = "b"\nkind = "c"', "kind"),
        (
            'name = "a"\ncolumn = "b"\n[[audit.areas]]\nname = "a"\ncolumn = "c"',
            "[[audit.areas]] name is 'a' twice",
        ),
    ],
)
def test_what_is_refused_in_one_line(
    done_city: DoneCity, roofwatch: Roofwatch, keys: str, words: str
) -> None:
    path = done_city.path.with_name("bad.toml")
    path.write_text(f"{done_city.path.read_text()}\n[[audit.areas]]\n{keys}\n")
    ran = roofwatch("export", path, "--year", 2023, *QUICK)
    path.unlink()
    assert ran.code == 3
    assert words in ran.error


def test_check_names_an_area_that_export_would_stop_at(
    done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    """Before any work, with the same words."""
    path = done_city.path.with_name("bad.toml")
    areas = '[[audit.areas]]\nname = "a"\ncolumn = "none"\n'
    path.write_text(f"{done_city.path.read_text()}\n{areas}")
    ran = roofwatch("check", path, "--year", 2023, *QUICK)
    path.unlink()
    assert ran.code == 3
    assert "fix first: areas of the equity page that cannot be read: 1:" in ran.out
    assert "no column 'none'" in ran.out
