"""Exports of form servers: whatever a column is called, its answers are the same."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from findings_cases import CLEAN, ROWS, fill_list, found_of, labels_of, make_context, write_list

from gis_export.housing.question import Question
from gis_export.housing.survey import LISTS, SURVEY
from imagery.errors import InputError
from labels.choices import SIDES, SIGNS
from labels.filled.questions import QUESTIONS
from labels.findings import Findings, read_findings
from labels.forms import find_columns
from labels.look import Look
from labels.settings import LooksSettings

ANSWERS = CLEAN.answers
ENGLISH = {
    question.name: question.label.english
    for question in SURVEY
    if question.label.english and question.name in ANSWERS
}


def clean_look(findings: Findings) -> Look:
    """Return the clean visit, which every form must give alike."""
    assert findings.problems == ()
    look = found_of(findings.looks)["0216 001"]
    assert (look.roof, look.signs, look.secured, look.sides, look.sign_posted) == (
        *("pct_25_49", ("wall_bulge",), "no", ("n", "e"), "yes"),
    )
    assert (str(look.day), look.disposition, look.note) == ("2026-06-02", "stabilize", "rear open")
    return look


def in_labels(answers: dict[str, str]) -> dict[str, str]:
    """Return answers as labels in English."""
    lists = {"wall_floor_signs": SIGNS, "sides_occupied": SIDES}
    for question in SURVEY:
        kind, _, name = question.kind.partition(" ")
        if kind == "select_one" and question.name in answers:
            answers = answers | {question.name: labels_of(answers[question.name], LISTS[name])}
    return answers | {
        name: labels_of(answers[name], choices).replace(",", " ") for name, choices in lists.items()
    }


def odk_grouped(path: Path) -> None:
    record = {f"findings-{name}": text for name, text in ANSWERS.items()}
    pd.DataFrame([record]).to_csv(path, index=False)


def odk_without_groups(path: Path) -> None:
    record = ANSWERS | {"scan": "", "typed": "0216 001", "parcel_id": "", "reached": "yes"}
    pd.DataFrame([record]).to_csv(path, index=False)


def kobo_names(path: Path) -> None:
    record = {f"visit/{name}": text for name, text in ANSWERS.items()}
    for choice in SIGNS:
        record[f"visit/wall_floor_signs/{choice.name}"] = str(int(choice.name == "wall_bulge"))
    pd.DataFrame([record | {"_submitted_by": "ana", "_validation_status": ""}]).to_excel(
        path, index=False
    )


def kobo_labels(path: Path) -> None:
    labeled = in_labels(ANSWERS)
    record = {f"Visit/{ENGLISH.get(name, name)}": text for name, text in labeled.items()}
    pd.DataFrame([record]).to_csv(path, index=False, sep=";", encoding="utf-8-sig")


def kobo_split(path: Path) -> None:
    """Kobo's option to give each answer of a question a column, and no other."""
    record = {f"visit/{name}": text for name, text in ANSWERS.items()}
    del record["visit/wall_floor_signs"]
    del record["visit/sides_occupied"]
    for choice in SIGNS:
        record[f"visit/wall_floor_signs/{choice.name}"] = str(choice.name == "wall_bulge")
    for choice in SIDES:
        record[f"visit/sides_occupied/{choice.label}"] = str(int(choice.name in ("n", "e")))
    pd.DataFrame([record]).to_csv(path, index=False)


def survey123_labels(path: Path) -> None:
    labeled = in_labels(ANSWERS)
    record = {ENGLISH.get(name, name): text for name, text in labeled.items()}
    record |= {"ObjectID": "1", "GlobalID": "{AB}", "Creator": "ana", "x": "-76.6", "y": "39.3"}
    record["Day of the visit"] = "6/2/2026 4:00:00 PM"
    pd.DataFrame([record]).to_csv(path, index=False)


def survey123_shapefile(path: Path) -> None:
    """Names of ten letters, as a shapefile cuts them."""
    cut = {name[:10]: [text] for name, text in ANSWERS.items()}
    frame = gpd.GeoDataFrame(cut, geometry=[shapely.Point(-76.6, 39.3)], crs="EPSG:4326")
    frame.to_file(path)


def aliases_as_names(path: Path) -> None:
    """ArcGIS makes field names of aliases: no blanks, no marks, cut at 31 letters."""
    record = {}
    for name, text in ANSWERS.items():
        alias = "".join(letter if letter.isalnum() else "_" for letter in ENGLISH.get(name, name))
        record[alias[:31]] = [text]
    frame = gpd.GeoDataFrame(record, geometry=[shapely.Point(-76.6, 39.3)], crs="EPSG:4326")
    frame.to_file(path, layer="survey")


EXPORTS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "ODK, groups": ("odk.csv", odk_grouped),
    "ODK, no groups, typed id": ("odk.csv", odk_without_groups),
    "Kobo, names": ("kobo.xlsx", kobo_names),
    "Kobo, labels": ("kobo.csv", kobo_labels),
    "Kobo, a column for each answer": ("kobo.csv", kobo_split),
    "Survey123, CSV with labels": ("survey.csv", survey123_labels),
    "Survey123, shapefile": ("survey.shp", survey123_shapefile),
    "Survey123, aliases": ("survey.gpkg", aliases_as_names),
}


@pytest.mark.parametrize("kind", list(EXPORTS))
def test_every_export_says_the_same(kind: str, tmp_path: Path) -> None:
    name, write = EXPORTS[kind]
    write(tmp_path / name)
    look = clean_look(read_findings(tmp_path / name, make_context()))
    assert look.parcel_id == "0216 001"


def test_every_question_of_the_form_is_known_by_name_and_by_both_labels() -> None:
    asked = [
        question
        for question in SURVEY
        if question.label.english and question.kind not in ("note", "geopoint")
    ]
    for question in asked:
        for name in (question.name, question.label.english, question.label.spanish):
            assert len(find_columns([name], {}).by_question) == 1, name


@pytest.mark.parametrize(
    "question",
    [question for question in SURVEY if question.kind.startswith("select")],
    ids=lambda question: question.name,
)
def test_every_answer_of_the_form_is_read_by_name_and_by_label(
    question: Question, tmp_path: Path
) -> None:
    path = tmp_path / "odk.csv"
    choices = LISTS[question.kind.split()[1]]
    words = [word for choice in choices for word in (choice.name, choice.label)]
    answer = "disposition" if question.name in ("reached", "occupied") else question.name
    records = [
        {
            "parcel_id": "0216 001",
            "visited_on": f"2026-06-{day:02d}",
            "disposition": "no_access" if question.name == "reached" else "",
            question.name: word,
        }
        for day, word in enumerate(words, start=1)
    ]
    pd.DataFrame(records).to_csv(path, index=False)

    found = read_findings(path, make_context())

    assert found.problems == ()
    key = next(known.key for known in QUESTIONS if answer in known.names)
    said = [getattr(look, key) for look in found.looks]
    expected = [choice.name for choice in choices for _ in range(2)]
    if answer == question.name:
        assert [name if isinstance(name, str) else name[0] for name in said] == expected


def test_a_form_that_somebody_turned_down_is_not_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "odk.csv"
    pd.DataFrame([ANSWERS | {"ReviewState": "rejected"}]).to_csv(path, index=False)
    found = read_findings(path, make_context())
    assert found.looks == ()
    assert found.problems[0].reason == "it was turned down on the form server"


def test_two_columns_that_could_be_meant_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "odk.csv"
    record = {f"a-{name}": text for name, text in ANSWERS.items()} | {"b-roof_open": "pct_0"}
    pd.DataFrame([record]).to_csv(path, index=False)
    with pytest.raises(InputError, match="two columns could be 'roof open': 'a-roof_open' and 'b-"):
        read_findings(path, make_context())
    settings = LooksSettings(columns={"roof": "a-roof_open"})
    clean_look(read_findings(path, make_context(settings)))


def test_several_sheets_of_visits_are_all_read(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    fill_list(path, ROWS[:1])
    book = openpyxl.load_workbook(path)
    copy = book.create_sheet("June")
    copy.append(["Parcel", "Visited on", "Roof open"])
    copy.append(["0217 001", "2026-06-05", "0%"])
    copy.append(["0218 001", "2026-06-05", "wide open"])
    book.save(path)
    found = read_findings(path, make_context())
    assert sorted(found_of(found.looks)) == ["0216 001", "0217 001"]
    assert [(problem.sheet, problem.row) for problem in found.problems] == [("June", 3)]


def test_our_list_with_nothing_filled_in_has_visits_to_come_only(tmp_path: Path) -> None:
    write_list(tmp_path / "list.xlsx")
    found = read_findings(tmp_path / "list.xlsx", make_context())
    assert (found.looks, found.problems, found.blank, found.troubles) == ((), (), 12, ())


def test_percentages_that_a_spreadsheet_made_numbers_of(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    write_list(path)
    book = openpyxl.load_workbook(path)
    sheet = book["Work list"]
    columns = {cell.value: cell.column for cell in sheet[3]}
    for row, share in enumerate((1, 0.37, 0), start=4):
        sheet.cell(row, columns["Roof open"], share).number_format = "0%"
        sheet.cell(row, columns["Visited on"], "2026-06-02")
    sheet.cell(7, columns["Roof open"], 1)
    sheet.cell(7, columns["Visited on"], "2026-06-02")
    book.save(path)
    found = read_findings(path, make_context())
    assert sorted(look.roof_pct or 0.0 for look in found.looks) == [0, 37, 100]
    (problem,) = found.problems
    assert problem.reason.startswith("roof open is '1', which is not on its list: ")


@pytest.mark.skipif(not shutil.which("soffice"), reason="no LibreOffice on this machine")
@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_the_list_as_libreoffice_saves_it(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    fill_list(path)
    out = tmp_path / "saved"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    utf_8 = ":Text - txt - csv (StarCalc):44,34,76,1" if suffix == "csv" else ""
    kind = suffix + utf_8
    command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", str(out)]
    subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=120)
    found = read_findings(out / f"list.{suffix}", make_context())
    direct = read_findings(path, make_context())
    assert {look.look_id for look in found.looks} == {look.look_id for look in direct.looks}
    assert len(found.problems) == len(direct.problems)
