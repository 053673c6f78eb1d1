"""The field form: pyxform takes it without a complaint, and its answers are labels."""

import xml.etree.ElementTree as ET
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from export_cases import make_inputs, make_roll, read_csv
from pyxform.xls2xform import convert

from gis_export.housing.form import write_form_media, write_xlsform
from gis_export.housing.question import ENGLISH, SPANISH, Text
from gis_export.housing.survey import LISTS, SURVEY
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from labels.choices import DISPOSITIONS, ROOF_OPEN
from labels.files import read_labels
from labels.settings import LabelFile

H = "{http://www.w3.org/1999/xhtml}"
X = "{http://www.w3.org/2002/xforms}"


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the form."""
    path = tmp_path_factory.mktemp("form") / "findings_form.xlsx"
    write_xlsform(path, city="=Peña City")
    return path


def test_pyxform_makes_a_form_of_it(form: Path) -> None:
    found = convert(str(form))
    assert found.warnings == []

    root = ET.fromstring(found.xform)
    assert root.findtext(f".//{H}title") == "=Peña City: findings on vacant roofs"

    names = {bind.get("nodeset", "").rsplit("/", 1)[-1] for bind in root.iter(f"{X}bind")}
    languages = [translation.get("lang") for translation in root.iter(f"{X}translation")]
    assert {question.name for question in SURVEY} <= names
    assert languages == [ENGLISH, SPANISH]

    worklist = root.find(f".//{X}instance[@id='worklist']")
    assert worklist is not None
    assert worklist.get("src") == "jr://file-csv/worklist.csv"


def test_workbook_has_the_three_sheets(form: Path) -> None:
    book = openpyxl.load_workbook(form)
    assert book.sheetnames == ["survey", "choices", "settings"]

    header, *rows = book["choices"].values
    choices = pd.DataFrame(rows, columns=list(header))
    for list_name, wanted in LISTS.items():
        names = choices.loc[choices["list_name"] == list_name, "name"]
        assert names.tolist() == [choice.name for choice in wanted]
    assert choices["list_name"].unique().tolist() == list(LISTS)
    assert len(DISPOSITIONS) == 10
    for name in choices["name"].astype(str):
        assert name.isidentifier()
        assert name == name.lower()


def test_workbook_has_no_formula(form: Path) -> None:
    for sheet in openpyxl.load_workbook(form):
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)


def test_every_text_is_in_both_languages() -> None:
    for question in SURVEY:
        for text in (question.label, question.hint, question.message):
            assert bool(text.english) == bool(text.spanish), question.name
        assert bool(question.message.english) == bool(question.constraint), question.name
    for choices in LISTS.values():
        assert all(choice.spanish for choice in choices)


def test_a_text_in_one_language_is_refused() -> None:
    with pytest.raises(ValueError, match="text is 'Notes' and '', want both or none"):
        Text(english="Notes", spanish="")


def test_same_bytes_every_time(form: Path, tmp_path: Path) -> None:
    write_xlsform(tmp_path / "again.xlsx", city="=Peña City")
    assert (tmp_path / "again.xlsx").read_bytes() == form.read_bytes()


def test_bins_are_labels(tmp_path: Path) -> None:
    roll = make_roll(len(ROOF_OPEN))
    labels = pd.DataFrame(
        {
            "parcel_id": roll.table["parcel_id"],
            "year": 2026,
            "roof_pct": [choice.roof_pct for choice in ROOF_OPEN],
        }
    )
    path = tmp_path / "findings.csv"
    labels.to_csv(path, index=False)
    source = LabelFile(path=path, id=("parcel_id",), roof_pct="roof_pct")

    found = read_labels(source, roll, until=2026)

    assert found.table["failing"].tolist() == [0, 0, 1, 1, 1, 1]
    assert found.cannot_tell == 1


def test_media_file_names_every_vacant(tmp_path: Path) -> None:
    rows = build_rows(make_inputs(make_roll(4)), ExportSettings())
    path = write_form_media(rows, tmp_path)
    assert path.relative_to(tmp_path).as_posix() == "findings_form_media/worklist.csv"
    table = read_csv(path)
    assert set(table["parcel_id"]) == set(rows["PARCEL_ID"])
    assert table["parcel_id"].iloc[0] == "0216 001"
    assert (table["hazard"] != "").all()
