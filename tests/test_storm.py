"""The list after a storm: who is on it and in which order, what is near, and where it is read."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from export_cases import make_inputs, make_ledger, make_roll, read_csv
from findings_cases import make_context
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pyproj import Transformer
from site_cases import SiteLook, looks_table

from gis_export.housing.storm.files import OTHERS, plan_storm_routes, write_storm
from gis_export.housing.storm.places import NearPlace, near_places, read_places
from gis_export.housing.storm.storm_list import StormList, make_storm_list
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.storm_settings import PlaceFile, StormSettings
from gis_export.verify.folders import verify_folder
from imagery.errors import ConfigError, CrsMismatch, MissingInput
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT
from labels.findings import read_findings

STORM = date(2026, 5, 20)
HAZARDS = ("LIKELY", "NOT SEEN IN PHOTO", "LIKELY", "POSSIBLE", "LIKELY", "NOT ASSESSED")
PARCELS = [f"{216 + row:04d} 001" for row in range(12)]
SCHOOL = NearPlace(kind="school", name="Harlem Park", distance_m=12.192)
SETTINGS = ExportSettings()


def lots(count: int = 12) -> VacantRoll:
    """Return lots of which only the first has occupied neighbors, and the third may have."""
    roll = make_roll(count)
    roll.table["occupied_sides"] = ["E,W", "", "U", *[""] * (count - 3)]
    return roll


def inputs_of(*looks: SiteLook, roll: VacantRoll | None = None) -> ExportInputs:
    """Return what the list of a small city is made from."""
    lots_of_city = roll or lots()
    inputs = make_inputs(lots_of_city, make_ledger(lots_of_city, HAZARDS), today=date(2026, 6, 1))
    return replace(inputs, looks=looks_table(*looks)) if looks else inputs


def list_of(
    inputs: ExportInputs, near: dict[str, tuple[NearPlace, ...]] | None = None
) -> StormList:
    """Return the list of a city."""
    rows = build_rows(inputs, SETTINGS)
    return make_storm_list(rows, inputs.looks, near or {}, day=STORM, year=inputs.year)


def test_people_near_come_first_then_neighbors_not_known() -> None:
    """Six roofs are LIKELY; a school is near the fifth, and the ninth is CONFIRMED."""
    inputs = inputs_of(SiteLook(parcel=PARCELS[8], failing="Y", day="2026-04-02"))
    storm = list_of(inputs, {PARCELS[4]: (SCHOOL,)})

    listed = storm.listed
    assert listed["PARCEL_ID"].tolist() == [
        PARCELS[0],
        PARCELS[4],
        PARCELS[2],
        PARCELS[8],
        PARCELS[6],
        PARCELS[10],
    ]
    assert listed["STORM_NO"].tolist() == [1, 2, 3, 4, 5, 6]
    assert storm.counts == {"near": 2, "not known": 1, "none known": 3}
    assert listed["NEAR"].tolist()[:4] == [
        "occupied neighbor on side E and W",
        "school Harlem Park at 40 ft (12 m)",
        "neighbors not known",
        "",
    ]
    assert storm.reasons == {"NOT SEEN IN PHOTO": 2, "POSSIBLE": 2, "NOT ASSESSED": 2}


def test_two_kinds_of_people_come_before_one() -> None:
    sidewalk = NearPlace(kind="sidewalk", name="", distance_m=0.0)
    storm = list_of(inputs_of(), {PARCELS[10]: (SCHOOL, sidewalk)})
    assert storm.listed["PARCEL_ID"].tolist()[:2] == [PARCELS[10], PARCELS[0]]
    assert storm.listed["NEAR"].iloc[0].endswith("; sidewalk at 0 ft (0 m)")


def test_only_a_finding_since_the_storm_takes_a_roof_off() -> None:
    """A door that stayed shut says nothing, and a dispute brings a roof back."""
    inputs = inputs_of(
        SiteLook(parcel=PARCELS[0], failing="N", day="2026-05-19"),
        SiteLook(parcel=PARCELS[2], failing="Y", day="2026-05-20"),
        SiteLook(parcel=PARCELS[4], disposition="no_access", day="2026-05-21"),
        SiteLook(parcel=PARCELS[6], failing="N", day="2026-05-21"),
        SiteLook(parcel=PARCELS[6], source="dispute", day="2026-05-25"),
        SiteLook(parcel=PARCELS[8], disposition="razed", day="2026-04-01"),
    )
    storm = list_of(inputs)
    assert sorted(storm.listed["PARCEL_ID"]) == [PARCELS[row] for row in (0, 4, 6, 10)]
    reasons = storm.others.set_index("PARCEL_ID")["REASON"]
    assert reasons[PARCELS[2]] == "looked at since 2026-05-20"
    assert reasons[PARCELS[8]] == "found razed"


def test_a_roof_that_nobody_would_find_is_named() -> None:
    roll = lots()
    roll.table.loc[0, "address"] = ""
    roll.table.loc[0, "geometry"] = None
    storm = list_of(inputs_of(roll=roll))
    reasons = storm.others.set_index("PARCEL_ID")["REASON"]
    assert reasons[PARCELS[0]] == "neither outline nor address: nobody would find it"


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(["LIKELY", "POSSIBLE", "NOT ASSESSED"]), min_size=4, max_size=12),
    st.sets(st.integers(0, 3)),
)
def test_every_vacant_is_on_the_list_or_has_a_reason(words: list[str], visited: set[int]) -> None:
    roll = make_roll(len(words))
    inputs = make_inputs(roll, make_ledger(roll, tuple(words)), today=date(2026, 6, 1))
    looks = [SiteLook(parcel=PARCELS[row], failing="Y", day="2026-05-21") for row in visited]
    if looks:
        inputs = replace(inputs, looks=looks_table(*looks))
    storm = list_of(inputs)
    together = [*storm.listed["PARCEL_ID"], *storm.others["PARCEL_ID"]]
    assert sorted(together) == sorted(roll.table["parcel_id"])
    assert (storm.others["REASON"] != "").all()
    assert len(storm.listed) == sum(
        word == "LIKELY" and row not in visited for row, word in enumerate(words)
    )


def write_places(folder: Path) -> Path:
    """Write three places in degrees: 10 m and 20 m east of the last lot, and none."""
    to_degrees = Transformer.from_crs("EPSG:2248", "EPSG:4326", always_xy=True)
    east_ft = 1_415_015 + 16 * 11
    names = {"far": 20.0, "near": 10.0}
    features: list[dict[str, object]] = [
        {
            "type": "Feature",
            "properties": {"NAME": name},
            "geometry": {
                "type": "Point",
                "coordinates": to_degrees.transform(east_ft + meters / 0.3048006, 593_036),
            },
        }
        for name, meters in names.items()
    ]
    features.append({"type": "Feature", "properties": {"NAME": "lost"}, "geometry": None})
    path = folder / "places.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_the_nearest_place_of_each_kind_is_found_in_meters(tmp_path: Path) -> None:
    """Lots are 4.57 m wide and lie 4.88 m apart, so the third from the east is 19.8 m away."""
    path = write_places(tmp_path)
    layer = read_places(PlaceFile(path=path, kind="school", name="NAME", near_m=20.5))
    assert len(layer.places) == 2
    [trouble] = layer.troubles
    assert "row 3" in trouble.line

    rows = build_rows(inputs_of(), SETTINGS)
    near = near_places(rows, [layer, read_places(PlaceFile(path=path, kind="bus stop", near_m=11))])
    assert set(near) == set(PARCELS[9:])
    assert [place.text for place in near[PARCELS[11]]] == [
        "school near at 33 ft (10 m)",
        "bus stop at 33 ft (10 m)",
    ]
    assert near[PARCELS[9]][0].distance_m == pytest.approx(10 + 2 * 16 * 0.3048006, abs=0.02)


def test_places_without_outlines_or_rows() -> None:
    rows = build_rows(make_inputs(make_roll(0)), SETTINGS)
    assert near_places(rows, []) == {}


def test_bad_places_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"\[storm.places\] path: no file at"):
        read_places(PlaceFile(path=tmp_path / "none.gpkg", kind="school"))

    (tmp_path / "schools.csv").write_text("NAME\nHarlem Park\n")
    with pytest.raises(CrsMismatch, match=r"schools\.csv has no geometry and no CRS"):
        read_places(PlaceFile(path=tmp_path / "schools.csv", kind="school"))

    bare = gpd.GeoDataFrame({"NAME": ["x"]}, geometry=[shapely.Point(1, 2)])
    with pytest.warns(UserWarning, match="crs"):
        bare.to_file(tmp_path / "bare.shp")
    with pytest.raises(CrsMismatch, match=r"bare\.shp has no CRS"):
        read_places(PlaceFile(path=tmp_path / "bare.shp", kind="school"))


def test_bad_keys_are_one_line() -> None:
    with pytest.raises(ConfigError, match=r'kind is "", want a word'):
        PlaceFile(path=Path("a.gpkg"), kind=" ")
    with pytest.raises(ConfigError, match="near_m is -1, want 0 to 2000 meters"):
        PlaceFile(path=Path("a.gpkg"), kind="school", near_m=-1)
    twice = (PlaceFile(path=Path("a"), kind="school"), PlaceFile(path=Path("b"), kind="school"))
    with pytest.raises(ConfigError, match="kind is 'school' twice"):
        StormSettings(places=twice)


def test_days_with_people_near_come_first_in_each_district() -> None:
    """D0 has all roofs: two near people make the first day, the others two days of two."""
    storm = list_of(inputs_of(), {PARCELS[4]: (SCHOOL,)})
    routes = plan_storm_routes(storm, per_day=2)
    assert [(route.district, route.day) for route in routes] == [("D0", 1), ("D0", 2), ("D0", 3)]
    assert set(routes[0].parcels) == {PARCELS[0], PARCELS[4]}
    stops = [parcel for route in routes for parcel in route.parcels]
    assert sorted(stops) == sorted(storm.listed["PARCEL_ID"])


def test_the_folder_holds_list_reasons_and_sheets_and_verifies(tmp_path: Path) -> None:
    inputs = inputs_of()
    storm = list_of(inputs, {PARCELS[4]: (SCHOOL,)})
    folder = tmp_path / "2026/storm/2026-05-20"
    files = write_storm(storm, folder, inputs, ExportSettings(visits=VisitSettings(per_day=4)))
    assert [path.relative_to(folder).as_posix() for path in files] == [
        "not_listed.csv",
        "not_listed.xlsx",
        "route_sheets/D0.pdf",
        "schema.ini",
        "storm_list.csv",
        "storm_list.xlsx",
    ]
    assert verify_folder(folder, inputs.ledger) == []

    table = read_csv(folder / "storm_list.csv")
    assert table["PARCEL_ID"].tolist()[:2] == [PARCELS[0], PARCELS[4]]
    assert set(table["STORM"]) == {"2026-05-20"}
    assert set(table["USE_LIMIT"]) == {USE_LIMIT}
    assert not {"OCC_SIDES", "ADJ_OCC", "SIGN_POST", "FIRE_DIST"} & set(table.columns)
    assert len(table) + len(read_csv(folder / OTHERS)) == 12

    reader = PdfReader(folder / "route_sheets/D0.pdf")
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "Storm of 2026-05-20, Testville" in text
    assert "people near; school Harlem Park at 40 ft (12 m)" in " ".join(text.split())


def test_the_workbook_is_filled_in_and_read_by_findings(tmp_path: Path) -> None:
    inputs = inputs_of()
    write_storm(list_of(inputs), tmp_path / "storm", inputs, SETTINGS)
    path = tmp_path / "storm/storm_list.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["Work list"]
    titles = {str(cell.value): cell.column for cell in sheet[3]}
    assert sheet.cell(4, titles["Parcel"]).value == PARCELS[0]
    sheet.cell(4, titles["Visited on"], date(2026, 5, 22))
    sheet.cell(4, titles["Roof open"], "50 to 99%")
    book.save(path)

    [look] = read_findings(path, make_context()).looks
    assert (look.parcel_id, look.day, look.roof_pct) == (PARCELS[0], date(2026, 5, 22), 75)
    assert look.chosen == "work list after the storm of 2026-05-20"


def test_a_city_without_a_roof_to_look_at(tmp_path: Path) -> None:
    roll = lots()
    inputs = make_inputs(roll, make_ledger(roll, ("POSSIBLE",)), today=date(2026, 6, 1))
    storm = list_of(inputs)
    files = write_storm(storm, tmp_path / "storm", inputs, SETTINGS)
    assert not list((tmp_path / "storm").rglob("*.pdf"))
    assert len(pd.read_csv(tmp_path / "storm/storm_list.csv")) == 0
    assert storm.counts == {"near": 0, "not known": 0, "none known": 0}
    assert tmp_path / "storm" / OTHERS in files
