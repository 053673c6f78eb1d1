"""What is noticed of places: points of notices, remote parcels, parcels without an id."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from cities import LEFT, TOP, CityBuilder, Roofwatch
from pyproj import CRS

from imagery.intake.datums import Ground, find_datum_lines
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll

LOCAL = (
    'ENGCRS["Site grid",EDATUM["Site"],CS[Cartesian,2],AXIS["x",east,ORDER[1]],'
    'AXIS["y",north,ORDER[2]],LENGTHUNIT["metre",1]]'
)


def write_lots(folder: Path, ids: list[str]) -> Path:
    """Write lots of 6 x 12 m side by side."""
    boxes = [
        shapely.box(LEFT + 6 * n, TOP - 20, LEFT + 6 * n + 6, TOP - 8) for n in range(len(ids))
    ]
    path = folder / "parcels.gpkg"
    gpd.GeoDataFrame({"parcel_id": ids}, geometry=boxes, crs=32618).to_file(path)
    return path


def roll_of(lots: Path, notices: Path) -> VacantRoll:
    """Read the roll of two files whose ids are in `parcel_id`."""
    parcels = ParcelFile(path=lots, id=("parcel_id",))
    return read_roll(parcels, VacantFile(path=notices, id=("parcel_id",)))


DECLARED = {
    "none": (None, "has no CRS"),
    "local": (LOCAL, "local CRS (Site grid)"),
    "degrees": (4326, "look like projected numbers"),
}


@pytest.mark.parametrize("kind", DECLARED)
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_points_that_cannot_be_used(tmp_path: Path, kind: str) -> None:
    """Notices are matched by their ids, and one line says that their points are not used."""
    crs, said = DECLARED[kind]
    lots = write_lots(tmp_path, ["1", "2", "3"])
    table = gpd.read_file(lots)
    points = gpd.GeoSeries(table.representative_point().to_numpy(), crs=crs)
    notices = tmp_path / "notices.gpkg"
    gpd.GeoDataFrame({"parcel_id": ["1", "2", "9"]}, geometry=points).to_file(notices)

    roll = roll_of(lots, notices)

    assert sorted(roll.unmatched) == ["9"] and roll.joined_by_place == 0
    told = [trouble for trouble in roll.troubles if "matched by id only" in trouble.what]
    assert [trouble.total for trouble in told] == [3]
    assert said in told[0].line and "a_srs" in told[0].line
    assert [layer.section for layer in roll.layers] == ["parcels"]


def test_notices_without_points_are_no_trouble(tmp_path: Path) -> None:
    """A layer whose rows have no geometry is a table."""
    lots = write_lots(tmp_path, ["1", "2"])
    notices = tmp_path / "notices.gpkg"
    gpd.GeoDataFrame({"parcel_id": ["1", "2"]}, geometry=[None, None], crs=4326).to_file(notices)
    assert roll_of(lots, notices).troubles == ()


def test_datum_of_points_that_are_used(tmp_path: Path) -> None:
    """Points count for the datum check where a notice was joined by them, against the parcels."""
    lots = write_lots(tmp_path, ["1", "2", "3"])
    points = gpd.read_file(lots).representative_point().to_crs(26718)
    notices = tmp_path / "notices.gpkg"
    table = gpd.GeoDataFrame({"parcel_id": ["1", "2", "3"]}, geometry=points)
    table.to_file(notices)
    assert [layer.section for layer in roll_of(lots, notices).layers] == ["parcels"]

    notices.unlink()
    table.assign(parcel_id=["1", "2", "x"]).to_file(notices)
    roll = roll_of(lots, notices)
    assert roll.joined_by_place == 1
    assert [layer.section for layer in roll.layers] == ["parcels", "vacant"]

    parcels = Ground(name="parcels", crs=(CRS(32618).to_wkt(),))
    shapes = roll.table.geometry.to_numpy()
    (line,) = find_datum_lines(roll.layers, parcels, shapes=shapes, place=roll.place)
    assert line.startswith("[vacant] path: notices.gpkg in NAD27") and "and parcels in" in line


@pytest.mark.parametrize(("east_km", "is_stray"), [(150, False), (290, False), (320, True)])
def test_remote_parcel_of_a_large_city(tmp_path: Path, east_km: float, is_stray: bool) -> None:
    """A parcel that may be of a large city is kept and named; one that cannot be is set aside."""
    offsets_km = [*range(-20, 21, 2), east_km]
    ids = [str(number) for number in range(len(offsets_km))]
    boxes = [
        shapely.box(LEFT + 1000 * km, TOP - 12, LEFT + 1000 * km + 6, TOP) for km in offsets_km
    ]
    lots = tmp_path / "parcels.gpkg"
    gpd.GeoDataFrame({"parcel_id": ids}, geometry=boxes, crs=32618).to_file(lots)
    notices = tmp_path / "notices.csv"
    notices.write_text("parcel_id\n" + "\n".join(ids) + "\n")

    roll = roll_of(lots, notices)

    (trouble,) = roll.troubles
    assert trouble.total == 1 and trouble.examples[0].startswith(f"'{ids[-1]}' (")
    assert ("without a usable outline" in trouble.what) == is_stray
    assert roll.table.set_index("parcel_id").geometry.isna()[ids[-1]] == is_stray


def test_parcels_without_id(tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch) -> None:
    """Parcels without id are counted and named by their rows; where most have none it is a fix."""
    city = tiny_city(tmp_path / "city")
    path = city.parent / "parcels.gpkg"
    lots = gpd.read_file(path)
    for count, is_fix in ((2, False), (20, True)):
        ids = lots["parcel_id"].copy()
        ids.iloc[:count] = [["", " ", None][n % 3] for n in range(count)]
        path.unlink()
        lots.assign(parcel_id=ids).to_file(path)

        ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")

        key = "fixes" if is_fix else "warnings"
        (line,) = [line for line in ran.texts(key) if "parcels without an id" in line]
        assert f"not used: {count}: row 1, row 2" in line
