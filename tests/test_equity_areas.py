"""Areas of the audit: layers in any CRS, columns of parcels in parts, and what is refused."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from export_cases import make_roll
from shapely.geometry import box

from gis_export.report.equity.areas import MOST_VALUES, read_area, roll_level
from gis_export.table.audit_settings import AuditArea, AuditSettings
from imagery.errors import ConfigError, CrsMismatch, InputError
from imagery.roll.files import ParcelFile

ROLL = make_roll(60)
IDS = ROLL.table["parcel_id"].tolist()


def write_parcels(folder: Path, table: pd.DataFrame) -> ParcelFile:
    """Write a parcel file with a column of classes."""
    rows = gpd.GeoDataFrame(table, geometry=[box(0, 0, 1, 1)] * len(table), crs="EPSG:2248")
    rows.to_file(folder / "parcels.gpkg")
    return ParcelFile(path=folder / "parcels.gpkg", id=("key",))


def test_a_layer_in_another_crs_with_areas_that_overlap(tmp_path: Path) -> None:
    """Lot 0 lies in both areas, and the first by name counts; the last lies in none."""
    west, south, _, north = ROLL.table.total_bounds
    areas = gpd.GeoDataFrame(
        {"GRADE": ["B", "A"]},
        geometry=[box(west, south, west + 59 * 16 - 8, north), box(west, south, west + 15, north)],
        crs="EPSG:2248",
    )
    areas.to_crs("EPSG:4326").to_file(tmp_path / "grades.gpkg")
    source = AuditArea(name="grade", column="GRADE", path=tmp_path / "grades.gpkg")
    level = read_area(source, ParcelFile(path=tmp_path / "none.gpkg", id=("key",)), ROLL)

    assert level.of_parcel.tolist() == ["A", *["B"] * 58, ""]
    assert level.names == ("A", "B")
    assert level.is_divided


def test_a_column_of_parcels_in_parts(tmp_path: Path) -> None:
    """Of two parts of a parcel the one that says something counts; numbers read as they are."""
    table = pd.DataFrame({"key": [IDS[0], IDS[0], IDS[1]], "ward": [None, 7, 8]})
    parcels = write_parcels(tmp_path, table)
    level = read_area(AuditArea(name="ward", column="ward"), parcels, ROLL)
    assert level.of_parcel[IDS[:3]].tolist() == ["7", "8", ""]


def test_a_column_of_numbers_is_no_class(tmp_path: Path) -> None:
    parcels = write_parcels(tmp_path, pd.DataFrame({"key": IDS, "income": range(len(IDS))}))
    with pytest.raises(InputError, match=f"has 60 values, want {MOST_VALUES} at most"):
        read_area(AuditArea(name="income", column="income"), parcels, ROLL)


def test_a_layer_without_a_crs(tmp_path: Path) -> None:
    areas = gpd.GeoDataFrame({"GRADE": ["A"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:2248")
    areas.to_file(tmp_path / "grades.shp")
    (tmp_path / "grades.prj").unlink()
    source = AuditArea(name="grade", column="GRADE", path=tmp_path / "grades.shp")
    with pytest.raises(CrsMismatch, match=r"grades\.shp has no CRS"):
        read_area(source, ParcelFile(path=tmp_path / "none.gpkg", id=("key",)), ROLL)


def test_districts_of_the_roll() -> None:
    level = roll_level("inspection district", ROLL, "inspection_district")
    assert level.names == ("D0", "D1")
    assert not roll_level("neighborhood", ROLL, "neighborhood").is_divided


def test_each_name_once() -> None:
    area = AuditArea(name="a", column="b")
    with pytest.raises(ConfigError, match="twice"):
        AuditSettings(areas=(area, area))
