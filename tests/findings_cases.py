"""Messy rows of findings, one of each kind, and the files in which inspectors hand them in."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import shapely
from export_cases import make_inputs, make_roll

from gis_export.housing.worklist.worklist_xlsx import write_worklist_xlsx
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from imagery.roll.parcels import VacantRoll
from labels.choices import DISPOSITIONS, ROOF_OPEN, SIDES, SIGNS, YES_NO, Choice
from labels.filled.rows import FindingsContext
from labels.filled.visit_days import Flight
from labels.look import Look
from labels.settings import LooksSettings

TODAY = date(2026, 11, 24)
FLIGHTS = (Flight(year=2024, flown=None), Flight(year=2026, flown=date(2026, 3, 9)))
VACANTS = 12
HEADER_ROW = 3


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row as a person fills it in; answers are names of choices, blank-joined."""

    kind: str
    """What is messy about it."""
    parcel_id: str
    """As it is written."""
    visited_on: str = ""
    """YYYY-MM-DD, or any text."""
    roof_open: str = ""
    """Name, or free text."""
    wall_floor_signs: str = ""
    """Names."""
    secured: str = ""
    """Name."""
    sides_occupied: str = ""
    """Names."""
    sign_posted: str = ""
    """Name."""
    disposition: str = ""
    """Name."""
    notes: str = ""
    """Free text."""

    @property
    def answers(self) -> dict[str, str]:
        """Return the cells by the name of their question."""
        cells = asdict(self)
        del cells["kind"]
        return cells


CLEAN = Row(
    kind="clean",
    parcel_id="0216 001",
    visited_on="2026-06-02",
    roof_open="pct_25_49",
    wall_floor_signs="wall_bulge",
    secured="no",
    sides_occupied="n e",
    sign_posted="yes",
    disposition="stabilize",
    notes="rear open",
)
TEXT_DAY = Row(
    kind="date as text",
    parcel_id="0217 001",
    visited_on="6/14/2026",
    roof_open="pct_0",
    disposition="no_roof_defect",
)
OPPOSITE = Row(
    kind="opposite finding on the same day",
    parcel_id="0224 001",
    visited_on="2026-06-02",
    roof_open="pct_50_99",
    disposition="stabilize",
)
ROWS = (
    CLEAN,
    TEXT_DAY,
    Row(
        kind="free text in a drop-down",
        parcel_id="0218 001",
        visited_on="2026-06-02",
        roof_open="about 25 to 49%",
        disposition="monitor",
    ),
    Row(
        kind="0% with emergency demolition",
        parcel_id="0219 001",
        visited_on="2026-06-02",
        roof_open="pct_0",
        disposition="emergency_demolition_referred",
    ),
    Row(kind="razed", parcel_id="0220 001", visited_on="2026-06-02", disposition="razed"),
    Row(kind="no access", parcel_id="0221 001", visited_on="2026-06-02", disposition="no_access"),
    Row(kind="blank", parcel_id="0222 001"),
    Row(
        kind="unknown id",
        parcel_id="9216 001",
        visited_on="2026-06-02",
        roof_open="pct_100",
        disposition="monitor",
    ),
    OPPOSITE,
    replace(OPPOSITE, kind="the row that it contradicts", roof_open="pct_0", disposition="monitor"),
    replace(CLEAN, kind="duplicate"),
    Row(
        kind="accents",
        parcel_id="0223-001",
        visited_on="2026-06-03",
        roof_open="cannot_tell",
        disposition="occupied",
        notes="Señora Núñez: «techo roto», 雨",
    ),
)
"""The rows in their order; that of accents is of a parcel that is spelled otherwise."""
_LISTS = {
    "roof_open": ROOF_OPEN,
    "wall_floor_signs": SIGNS,
    "secured": YES_NO,
    "sides_occupied": SIDES,
    "sign_posted": YES_NO,
    "disposition": DISPOSITIONS,
}
_TITLES = {
    "parcel_id": "Parcel",
    "visited_on": "Visited on",
    "roof_open": "Roof open",
    "wall_floor_signs": "Walls or floors",
    "secured": "Secured",
    "sides_occupied": "Sides occupied",
    "sign_posted": "Sign posted",
    "disposition": "Disposition",
    "notes": "Notes",
}
_GROUPS = {"parcel_id": "building", "visited_on": "visit", "disposition": "outcome"}


def make_context(
    settings: LooksSettings | None = None, *, roll: VacantRoll | None = None
) -> FindingsContext:
    """Return what a small city knows on `TODAY`."""
    return FindingsContext(
        roll=roll or make_roll(VACANTS),
        flights=FLIGHTS,
        settings=settings or LooksSettings(),
        threshold=10,
        by="Kim",
        today=TODAY,
        now=datetime(2026, 11, 24, 12, tzinfo=UTC),
        known=(),
        choose=lambda parcel_id, year: ("", None),
    )


def labels_of(text: str, choices: tuple[Choice, ...]) -> str:
    """Return the labels of names, joined by commas; free text as it is."""
    labels = {choice.name: choice.label for choice in choices}
    return ",".join(labels.get(name, name) for name in text.split()) if text else ""


def write_list(path: Path, settings: ExportSettings | None = None) -> None:
    """Write our work list, with nothing filled in."""
    inputs = make_inputs(make_roll(VACANTS))
    settings = settings or ExportSettings()
    write_worklist_xlsx(build_rows(inputs, settings), path, inputs, settings)


def fill_list(path: Path, rows: tuple[Row, ...] = ROWS) -> None:
    """Write our work list filled in: rows of parcels that are not on it stand below the others."""
    write_list(path)
    book = openpyxl.load_workbook(path)
    sheet = book["Work list"]
    columns = {cell.value: cell.column for cell in sheet[HEADER_ROW]}
    place = {sheet.cell(row, columns["Parcel"]).value: row for row in range(4, sheet.max_row + 1)}

    below = sheet.max_row + 1
    for row in rows:
        number = place.pop(row.parcel_id, below)
        below += number == below
        for name, text in row.answers.items():
            sheet.cell(number, columns[_TITLES[name]]).value = _cell(name, text)
    book.save(path)


def _cell(name: str, text: str) -> date | str | None:
    """Return a cell as an inspector fills it in: words of the list, days as dates."""
    if name == "visited_on" and text[:4].isdigit():
        return date.fromisoformat(text)
    if name == "sides_occupied":
        return ",".join(text.upper().split())
    return labels_of(text, _LISTS[name]) if name in _LISTS and "about" not in text else text or None


def write_odk(path: Path, rows: tuple[Row, ...] = ROWS) -> None:
    """Write what ODK Central exports: groups before names, several answers joined by blanks."""
    records = []
    for number, row in enumerate(rows):
        record = {"SubmissionDate": f"2026-06-1{number % 10}T02:30:00.123Z"}
        for name, text in row.answers.items():
            record[f"{_GROUPS.get(name, 'seen')}-{name}"] = text
        record |= {
            "outcome-photo_front": f"{number}.jpg",
            "SubmitterName": "Ana",
            "ReviewState": "",
        }
        record["KEY"] = f"uuid:{number}"
        if row.kind == "blank":
            record["outcome-photo_front"] = ""
        records.append(record)
    pd.DataFrame(records).to_csv(path, index=False)


def write_survey123(path: Path, rows: tuple[Row, ...] = ROWS) -> None:
    """Write what Survey123 exports as GeoPackage or file geodatabase.

    Days are times in UTC, photos lie in a table.
    """
    records = [row.answers for row in rows]
    frame = pd.DataFrame(records).rename(columns={"wall_floor_signs": "wall_floor"})
    frame["wall_floor"] = frame["wall_floor"].str.replace(" ", ",")
    frame["sides_occupied"] = frame["sides_occupied"].str.replace(" ", ",")
    days = [text and pd.Timestamp(f"{text} 16:00", tz="UTC") for text in frame["visited_on"]]
    frame["visited_on"] = pd.Series(days).replace("", pd.NaT).astype("datetime64[ms, UTC]")
    frame["globalid"] = [f"{{AB{number:02d}}}" for number in range(len(frame))]
    points = [shapely.Point(-76.6, 39.3)] * len(frame)
    driver = "OpenFileGDB" if path.suffix == ".gdb" else "GPKG"
    visits = gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:4326")
    visits.to_file(path, layer="survey", driver=driver)

    photos = pd.DataFrame({"rel_globalid": ["{ab00}", "{ab00}"], "att_name": ["f.jpg", "r.jpg"]})
    pyogrio.write_dataframe(photos, path, layer="survey__ATTACH", driver=driver)


def found_of(looks: tuple[Look, ...]) -> dict[str, Look]:
    """Return looks by parcel, each of which has one."""
    found = {look.parcel_id: look for look in looks}
    assert len(found) == len(looks)
    return found
