"""What becomes of each messy row, in whatever file it comes; docs/findings.md says the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from findings_cases import (
    ROWS,
    Row,
    fill_list,
    found_of,
    make_context,
    write_list,
    write_odk,
    write_survey123,
)

from gis_export.table.settings import ExportSettings, VisitSettings
from labels.filled.summary import summary
from labels.findings import Findings, read_findings

FILES: dict[str, Callable[[Path, tuple[Row, ...]], None]] = {
    "worklist.xlsx": fill_list,
    "odk.csv": write_odk,
    "survey123.gpkg": write_survey123,
    "survey123.gdb": write_survey123,
}


@pytest.fixture(scope="module", params=list(FILES))
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Return the messy rows as read from one kind of file."""
    path = tmp_path_factory.mktemp("findings") / str(request.param)
    FILES[path.name](path, ROWS)
    return read_findings(path, make_context())


def reasons_of(findings: Findings) -> dict[str, list[tuple[str, str]]]:
    """Return reason and nearest match of each row that needs a person, by parcel as written."""
    found: dict[str, list[tuple[str, str]]] = {}
    for problem in findings.problems:
        parcel = next(text for name, text in problem.cells.items() if "arcel" in name)
        found.setdefault(parcel, []).append((problem.reason, problem.nearest))
    return found


def test_clean_and_duplicate_are_one_look(read: Findings) -> None:
    look = found_of(read.looks)["0216 001"]
    assert (look.year, look.day, look.roof, look.roof_pct) == (
        *(2026, date(2026, 6, 2), "pct_25_49", 37),
    )
    assert (
        look.signs,
        look.sides,
        look.secured,
        look.sign_posted,
        look.disposition,
        look.note,
    ) == (*(("wall_bulge",), ("n", "e"), "no", "yes", "stabilize", "rear open"),)
    assert look.on_site
    assert read.twice == 1


def test_razed_no_access_and_accents_are_looks(read: Findings) -> None:
    looks = found_of(read.looks)
    assert [looks[name].disposition for name in ("0220 001", "0221 001", "0223 001")] == [
        *("razed", "no_access", "occupied")
    ]
    assert looks["0223 001"].note == "Señora Núñez: «techo roto», 雨"
    assert looks["0223 001"].roof == "cannot_tell"
    assert looks["0217 001"].day == date(2026, 6, 14)
    assert sorted(looks) == [f"02{number} 001" for number in (16, 17, 20, 21, 23)]


def test_what_is_not_certain_needs_a_person_and_is_never_a_guess(read: Findings) -> None:
    reasons = reasons_of(read)
    assert sorted(reasons) == ["0218 001", "0219 001", "0224 001", "9216 001"]
    assert reasons["0218 001"] == [
        ("roof open is 'about 25 to 49%', which is not on its list", "25 to 49%")
    ]
    contrary = '"0% of the roof open" and "emergency demolition referred" contradict each other'
    assert reasons["0219 001"] == [(f"{contrary}; correct one of them", "")]
    assert reasons["9216 001"] == [("no parcel has this id", "0216 001")]
    assert [reason.partition(";")[0] for reason, _ in reasons["0224 001"]] == [
        "another row says the contrary of the same day, 'no open roof found",
        "another row says the contrary of the same day, '50 to 99% of the roof open",
    ]


def test_blank_rows_are_counted_and_the_rest_is_one_line(read: Findings) -> None:
    is_list = "Parcel" in read.problems[0].cells
    assert read.blank == (5 if is_list else 1)  # a list names vacants that nobody has visited
    words = "1 open or failing, 1 sound, 1 no access, 1 razed, 1 occupied"
    assert summary(read.looks, len(read.problems), threshold=10) == (
        f"5 visits: {words}; 5 rows need you"
    )


def test_photos_of_forms_are_named(tmp_path: Path) -> None:
    write_odk(tmp_path / "odk.csv")
    write_survey123(tmp_path / "survey.gpkg")
    odk = found_of(read_findings(tmp_path / "odk.csv", make_context()).looks)
    survey = found_of(read_findings(tmp_path / "survey.gpkg", make_context()).looks)
    assert odk["0216 001"].photos == ("0.jpg", "10.jpg")  # the duplicate has one of its own
    assert odk["0216 001"].who == "Ana"
    assert survey["0216 001"].photos == ("f.jpg", "r.jpg")
    assert survey["0216 001"].who == "Kim"


@pytest.mark.parametrize("name", list(FILES))
def test_the_same_file_twice_changes_nothing(name: str, tmp_path: Path) -> None:
    FILES[name](tmp_path / name, ROWS)
    context = make_context()
    first = read_findings(tmp_path / name, context)
    again = read_findings(tmp_path / name, replace(context, known=first.looks, by="Lee"))
    assert again.looks == first.looks
    assert len(again.problems) == len(first.problems)


def test_roofs_drawn_at_random_keep_their_chance(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    settings = ExportSettings(visits=VisitSettings(per_district=3, audit=0.34))
    write_list(path, settings)
    book = openpyxl.load_workbook(path)
    sheet = book["Work list"]
    columns = {cell.value: cell.column for cell in sheet[3]}
    listed = {}
    for row in range(4, sheet.max_row + 1):
        sheet.cell(row, columns["Roof open"], "0%")
        sheet.cell(row, columns["Visited on"], "2026-06-02")
        chance = sheet.cell(row, columns["CHANCE"]).value
        chosen = sheet.cell(row, columns["CHOSEN"]).value
        parcel = sheet.cell(row, columns["Parcel"]).value
        listed[parcel] = (chosen, float(chance) if chance else None)
    book.save(path)

    looks = read_findings(path, make_context()).looks

    assert {look.parcel_id: (look.chosen, look.chance) for look in looks} == listed
    assert {chosen for chosen, _ in listed.values()} == {"work list", "audit: random"}
